"""The telemetry of a part of the film: its sets alone, on its own clock."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ingest.klv.pes import TICKS
from ingest.steps.klv_source import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

    from ingest.klv import Packet, Stream


def part_of(reading: Reading, start: Fraction, end: Fraction) -> Reading:
    """What is shown from `start` up to and without `end` (seconds of the film), counted from `start` on.

    Sets without a time belong to no part. What is damaged is counted of the whole.
    """
    kept = _Kept(reading, ticks_of(start), ticks_of(end))
    return Reading(kept.packets(), kept.streams, reading.times)


def ticks_of(seconds: Fraction) -> int:
    """In the ticks of a transport stream's clock."""
    return round(seconds * TICKS)


@dataclass(slots=True)
class _Kept:
    reading: Reading
    start: int
    end: int
    standards: dict[int, Counter[str]] = field(default_factory=dict)
    times: dict[int, list[int]] = field(default_factory=dict)

    def packets(self) -> Iterator[Packet]:
        for packet in self.reading.packets:
            if packet.ticks is None or packet.start is None:
                continue
            if self.start <= packet.ticks - packet.start < self.end:
                self._count(packet)
                yield replace(packet, start=packet.start + self.start)

    def streams(self) -> Sequence[Stream]:
        """Those of the whole, with what was counted of the part."""
        return tuple(self._of(stream) for stream in self.reading.streams())

    def _count(self, packet: Packet) -> None:
        self.standards.setdefault(packet.stream, Counter())[packet.standard] += 1
        time = getattr(packet.content, "time", None)
        if isinstance(time, int):
            first, _ = self.times.get(packet.stream, (time, time))
            self.times[packet.stream] = [first, time]

    def _of(self, stream: Stream) -> Stream:
        number = stream.pid or 0
        first, last = self.times.get(number, (None, None))
        return replace(
            stream, standards=self.standards.get(number, Counter()), first_time=first, last_time=last
        )
