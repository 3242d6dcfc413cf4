"""A flash and a beep that coincide in the source coincide in the package, with edit lists honoured and ignored."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import flash_and_beep
import pytest
from flash_and_beep import SECONDS
from measuring import cuts, flashes, pictures, probe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from helpers_media import Clips
    from main_job import Ingest, Package

pytest_plugins = ("ingest_once",)
pytestmark = pytest.mark.media

# The best a listener can tell is some 20 ms; what is measured is well below one.
BOUND = 0.002
READINGS = ((), ("-ignore_editlist", "1"))
PCM = ("-c:a", "pcm_s16le")
MP2 = ("-c:a", "mp2")

# Each makes one clip: how its sound and picture lie on the source's clock.
SOURCES: dict[str, Callable[[Clips, str], Path]] = {
    "together.mp4": flash_and_beep.clip,
    "sound-0.3s-late.mp4": lambda c, n: flash_and_beep.clip(c, n, sound="atrim=start=0.3"),
    "sound-1.2s-late.mp4": lambda c, n: flash_and_beep.clip(c, n, sound="atrim=start=1.2"),
    "picture-0.6s-late.mp4": lambda c, n: flash_and_beep.clip(c, n, picture="trim=start=0.6"),
    "picture-0.6s-late.mkv": lambda c, n: flash_and_beep.clip(c, n, picture="trim=start=0.6", codec=PCM),
    "starts-at-10s.ts": lambda c, n: flash_and_beep.clip(c, n, "-output_ts_offset", "10", codec=MP2),
    "sound-0.3s-late.ts": lambda c, n: flash_and_beep.clip(c, n, sound="atrim=start=0.3", codec=MP2),
    "picture-0.6s-late.ts": lambda c, n: flash_and_beep.clip(c, n, picture="trim=start=0.6", codec=MP2),
    "mono-44100.mp4": lambda c, n: flash_and_beep.clip(c, n, rate=44100, layout="mono"),
    "mono-8000.mkv": lambda c, n: flash_and_beep.clip(c, n, rate=8000, layout="mono", codec=PCM),
    "stereo-96000.mkv": lambda c, n: flash_and_beep.clip(c, n, rate=96000, codec=PCM),
    "surround.mp4": lambda c, n: flash_and_beep.clip(c, n, layout="5.1"),
    "opus.webm": lambda c, n: flash_and_beep.clip(
        *(c, n, "-c:v", "libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime"), codec=("-c:a", "libopus")
    ),
    "hole-of-1s.mkv": lambda c, n: flash_and_beep.clip(
        *(c, n), sound=r"aselect=not(between(t\,2.6\,3.4))", codec=PCM
    ),
    "hole-of-80ms.mkv": lambda c, n: flash_and_beep.clip(
        *(c, n), sound=r"aselect=not(between(t\,2.7\,2.78))", codec=PCM
    ),
    "two-holes-of-60ms.mkv": lambda c, n: flash_and_beep.clip(
        *(c, n), sound=r"aselect=not(between(t\,1.7\,1.76))*not(between(t\,3.7\,3.76))", codec=PCM
    ),
}


@pytest.fixture(scope="module", params=SOURCES)
def package(request: pytest.FixtureRequest, clips: Clips, ingested: Ingest) -> Package:
    return ingested(SOURCES[request.param](clips, request.param), "sd")


def shown(package: Package) -> list[Fraction]:
    return flashes(pictures(package.joined("video/sd"), pixel_format="gray", size=(2, 2)))


def test_flash_and_beep_coincide(package: Package) -> None:
    light = shown(package)
    assert len(light) >= SECONDS - 1
    for name in package.sounds:
        for options in READINGS:
            heard = package.sound(name, options=options).onsets()
            # The first beep may lie before the sound began.
            pairs = [
                (f, min(heard, key=lambda h, f=f: abs(h - f))) for f in light if f > heard[0] - Fraction(1, 2)
            ]
            assert len(pairs) >= SECONDS - 2
            assert {round(f): float(h - f) for f, h in pairs if abs(h - f) > BOUND} == {}


def test_the_flashes_are_where_they_were_put(package: Package) -> None:
    """The package begins with the first picture: 0.6 s into the clip where the picture is late."""
    late = Fraction("0.6") if "picture" in package.source.name else Fraction(0)
    first = Fraction("0.88") if late else Fraction("0.48")
    assert shown(package) == [first + n for n in range(SECONDS - (1 if late else 0))]


def test_sound_lasts_as_long_as_the_picture(package: Package) -> None:
    length = cuts(package.playlist("video/sd"))[-1]
    for name in package.sounds:
        rate = int(probe(package.joined(f"audio/{name}"), "-show_streams")["streams"][0]["sample_rate"])
        for options in READINGS:
            heard = package.sound(name, options=options)
            assert heard.start == 0
            assert abs(heard.duration - length) <= Fraction(1, 25) + Fraction(1024, rate)


@pytest.mark.parametrize(("name", "seconds"), [("short.mp4", 3.7), ("long.mp4", 9.0)])
def test_sound_is_fitted_to_the_picture(clips: Clips, ingested: Ingest, name: str, seconds: float) -> None:
    package = ingested(flash_and_beep.clip(clips, name, sound_seconds=seconds), "sd")
    heard = package.sound("und-stereo")
    assert abs(heard.duration - SECONDS) <= Fraction(1024, 48000)
    whole = [n + Fraction("0.48") for n in range(min(SECONDS, int(seconds + 0.5)))]
    found = heard.onsets()
    assert len(found) == len(whole)
    assert max(abs(f - w) for f, w in zip(found, whole, strict=True)) < BOUND
    warnings = [w["code"] for w in package.record["warnings"]]
    assert warnings == ([9204] if seconds > SECONDS else [])


def test_a_recorder_s_own_clock_is_followed_without_clicks(clips: Clips, ingested: Ingest) -> None:
    """A thousandth slow: 20 ms in 20 s, which are made up for all along and not in jumps."""
    slow, seconds = Fraction(1001, 1000), 20
    beeps = flash_and_beep.clip(
        *(clips, "slow-clock.mkv"),
        sound="asetpts=PTS*1.001",
        codec=PCM,
        sound_seconds=seconds,
        picture=f"tpad=stop_duration={seconds - SECONDS}",
    )
    found = ingested(beeps, "sd").sound("und-stereo").onsets()
    wanted = [(n + Fraction("0.48")) * slow for n in range(seconds)]
    assert len(found) == seconds
    assert max(abs(f - w) for f, w in zip(found, wanted, strict=True)) < Fraction(4, 1000)

    tone = "aevalsrc=0.5*sin(2*PI*400*t)|0:c=stereo:s=48000:d=20,asetpts=PTS*1.001"
    source = clips.make(
        "slow-tone.mkv",
        *("-f", "lavfi", "-i", "color=size=64x64:rate=10:duration=20", "-f", "lavfi", "-i", tone),
        *("-map", "0", "-map", "1", *flash_and_beep.X264, *PCM),
    )
    heard = ingested(source, "sd").sound("und-stereo", filters="pan=mono|c0=c0").samples
    # Of a sine x[n+1] + x[n-1] is a constant times x[n]; a jump of the phase breaks that.
    factor = 2 * math.cos(2 * math.pi * 400 / 48_000)
    torn = [abs(heard[i + 1] - factor * heard[i] + heard[i - 1]) for i in range(48_000, len(heard) - 48_000)]
    assert max(torn) < 500


def test_sound_that_changes_its_channels_stays_in_step(clips: Clips, ingested: Ingest) -> None:
    """Surround, then stereo, then mono at another rate, as broadcasts do between programmes."""
    parts = []
    for number, (layout, rate) in enumerate((("5.1", 48000), ("stereo", 48000), ("mono", 44100))):
        part = clips.make(
            f"part{number}.ts",
            *("-f", "lavfi", "-i", flash_and_beep.flashing(seconds=2)),
            *("-f", "lavfi", "-i", flash_and_beep.beeping(rate, layout, 2)),
            *(*flash_and_beep.X264, "-c:a", "aac", "-output_ts_offset", str(10 + 2 * number)),
        )
        parts.append(part)
    source = clips.folder / "changing.ts"
    source.write_bytes(b"".join(p.read_bytes() for p in parts))
    package = ingested(source, "sd")
    assert package.sounds == ("und-51", "und-stereo")
    light = shown(package)
    assert len(light) == 6
    for name in package.sounds:
        # As loud as can be, since the parts differ: five tones at once, two, one.
        heard = package.sound(name, filters="aformat=channel_layouts=mono,volume=14dB").onsets()
        assert len(heard) == 6
        # The encoder's priming at each join is the source's own: it takes up to a frame of AAC.
        assert max(abs(h - f) for f, h in zip(light, heard, strict=True)) < Fraction(1024, 44100)


# -- channels and levels --

BEEP = (Fraction("2.50"), Fraction("2.54"))
TONE = -9.03  # dB: the RMS of a sine of half scale


@pytest.mark.parametrize("name", ["together.mp4", "mono-44100.mp4", "mono-8000.mkv", "stereo-96000.mkv"])
def test_each_side_is_as_loud_as_the_source(clips: Clips, ingested: Ingest, name: str) -> None:
    package = ingested(SOURCES[name](clips, name), "sd")
    assert package.sounds == ("und-stereo",)
    for side in (0, 1):
        heard = package.sound("und-stereo", filters=f"pan=mono|c0=c{side}")
        assert heard.level(*BEEP) == pytest.approx(TONE, abs=0.5)


def test_surround_keeps_its_channels_and_gets_a_stereo_twin(clips: Clips, ingested: Ingest) -> None:
    name = "surround.mp4"
    package = ingested(SOURCES[name](clips, name), "sd")
    channels = {
        n: probe(package.joined(f"audio/{n}"), "-show_streams")["streams"][0]["channels"]
        for n in package.sounds
    }
    assert channels == {"und-51": 6, "und-stereo": 2}
    for channel in (0, 1, 2, 4, 5):  # the fourth takes only deep tones
        heard = package.sound("und-51", filters=f"pan=mono|c0=c{channel}")
        assert heard.level(*BEEP) == pytest.approx(TONE, abs=0.5)
    for side in (0, 1):
        # Five equal tones do not clip, and are not lost.
        heard = package.sound("und-stereo", filters=f"pan=mono|c0=c{side}")
        assert -12 < heard.level(*BEEP) < -3.1
        assert max(map(abs, heard.samples)) < 32767


def test_front_left_of_surround_stays_left(clips: Clips, ingested: Ingest) -> None:
    source = clips.make(
        "left.mkv",
        *("-f", "lavfi", "-i", flash_and_beep.flashing()),
        *("-f", "lavfi", "-i", flash_and_beep.beeping(48000, "5.1", silent=(1, 2, 3, 4, 5))),
        *("-map", "0:v", "-map", "1:a", *flash_and_beep.X264, "-c:a", "pcm_s16le"),
    )
    package = ingested(source, "sd")
    left, right = (
        package.sound("und-stereo", filters=f"pan=mono|c0=c{side}").level(*BEEP) for side in (0, 1)
    )
    assert left > -18
    assert right < left - 40


# -- that this can fail --


def test_a_shifted_sound_is_seen(clips: Clips, ingested: Ingest) -> None:
    package = ingested(SOURCES["together.mp4"](clips, "together.mp4"), "sd")
    late = package.sound("und-stereo", filters="aformat=channel_layouts=mono,asetpts=PTS+0.005/TB").onsets()
    errors = [h - f for f, h in zip(shown(package), late, strict=True)]
    assert [BOUND < e < 0.007 for e in errors] == [True] * SECONDS
