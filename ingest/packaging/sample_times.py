"""When the samples of an MP4 file are decoded and shown, from its own index (ISO/IEC 14496-12, 8.6.1)."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.packaging.boxes import Box, BoxError, children, edit_shift, need, read_init, unpack
from ingest.packaging.moov import read_moov

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

Run = tuple[int, int]
"""How many samples, and what each of them has."""
MOST = 0xFFFFFFFF  # samples of an entry


@dataclass(frozen=True, slots=True)
class SampleTimes:
    """A table of sample times as it lies in the file (8.6.1.2, 8.6.1.3): hours of it are not taken apart at once.

    `layout` is of an entry: the number of samples, and what each of them has.
    """

    entries: bytes
    layout: str

    @classmethod
    def of(cls, data: bytes, box: Box, layout: str) -> SampleTimes:
        """Raises `BoxError`."""
        (count,) = unpack(">I", data, box, 4)
        body = data[box.body + 8 : box.end]
        if count * 8 > len(body):
            raise BoxError(f"box {box.kind!r} says {count} entries, more than it holds")
        return cls(body[: count * 8], layout)

    @classmethod
    def alike(cls, samples: int, value: int, layout: str) -> SampleTimes:
        full, rest = divmod(samples, MOST)
        entries = struct.pack(layout, MOST, value) * full
        return cls(entries + (struct.pack(layout, rest, value) if rest else b""), layout)

    @property
    def samples(self) -> int:
        return sum(count for count, _ in self.runs())

    @property
    def total(self) -> int:
        return sum(count * value for count, value in self.runs())

    def runs(self) -> Iterator[Run]:
        return struct.iter_unpack(self.layout, self.entries)

    def each(self) -> Iterator[int]:
        """What each sample has."""
        return (value for count, value in self.runs() for _ in range(count))

    def split(self, head: int) -> tuple[SampleTimes, SampleTimes]:
        """The times of the first `head` samples, and those of the others."""
        at = 0
        for count, value in self.runs():
            if count > head:
                first, rest = (self.alike(n, value, self.layout).entries for n in (head, count - head))
                return (
                    replace(self, entries=self.entries[:at] + first),
                    replace(self, entries=rest + self.entries[at + 8 :]),
                )
            head -= count
            at += 8
        return self, replace(self, entries=b"")

    def then(self, runs: Sequence[Run]) -> SampleTimes:
        """These and more behind them, as one run where the last one goes on."""
        head = self.entries
        if head and runs:
            count, value = struct.unpack_from(self.layout, head, len(head) - 8)
            if value == runs[0][1] and count + runs[0][0] <= MOST:
                head, runs = head[:-8], [(count + runs[0][0], value), *runs[1:]]
        return replace(self, entries=head + b"".join(struct.pack(self.layout, *run) for run in runs))


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
    durations, offsets = times_of(moov, table)
    first, last, _ = span(durations, offsets)
    clock = [Fraction(t, track.timescale) + delay for t in (first, last)]
    return Shown(durations.samples, *clock)


def times_of(moov: bytes, table: Box) -> tuple[SampleTimes, SampleTimes]:
    """The durations and the composition offsets, 0 where none are said, in the `stbl` of a track.

    Raises `BoxError`: there is no sample, or the two are not of the same number of them.
    """
    boxes = {b.kind: b for b in children(moov, table.body, table.end)}
    durations = SampleTimes.of(moov, need(moov, table, "stts"), ">2I")
    count, shifts = durations.samples, boxes.get("ctts")
    offsets = SampleTimes.of(moov, shifts, ">Ii") if shifts else SampleTimes.alike(count, 0, ">Ii")
    if count == 0 or offsets.samples != count:
        raise BoxError("the tables of times do not have the same number of samples")
    return durations, offsets


def span(durations: SampleTimes, offsets: SampleTimes) -> tuple[int, int, int]:
    """When the first sample and the last one are shown, and the latest end of any, in ticks; 0 without samples."""
    first = last = end = None
    decoded = 0
    for count, duration, offset in _stretches(durations, offsets):
        begins, ends = decoded + offset, decoded + offset + (count - 1) * duration
        first = begins if first is None else min(first, begins)
        last = ends if last is None else max(last, ends)
        end = ends + duration if end is None else max(end, ends + duration)
        decoded += count * duration
    return first or 0, last or 0, end or 0


def _stretches(durations: SampleTimes, offsets: SampleTimes) -> Iterator[tuple[int, int, int]]:
    """How many samples in turn have which duration and which offset: as few steps as there are entries, not samples."""
    others = ((count, offset) for count, offset in offsets.runs() if count)
    there = offset = 0
    for count, duration in durations.runs():
        here = count
        while here:
            if not there:
                there, offset = next(others)
            both = min(here, there)
            yield both, duration, offset
            here, there = here - both, there - both
