"""Telemetry that is no KLV, brought into the shape of ST 0601 sets: the same documents are made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.klv import Packet, Stream, UasSet
from ingest.klv.pes import TICKS

if TYPE_CHECKING:
    from collections.abc import Mapping


def made_packet(
    stream: Stream, standard: str, values: Mapping[int, object], milliseconds: float | None
) -> Packet:
    """One row of `stream` as a packet of `standard`, counted; `values` by the tags of ST 0601, in its units."""
    stream.standards[standard] += 1
    time = values.get(2)
    if isinstance(time, int):
        stream.last_time = time
        if stream.first_time is None:
            stream.first_time = time
    ticks = None if milliseconds is None else round(milliseconds * TICKS / 1000)
    return Packet(
        stream=stream.pid or 0,
        service=None,
        standard=standard,
        key=b"",
        value=b"",
        pts=ticks,
        arrival=None,
        start=0 if ticks is not None else None,
        content=UasSet(values, {}),
    )
