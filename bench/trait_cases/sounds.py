"""Sound: channels, rates, languages, codecs, and how it lies beside the picture."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

import flash_and_beep
import m3u8
import test_sound as made
import test_sound_codecs as codecs
import test_sync as sync
from flash_and_beep import SECONDS
from helpers_media import X264, picture

from trait_cases.checks import every, in_step, says, sounds
from trait_cases.core import Case, Finding, Job

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips

    from trait_cases.core import Check

CHANNELS = "audio: none, mono to 7.1, unknown layout, rates, languages"
PLACE = "audio: late, shorter, longer, gaps"
CODECS = "audio codecs"
PCM = ("-c:a", "pcm_s16le")


def silent(clips: Clips) -> Path:
    return clips.make("silent.mp4", *picture("128x72", 2), *X264)


def one_layout(clips: Clips, layout: str) -> Path:
    return made.clip(clips, "layout.mov", (made.tones(layout, len(made.LAYOUTS[layout])),), *PCM)


def unnamed(clips: Clips, count: int) -> Path:
    voices = "|".join(f"{made.LEVEL}*sin(2*PI*{made.pitch(i)}*t)" for i in range(count))
    return made.clip(clips, f"unnamed{count}.mkv", (f"aevalsrc={voices}:s=48000:d=2",), *PCM)


def first_two(count: int) -> Check:
    def check(job: Job) -> Finding:
        found = made.heard(job.package, "und-stereo", 2, [made.pitch(i) for i in range(count)])
        wanted = [[0.0 if i == place else made.NONE for i in range(count)] for place in range(2)]
        return shares({"und-stereo": (found, wanted)})

    return check


def mixed(layout: str) -> Check:
    """Each channel's share of the stereo mix and of the surround rendition, a tone for each (BS.775)."""
    names = made.LAYOUTS[layout]
    pitches = [made.pitch(i) for i in range(len(names))]

    def check(job: Job) -> Finding:
        compared = {}
        for name, count, table in (("und-stereo", 2, made.STEREO), ("und-51", 6, made.SURROUND)):
            if layout in table:
                wanted = [[row.get(n, made.NONE) for n in names] for row in table[layout]]
                compared[name] = (made.heard(job.package, name, count, pitches), wanted)
        return shares(compared)

    return check


def shares(compared: dict[str, tuple[list[list[float]], list[list[float]]]]) -> Finding:
    words, passed = [], True
    for name, (found, wanted) in compared.items():
        pairs = [p for f, w in zip(found, wanted, strict=True) for p in zip(f, w, strict=True)]
        worst = max(abs(a - b) for a, b in pairs)
        words.append(f"{name}: shares of each channel {worst:.1f} dB off at most")
        passed = passed and worst <= 0.6
    return Finding(", ".join(words), "within 0.6 dB", passed)


def languages(clips: Clips) -> Path:
    """Two languages, and a commentary."""
    voices = tuple(f"sine=frequency={f}:sample_rate=48000:duration=2" for f in (300, 400, 500))
    tags = (
        "-metadata:s:a:0",
        "language=eng",
        "-metadata:s:a:1",
        "language=ger",
        "-metadata:s:a:2",
        "language=eng",
    )
    return made.clip(clips, "languages.mkv", voices, "-c:a", "aac", *tags, "-disposition:a:2", "comment")


def named(job: Job) -> Finding:
    media = m3u8.load(str(job.package.folder / "ABR.m3u8")).media
    found = "; ".join(f"{m.language} “{m.name}” {m.channels} ch" for m in media)
    wanted = "en “English” 2 ch; de “Deutsch” 2 ch; en “English (commentary)” 2 ch"
    return Finding(found, wanted, sorted(found.split("; ")) == sorted(wanted.split("; ")))


def pitches(job: Job) -> Finding:
    """Each rendition has the tone of its own track."""
    names = {"en-stereo": 300, "de-stereo": 400, "en-stereo-2": 500}
    right = []
    for name, own in names.items():
        (levels, *_) = made.heard(job.package, name, 2, [300, 400, 500])
        right.append([level > made.NONE for level in levels] == [f == own for f in (300, 400, 500)])
    return Finding(f"{sum(right)} renditions with the tone of their track alone", "3", all(right))


def cover(clips: Clips) -> Path:
    """As music with its cover comes."""
    tone = ("-f", "lavfi", "-i", "sine=duration=7.1")
    return clips.make(
        "cover.mp4", *picture("128x72", 0.04), *tone, "-map", "0", "-map", "1", *X264, "-c:a", "aac"
    )


def loud(clips: Clips) -> Path:
    tone = "aevalsrc=0.02*sin(2*PI*997*t)|0.02*sin(2*PI*997*t):c=stereo:s=48000:d=2"
    return made.clip(clips, "soft.mkv", (tone,), "-c:a", "pcm_s24le")


def loudness(job: Job) -> Finding:
    found, _ = made.measured(job.package.joined("audio/und-stereo"))
    return Finding(f"{found:.1f} LUFS", "-23, within 0.5", abs(found + 23) <= 0.5)


def level(name: str = "und-stereo", at: tuple[Fraction, Fraction] = sync.BEEP) -> Check:
    """A beep is as loud on each side as in the source."""

    def check(job: Job) -> Finding:
        found = [job.package.sound(name, filters=f"pan=mono|c0=c{i}").level(*at) for i in (0, 1)]
        worst = max(abs(f - sync.TONE) for f in found)
        return Finding(f"{found[0]:.1f} and {found[1]:.1f} dB", f"{sync.TONE:.1f} dB, within 1", worst <= 1)

    return check


def beeping(clips: Clips, name: str) -> Path:
    return sync.SOURCES[name](clips, name)


def rated(clips: Clips, rate: int) -> Path:
    return flash_and_beep.clip(clips, f"rate-{rate}.mkv", rate=rate, codec=PCM)


def lasting(clips: Clips, seconds: float) -> Path:
    return flash_and_beep.clip(clips, f"sound-{seconds}s.mp4", sound_seconds=seconds)


def beeps(count: int) -> Check:
    def check(job: Job) -> Finding:
        found = len(job.package.sound("und-stereo").onsets())
        return Finding(f"{found} beeps", str(count), found == count)

    return check


def coded(clips: Clips, film: str) -> Path:
    return codecs.film(clips, film)


def _codec_case(film: str, number: int) -> Case:
    codec, rate, layout = codecs.FILMS[film][1][number]

    def step(job: Job) -> Finding:
        late = codecs.UNSIGNALLED.get(codec, Fraction(0))
        return in_step(codecs.SECONDS, name=codecs.names(job.package)[codec], late=late, within=codecs.BOUND)(
            job
        )

    def loud_enough(job: Job) -> Finding:
        return level(codecs.names(job.package)[codec], codecs.BEEP)(job)

    # Five tones of surround are mixed: their level is that of no single one.
    checks = (step,) if layout == "5.1" else (step, loud_enough)
    return Case(CODECS, f"{codec}, {rate} Hz, {layout}, in {film}", partial(coded, film=film), checks)


def _layout_case(layout: str) -> Case:
    surround = {"und_51": 6} if layout in made.SURROUND else {}
    checks = (sounds(**surround, und_stereo=2), mixed(layout))
    return Case(CHANNELS, layout, partial(one_layout, layout=layout), checks)


STEREO = sounds(und_stereo=2)
CASES = (
    Case(CHANNELS, "none", silent, (sounds(),)),
    Case(
        CHANNELS,
        "mono, 44.1 kHz",
        partial(beeping, name="mono-44100.mp4"),
        (STEREO, in_step(SECONDS), level()),
    ),
    Case(CHANNELS, "stereo", partial(beeping, name="together.mp4"), (STEREO, in_step(SECONDS), level())),
    *(_layout_case(layout) for layout in made.LAYOUTS),
    *(
        Case(
            CHANNELS,
            f"{count} channels, unknown layout",
            partial(unnamed, count=count),
            (STEREO, first_two(count)),
        )
        for count in (4, 8)
    ),
    *(
        Case(CHANNELS, f"{rate / 1000:g} kHz", partial(rated, rate=rate), (STEREO, in_step(SECONDS), level()))
        for rate in (8000, 11025, 96000, 192000)
    ),
    Case(
        *(CHANNELS, "several languages and a commentary", languages),
        checks=(sounds(de_stereo=2, en_stereo=2, en_stereo_2=2), named, pitches),
    ),
    Case(CHANNELS, "brought to -23 LUFS", loud, (STEREO, loudness), options=("--loudness", "-23")),
    *(
        Case(PLACE, name.replace("-", " "), partial(beeping, name=name), (STEREO, in_step(SECONDS)))
        for name in (
            *("sound-0.3s-late.mp4", "sound-1.2s-late.mp4", "sound-0.3s-late.ts", "hole-of-1s.mkv"),
            *("hole-of-80ms.mkv", "two-holes-of-60ms.mkv"),
        )
    ),
    Case(PLACE, "shorter than the picture by 2.3 s", partial(lasting, seconds=3.7), (STEREO, beeps(4))),
    Case(
        *(PLACE, "longer than the picture by 3 s", partial(lasting, seconds=9.0)),
        checks=(STEREO, beeps(6), in_step(SECONDS)),
        warnings=(9204,),
    ),
    Case(
        *(PLACE, "7 s of sound and one picture", cover),
        checks=(STEREO, every(36, 5), says("Picture Held: the only picture is shown for 7.2 s")),
    ),
    *(_codec_case(film, n) for film, (_, tracks) in codecs.FILMS.items() for n in range(len(tracks))),
)
