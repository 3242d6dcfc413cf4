"""Every kind of sound that ffmpeg can encode here, many in one film: heard in step with the picture, at its own level.

What cannot be made here, and so is not shown: DTS-HD, Dolby E, HE-AAC, AMR-WB, WMA Pro.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import flash_and_beep
import pytest
from measuring import flashes, pictures

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips
    from main_job import Ingest, Package

pytest_plugins = ("ingest_once",)
pytestmark = pytest.mark.media

SECONDS = 3
BOUND = 0.005  # s
# What ffmpeg's encoder delays and no player can know (s).
UNSIGNALLED = {"dca": Fraction(512, 48_000)}
TONE = -9.03  # dB: the RMS of a sine of half scale
BEEP = (Fraction("1.50"), Fraction("1.54"))
LANGUAGES = ("eng", "ger", "fra", "ita", "spa", "dut", "dan", "por")
CODES = ("en", "de", "fr", "it", "es", "nl", "da", "pt")
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "4")

# The film's name, the picture's coding, and the coding of each track: codec, rate, channels' layout.
FILMS: dict[str, tuple[tuple[str, ...], tuple[tuple[str, int, str], ...]]] = {
    "many.mkv": (
        flash_and_beep.X264,
        (
            *(("aac", 48000, "stereo"), ("ac3", 48000, "5.1"), ("eac3", 48000, "stereo")),
            *(("dca", 48000, "stereo"), ("libopus", 48000, "stereo"), ("flac", 96000, "stereo")),
            *(("libvorbis", 44100, "stereo"), ("truehd", 48000, "stereo")),
        ),
    ),
    "more.mkv": (
        flash_and_beep.X264,
        (
            *(("mp2", 48000, "stereo"), ("libmp3lame", 44100, "stereo"), ("alac", 44100, "stereo")),
            *(("pcm_f32le", 192000, "stereo"), ("pcm_s24be", 48000, "mono"), ("pcm_u8", 22050, "mono")),
            *(("wavpack", 48000, "stereo"),),
        ),
    ),
    "broadcast.ts": (
        MPEG2,
        (
            *(("mp2", 48000, "stereo"), ("ac3", 48000, "5.1"), ("eac3", 48000, "stereo")),
            *(("aac", 48000, "stereo"), ("libopus", 48000, "stereo"), ("s302m", 48000, "stereo")),
        ),
    ),
    "quicktime.mov": (
        flash_and_beep.X264,
        (
            *(("pcm_alaw", 8000, "mono"), ("pcm_mulaw", 16000, "mono"), ("pcm_s16be", 48000, "stereo")),
            *(("pcm_s32le", 48000, "stereo"), ("alac", 48000, "stereo"), ("adpcm_ima_qt", 44100, "stereo")),
            *(("aac", 32000, "stereo"), ("pcm_s8", 11025, "mono")),
        ),
    ),
    "windows.asf": (("-c:v", "wmv2", "-q:v", "4"), (("wmav2", 48000, "stereo"), ("wmav1", 44100, "stereo"))),
    "old.avi": (("-c:v", "mpeg4", "-q:v", "4"), (("adpcm_ms", 44100, "stereo"), ("pcm_u8", 11025, "mono"))),
    "phone.3gp": (("-c:v", "h263", "-s", "128x96", "-q:v", "4"), (("libopencore_amrnb", 8000, "mono"),)),
}


def film(clips: Clips, name: str) -> Path:
    picture, tracks = FILMS[name]
    inputs = [
        part
        for _, rate, layout in tracks
        for part in ("-f", "lavfi", "-i", flash_and_beep.beeping(rate, layout, SECONDS))
    ]
    coding: list[str] = []
    for number, (codec, _, _) in enumerate(tracks):
        coding += ["-map", str(number + 1), f"-c:a:{number}", codec]
        coding += [f"-metadata:s:a:{number}", f"language={LANGUAGES[number]}"]
    return clips.make(
        *(name, "-copyts", "-f", "lavfi", "-i", flash_and_beep.flashing(seconds=SECONDS), *inputs),
        *("-map", "0", *picture, *coding, "-strict", "-2"),
    )


@pytest.fixture(scope="module", params=FILMS)
def package(request: pytest.FixtureRequest, clips: Clips, ingested: Ingest) -> Package:
    return ingested(film(clips, request.param), "sd")


def names(package: Package) -> dict[str, str]:
    """The stereo rendition of each track, by its codec."""
    _, tracks = FILMS[package.source.name]
    made = [n for n in package.sounds if n.endswith("-stereo")]
    if len(made) == len(tracks) == 1:
        return {tracks[0][0]: made[0]}
    stated = [f"{c}-stereo" for c in CODES]
    unstated = ["und-stereo", *(f"und-stereo-{n}" for n in range(2, 9))]  # AVI has no languages
    renditions = stated if stated[0] in made else unstated
    return {codec: name for (codec, _, _), name in zip(tracks, renditions, strict=False)}


def test_each_is_in_step_with_the_picture(package: Package) -> None:
    light = flashes(pictures(package.joined("video/sd"), pixel_format="gray", size=(2, 2)))
    assert len(light) == SECONDS
    off = {}
    for codec, name in names(package).items():
        heard = package.sound(name).onsets()
        nearest = [min(heard, key=lambda h, f=f: abs(h - f)) for f in light]
        late = UNSIGNALLED.get(codec, 0)
        worst = max((float(h - f - late) for f, h in zip(light, nearest, strict=True)), key=abs)
        if abs(worst) > BOUND:
            off[codec] = round(worst, 4)
    assert off == {}


def test_each_is_as_loud_as_it_was(package: Package) -> None:
    found = {
        codec: package.sound(name, filters="pan=mono|c0=c0").level(*BEEP)
        for codec, name in names(package).items()
        if not codec.startswith("ac3")  # its five tones are mixed
    }
    assert found == {codec: pytest.approx(TONE, abs=1.0) for codec in found}
