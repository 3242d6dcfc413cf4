"""Reads the sample tables of an MP4 file that is not fragmented (ISO/IEC 14496-12, 8.6 and 8.7).

Times are seconds on the clock that the edit list makes. Input is never trusted: what does not fit is a `BoxError`.
"""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.packaging.boxes import (
    Box,
    BoxError,
    TrackInit,
    children,
    edit_shift,
    need,
    read_init,
    unpack,
    version_and_flags,
)
from ingest.packaging.moov import boxes_at_top, read_moov
from ingest.packaging.sample_times import span, times_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_INDEX = 512 << 20
"""The largest `moov` read: two days at 60 pictures a second."""
_AS_CODED = (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


@dataclass(frozen=True, slots=True)
class MovieTrack:
    """One track: how many samples, when the first one is shown and the last one ends, where their bytes are.

    `ranges` are in the order of the samples, those that follow each other in the file taken together.
    `upright`: the pictures are shown as they are coded.
    """

    header: TrackInit
    samples: int
    start: Fraction
    end: Fraction
    ranges: tuple[tuple[int, int], ...]
    upright: bool


@dataclass(frozen=True, slots=True)
class Movie:
    """`index_first`: the `moov` comes before all media, so that a reader need not have the end to begin."""

    tracks: tuple[MovieTrack, ...]
    index_first: bool

    def of(self, handler: str) -> tuple[MovieTrack, ...]:
        """The tracks of a kind: `vide` or `soun`."""
        return tuple(t for t in self.tracks if t.header.handler == handler)


def read_movie(path: Path) -> Movie:
    """Raises `BoxError` or OSError."""
    moov = read_moov(path, MAX_INDEX)
    with path.open("rb") as file:
        size = file.seek(0, 2)
        kinds = [box.kind for box in boxes_at_top(file)]
    init = read_init(moov, MAX_INDEX)
    top = need(moov, Box("file", 0, 0, len(moov)), "moov")
    traks = [box for box in children(moov, top.body, top.end) if box.kind == "trak"]
    tracks = []
    left = size  # no byte is in two samples: what one track has, the next ones cannot claim
    for header, trak in zip(init.tracks, traks, strict=True):
        shift, _ = edit_shift(init, header)
        track = _track(moov, trak, header, shift, size, left)
        left -= sum(end - start for start, end in track.ranges)
        tracks.append(track)
    first_media = kinds.index("mdat") if "mdat" in kinds else len(kinds)
    return Movie(tuple(tracks), kinds.index("moov") < first_media)


def _track(moov: bytes, trak: Box, header: TrackInit, shift: Fraction, size: int, left: int) -> MovieTrack:
    table = need(moov, trak, "mdia", "minf", "stbl")
    boxes = {b.kind: b for b in children(moov, table.body, table.end)}
    sizes = _sizes(moov, need(moov, table, "stsz"), left)
    durations, offsets = times_of(moov, table)
    if durations.samples != len(sizes):
        raise BoxError("the tables of samples do not have the same number of them")
    start, _, end = span(durations, offsets)
    return MovieTrack(
        header=header,
        samples=len(sizes),
        start=Fraction(start, header.timescale) + shift,
        end=Fraction(end, header.timescale) + shift,
        ranges=tuple(_ranges(moov, table, boxes, sizes, size)),
        upright=_matrix(moov, need(moov, trak, "tkhd")) == _AS_CODED,
    )


def _matrix(moov: bytes, box: Box) -> tuple[int, ...]:
    """How a player turns the pictures (8.3.2)."""
    version, _ = version_and_flags(moov, box)
    return unpack(">9i", moov, box, 52 if version == 1 else 40)


def _sizes(moov: bytes, box: Box, left: int) -> array[int]:
    """Bytes of each sample (8.7.3), in all at most `left`."""
    same, count = unpack(">2I", moov, box, 4)
    if same * count > left:
        raise BoxError(f"{count} samples of {same} bytes where there are {left}")
    if same:
        return array("I", [same]) * count
    if count * 4 > box.end - box.body - 12:
        raise BoxError(f"stsz says {count} samples, more than it holds")
    return array(
        "I", (n for (n,) in struct.iter_unpack(">I", moov[box.body + 12 : box.body + 12 + 4 * count]))
    )


def _ranges(
    moov: bytes, table: Box, boxes: dict[str, Box], sizes: array[int], size: int
) -> Iterator[tuple[int, int]]:
    """Where chunks of samples lie in the file (8.7.4, 8.7.5)."""
    layout, name = (">Q", "co64") if "co64" in boxes else (">I", "stco")
    box = need(moov, table, name)
    starts = _rows(moov, box, layout)
    groups = _rows(moov, need(moov, table, "stsc"), ">3I")
    if not groups or groups[0][0] != 1:
        raise BoxError("stsc does not begin with the first chunk")
    sample, group = 0, 0
    for number, (start,) in enumerate(starts, 1):
        if group + 1 < len(groups) and groups[group + 1][0] == number:
            group += 1
        count = groups[group][1]
        if sample + count > len(sizes):
            raise BoxError("the chunks have more samples than there are")
        end = start + sum(sizes[sample : sample + count])
        if end > size:
            raise BoxError(f"samples up to byte {end} of a file of {size}")
        yield start, end
        sample += count
    if sample != len(sizes):
        raise BoxError(f"the chunks have {sample} samples of {len(sizes)}")


def _rows(moov: bytes, box: Box, layout: str) -> list[tuple[int, ...]]:
    (count,) = unpack(">I", moov, box, 4)
    step = struct.calcsize(layout)
    if count * step > box.end - box.body - 8:
        raise BoxError(f"{box.kind} says {count} entries, more than it holds")
    return list(struct.iter_unpack(layout, moov[box.body + 8 : box.body + 8 + count * step]))
