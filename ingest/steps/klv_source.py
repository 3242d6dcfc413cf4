"""Reads the KLV of a transport stream on the film's timeline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ingest.klv import packets
from ingest.klv.pes import TICKS, WRAP, unwrap
from ingest.media.document import number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from collections.abc import Container as Contains
    from fractions import Fraction

    from ingest.klv import Packet, PictureTimes, Stream
    from ingest.media.cancel import CancelToken
    from ingest.media.document import Document
    from ingest.media.source import Source


@dataclass(frozen=True, slots=True)
class Reading:
    """One pass over telemetry: the packets on the film's timeline, and, once they have been read, what was found.

    `times` are those that stand in the pictures, and when the film begins on their line (ticks); None where none do.
    """

    packets: Iterable[Packet]
    streams: Callable[[], Sequence[Stream]]
    times: Callable[[], tuple[PictureTimes, int] | None] = lambda: None


def pids(document: Document) -> frozenset[int]:
    """The PIDs of the streams of ffprobe's `document`; none where it does not say them."""
    return frozenset(n for s in document.get("streams", ()) if (n := number_of(s)) is not None)


def transport_reading(
    source: Source, cancel: CancelToken | None, start: Fraction, mine: Contains[int] | None
) -> Reading:
    """The KLV of a transport stream: of all its streams, or of those whose PID is among `mine`."""
    read = packets(source.pieces(cancel))

    def streams() -> tuple[Stream, ...]:
        return tuple(s for s in read.streams if mine is None or s.pid in mine)

    def times() -> tuple[PictureTimes, int] | None:
        # Of several programs the one whose pictures begin where the film does.
        zeros = [(found, _zero(start, found.first[0])) for found in read.times.values() if found.first]
        return min(zeros, key=lambda z: abs(z[0].first[0] - z[1]) if z[0].first else 0, default=None)

    return Reading(on_timeline(read, start, mine), streams, times)


def _zero(start: Fraction, near: int) -> int:
    """`start` in ticks, on the line of `near`.

    ffmpeg and we may count the wraps of the clock (33 bits) differently.
    """
    return unwrap(round(start * TICKS) % WRAP, near)


def on_timeline(
    packets: Iterable[Packet], start: Fraction, streams: Contains[int] | None
) -> Iterator[Packet]:
    """The packets of `streams`, with their times counted from `start` (seconds of the source's clock) on."""
    for packet in packets:
        if streams is None or packet.stream in streams:
            zero = None if packet.start is None else _zero(start, packet.start)
            yield replace(packet, start=zero)
