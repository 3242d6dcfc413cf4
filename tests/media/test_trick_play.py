"""Trick play: what a player that winds finds at each second, measured against the source."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import m3u8
import pytest
from main_job import SHARED_CLIPS
from measuring import Picture, error, pictures, psnr
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

    from main_job import Ingest, Package

pytest_plugins = ("ingest_once",)
pytestmark = pytest.mark.media

CLIPS = {c.file: c for c in SHARED_CLIPS}
_MPD = "{urn:mpeg:dash:schema:mpd:2011}"


@pytest.fixture(
    scope="module", params=["nasa-2video-2audio-2subs.mp4", "street-portrait-hevc.mp4", "bbb-720p-aac51.mp4"]
)
def package(request: pytest.FixtureRequest, ingested: Ingest) -> tuple[Package, tuple[Picture, ...]]:
    clip = CLIPS[request.param]
    return ingested(clip.present()), ingested.shown(clip)


def nearest(time: Fraction, shown: tuple[Picture, ...]) -> Picture:
    start = shown[0].time
    return min(shown, key=lambda p: abs(p.time - start - time))


def test_each_entry_of_the_trick_playlist_is_the_picture_of_its_time(
    package: tuple[Package, tuple[Picture, ...]], tmp_path: Path
) -> None:
    made, shown = package
    playlist = m3u8.load(str(made.folder / "trick/iframes.m3u8"))
    assert playlist.is_i_frames_only
    clock, times, end = Fraction(0), [], 0
    for number, entry in enumerate(playlist.segments):
        # As a player does it: the initialization segment and the range, alone.
        length, _, start = entry.byterange.partition("@")
        offset = int(start) if start else end
        end = offset + int(length)
        alone = tmp_path / f"{number}.mp4"
        data = (made.folder / "trick" / entry.uri).read_bytes()[offset:end]
        alone.write_bytes((made.folder / "trick/init.mp4").read_bytes() + data)
        (found,) = pictures(alone)
        assert abs(found.time - clock) < Fraction(1, 25)
        assert psnr(error(found.pixels, nearest(clock, shown).pixels)) > 28
        times.append(clock)
        clock += Fraction(str(entry.duration))
    (variant, *_) = m3u8.load(str(made.folder / "ABR.m3u8")).playlists
    film = sum(Fraction(str(s.duration)) for s in m3u8.load(str(made.folder / variant.uri)).segments)
    assert abs(clock - film) < Fraction(1, 1000)
    assert all(Fraction(1, 2) < b - a < Fraction(3, 2) for a, b in pairwise(times))
    assert len(times) >= film - 1


def test_the_tiles_of_the_image_playlist_and_of_dash_are_the_pictures_of_their_times(
    package: tuple[Package, tuple[Picture, ...]], tmp_path: Path
) -> None:
    made, shown = package
    playlist = m3u8.parse((made.folder / "previews/images.m3u8").read_text())
    manifest = ET.parse(made.folder / "manifest.mpd")
    (images,) = (a for a in manifest.iter(f"{_MPD}AdaptationSet") if a.get("contentType") == "image")
    template = images.find(f"{_MPD}SegmentTemplate")
    representation = images.find(f"{_MPD}Representation")
    assert template is not None
    assert representation is not None
    layout = representation.find(f"{_MPD}EssentialProperty")
    assert layout is not None
    columns, rows = (int(n) for n in layout.get("value", "").split("x"))
    per_tile = Fraction(int(template.get("duration", "0")), int(template.get("timescale", "1"))) / (
        columns * rows
    )
    (segment,) = playlist["segments"]  # these films are short
    (tiles,) = playlist["tiles"]
    assert tiles["layout"] == f"{columns}x{rows}"
    assert Fraction(str(tiles["duration"])) == per_tile
    sheet = Image.open(made.folder / "previews" / segment["uri"]).convert("RGB")
    assert sheet.size == (int(representation.get("width", "0")), int(representation.get("height", "0")))
    width, height = sheet.width // columns, sheet.height // rows
    for number in range(int((shown[-1].time - shown[0].time) / per_tile)):
        x, y = number % columns * width, number // columns * height
        tile = tmp_path / f"{number}.png"
        sheet.crop((x, y, x + width, y + height)).save(tile)
        (found,) = pictures(tile, matrix="bt601", signal="pc")
        assert psnr(error(found.pixels, nearest(number * per_tile, shown).pixels)) > 25
