"""GoPro's GPMF, written here item by item."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.telemetry.gpmf import fixes, utc


def item(key: str, kind: str, size: int, data: bytes) -> bytes:
    head = key.encode() + bytes((ord(kind), size)) + (len(data) // size).to_bytes(2, "big")
    return head + data + bytes(-len(data) % 4)


def nest(key: str, *items: bytes) -> bytes:
    return item(key, "\0", 1, b"".join(items))


def longs(*values: int) -> bytes:
    return struct.pack(f">{len(values)}i", *values)


SCALES = item("SCAL", "l", 4, longs(10**7, 10**7, 1000, 1000, 100))


ROW = (485_000_000, 112_500_000, 520_500, 1500, 150)


def gps5(*before: bytes, rows: tuple[tuple[int, ...], ...] = (ROW,)) -> bytes:
    data = b"".join(longs(*row) for row in rows)
    return nest("DEVC", nest("STRM", *before, SCALES, item("GPS5", "l", 20, data)))


def test_gps5() -> None:
    rows = ((485_000_000, 112_500_000, 520_500, 1500, 150), (485_000_010, 112_500_020, 520_600, 1600, 160))
    sample = gps5(item("GPSF", "L", 4, longs(3)), item("GPSU", "U", 16, b"170417192757.500"), rows=rows)
    assert list(fixes(sample)) == [
        (0.0, {13: 48.5, 14: 11.25, 75: 520.5, 56: 1.5, 2: 1_492_457_277_500_000}),
        (0.5, {13: 48.500001, 14: 11.250002, 75: 520.6, 56: 1.6}),
    ]


def test_heights_above_the_sea_are_said_to_be() -> None:
    ((_, values),) = fixes(gps5(item("GPSA", "F", 4, b"MSLV")))
    assert (values[15], 75 in values) == (520.5, False)


@pytest.mark.parametrize("fix", [0, 1])
def test_no_fix_no_position(fix: int) -> None:
    assert list(fixes(gps5(item("GPSF", "L", 4, longs(fix))))) == []


def test_gps9_has_a_time_and_a_fix_for_each() -> None:
    scales = item("SCAL", "l", 4, longs(10**7, 10**7, 1000, 1000, 100, 1, 1000, 100, 1))
    rows = [(485_000_000, 112_500_000, 520_500, 1500, 150, 8000, 43_200_250, 120, fix) for fix in (3, 0)]
    data = b"".join(struct.pack(">7i2H", *row) for row in rows)
    sample = nest("STRM", item("TYPE", "c", 1, b"lllllllSS"), scales, item("GPS9", "?", 32, data))
    ((share, values),) = fixes(nest("DEVC", sample))
    assert (share, values[13], values[2]) == (0.0, 48.5, (10_957 + 8000) * 86_400_000_000 + 43_200_250_000)


def test_karma_has_position_attitude_and_clock() -> None:
    place = struct.pack(">IiiiihhhH", 146_071, 331_253_680, -1_173_310_641, 15_445, 0, 1, 2, 3, 33_156)
    attitude = struct.pack(">I6fB", 146_000, 0.1, -0.2, 3.0, 0, 0, 0, 1)
    clock = struct.pack(">QQ", 146_544_283, 1_492_457_278_000)
    sample = nest(
        "DEVC",
        nest(
            "STRM",
            item("TYPE", "c", 1, b"LllllsssS"),
            item("SCAL", "l", 4, longs(1000, 10**7, 10**7, 1000, 1000, 100, 100, 100, 100)),
            item("GLPI", "?", 28, place),
        ),
        nest(
            "STRM",
            item("TYPE", "c", 1, b"LffffffB"),
            item("SCAL", "l", 4, longs(1000, *[1] * 7)),
            item("ATTD", "?", 29, attitude),
        ),
        nest(
            "STRM",
            item("TYPE", "c", 1, b"JJ"),
            item("SCAL", "l", 4, longs(10**6, 1000)),
            item("SYST", "?", 16, clock),
        ),
    )
    ((share, values),) = fixes(sample)
    assert share == 0.0
    assert values == {
        2: pytest.approx(1_492_457_277_526_717, abs=1),
        5: 331.56,
        13: 33.125368,
        14: -117.3310641,
        15: 15.445,
        90: pytest.approx(-11.459156),
        91: pytest.approx(5.729578),
    }


@pytest.mark.parametrize("text", [b"", b"170417192757", b"179917192757.500", b"\xff" * 16])
def test_a_time_that_is_none(text: bytes) -> None:
    assert utc(text) is None


@pytest.mark.parametrize(
    "sample",
    [
        gps5(rows=((2_000_000_000, 0, 0, 0, 0),)),  # beyond the pole
        nest("DEVC", nest("STRM", item("GPS5", "l", 20, longs(1, 2, 3, 4, 5)))),  # no scale
        nest("STRM", item("SCAL", "l", 4, longs(0)), item("GPS5", "l", 20, longs(1, 2, 3, 4, 5))),
        nest("STRM", item("SCAL", "l", 4, longs(1, 2)), item("GPS5", "l", 20, longs(1, 2, 3, 4, 5))),
        nest("STRM", SCALES, item("GPS5", "c", 20, b"x" * 20)),
        gps5()[:-1],
        b"",
        b"DEVC",
    ],
)
def test_what_makes_no_sense_is_no_position(sample: bytes) -> None:
    assert list(fixes(sample)) == []


def test_nesting_ends_somewhere() -> None:
    sample = gps5()
    for _ in range(40):
        sample = nest("DEVC", sample)
    assert list(fixes(sample)) == []


@given(st.data())
def test_any_damage_ends_the_sample_quietly(data: st.DataObject) -> None:
    sample = bytearray(gps5(item("GPSU", "U", 16, b"170417192757.500")))
    for _ in range(data.draw(st.integers(1, 4))):
        sample[data.draw(st.integers(0, len(sample) - 1))] = data.draw(st.integers(0, 255))
    for _, values in fixes(bytes(sample)):
        assert abs(float(str(values[13]))) <= 90
