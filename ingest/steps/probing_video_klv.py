"""156 Probing Video Klv: which KLV streams there are, how they are carried, and what their sets are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.media.document import klv_streams
from ingest.steps.context import Note, Outcome

if TYPE_CHECKING:
    from ingest.klv import Stream
    from ingest.media.cancel import CancelToken
    from ingest.media.document import Document
    from ingest.media.facts import Container, KlvFacts
    from ingest.media.source import Source


@dataclass(frozen=True, slots=True)
class FoundKlv:
    """`declared` is what the container says, `streams` what was read of the picture's program.

    `chosen` is the stream (its PID) of which track and cues are made, None where no valid set of ST 0601 was found.
    """

    declared: tuple[KlvFacts, ...] = ()
    streams: tuple[Stream, ...] = ()
    chosen: int | None = None

    @property
    def sets(self) -> int:
        """Good ones, of any standard."""
        return sum(sum(s.standards.values()) for s in self.streams)

    @property
    def present(self) -> bool:
        """Whether there is KLV to extract, if only to count what is bad."""
        return any(has_klv(s) for s in self.streams)


def run(
    document: Document, container: Container, source: Source, cancel: CancelToken | None
) -> Outcome[FoundKlv]:
    """The whole source is read: only a valid set makes a stream one of ST 0601. Raises Cancelled."""
    declared = klv_streams(document)
    if not is_transport(container):
        return Outcome(FoundKlv(declared))
    from ingest.klv import packets
    from ingest.steps.klv_source import pids, pieces
    from ingest.telemetry import choose

    found = packets(pieces(source, cancel))
    for _ in found:
        pass
    mine = pids(document)
    streams = tuple(s for s in found.streams if not mine or s.pid in mine)
    return Outcome(
        FoundKlv(declared, streams, choose(streams)),
        notes=tuple(Note(codes.KLV_FOUND, told(s)) for s in streams),
        warnings=tuple(Note(codes.KLV_DAMAGED, damage(s)) for s in streams if is_damaged(s)),
    )


def is_transport(container: Container) -> bool:
    """Whether our own demuxer reads it."""
    return "mpegts" in container.format.split(",")


def has_klv(stream: Stream) -> bool:
    return bool(stream.standards) or stream.framing.bad + stream.framing.cut > 0


def is_damaged(stream: Stream) -> bool:
    return stream.framing.bad + stream.framing.cut > 0


def named(stream: Stream) -> str:
    return f"stream 0x{stream.pid:X}" if stream.pid else "stream 0"


def told(stream: Stream) -> str:
    """What was found of a stream, on one line."""
    from ingest.klv.document import carriage

    counts = [f"{count} sets of {standard}" for standard, count in stream.standards.most_common()]
    return f"{named(stream)}: {', '.join(counts) or 'no valid set'} ({carriage(stream)})"


def damage(stream: Stream) -> str:
    """How much of a stream was skipped, on one line."""
    framing = stream.framing
    return f"{named(stream)}: {framing.bad} bad sets ({stream.bad_checksums} by their checksum), {framing.cut} cut"
