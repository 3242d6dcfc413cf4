"""The track in each format, word for word where it is short."""

from __future__ import annotations

import csv
import io
import itertools
import json
import time
import xml.etree.ElementTree as ET

import pytest
from made_points import NADIR, packet, point
from PIL import ImageChops

from ingest.telemetry import coverage, geojson, picture, table, xml_tracks
from ingest.telemetry.places import Footprint, Place
from ingest.telemetry.track import Point, Thinned, Track, of_packet, point_of

GPX = "{http://www.topografix.com/GPX/1/1}"
KML = "{http://www.opengis.net/kml/2.2}"
GX = "{http://www.google.com/kml/ext/2.2}"


def track(*points: Point) -> Track:
    made = Track()
    for each in points:
        made.add(each)
    return made


def shoelace(ring: list[list[float]]) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(ring)) / 2


def test_a_long_flight_is_thinned_evenly_with_both_ends() -> None:
    kept = Thinned[int](10)
    for k in range(1001):
        kept.add(k)
    assert kept.count == 1001
    assert kept.items == [0, 128, 256, 384, 512, 640, 768, 896, 1000]
    few = Thinned[int](10)
    for k in range(10):
        few.add(k)
    assert few.items == list(range(10))


def test_points_are_in_the_order_of_the_video() -> None:
    made = track(point(2), point(0), point(1))
    assert [p.milliseconds for p in made.sensor_path] == [0, 1000, 2000]
    assert [p.milliseconds for p in made.outlines] == [0, 1000, 2000]


def test_a_set_without_any_place_is_on_no_map() -> None:
    assert track(point_of({5: 1.0}, 0.0)).sensor_path == []
    assert of_packet(packet(NADIR, 40.0)) == point_of(NADIR, 40.0)


def test_geojson() -> None:
    assert geojson.document(track(point(0), point(1, computed=True))) == {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {
                    "type": "LineString",
                    "coordinates": [[0.0, 0.0, 100.0], [0.001, 0.001, 100.0]],
                },
                "properties": {
                    "kind": "sensor",
                    "heightAbove": "sea level",
                    "milliseconds": [0.0, 1000.0],
                    "startTime": "2023-11-14T22:13:20.000Z",
                    "endTime": "2023-11-14T22:13:21.000Z",
                },
            },
            {
                "type": "Feature",
                "geometry": {"type": "LineString", "coordinates": [[0.0, 0.0005], [0.001, 0.0015]]},
                "properties": {
                    "kind": "frameCenter",
                    "heightAbove": None,
                    "milliseconds": [0.0, 1000.0],
                    "startTime": "2023-11-14T22:13:20.000Z",
                    "endTime": "2023-11-14T22:13:21.000Z",
                },
            },
            {
                "type": "Feature",
                "geometry": {
                    "type": "Polygon",
                    # anticlockwise: RFC 7946, 3.1.6
                    "coordinates": [[[0.0, 0.001], [0.0, 0.0], [0.001, 0.0], [0.001, 0.001], [0.0, 0.001]]],
                },
                "properties": {
                    "kind": "footprint",
                    "computed": False,
                    "milliseconds": 0.0,
                    "time": "2023-11-14T22:13:20.000Z",
                },
            },
            {
                "type": "Feature",
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [
                        [[0.001, 0.002], [0.001, 0.001], [0.002, 0.001], [0.002, 0.002], [0.001, 0.002]]
                    ],
                },
                "properties": {
                    "kind": "footprint",
                    "computed": True,
                    "milliseconds": 1000.0,
                    "time": "2023-11-14T22:13:21.000Z",
                },
            },
        ],
    }


def test_geojson_text_is_the_document_a_feature_a_line() -> None:
    made = track(*(point(k) for k in range(3)))
    text = geojson.text(made)
    assert json.loads(text) == geojson.document(made)
    assert len(text.splitlines()) == 2 + 5


def test_one_place_is_a_point_and_the_height_above_the_ellipsoid_is_preferred() -> None:
    made = track(Point(0.0, None, Place(1.0, 2.0, 50.0, 80.0), None, None, None))
    assert [f["geometry"] for f in geojson.document(made)["features"]] == [
        {"type": "Point", "coordinates": [2.0, 1.0, 80.0]}
    ]
    assert geojson.document(made)["features"][0]["properties"]["heightAbove"] == "ellipsoid"


def test_a_path_over_the_antimeridian_is_cut_there() -> None:
    east = [
        Point(1000.0 * k, None, Place(10.0 + k, e), None, None, None) for k, e in enumerate((179.0, -179.0))
    ]
    feature = geojson.document(track(*east))["features"][0]
    assert feature["geometry"] == {
        "type": "MultiLineString",
        "coordinates": [[[179.0, 10.0], [180.0, 10.5]], [[-180.0, 10.5], [-179.0, 11.0]]],
    }
    assert feature["properties"]["milliseconds"] == [[0.0, 500.0], [500.0, 1000.0]]
    west = [Point(1000.0 * k, None, Place(10.0, e), None, None, None) for k, e in enumerate((-179.0, 179.0))]
    assert geojson.document(track(*west))["features"][0]["geometry"]["coordinates"] == [
        [[-179.0, 10.0], [-180.0, 10.0]],
        [[180.0, 10.0], [179.0, 10.0]],
    ]


EAST = ((1.0, 179.5), (2.0, -179.5), (0.0, -179.5), (0.0, 179.5))
WEST = ((2.0, -179.5), (0.0, -179.5), (0.0, 179.5), (1.0, 179.5))


@pytest.mark.parametrize("corners", [EAST, EAST[::-1], WEST])
def test_a_footprint_over_the_antimeridian_is_cut_there(corners: Footprint) -> None:
    """Each part anticlockwise (RFC 7946, 3.1.6 and 3.1.9), in whatever order its corners come."""
    made = track(Point(0.0, None, None, None, Footprint(corners, False), None))
    (feature,) = geojson.document(made)["features"]
    assert feature["geometry"]["type"] == "MultiPolygon"
    parts = sorted(sorted(ring[:-1]) for (ring,) in feature["geometry"]["coordinates"])
    assert parts == [
        [[-180.0, 0.0], [-180.0, 1.5], [-179.5, 0.0], [-179.5, 2.0]],
        [[179.5, 0.0], [179.5, 1.0], [180.0, 0.0], [180.0, 1.5]],
    ]
    assert sorted(shoelace(ring) for (ring,) in feature["geometry"]["coordinates"]) == [0.625, 0.875]
    root = ET.fromstring(xml_tracks.kml(made, "flight"))
    assert len(root.findall(f".//{KML}MultiGeometry/{KML}Polygon")) == 2


def test_for_esri_a_footprint_over_the_antimeridian_stays_in_one_piece() -> None:
    made = track(Point(0.0, None, None, None, Footprint(EAST, False), None))
    assert coverage.outline(made.outlines[0]) == [
        [[179.5, 1.0], [180.5, 2.0], [180.5, 0.0], [179.5, 0.0], [179.5, 1.0]]
    ]
    assert coverage.area(made.outlines)[0][0][0] in (179.5, 180.5)


@pytest.mark.parametrize("step", [1, -1])
def test_rings_go_the_right_way_round_whatever_the_order_of_corners(step: int) -> None:
    ring = ((1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0))[::step]
    made = track(Point(0.0, None, None, None, Footprint(ring, False), None))
    (feature,) = geojson.document(made)["features"]
    assert shoelace(feature["geometry"]["coordinates"][0]) == 1.0
    assert shoelace(coverage.outline(made.outlines[0])[0]) == -1.0


def test_gpx() -> None:
    root = ET.fromstring(xml_tracks.gpx(track(point(0), point(1)), "a & <b>"))
    assert root.findtext(f"{GPX}metadata/{GPX}name") == "a & <b>"
    tracks = {t.findtext(f"{GPX}name"): t.findall(f"{GPX}trkseg") for t in root.findall(f"{GPX}trk")}
    assert {name: [len(s) for s in segments] for name, segments in tracks.items()} == {
        "sensor": [2],
        "frame center": [2],
        "footprints": [5, 5],
    }
    first = tracks["sensor"][0][0]
    assert first.attrib == {"lat": "0.0000000", "lon": "0.0000000"}
    assert first.findtext(f"{GPX}ele") == "100.00"
    assert first.findtext(f"{GPX}time") == "2023-11-14T22:13:20.000Z"


def test_a_name_that_xml_has_no_characters_for() -> None:
    for text in (
        xml_tracks.gpx(track(point(0)), "a\x01\ufffe"),
        xml_tracks.kml(track(point(0)), "a\x01\ufffe"),
    ):
        assert next(e.text for e in ET.fromstring(text).iter() if e.tag.endswith("name")) == r"a\x01\ufffe"


def test_kml() -> None:
    root = ET.fromstring(xml_tracks.kml(track(point(0), point(1, computed=True)), "flight"))
    path = root.find(f".//{GX}Track")
    assert path is not None
    assert [w.text for w in path.findall(f"{KML}when")] == [
        "2023-11-14T22:13:20.000Z",
        "2023-11-14T22:13:21.000Z",
    ]
    assert [c.text for c in path.findall(f"{GX}coord")] == [
        "0.0000000 0.0000000 100.00",
        "0.0010000 0.0010000 100.00",
    ]
    assert path.findtext(f"{KML}altitudeMode") == "absolute"
    names = [m.findtext(f"{KML}name") for m in root.iter(f"{KML}Placemark")]
    assert names == ["sensor", "frame center", "footprint", "computed footprint"]


def test_kml_without_times_is_a_line() -> None:
    made = track(*(Point(1.0 * k, None, Place(1.0, 2.0 + k), None, None, None) for k in range(2)))
    root = ET.fromstring(xml_tracks.kml(made, "flight"))
    assert root.find(f".//{GX}Track") is None
    assert root.findtext(f".//{KML}coordinates") == "2.0000000,1.0000000 3.0000000,1.0000000"


def test_csv() -> None:
    rows = list(csv.reader(io.StringIO(table.header() + table.row(point(1)) + table.row(point_of({}, None)))))
    assert rows[0] == list(table.COLUMNS)
    assert dict(zip(rows[0], rows[1], strict=True)) == {
        "Milliseconds": "1000.000",
        "Precision Time Stamp (us)": "1700000001000000",
        "Time": "2023-11-14T22:13:21.000Z",
        "Platform Heading Angle (deg)": "0.0000",
        "Sensor Latitude (deg)": "0.00100000",
        "Sensor Longitude (deg)": "0.00100000",
        "Sensor True Altitude (m)": "100.000",
        "Sensor Ellipsoid Height (m)": "",
        "Frame Center Latitude (deg)": "0.00150000",
        "Frame Center Longitude (deg)": "0.00100000",
        "Frame Center Elevation (m)": "",
        "Frame Center Height Above Ellipsoid (m)": "",
        "Corner Latitude Point 1 (deg)": "0.00200000",
        "Corner Longitude Point 1 (deg)": "0.00100000",
        "Corner Latitude Point 2 (deg)": "0.00200000",
        "Corner Longitude Point 2 (deg)": "0.00200000",
        "Corner Latitude Point 3 (deg)": "0.00100000",
        "Corner Longitude Point 3 (deg)": "0.00200000",
        "Corner Latitude Point 4 (deg)": "0.00100000",
        "Corner Longitude Point 4 (deg)": "0.00100000",
        "Corners": "stated",
    }
    assert rows[2] == [""] * len(table.COLUMNS)


def test_coverage_in_both_spellings() -> None:
    found = coverage.document(track(point(0), point(1)))
    start = found["telemetry"]["start"]
    wgs = {"wkid": 4326}
    assert start == {
        "frameCenter": {"x": 0.0, "y": 0.0005, "z": None, "spatialReference": wgs},
        "frameOutline": {
            "rings": [[[0.0, 0.001], [0.001, 0.001], [0.001, 0.0], [0.0, 0.0], [0.0, 0.001]]],
            "spatialReference": wgs,
        },
        "sensor": {"x": 0.0, "y": 0.0, "z": 100.0, "spatialReference": wgs},
    }
    assert found["telemetry"] == {**start, "framCenter": start["frameCenter"], "start": start}
    assert found["sensorPoints"] == {
        "hasZ": True,
        "hasM": True,
        "points": [[0.0, 0.0, 100.0, 0], [0.001, 0.001, 100.0, 1000]],
        "spatialReference": wgs,
    }


def test_the_area_is_the_union_and_its_outer_ring_clockwise() -> None:
    (ring,) = coverage.area([point(0), point(0), point(1, east=0.0005)])
    # Two squares of 0.001 degrees that touch along half a side.
    assert shoelace(ring) == pytest.approx(-2e-6)
    assert ring[0] == ring[-1]
    apart = coverage.area([point(0), point(5)])
    assert [round(shoelace(r) * 1e6, 6) for r in apart] == [-1.0, -1.0]
    assert coverage.area([]) == []


def test_corners_that_come_crosswise_take_nothing_from_the_area() -> None:
    """Two triangles, of which one goes the other way round."""
    crossed = ((1.0, 0.0), (1.0, 1.0), (0.0, 0.0), (0.0, 1.0))
    whole = ((1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0))
    points = [Point(0.0, None, None, None, Footprint(ring, False), None) for ring in (crossed, whole)]
    assert [shoelace(ring) for ring in coverage.area(points)] == [-1.0]
    assert sum(map(shoelace, coverage.area(points[:1]))) == pytest.approx(-0.5)


def bar(k: int) -> Point:
    """Hair-thin, from one end of the map to the other: a thousand of them cross each other half a million times."""
    west, east = (k * 61.8) % 100, (k * 38.2) % 100
    ring = ((80.0, west), (80.0, west + 0.01), (-80.0, east + 0.01), (-80.0, east))
    return Point(0.0, None, None, None, Footprint(ring, False), None)


def test_a_hostile_area_costs_seconds_and_no_more_than_its_holes() -> None:
    begun = time.process_time()
    rings = coverage.area([bar(k) for k in range(1000)])
    assert time.process_time() - begun < 10
    assert sum(map(len, rings)) < 20_000
    east, north = (sorted(p[way] for ring in rings for p in ring) for way in (0, 1))
    assert (north[0], north[-1]) == (-80.0, 80.0)
    assert (east[0], east[-1]) == pytest.approx((0.0, 100.0), abs=0.2)


def test_sensor_points_without_heights_have_none() -> None:
    found = coverage.document(track(point(0, height=None)))["sensorPoints"]
    assert (found["hasZ"], found["points"]) == (False, [[0.0, 0.0, 0]])


def test_the_picture_has_north_up_and_the_colours_where_they_belong() -> None:
    """The flight goes north-east: red at the lower left of the frame, blue beside it."""
    made = track(*(point(k) for k in range(11)))
    image = picture.draw(made)
    assert image is not None
    assert image.size == (picture.WIDTH, picture.HEIGHT)
    chart = picture.fitted(
        [
            (n, e)
            for p in made.outlines
            if p.footprint
            for n, e in (*p.footprint.corners, (p.centre.latitude, 0.0))
        ]  # type: ignore[union-attr]
    )
    assert chart is not None
    south_west, north_east = chart.place(0.0, 0.0), chart.place(0.01, 0.01)
    assert south_west[0] < north_east[0]
    assert south_west[1] > north_east[1]
    x, y = (round(v) for v in chart.place(0.005, 0.005))
    seen = {image.getpixel((x + i, y + j)) for i in range(-3, 4) for j in range(-3, 4)}
    assert (200, 40, 40) in seen


def test_a_time_that_no_calendar_has_is_not_drawn() -> None:
    drawn = [
        picture.draw(track(Point(0.0, time, Place(1.0, 2.0), None, None, None))) for time in (2**64 - 1, None)
    ]
    assert drawn[0] == drawn[1]


def test_the_scale_bar_is_as_long_as_it_says() -> None:
    chart = picture.fitted([(0.0, 0.0), (0.01, 0.0)])
    assert chart is not None
    a, b = chart.place(0.0, 0.0), chart.place(0.01, 0.0)
    assert a[1] - b[1] == pytest.approx(1113.2 * chart.scale)
    step = picture.bar_length(chart.scale, 120)
    assert 48 <= step * chart.scale <= 120
    assert picture.length_text(step) in ("100 m", "200 m")


def test_a_sensor_that_stands_still_is_drawn_and_nothing_is_not() -> None:
    still = picture.draw(track(point(0), point(0)))
    assert still is not None
    assert ImageChops.invert(still).getbbox() is not None
    assert picture.draw(track()) is None
    pole = picture.draw(track(Point(0.0, None, Place(90.0, 12.0), None, None, None)))
    assert pole is not None
