"""From a camera's position and angles to the corners of its picture on the ground.

The ground is the WGS 84 ellipsoid raised to the ground's height: flat but for the curve of the earth. Angles are those
of MISB ST 0601: heading, pitch and roll of the platform, then azimuth, elevation and roll of the sensor against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, cos, degrees, hypot, radians, sin, sqrt, tan
from typing import TypeAlias

Vector: TypeAlias = "tuple[float, float, float]"
Matrix: TypeAlias = "tuple[Vector, Vector, Vector]"

EQUATOR, POLE = 6_378_137.0, 6_356_752.314245
"""Semi-axes of WGS 84 in metres."""
FARTHEST = 100_000.0
"""Metres to a corner: farther ones are near the horizon, where the picture has no end on the ground."""
_CORNERS = ((-1, -1), (1, -1), (1, 1), (-1, 1))


@dataclass(frozen=True, slots=True)
class Camera:
    """Degrees and metres; `height` and `ground` above the same level. `field_of_view`: horizontal and vertical."""

    latitude: float
    longitude: float
    height: float
    ground: float
    platform: Vector
    sensor: Vector
    field_of_view: tuple[float, float]


def corners_on_ground(camera: Camera) -> tuple[tuple[float, float], ...] | None:
    """Latitude and longitude of upper left, upper right, lower right, lower left; None where one meets no ground."""
    across, down = camera.field_of_view
    if not (0 < across < 180 and 0 < down < 180) or camera.height <= camera.ground:
        return None
    turned = _product(_rotation(*camera.platform), _rotation(*camera.sensor))
    right, below = tan(radians(across / 2)), tan(radians(down / 2))
    found = []
    for x, y in _CORNERS:
        place = _meet(camera, _apply(turned, (1.0, x * right, y * below)))
        if place is None:
            return None
        found.append(place)
    return tuple(found)


def ecef(latitude: float, longitude: float, height: float) -> Vector:
    """Earth-centred coordinates in metres."""
    north, east = radians(latitude), radians(longitude)
    flat = (POLE / EQUATOR) ** 2
    normal = EQUATOR / sqrt(cos(north) ** 2 + flat * sin(north) ** 2)
    level = (normal + height) * cos(north)
    return level * cos(east), level * sin(east), (normal * flat + height) * sin(north)


def _meet(camera: Camera, north_east_down: Vector) -> tuple[float, float] | None:
    """Where a ray from the camera first meets the ground."""
    start = ecef(camera.latitude, camera.longitude, camera.height)
    ray = _to_earth(camera.latitude, camera.longitude, north_east_down)
    level, up = EQUATOR + camera.ground, POLE + camera.ground
    # The ellipsoid becomes the unit sphere.
    p = start[0] / level, start[1] / level, start[2] / up
    d = ray[0] / level, ray[1] / level, ray[2] / up
    a, b, c = _dot(d, d), _dot(p, d), _dot(p, p) - 1
    root = b * b - a * c
    if root < 0 or b >= 0:
        return None
    along = (-b - sqrt(root)) / a
    if along * sqrt(_dot(ray, ray)) > FARTHEST:
        return None
    x, y, z = (s + along * r for s, r in zip(start, ray, strict=True))
    return degrees(atan2(z * (level / up) ** 2, hypot(x, y))), degrees(atan2(y, x))


def _rotation(yaw: float, pitch: float, roll: float) -> Matrix:
    """From (forward, right, down) of what is turned to those of what it is turned against."""
    (sy, cy), (sp, cp), (sr, cr) = ((sin(radians(v)), cos(radians(v))) for v in (yaw, pitch, roll))
    return (
        (cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr),
        (sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr),
        (-sp, cp * sr, cp * cr),
    )


def _to_earth(latitude: float, longitude: float, vector: Vector) -> Vector:
    north, east, down = vector
    (sn, cn), (se, ce) = ((sin(radians(v)), cos(radians(v))) for v in (latitude, longitude))
    return (
        -sn * ce * north - se * east - cn * ce * down,
        -sn * se * north + ce * east - cn * se * down,
        cn * north - sn * down,
    )


def _product(left: Matrix, right: Matrix) -> Matrix:
    columns = tuple(_apply(left, column) for column in zip(*right, strict=True))
    rows = tuple(zip(*columns, strict=True))
    return rows[0], rows[1], rows[2]


def _apply(matrix: Matrix, vector: Vector) -> Vector:
    first, second, third = (_dot(row, vector) for row in matrix)
    return first, second, third


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
