"""The track as CSV (RFC 4180), one row a set, under the names of ST 0601: `ingest run --klv` reads it again."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from ingest.klv.document import iso_time

if TYPE_CHECKING:
    from ingest.telemetry.places import Place
    from ingest.telemetry.track import Point

_CORNERS = tuple(f"Corner {way} Point {k} (deg)" for k in (1, 2, 3, 4) for way in ("Latitude", "Longitude"))
COLUMNS = (
    "Milliseconds",
    "Precision Time Stamp (us)",
    "Time",
    "Platform Heading Angle (deg)",
    "Sensor Latitude (deg)",
    "Sensor Longitude (deg)",
    "Sensor True Altitude (m)",
    "Sensor Ellipsoid Height (m)",
    "Frame Center Latitude (deg)",
    "Frame Center Longitude (deg)",
    "Frame Center Elevation (m)",
    "Frame Center Height Above Ellipsoid (m)",
    *_CORNERS,
    "Corners",
)
"""`Corners` says `stated`, `computed` or nothing."""


def header() -> str:
    return line(COLUMNS)


def row(point: Point) -> str:
    """The line of one set; what it does not say is empty."""
    print_ = point.footprint
    corners = [f"{v:.8f}" for corner in print_.corners for v in corner] if print_ else [""] * 8
    return line(
        (
            _decimal(point.milliseconds, 3),
            "" if point.time is None else str(point.time),
            iso_time(point.time) or "",
            _decimal(point.heading, 4),
            *_place(point.sensor),
            *_place(point.centre),
            *corners,
            ("computed" if print_.computed else "stated") if print_ else "",
        )
    )


def line(cells: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue()


def _place(place: Place | None) -> tuple[str, str, str, str]:
    if place is None:
        return "", "", "", ""
    return (
        f"{place.latitude:.8f}",
        f"{place.longitude:.8f}",
        _decimal(place.above_sea, 3),
        _decimal(place.above_ellipsoid, 3),
    )


def _decimal(value: float | None, places: int) -> str:
    return "" if value is None else f"{value:.{places}f}"
