"""When the pictures of an encoded MP4 file are shown, from its own index (ISO/IEC 14496-12, 8.6.1)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING

from ingest.packaging.boxes import Box, BoxError, children, edit_shift, need, read_init
from ingest.packaging.ending import each, runs_of
from ingest.packaging.moov import read_moov

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Shown:
    """How many pictures there are, and the seconds at which the first and the last one are shown."""

    pictures: int
    first: Fraction
    last: Fraction


def shown(path: Path) -> Shown:
    """The only track of a file, on the clock that its edit list makes. Raises `BoxError` or OSError."""
    moov = read_moov(path)
    init = read_init(moov)
    if len(init.tracks) != 1:
        raise BoxError(f"{len(init.tracks)} tracks, not one")
    track = init.tracks[0]
    delay, _ = edit_shift(init, track)
    top = need(moov, Box("file", 0, 0, len(moov)), "moov")
    table = need(moov, top, "trak", "mdia", "minf", "stbl")
    boxes = {b.kind: b for b in children(moov, table.body, table.end)}
    durations = each(runs_of(moov, need(moov, table, "stts"), ">2I"))
    offsets = each(runs_of(moov, boxes["ctts"], ">Ii")) if "ctts" in boxes else [0] * len(durations)
    if not durations or len(offsets) != len(durations):
        raise BoxError("the tables of times do not have the same number of samples")
    times = [d + o for d, o in zip(accumulate(durations, initial=0), offsets, strict=False)]
    clock = [Fraction(t, track.timescale) + delay for t in (min(times), max(times))]
    return Shown(len(durations), *clock)
