"""Broadcasts change within a stream: channels, sample rate, size. Neither stream may lose anything by it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from flash_and_beep import X264, beeping, flashing
from measuring import flashes, pictures, sound

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips
    from main_job import Ingest

pytest_plugins = ("ingest_once",)
pytestmark = pytest.mark.media

HALF = 2  # seconds
TONE = -9.03  # dB of full scale: a sine of amplitude 0.5
LEFT, RIGHT = "pan=mono|c0=c0", "pan=mono|c0=c1"
SAME = {"rate": 48000, "layout": "stereo", "width": 128}
CHANGES: dict[str, tuple[dict[str, int | str], dict[str, int | str]]] = {
    "slower": (SAME, SAME | {"rate": 44100}),
    "mono-to-stereo": (SAME | {"layout": "mono"}, SAME),
    "stereo-to-mono": (SAME, SAME | {"layout": "mono"}),
    "stereo-to-surround": (SAME, SAME | {"layout": "5.1"}),
    "larger": (SAME, SAME | {"width": 256}),
}


def half(clips: Clips, number: int, rate: int, layout: str, width: int) -> Path:
    return clips.make(
        f"half-{number}-{rate}-{layout}-{width}.ts",
        *("-f", "lavfi", "-i", f"{flashing(seconds=HALF)},scale={width}:-2"),
        *("-f", "lavfi", "-i", beeping(rate, layout, HALF - 0.1)),
        *(*X264, "-c:a", "ac3", "-b:a", "384k", "-muxdelay", "0", "-output_ts_offset", str(number * HALF)),
    )


def changing(clips: Clips, name: str) -> Path:
    path = clips.folder / f"{name}.ts"
    halves = [half(clips, number, **parts) for number, parts in enumerate(CHANGES[name])]  # type: ignore[arg-type]
    path.write_bytes(b"".join(p.read_bytes() for p in halves))
    return path


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_moves_and_loses_nothing(clips: Clips, ingested: Ingest, name: str) -> None:
    source = changing(clips, name)
    package = ingested(source, "sd")
    heard = sound(source, filters="aresample=48000,aformat=channel_layouts=mono").onsets()
    seen = flashes(pictures(source, pixel_format="gray", matrix="bt601"))
    rendition = "und-51" if "surround" in name else "und-stereo"
    made = package.sound(rendition, filters=LEFT)
    assert abs(made.duration - 2 * HALF) <= Fraction(2048, 48000)
    lights = flashes(pictures(package.joined("video/sd"), pixel_format="gray"))
    assert lights == [t - seen[0] + lights[0] for t in seen]
    onsets = made.onsets()
    assert len(onsets) == len(heard) == len(lights) == 2 * HALF
    late = [float((o - li) - (h - s)) for o, li, h, s in zip(onsets, lights, heard, seen, strict=True)]
    assert max(map(abs, late)) < 0.001
    for side in (made, package.sound(rendition, filters=RIGHT)):
        levels = [side.level(t + Fraction(1, 100), t + Fraction(6, 100)) for t in onsets]
        assert levels == pytest.approx([TONE] * len(onsets), abs=0.7)
