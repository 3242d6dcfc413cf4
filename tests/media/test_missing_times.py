"""Packets without a presentation time: of a container that has none, and of a stream that has lost some."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers_media import X264, picture
from tiny_rung import TINY, with_tiny

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips
    from main_job import Ingest, Package

pytest_plugins = ("ingest_once",)
pytestmark = pytest.mark.media

REORDERED = (*X264, "-preset", "superfast", "-bf", "3")


def made(ingested: Ingest, source: Path) -> Package:
    return with_tiny(ingested)(source, TINY, allow_damage=True)


def test_uneven_pictures_in_avi(ingested: Ingest, clips: Clips) -> None:
    """AVI has only an order of decoding; every seventh picture is not there."""
    some = ("-vf", "select=mod(n\\,7)-3", "-fps_mode", "passthrough")
    film = clips.make("uneven.mp4", *picture("128x72", 2), *some, *REORDERED, "-video_track_timescale", "600")
    package = made(ingested, clips.make("uneven.avi", "-i", str(film), "-c", "copy"))
    pictures = package.pictures(TINY)
    assert pictures[0].time == 0
    assert len(pictures) == 43


def test_a_last_picture_whose_time_was_lost(ingested: Ingest, clips: Clips) -> None:
    """One bit says that a packet begins a picture; without it the head is a part of the picture before."""
    data = bytearray(clips.make("whole.ts", *picture("128x72", 2), *REORDERED).read_bytes())
    heads = [at for at in range(0, len(data), 188) if data[at + 1] == 0x41 and data[at + 2] == 0]
    data[heads[-1] + 1] &= ~0x40
    source = clips.folder / "headless.ts"
    source.write_bytes(data)
    package = made(ingested, source)
    assert package.pictures(TINY)[0].time == 0
