"""Where a set says that the sensor was and what it looked at (MISB ST 0601).

Latitudes and longitudes in degrees (WGS 84), heights in metres.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ingest.telemetry.camera import Camera, corners_on_ground

if TYPE_CHECKING:
    from collections.abc import Mapping

Ring: TypeAlias = "tuple[tuple[float, float], ...]"
"""Four corners (latitude, longitude): upper left of the picture, upper right, lower right, lower left."""

_FULL_CORNERS = range(82, 90)
_CORNER_OFFSETS = range(26, 34)


@dataclass(frozen=True, slots=True)
class Place:
    """A point; `above_sea` and `above_ellipsoid` are two ways to say its height, None where it is not said."""

    latitude: float
    longitude: float
    above_sea: float | None = None
    above_ellipsoid: float | None = None

    @property
    def height(self) -> float | None:
        """Above the sea where that is known, else above the ellipsoid."""
        return self.above_ellipsoid if self.above_sea is None else self.above_sea


@dataclass(frozen=True, slots=True)
class Footprint:
    """What the picture covers on the ground. `computed`: from angles, since the set has no corners."""

    corners: Ring
    computed: bool


def number(values: Mapping[int, object], *tags: int) -> float | None:
    """The first of `tags` that has a number."""
    for tag in tags:
        value = values.get(tag)
        if isinstance(value, int | float):
            return float(value)
    return None


def sensor_place(values: Mapping[int, object]) -> Place | None:
    """Tags 13 and 14; heights: 15, and 104 or 75."""
    return _place(values, 13, 14, (15,), (104, 75))


def frame_centre(values: Mapping[int, object]) -> Place | None:
    """Tags 23 and 24; heights: 25 and 78."""
    return _place(values, 23, 24, (25,), (78,))


def footprint(values: Mapping[int, object], ground: float = 0.0) -> Footprint | None:
    """The corners that are stated (tags 82 to 89, else 26 to 33 beside the frame centre), else computed ones.

    Args:
        ground: metres above the sea of the ground where the set has no frame centre elevation.
    """
    stated = _stated(values)
    if stated is not None:
        return Footprint(stated, computed=False)
    camera = _camera(values, ground)
    seen = corners_on_ground(camera) if camera else None
    return Footprint(seen, computed=True) if seen else None


def _place(
    values: Mapping[int, object],
    latitude: int,
    longitude: int,
    sea: tuple[int, ...],
    ellipsoid: tuple[int, ...],
) -> Place | None:
    north, east = number(values, latitude), number(values, longitude)
    if north is None or east is None:
        return None
    return Place(north, east, number(values, *sea), number(values, *ellipsoid))


def _stated(values: Mapping[int, object]) -> Ring | None:
    full = [number(values, tag) for tag in _FULL_CORNERS]
    if None not in full:
        return _ring([v for v in full if v is not None])
    offsets = [number(values, tag) for tag in _CORNER_OFFSETS]
    centre = (number(values, 23), number(values, 24))
    if None in offsets or None in centre:
        return None
    known = [v for v in offsets if v is not None]
    return _ring([_near(v + (centre[k % 2] or 0.0)) for k, v in enumerate(known)])


def _ring(numbers: list[float]) -> Ring:
    return tuple(zip(numbers[0::2], numbers[1::2], strict=True))


def _near(degrees: float) -> float:
    """A sum of degrees that may have gone over the antimeridian."""
    return degrees - 360 if degrees > 180 else degrees + 360 if degrees < -180 else degrees


def _camera(values: Mapping[int, object], ground: float) -> Camera | None:
    """What is needed to compute corners: position, height, three angles of the platform, and the sensor's own."""
    place = sensor_place(values)
    if place is None or place.height is None:
        return None
    elevation = number(values, 25)
    height, below = place.height, ground if elevation is None else elevation
    if place.above_sea is None or (elevation is None and number(values, 78) is not None):
        # Both above the ellipsoid where they can be: only their difference counts.
        height = place.height if place.above_ellipsoid is None else place.above_ellipsoid
        over_ellipsoid = number(values, 78)
        below = ground if over_ellipsoid is None else over_ellipsoid
    angles = [number(values, *tags) for tags in ((5,), (90, 6), (91, 7), (18,), (19,), (16,), (17,))]
    if any(angle is None for angle in angles):
        return None
    heading, pitch, roll, azimuth, depression, across, down = (angle or 0.0 for angle in angles)
    return Camera(
        latitude=place.latitude,
        longitude=place.longitude,
        height=height,
        ground=below,
        platform=(heading, pitch, roll),
        sensor=(azimuth, depression, number(values, 20) or 0.0),
        field_of_view=(across, down),
    )
