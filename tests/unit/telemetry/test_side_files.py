"""Esri's CSV and DJI's SRT, and what `--klv` makes of any side file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_klv import SYNC, flight, numbered, uas_set
from made_points import point

from ingest.job.errors import SourceError
from ingest.klv import Stream, UasSet
from ingest.media.source import open_source
from ingest.steps.klv_side import side_reading
from ingest.telemetry import choose, side_csv, side_srt, table

if TYPE_CHECKING:
    from pathlib import Path

ESRI = """\
Precision Time Stamp,Platform Heading Angle,Platform Pitch Angle,Platform Roll Angle,Sensor Latitude,Sensor Longitude,\
Sensor True Altitude,Sensor Horizontal Field of View,Sensor Vertical Field of View,Sensor Relative Azimuth Angle,\
Sensor Relative Elevation Angle,Sensor Relative Roll Angle,Comment
1700000000000000,10,1,-1,48.5,11.25,520.5,30,20,0,-90,0,a
1700000000040000,11,1,-1,48.6,11.25,521.5,30,20,0,-90,0,"b, c"
"""
DJI_NEW = """1
00:00:00,000 --> 00:00:00,033
<font size="28">SrtCnt : 1, DiffTime : 33ms
2023-06-01 10:00:00.123
[iso : 100] [latitude: 48.500000] [longitude: 11.250000] [rel_alt: 1.300 abs_alt: 520.500] </font>

2
00:00:00,033 --> 00:00:00,066
<font size="28">[latitude: 0.0] [longitude: 0.0] [rel_alt: 1.3 abs_alt: 5.0]</font>
"""
DJI_OLD = """1
00:00:01,000 --> 00:00:02,000
HOME(11.2500,48.5000) 2017.08.05 14:11:51
GPS(11.2500,48.5000,16) BAROMETER:1.9
"""
DJI_MATRICE = (
    "1\n00:00:01,000 --> 00:00:02,000\n2022.06.21 16:06:17\nGPS(48.5000,11.2500,0.0M) BAROMETER:0.3M\n"
)
DJI_METRES = "1\n00:00:01,000 --> 00:00:02,000\nGPS(11.2500,48.5000,520.5m)\n"
DJI_MINI = "1\n00:00:01,000 --> 00:00:02,000\nF/2.8, SS 206, ISO 150, EV 0, GPS (11.25, 48.5, 20), D 24.26m, H 6.00m\n"


def read(
    path: Path, text: str | bytes
) -> tuple[list[tuple[float | None, dict[int, object]]], tuple[Stream, ...]]:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with open_source(path) as source:
        reading = side_reading(source, None)
        found = [
            (p.milliseconds, dict(p.content.values)) for p in reading.packets if isinstance(p.content, UasSet)
        ]
        return found, tuple(reading.streams())


def test_esri_s_side_file(tmp_path: Path) -> None:
    found, (stream,) = read(tmp_path / "a.csv", ESRI)
    common = {6: 1.0, 7: -1.0, 14: 11.25, 16: 30.0, 17: 20.0, 18: 0.0, 19: -90.0, 20: 0.0}
    assert found == [
        (0.0, {2: 1_700_000_000_000_000, 5: 10.0, 13: 48.5, 15: 520.5} | common),
        (40.0, {2: 1_700_000_000_040_000, 5: 11.0, 13: 48.6, 15: 521.5} | common),
    ]
    assert (stream.standards["CSV"], stream.first_time, choose([stream])) == (2, 1_700_000_000_000_000, 0)
    assert stream.carried == "CSV file beside the film (a.csv)"


def test_our_own_track_is_read_again(tmp_path: Path) -> None:
    text = table.header() + "".join(table.row(point(k)) for k in range(3))
    found, _ = read(tmp_path / "track.csv", text)
    assert [(ms, v[13], v[14], v[15], v[23]) for ms, v in found] == [
        (1000.0 * k, 0.001 * k, 0.001 * k, 100.0, round(0.001 * k + 0.0005, 8)) for k in range(3)
    ]
    # Corners may be computed ones: they are not taken for stated.
    assert not set(found[0][1]) & set(range(82, 90))


@pytest.mark.parametrize(
    "title",
    [
        "Sensor Latitude",
        "sensor_latitude",
        "SensorLatitude (deg)",
        " SENSOR LATITUDE ",
        "\ufeffSensor Latitude",
    ],
)
def test_titles_in_any_spelling(title: str) -> None:
    assert side_csv.columns(["x", title]) == {1: 13}


@pytest.mark.parametrize(
    ("cell", "value"),
    [("48.5", 48.5), ("-90", -90.0), ("91", None), ("nan", None), ("inf", None), ("", None), ("x", None)],
)
def test_a_cell_that_is_no_latitude_is_no_value(cell: str, value: float | None) -> None:
    (packet,) = side_csv.rows(["Sensor Latitude,Mission ID", f"{cell},M"], Stream())
    assert isinstance(packet.content, UasSet)
    assert packet.content.values.get(13) == value


@pytest.mark.parametrize("cell", ["1e300", "2e19", "-5", "99999999999999999999"])
def test_a_cell_that_is_no_time_is_no_value(cell: str, tmp_path: Path) -> None:
    text = f"Precision Time Stamp,Sensor Latitude\n1700000000000000,48\n{cell},49\n"
    found, _ = read(tmp_path / "a.csv", text)
    assert found == [(0.0, {2: 1_700_000_000_000_000, 13: 48.0}), (None, {13: 49.0})]


def test_stamps_of_0_are_no_times(tmp_path: Path) -> None:
    """How senders say that they do not know the time yet: the film does not begin in 1970."""
    rows = ("0,48", "1700000000000000,49", "1700000000040000,50")
    found, _ = read(tmp_path / "a.csv", "\n".join(("Precision Time Stamp,Sensor Latitude", *rows)))
    assert [ms for ms, _ in found] == [None, 0.0, 40.0]
    sets = b"".join(uas_set(b"", time=time) for time in (0, 1_700_000_000_000_000, 1_700_000_000_040_000))
    found, _ = read(tmp_path / "a.klv", sets)
    assert [ms for ms, _ in found] == [None, 0.0, 40.0]


def test_rows_without_a_value_are_counted() -> None:
    stream = Stream()
    assert list(side_csv.rows(["Sensor Latitude", "x", "", "999"], stream)) == []
    assert stream.framing.bad == 2


def test_dji_s_generations(tmp_path: Path) -> None:
    place = {13: 48.5, 14: 11.25}
    found, (stream,) = read(tmp_path / "a.srt", DJI_NEW)
    assert found == [(0.0, place | {15: 520.5}), (33.0, {})]
    assert stream.standards["DJI SRT"] == 2


@pytest.mark.parametrize(
    ("text", "height"), [(DJI_OLD, {}), (DJI_MINI, {}), (DJI_MATRICE, {}), (DJI_METRES, {15: 520.5})]
)
def test_a_third_number_without_metres_is_no_height(
    text: str, height: dict[int, object], tmp_path: Path
) -> None:
    """It is the number of satellites, and with a large M how exact the place is: that one has its latitude first."""
    assert read(tmp_path / "a.srt", text)[0] == [(1000.0, {13: 48.5, 14: 11.25} | height)]


def test_bare_klv_is_timed_by_its_stamps(tmp_path: Path) -> None:
    found, (stream,) = read(tmp_path / "a.klv", b"".join(numbered(40 * k) for k in range(4)))
    assert [ms for ms, _ in found] == [0.0, 40.0, 80.0, 120.0]
    assert (stream.carried, stream.standards["ST 0601"]) == ("bare file beside the film", 4)


def test_a_transport_stream_has_its_own_times(tmp_path: Path) -> None:
    found, (stream,) = read(tmp_path / "a.ts", flight(SYNC, 4).data)
    assert [ms for ms, _ in found] == [0.0, 40.0, 80.0, 120.0]
    assert stream.pid == 257


@pytest.mark.parametrize(
    "text", ["hello", "a,b\n1,2\n", "\0" * 5000, "1\n00:00:00,000 --> 00:00:01,000\nHello\n"]
)
def test_what_is_no_telemetry_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no telemetry that ingest knows"):
        read(tmp_path / "a.csv", text)


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    lines = ["Precision Time Stamp,Sensor Latitude\n", *text.splitlines(keepends=True)]
    for packet in (*side_csv.rows(lines, Stream()), *side_srt.cues(lines, Stream())):
        assert isinstance(packet.content, UasSet)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("GPS(149.0251,-20.2533,16) BAROMETER:1.9", True),
        ("[latitude: 48.5] [longitude: 11.25]", True),
        ("F/2.8, SS 206.14, ISO 100, EV 0", True),
        ("[iso : 100] [shutter : 1/60.0]", True),
        ("ISO:100 Shutter:60 EV: Fnum:F2.8", True),
        ("The latitude: 48 degrees.", False),
        ("Set ISO 100 and go.", False),
        ("He closed the shutter.", False),
        ("", False),
    ],
)
def test_text_of_a_drone(text: str, told: bool) -> None:
    assert side_srt.is_telemetry(text) is told
