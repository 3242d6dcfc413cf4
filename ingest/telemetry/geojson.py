"""The track as GeoJSON (RFC 7946): positions are longitude, latitude and height in metres."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ingest.klv.document import iso_time
from ingest.telemetry.rings import anticlockwise

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ingest.telemetry.places import Place
    from ingest.telemetry.track import Point, Track

DECIMALS = 7
"""Of degrees: a centimetre."""


def document(track: Track) -> dict[str, Any]:
    """A FeatureCollection: the sensor's path, the frame centre's, and each footprint that was kept."""
    features = [
        _path("sensor", track.sensor_path, [p.sensor for p in track.sensor_path if p.sensor]),
        _path("frameCenter", track.centre_path, [p.centre for p in track.centre_path if p.centre]),
        *(_outline(point) for point in track.outlines),
    ]
    return {"type": "FeatureCollection", "features": [f for f in features if f is not None]}


def text(track: Track) -> str:
    """The document, one feature a line."""
    features = document(track)["features"]
    lines = ",\n".join(json.dumps(feature, separators=(",", ":")) for feature in features)
    return f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n'


def position(place: Place, height: float | None = None) -> list[float]:
    """Longitude, latitude and, where it is known, height: above the ellipsoid (RFC 7946, 4), else above the sea."""
    found = [round(place.longitude, DECIMALS), round(place.latitude, DECIMALS)]
    height = place.above_ellipsoid if height is None else height
    height = place.above_sea if height is None else height
    return found if height is None else [*found, round(height, 2)]


def _path(kind: str, points: Sequence[Point], places: Sequence[Place]) -> dict[str, Any] | None:
    if not places:
        return None
    over_ellipsoid = all(place.above_ellipsoid is not None for place in places)
    positions = [position(p) if over_ellipsoid else position(p, p.above_sea) for p in places]
    heights = all(len(p) == 3 for p in positions)
    parts = list(
        _split([p if heights else p[:2] for p in positions], [_rounded(p.milliseconds) for p in points])
    )
    if len(positions) == 1:
        geometry: dict[str, Any] = {"type": "Point", "coordinates": positions[0]}
    elif len(parts) == 1:
        geometry = {"type": "LineString", "coordinates": parts[0][0]}
    else:
        geometry = {"type": "MultiLineString", "coordinates": [part for part, _ in parts]}
    reference = ("ellipsoid" if over_ellipsoid else "sea level") if heights else None
    properties = {
        "kind": kind,
        "heightAbove": reference,
        # One for each position: where the path is cut, for each of each part.
        "milliseconds": parts[0][1] if len(parts) == 1 else [times for _, times in parts],
        "startTime": iso_time(points[0].time),
        "endTime": iso_time(points[-1].time),
    }
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _split(
    positions: Sequence[list[float]], times: Sequence[float | None]
) -> Iterable[tuple[list[list[float]], list[float | None]]]:
    """Cut where the path crosses the antimeridian (RFC 7946, 3.1.9), with the time of each position."""
    part: list[list[float]] = []
    when: list[float | None] = []
    for here, time in zip(positions, times, strict=True):
        if part and abs(here[0] - part[-1][0]) > 180:
            edge = 180.0 if part[-1][0] > 0 else -180.0
            before, after = part[-1], [here[0] + 2 * edge, *here[1:]]
            share = (edge - before[0]) / (after[0] - before[0]) if after[0] != before[0] else 0.0
            crossing = [
                round(b + share * (a - b), DECIMALS) for b, a in zip(before[1:], after[1:], strict=True)
            ]
            last = when[-1]
            at = None if last is None or time is None else _rounded(last + share * (time - last))
            yield [*part, [edge, *crossing]], [*when, at]
            part, when = [[-edge, *crossing]], [at]
        part.append(here)
        when.append(time)
    yield part, when


def _outline(point: Point) -> dict[str, Any] | None:
    if point.footprint is None:
        return None
    parts = [
        [[[round(x, DECIMALS), round(y, DECIMALS)] for x, y in ring]]
        for ring in anticlockwise(point.footprint.corners)
    ]
    geometry = (
        {"type": "Polygon", "coordinates": parts[0]}
        if len(parts) == 1
        else {"type": "MultiPolygon", "coordinates": parts}
    )
    return {
        "type": "Feature",
        "geometry": geometry,
        "properties": {
            "kind": "footprint",
            "computed": point.footprint.computed,
            "milliseconds": _rounded(point.milliseconds),
            "time": iso_time(point.time),
        },
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
