"""Values of ST 0601 sets, and points, with round numbers."""

from __future__ import annotations

from ingest.klv import UasSet
from ingest.klv.sets import Packet
from ingest.telemetry.places import Footprint, Place
from ingest.telemetry.track import Point

NADIR: dict[int, object] = {
    2: 1_700_000_000_000_000,
    5: 0.0,
    6: 0.0,
    7: 0.0,
    13: 0.0,
    14: 0.0,
    15: 1000.0,
    16: 90.0,
    17: 53.13010235415598,
    18: 0.0,
    19: -90.0,
    20: 0.0,
    25: 0.0,
}
"""Straight down from 1000 m over the origin, 90 degrees wide and half as high, its top to the north."""


def packet(values: dict[int, object], milliseconds: float | None = 0.0, stream: int = 257) -> Packet:
    ticks = None if milliseconds is None else round(milliseconds * 90)
    return Packet(stream, None, "ST 0601", b"", b"", ticks, ticks, 0, UasSet(values, {}))


def point(
    k: int, *, east: float | None = None, height: float | None = 100.0, computed: bool = False
) -> Point:
    """The k-th of a flight that goes 0.001 degrees north a second, and looks 0.0005 degrees ahead."""
    north, east = 0.001 * k, 0.001 * k if east is None else east
    ring = ((north + 0.001, east), (north + 0.001, east + 0.001), (north, east + 0.001), (north, east))
    return Point(
        milliseconds=1000.0 * k,
        time=1_700_000_000_000_000 + 1_000_000 * k,
        sensor=Place(north, east, height, None),
        centre=Place(north + 0.0005, east),
        footprint=Footprint(ring, computed),
        heading=0.0,
    )
