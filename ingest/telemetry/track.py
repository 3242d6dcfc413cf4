"""The track: what maps and tables need of each set, thinned so that the longest flight fits into memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from ingest.klv import UasSet
from ingest.telemetry.places import footprint, frame_centre, number, sensor_place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.klv import Packet
    from ingest.telemetry.places import Footprint, Place

MOST_POINTS = 10_000
"""Points that a path keeps at most; from then on every second one, and so on."""
MOST_FOOTPRINTS = 1_000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Point:
    """One set on the map: milliseconds of the video (None where unknown) and microseconds since 1970."""

    milliseconds: float | None
    time: int | None
    sensor: Place | None
    centre: Place | None
    footprint: Footprint | None
    heading: float | None


def point_of(values: Mapping[int, object], milliseconds: float | None, ground: float = 0.0) -> Point:
    """What is on the map of a set with these `values`; `ground` as for `places.footprint`."""
    time = values.get(2)
    return Point(
        milliseconds=milliseconds,
        time=time if isinstance(time, int) else None,
        sensor=sensor_place(values),
        centre=frame_centre(values),
        footprint=footprint(values, ground),
        heading=number(values, 5),
    )


def of_packet(packet: Packet, ground: float = 0.0) -> Point | None:
    """`packet` on the map; None where it is no set of ST 0601."""
    if not isinstance(packet.content, UasSet):
        return None
    return point_of(packet.content.values, packet.milliseconds, ground)


@dataclass(slots=True)
class Thinned(Generic[T]):
    """Keeps at most `most` of the items added, evenly chosen by their number, with the first and the last."""

    most: int
    count: int = 0
    _stride: int = 1
    _kept: list[T] = field(default_factory=list)
    _last: T | None = None

    def add(self, item: T) -> None:
        if self.count % self._stride == 0:
            if len(self._kept) >= self.most:
                del self._kept[1::2]
                self._stride *= 2
            if self.count % self._stride == 0:
                self._kept.append(item)
        self._last = item
        self.count += 1

    @property
    def items(self) -> list[T]:
        if self._last is None or (self._kept and self._kept[-1] is self._last):
            return list(self._kept)
        return [*self._kept, self._last]


@dataclass(slots=True)
class Track:
    """The points of a flight with a sensor position or a frame centre, and those with a footprint, in video order."""

    points: Thinned[Point] = field(default_factory=lambda: Thinned(MOST_POINTS))
    footprints: Thinned[Point] = field(default_factory=lambda: Thinned(MOST_FOOTPRINTS))

    def add(self, point: Point) -> None:
        if point.sensor or point.centre:
            self.points.add(point)
        if point.footprint:
            self.footprints.add(point)

    @property
    def sensor_path(self) -> list[Point]:
        return [p for p in in_order(self.points.items) if p.sensor]

    @property
    def centre_path(self) -> list[Point]:
        return [p for p in in_order(self.points.items) if p.centre]

    @property
    def outlines(self) -> list[Point]:
        return in_order(self.footprints.items)


def in_order(points: list[Point]) -> list[Point]:
    """By their time in the video; those without keep their place after the others."""
    return sorted(points, key=lambda p: (p.milliseconds is None, p.milliseconds or 0.0))
