"""Sound of a transport stream that goes on in another stream, coded in another way, as in advertisements. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.media.damage import places_of, told
from ingest.media.document import number_of, of_kind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction

    from ingest.media.document import Document
    from ingest.media.facts import Timing
    from ingest.media.packets import PacketTable


def streams_in_turn(
    document: Document, pids: Iterable[tuple[int, int]]
) -> tuple[tuple[Document, Document], ...]:
    """Pairs of streams of which the second one is there only where the first is not, by their PIDs."""
    of_pid = {number_of(s): s for s in of_kind(document, "audio")}
    return tuple((of_pid[one], of_pid[other]) for one, other in pids if one in of_pid and other in of_pid)


def words(one: Document, other: Document, packets: PacketTable, ticks: Fraction, film: Timing | None) -> str:
    """What is said of such a pair; empty where the other has nothing.

    Args:
        packets: those of the other, in `ticks` seconds each.
        film: None where the clock jumps: its times then mean nothing.
    """
    times = sorted(p.pts for p in packets if p.pts is not None)
    seconds = sum(p.duration or 0 for p in packets) * ticks
    if not seconds:
        return ""
    where = ""
    if film is not None:
        length = seconds / len(packets)
        spans = ((t * ticks - film.start, t * ticks - film.start + length) for t in times)
        where = f" {told(places_of(spans))}"
    return (
        f"{float(seconds):.1f} s of the sound are in stream {other['index']} ({other.get('codec_name')})"
        f"{where}; stream {one['index']} ({one.get('codec_name')}) is silent there"
    )
