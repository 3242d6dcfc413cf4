"""Esri's coverage resource of a video layer: what was seen, where the sensor was, and how it began (arcgis.md 2.1).

Positions are x (longitude), y (latitude), z (metres) and, of sensor points, m (milliseconds of the video).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from ingest.telemetry.geojson import DECIMALS
from ingest.telemetry.rings import clockwise, continuous

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.telemetry.places import Place
    from ingest.telemetry.track import Point, Track

_WGS_84 = {"wkid": 4326}
_SCALE = 10**DECIMALS
_GROUP = 16
"""Footprints that are united at once."""
_LONG = 10_000
"""Corners of a union from which on its holes are filled."""
Path: TypeAlias = "list[tuple[int, int]]"
Rings: TypeAlias = "list[list[list[float]]]"


def document(track: Track) -> dict[str, Any]:
    """`area` is the union of all footprints that were kept, its outer rings clockwise as Esri has them.

    `telemetry` is in both spellings: as Esri's page shows it, and under `start`, where Esri's client reads it.
    """
    start = _telemetry(track)
    path = [p for p in track.sensor_path if p.sensor]
    has_z = any(p.sensor and p.sensor.height is not None for p in path)
    return {
        "area": {"rings": area(track.outlines), "spatialReference": _WGS_84},
        "sensorPoints": {
            "hasZ": has_z,
            "hasM": True,
            "points": [_sensor_point(p.sensor, p.milliseconds, has_z) for p in path if p.sensor],
            "spatialReference": _WGS_84,
        },
        "telemetry": {**start, "framCenter": start["frameCenter"], "start": start},
    }


def area(points: Sequence[Point]) -> Rings:
    """The union of the footprints, holes anticlockwise; no rings where there is none."""
    import pyclipper  # only where there are footprints

    paths: list[Path] = []
    for footprint in (p.footprint for p in points if p.footprint):
        path = [(round(x * _SCALE), round(y * _SCALE)) for x, y in continuous(footprint.corners)]
        paths += pyclipper.SimplifyPolygon(path, pyclipper.PFT_NONZERO)  # corners may be crosswise
    # By halves, neighbours first: all at once takes minutes where a thousand footprints cross each other.
    merged = [_united(paths[k : k + _GROUP]) for k in range(0, len(paths), _GROUP)]
    while len(merged) > 1:
        merged = [
            _united([path for group in merged[k : k + 2] for path in group]) for k in range(0, len(merged), 2)
        ]
    # Clipper's outer rings are anticlockwise.
    return [
        [[x / _SCALE, y / _SCALE] for x, y in (ring[0], *reversed(ring))]
        for ring in (list(map(tuple, path)) for path in (merged[0] if merged else ()))
    ]


def _united(paths: list[Path]) -> list[Path]:
    """The union of `paths`; without its holes where it has become very long, as only a hostile flight's does."""
    import pyclipper

    clipper = pyclipper.Pyclipper()
    clipper.AddPaths(paths, pyclipper.PT_SUBJECT, True)
    merged: list[Path] = clipper.Execute(pyclipper.CT_UNION, pyclipper.PFT_NONZERO, pyclipper.PFT_NONZERO)
    if sum(map(len, merged)) > _LONG:
        merged = [path for path in merged if pyclipper.Orientation(path)]
    return merged


def outline(point: Point) -> Rings:
    """The ring of one footprint, clockwise."""
    ring = clockwise(point.footprint.corners) if point.footprint else []
    return [[[round(x, DECIMALS), round(y, DECIMALS)] for x, y in ring]] if ring else []


def _telemetry(track: Track) -> dict[str, Any]:
    """The first sensor position, frame centre and outline of the flight; None where there is none at all."""
    sensor = next((p.sensor for p in track.sensor_path if p.sensor), None)
    centre = next((p.centre for p in track.centre_path if p.centre), None)
    seen = next(iter(track.outlines), None)
    return {
        "frameCenter": _xyz(centre) if centre else None,
        "frameOutline": {"rings": outline(seen), "spatialReference": _WGS_84} if seen else None,
        "sensor": _xyz(sensor) if sensor else None,
    }


def _sensor_point(place: Place, milliseconds: float | None, has_z: bool) -> list[float | None]:
    m = None if milliseconds is None else round(milliseconds)
    return [*_position(place)[: 2 + has_z], m]


def _position(place: Place) -> list[float | None]:
    height = place.height
    z = None if height is None else round(height, 2)
    return [round(place.longitude, DECIMALS), round(place.latitude, DECIMALS), z]


def _xyz(place: Place) -> dict[str, Any]:
    x, y, z = _position(place)
    return {"x": x, "y": y, "z": z, "spatialReference": _WGS_84}
