"""The track as GPX 1.1 and as KML 2.2 (OGC 07-147r2, with Google's gx:Track)."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from ingest.job.errors import one_line
from ingest.klv.document import iso_time
from ingest.telemetry.geojson import DECIMALS
from ingest.telemetry.rings import anticlockwise

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ingest.telemetry.places import Place
    from ingest.telemetry.track import Point, Track

_GPX = "http://www.topografix.com/GPX/1/1"
_KML = "http://www.opengis.net/kml/2.2"
_GX = "http://www.google.com/kml/ext/2.2"
_PALE = "7f00ffff"
"""Yellow, half of it; KML writes alpha, blue, green, red."""


def gpx(track: Track, name: str) -> str:
    """Three tracks: the sensor's path, the frame centre's, and each footprint as a closed segment of its own.

    Elevations are above the sea where that is known.
    """
    root = ET.Element("gpx", {"xmlns": _GPX, "version": "1.1", "creator": "ingest"})
    ET.SubElement(ET.SubElement(root, "metadata"), "name").text = one_line(name)
    _gpx_path(root, "sensor", track.sensor_path, lambda p: p.sensor)
    _gpx_path(root, "frame center", track.centre_path, lambda p: p.centre)
    outlines = [p for p in track.outlines if p.footprint]
    if outlines:
        trk = ET.SubElement(root, "trk")
        ET.SubElement(trk, "name").text = "footprints"
        for point in outlines:
            segment = ET.SubElement(trk, "trkseg")
            corners = point.footprint.corners if point.footprint else ()
            for north, east in (*corners, *corners[:1]):
                _gpx_point(segment, north, east, None, point.time)
    return _text(root)


def kml(track: Track, name: str) -> str:
    """A gx:Track of the sensor where its sets have times, a line of the frame centre, a polygon for each footprint."""
    root = ET.Element("kml", {"xmlns": _KML, "xmlns:gx": _GX})
    document = ET.SubElement(root, "Document")
    ET.SubElement(document, "name").text = one_line(name)
    style = ET.SubElement(document, "Style", {"id": "footprint"})
    ET.SubElement(ET.SubElement(style, "LineStyle"), "color").text = _PALE
    ET.SubElement(ET.SubElement(style, "PolyStyle"), "fill").text = "0"
    _kml_sensor(document, track.sensor_path)
    centres = [p.centre for p in track.centre_path if p.centre]
    if centres:
        mark = _kml_mark(document, "frame center")
        line = ET.SubElement(mark, "LineString")
        ET.SubElement(line, "altitudeMode").text = "clampToGround"
        ET.SubElement(line, "coordinates").text = " ".join(_coordinates(c, None, ",") for c in centres)
    folder = ET.SubElement(document, "Folder")
    ET.SubElement(folder, "name").text = "footprints"
    for point in track.outlines:
        _kml_outline(folder, point)
    return _text(root)


def _gpx_path(
    root: ET.Element, name: str, points: Sequence[Point], place_of: Callable[[Point], Place | None]
) -> None:
    if not points:
        return
    trk = ET.SubElement(root, "trk")
    ET.SubElement(trk, "name").text = name
    segment = ET.SubElement(trk, "trkseg")
    for point in points:
        place = place_of(point)
        if place:
            _gpx_point(segment, place.latitude, place.longitude, place.height, point.time)


def _gpx_point(
    segment: ET.Element, north: float, east: float, height: float | None, time: int | None
) -> None:
    # Longitude below 180 (GPX 1.1, longitudeType).
    east = (east + 180) % 360 - 180
    mark = ET.SubElement(segment, "trkpt", {"lat": f"{north:.{DECIMALS}f}", "lon": f"{east:.{DECIMALS}f}"})
    if height is not None:
        ET.SubElement(mark, "ele").text = f"{height:.2f}"
    if (moment := iso_time(time)) is not None:
        ET.SubElement(mark, "time").text = moment


def _kml_sensor(document: ET.Element, points: Sequence[Point]) -> None:
    if not points:
        return
    mark = _kml_mark(document, "sensor")
    moments = [iso_time(p.time) for p in points]
    heights = all(p.sensor and p.sensor.height is not None for p in points)
    mode = "absolute" if heights else "clampToGround"
    if None in moments:
        line = ET.SubElement(mark, "LineString")
        ET.SubElement(line, "altitudeMode").text = mode
        ET.SubElement(line, "coordinates").text = " ".join(
            _coordinates(p.sensor, p.sensor.height if heights else None, ",") for p in points if p.sensor
        )
        return
    path = ET.SubElement(mark, "gx:Track")
    ET.SubElement(path, "altitudeMode").text = mode
    for moment in moments:
        ET.SubElement(path, "when").text = moment
    for point in points:
        if point.sensor:
            height = point.sensor.height if heights else 0.0
            ET.SubElement(path, "gx:coord").text = _coordinates(point.sensor, height, " ")


def _kml_outline(folder: ET.Element, point: Point) -> None:
    if point.footprint is None:
        return
    mark = _kml_mark(folder, "computed footprint" if point.footprint.computed else "footprint")
    if (moment := iso_time(point.time)) is not None:
        ET.SubElement(ET.SubElement(mark, "TimeStamp"), "when").text = moment
    ET.SubElement(mark, "styleUrl").text = "#footprint"
    rings = anticlockwise(point.footprint.corners)
    parent = mark if len(rings) == 1 else ET.SubElement(mark, "MultiGeometry")
    for ring in rings:
        boundary = ET.SubElement(ET.SubElement(parent, "Polygon"), "outerBoundaryIs")
        ET.SubElement(ET.SubElement(boundary, "LinearRing"), "coordinates").text = " ".join(
            f"{east:.{DECIMALS}f},{north:.{DECIMALS}f}" for east, north in ring
        )


def _kml_mark(parent: ET.Element, name: str) -> ET.Element:
    mark = ET.SubElement(parent, "Placemark")
    ET.SubElement(mark, "name").text = name
    return mark


def _coordinates(place: Place, height: float | None, separator: str) -> str:
    parts = [f"{place.longitude:.{DECIMALS}f}", f"{place.latitude:.{DECIMALS}f}"]
    return separator.join(parts if height is None else [*parts, f"{height:.2f}"])


def _text(root: ET.Element) -> str:
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
