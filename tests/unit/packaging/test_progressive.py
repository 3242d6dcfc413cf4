"""The index of a progressive MP4 file, read where it may be a stranger's."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from made_boxes import AVCC, box, full, video_entry, words

from ingest.packaging.boxes import BoxError
from ingest.packaging.progressive import read_movie

if TYPE_CHECKING:
    from pathlib import Path

MEDIA = 3000  # bytes, three samples of 1000
BEGINS = 8  # behind the header of the first box


def movie(path: Path, tracks: int) -> Path:
    """`tracks` tracks of the same three samples, 40 ms each."""
    sample_tables = (
        full("stsd", 0, 0, words(1), video_entry("avc1", box("avcC", AVCC), 64, 48)),
        full("stts", 0, 0, words(1, 3, 40)),
        full("stsz", 0, 0, words(1000, 3)),
        full("stsc", 0, 0, words(1, 1, 3, 1)),
        full("stco", 0, 0, words(1, BEGINS)),
    )
    media = box(
        "mdia",
        full("mdhd", 0, 0, words(0, 0, 1000, 120, 0)),
        full("hdlr", 0, 0, words(0), b"vide", bytes(13)),
        box("minf", box("stbl", *sample_tables)),
    )
    unity = words(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    traks = [
        box(
            "trak",
            full("tkhd", 0, 7, words(0, 0, n + 1, 0, 120), bytes(16), unity, words(64 << 16, 48 << 16)),
            media,
        )
        for n in range(tracks)
    ]
    header = full("mvhd", 0, 0, words(0, 0, 1000, 120), bytes(80))
    path.write_bytes(box("mdat", bytes(MEDIA)) + box("moov", header, *traks))
    return path


def test_a_track_s_samples_times_and_place(tmp_path: Path) -> None:
    found = read_movie(movie(tmp_path / "one.mp4", 1))
    (track,) = found.tracks
    assert (track.samples, track.start, track.end) == (3, 0, Fraction(120, 1000))
    assert (track.ranges, track.upright) == (((BEGINS, BEGINS + MEDIA),), True)
    assert not found.index_first


def test_no_byte_is_in_the_samples_of_two_tracks(tmp_path: Path) -> None:
    """Else some hundred bytes of index for each would claim all of a file, again and again."""
    with pytest.raises(BoxError, match="3 samples of 1000 bytes where there are "):
        read_movie(movie(tmp_path / "two.mp4", 2))
