"""Where sets say that the sensor was, and the corners that are computed where they do not say what it saw."""

from __future__ import annotations

from math import cos, radians

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_points import NADIR

from ingest.telemetry.camera import Camera, corners_on_ground
from ingest.telemetry.places import Footprint, Place, footprint, frame_centre, sensor_place

DEGREE_NORTH, DEGREE_EAST = 110_574.3, 111_319.5  # metres, at the equator
FULL = {82: 1.0, 83: 2.0, 84: 1.0, 85: 3.0, 86: 0.0, 87: 3.0, 88: 0.0, 89: 2.0}
OFFSETS = {
    23: 10.0,
    24: 20.0,
    26: 0.01,
    27: -0.01,
    28: 0.01,
    29: 0.01,
    30: -0.01,
    31: 0.01,
    32: -0.01,
    33: -0.01,
}


def metres(values: dict[int, object], ground: float = 0.0) -> list[tuple[int, int]]:
    """The computed corners as metres north and east of the origin, to 1 m."""
    found = footprint(values, ground)
    assert found is not None
    assert found.computed
    return [(round(n * DEGREE_NORTH), round(e * DEGREE_EAST)) for n, e in found.corners]


def test_stated_corners_come_before_offsets_and_both_before_angles() -> None:
    ring = ((1.0, 2.0), (1.0, 3.0), (0.0, 3.0), (0.0, 2.0))
    assert footprint({**NADIR, **OFFSETS, **FULL}) == Footprint(ring, computed=False)
    stated = footprint({**NADIR, **OFFSETS})
    assert stated is not None
    assert not stated.computed
    expected = [(10.01, 19.99), (10.01, 20.01), (9.99, 20.01), (9.99, 19.99)]
    assert [pytest.approx(corner) for corner in expected] == list(stated.corners)


def test_offset_corners_over_the_antimeridian_have_longitudes_up_to_180() -> None:
    stated = footprint({**OFFSETS, 24: 179.995})
    assert stated is not None
    assert [east for _, east in stated.corners] == [
        pytest.approx(e) for e in (179.985, -179.995, -179.995, 179.985)
    ]


@pytest.mark.parametrize("missing", [82, 86, 89])
def test_one_corner_that_is_not_known_is_no_footprint(missing: int) -> None:
    assert footprint({**FULL, missing: None}) is None


def test_straight_down_with_its_top_to_the_north() -> None:
    assert metres(NADIR) == [(500, -1000), (500, 1000), (-500, 1000), (-500, -1000)]


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        ({5: 90.0}, (1000, 500)),  # heading east: the top is to the east, its left to the north
        ({18: 90.0}, (1000, 500)),  # the same by the sensor's azimuth
        ({20: 90.0}, (1000, 500)),  # and by its roll, clockwise as seen from behind it
        ({25: 500.0}, (250, -500)),  # the ground is higher
        ({25: None}, (500, -1000)),
        ({15: 2000.0}, (1000, -2000)),
    ],
)
def test_what_turns_and_what_scales_it(changes: dict[int, object], first: tuple[int, int]) -> None:
    north, east = metres({**NADIR, **changes})[0]
    assert (north, east) == (pytest.approx(first[0], abs=1), pytest.approx(first[1], abs=1))


def test_the_nose_up_looks_ahead_and_the_right_wing_down_looks_left() -> None:
    narrow = {**NADIR, 16: 0.1, 17: 0.1}
    ahead = metres({**narrow, 6: 20.0})  # tan 20 degrees of 1000 m
    assert all((n, e) == (pytest.approx(364, abs=2), pytest.approx(0, abs=2)) for n, e in ahead)
    left = metres({**narrow, 7: 45.0})
    assert all((n, e) == (pytest.approx(0, abs=2), pytest.approx(-1000, abs=3)) for n, e in left)
    forward = metres({**narrow, 19: -45.0, 18: 270.0})  # 45 degrees down, to the left
    assert all((n, e) == (pytest.approx(0, abs=2), pytest.approx(-1000, abs=3)) for n, e in forward)


def test_wide_angles_of_the_platform_count_before_the_narrow_ones() -> None:
    narrow = {**NADIR, 16: 0.1, 17: 0.1, 6: 0.0, 90: 30.0, 7: 3.0, 91: 0.0}
    assert all((n, e) == (pytest.approx(577, abs=2), pytest.approx(0, abs=2)) for n, e in metres(narrow))


def test_the_given_ground_counts_where_the_set_says_none() -> None:
    assert metres({**NADIR, 25: None}, ground=500.0)[0] == (250, -500)
    assert metres(NADIR, ground=500.0)[0] == (500, -1000)


def test_heights_above_the_ellipsoid_are_taken_together() -> None:
    assert metres({**NADIR, 15: None, 25: 0.0, 75: 1030.0, 78: 30.0})[0] == (500, -1000)
    assert metres({**NADIR, 15: 1000.0, 25: None, 104: 1030.0, 78: 30.0})[0] == (500, -1000)


@pytest.mark.parametrize(
    "changes",
    [
        {19: 0.0},  # at the horizon
        {19: 45.0},  # into the sky
        {19: -20.0, 17: 53.0},  # the upper half above the horizon
        {16: 180.0},
        {17: 0.0},
        {15: None},
        {15: -10.0},
        {16: None},
        {5: None},
        {13: None},
    ],
)
def test_no_ground_and_not_enough_said(changes: dict[int, object]) -> None:
    assert footprint({**NADIR, **changes}) is None


def test_far_from_the_equator_a_degree_of_longitude_is_shorter() -> None:
    found = footprint({**NADIR, 13: 60.0, 14: 179.999})
    assert found is not None
    wide = found.corners[1][1] - found.corners[0][1]
    assert wide % 360 * DEGREE_EAST * cos(radians(60)) == pytest.approx(2000, rel=0.005)


def test_places_and_their_heights() -> None:
    assert sensor_place({13: 1.5, 14: -2.5, 15: 100.0, 75: 130.0}) == Place(1.5, -2.5, 100.0, 130.0)
    assert sensor_place({13: 1.5, 14: -2.5, 104: 131.0, 75: 130.0}) == Place(1.5, -2.5, None, 131.0)
    assert sensor_place({13: 1.5, 14: None}) is None
    assert frame_centre({23: 1.5, 24: -2.5, 25: 9.0, 78: 30.0}) == Place(1.5, -2.5, 9.0, 30.0)
    assert (Place(0, 0, 5.0, 6.0).height, Place(0, 0, None, 6.0).height, Place(0, 0).height) == (
        5.0,
        6.0,
        None,
    )


ANGLE = st.floats(-360, 360)


@given(
    st.floats(-90, 90),
    st.floats(-180, 180),
    st.floats(-900, 40_000),
    st.tuples(*[ANGLE] * 3),
    st.tuples(*[ANGLE] * 3),
)
def test_any_angles_give_four_places_on_earth_or_none(
    north: float,
    east: float,
    height: float,
    platform: tuple[float, float, float],
    sensor: tuple[float, float, float],
) -> None:
    found = corners_on_ground(Camera(north, east, height, 0.0, platform, sensor, (30.0, 20.0)))
    if found is not None:
        assert len(found) == 4
        assert height > 0
        assert all(-90 <= n <= 90 and -180 <= e <= 180 for n, e in found)
