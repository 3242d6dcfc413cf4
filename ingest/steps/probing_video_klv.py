"""156 Probing Video Klv: which KLV streams there are, how they are carried, and what their sets are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ingest.job import codes
from ingest.media.data_tracks import data_tracks
from ingest.media.document import klv_streams
from ingest.steps.context import Note, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from fractions import Fraction

    from ingest.klv import PictureTimes, Stream
    from ingest.media.document import Document
    from ingest.media.facts import Container, KlvFacts
    from ingest.media.probe import Prober
    from ingest.media.source import Source
    from ingest.steps.klv_source import Reading

Again: TypeAlias = "Callable[[], Reading]"
"""Reads one more time, from the beginning."""


@dataclass(frozen=True, slots=True)
class FoundKlv:
    """`declared` is what the container says, `streams` what was read of the picture's program and beside the film.

    `chosen` is the stream (its PID) of which track and cues are made, None where no valid set was found that has tags
    of ST 0601. `readings` read all of it again. `times` are those that stand in the pictures (ST 0604), and when
    the film begins on their line (ticks of 90 kHz). `size` is bytes of all sets together.
    """

    declared: tuple[KlvFacts, ...] = ()
    streams: tuple[Stream, ...] = ()
    chosen: int | None = None
    readings: tuple[Again, ...] = ()
    times: tuple[PictureTimes, int] | None = None
    size: int = 0

    @property
    def sets(self) -> int:
        """Good ones, of any standard."""
        return sum(sum(s.standards.values()) for s in self.streams)

    @property
    def long(self) -> bool:
        """Whether there are so many that their document stands as NDJSON, too."""
        if not self.sets:
            return False
        from ingest.telemetry.export import LONG

        return self.sets > LONG

    @property
    def present(self) -> bool:
        """Whether there is KLV to extract, if only to count what is bad."""
        return any(has_klv(s) for s in self.streams)


def run(
    document: Document, container: Container, prober: Prober, start: Fraction, side: Source | None = None
) -> Outcome[FoundKlv]:
    """The whole source is read: only a valid set makes a stream one of ST 0601.

    Args:
        document: ffprobe's answer, without the streams of other programs than the picture's.
        start: when the film begins, in seconds of the source's clock.
        side: a file of telemetry beside the film.

    Raises:
        SourceError: `side` holds no telemetry that is known.
        Cancelled: someone asked for it.
    """
    declared = klv_streams(document)
    if not (is_transport(container) or data_tracks(document) or side):
        return Outcome(FoundKlv(declared))
    from ingest.telemetry import choose  # only for sources that may have some

    readings = list(_readings(document, container, prober, start))
    streams: list[Stream] = []
    size = 0
    times: tuple[PictureTimes, int] | None = None
    for again in readings:
        reading = again()
        found, more = _found(reading)
        streams, size = [*streams, *found], size + more
        times = times or reading.times()
    if side is not None:
        from ingest.steps.klv_side import side_reading

        origin = times[0].at(times[1]) if times else None
        readings.append(lambda: side_reading(side, prober.cancel, origin))
        found, more = _found(readings[-1]())
        streams, size = [*streams, *found], size + more
    notes = [Note(codes.KLV_FOUND, told(s)) for s in streams]
    if times is not None:
        notes.append(Note(codes.KLV_FOUND, told_times(times[0])))
    return Outcome(
        FoundKlv(declared, tuple(streams), choose(streams), tuple(readings), times, size),
        notes=tuple(notes),
        warnings=tuple(Note(codes.KLV_DAMAGED, damage(s)) for s in streams if is_damaged(s)),
    )


def _found(reading: Reading) -> tuple[Sequence[Stream], int]:
    """What is found of each stream when all has been read, and how many bytes the sets have."""
    size = sum(len(p.key) + len(p.length) + len(p.value) for p in reading.packets)
    return reading.streams(), size


def _readings(document: Document, container: Container, prober: Prober, start: Fraction) -> Iterator[Again]:
    from ingest.steps.klv_source import pids, transport_reading
    from ingest.steps.klv_tracks import kind_of, listed, track_reading

    source, cancel = prober.source, prober.cancel
    if is_transport(container):
        mine = pids(document) or None
        yield lambda: transport_reading(source, cancel, start, mine)
        return
    for track in data_tracks(document):
        found = listed(prober, track)
        kind = kind_of(found, source)
        if kind is not None:
            # Bound now: the loop goes on.
            yield lambda found=found, kind=kind: track_reading(found, kind, source, start)  # type: ignore[misc]


def is_transport(container: Container) -> bool:
    """Whether our own demuxer reads it."""
    return "mpegts" in container.format.split(",")


def has_klv(stream: Stream) -> bool:
    return bool(stream.standards) or is_damaged(stream)


def is_damaged(stream: Stream) -> bool:
    return stream.framing.bad + stream.framing.cut > 0


def named(stream: Stream) -> str:
    return f"stream 0x{stream.pid:X}" if stream.pid else "side file"


def told(stream: Stream) -> str:
    """What was found of a stream, on one line."""
    from ingest.klv.document import carriage

    counts = [f"{count} sets of {standard}" for standard, count in stream.standards.most_common()]
    return f"{named(stream)}: {', '.join(counts) or 'no valid set'} ({carriage(stream)})"


def told_times(times: PictureTimes) -> str:
    """What was found of time stamps in the pictures, on one line."""
    from ingest.klv.document import iso_time

    microseconds = times.first[1].microseconds if times.first else 0
    first = iso_time(microseconds) or f"{microseconds} us, which is no date"
    return f"time stamps in the picture (ST 0604): {times.count}, the first {first}"


def damage(stream: Stream) -> str:
    """How much of a stream was skipped, on one line."""
    framing = stream.framing
    return f"{named(stream)}: {framing.bad} bad sets ({stream.bad_checksums} by their checksum), {framing.cut} cut"
