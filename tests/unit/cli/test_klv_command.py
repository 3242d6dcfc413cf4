"""`ingest klv` on streams made here."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from made_klv import ASYNC, PICTURES, SYNC, Mux, flight, item, klv, numbered, uas_set

from ingest.cli import main

if TYPE_CHECKING:
    from pathlib import Path

ESCAPE = "\x1b[31mred"


def run(*args: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(main, ["klv", *args])
    assert result.exit_code == exit_code, result.output
    return result.stderr if exit_code else result.stdout


def saved(folder: Path, data: bytes, name: str = "flight.ts") -> str:
    path = folder / name
    path.write_bytes(data)
    return str(path)


def test_the_summary(tmp_path: Path) -> None:
    mux = flight(SYNC, 20, cells=True)
    mux.klv(numbered(3)[:-1] + b"\xff")
    lines = run(saved(tmp_path, mux.data)).splitlines()
    assert [" ".join(line.split()) for line in lines if line] == [
        f"file {tmp_path}/flight.ts",
        "stream 257 synchronous, stream_type 0x15, stream_id 0xFC, AU cells",
        "stream 257 20 sets of ST 0601",
        "stream 257 1 bad sets",
        "stream 257 2023-11-14T22:13:20.000Z to 2023-11-14T22:13:20.019Z",
    ]


def test_a_stream_without_klv_is_no_error(tmp_path: Path) -> None:
    mux = Mux()
    mux.tables(PICTURES)
    for n in range(5):
        mux.picture(3600 * n)
    assert "none" in run(saved(tmp_path, mux.data))
    assert json.loads(run(saved(tmp_path, mux.data), "--json"))["streams"] == []


def test_declared_and_empty(tmp_path: Path) -> None:
    mux = Mux()
    mux.tables(PICTURES, ASYNC)
    mux.klv(bytes(9))
    assert "no valid set" in run(saved(tmp_path, mux.data))


def test_ndjson_has_a_set_a_line(tmp_path: Path) -> None:
    lines = [json.loads(line) for line in run(saved(tmp_path, flight(ASYNC).data), "--ndjson").splitlines()]
    assert [line["milliseconds"] for line in lines] == [40.0 * n for n in range(20)]
    assert lines[1] == {
        "stream": 257,
        "standard": "ST 0601",
        "milliseconds": 40.0,
        "pts": 129_600,
        "precisionTimeStamp": 1_700_000_000_001_000,
        "time": "2023-11-14T22:13:20.001Z",
        "tags": [
            {"tag": 2, "name": "Precision Time Stamp", "value": 1_700_000_000_001_000, "unit": "us"},
            {"tag": 3, "name": "Mission ID", "value": "set 1"},
            {"tag": 65, "name": "UAS Datalink LS Version Number", "value": 19},
        ],
        "unknown": [],
    }


def test_json_is_one_document(tmp_path: Path) -> None:
    items = (
        item(34, b"\x02")
        + item(47, b"\x05")
        + item(127, b"\x19")
        + item(13, b"\x80\0\0\0")
        + item(200, b"\xab")
    )
    items += (
        item(48, item(1, b"\x01") + item(99, b"\xab"))
        + item(73, item(2, b"ab"))
        + item(122, b"\x01\x0d\x02CA")
    )
    data = uas_set(items) + klv(bytes.fromhex("060E2B34020101010E01010201010000"), b"abc")
    document = json.loads(run(saved(tmp_path, data, "a.klv"), "--json"))
    assert document["file"] == f"{tmp_path}/a.klv"
    assert document["streams"][0]["carriage"] == "bare file"
    assert document["streams"][0]["sets"] == {"ST 0601": 1, "EG 0104": 1}
    first, second = document["sets"]
    tags = {entry["tag"]: entry for entry in first["tags"]}
    assert (tags[34]["value"], tags[34]["meaning"]) == (2, "icing")
    assert tags[47]["meaning"] == ["laser range", "infrared black hot"]
    assert tags[127]["value"] == "25"
    assert (tags[13]["value"], tags[13]["unit"]) == (None, "deg")
    assert tags[48]["value"][0]["meaning"] == "unclassified"
    assert tags[48]["value"][1] == {"tag": 99, "hex": "ab"}
    assert tags[73]["value"] == [{"tag": 2, "hex": "6162"}]
    assert tags[122]["value"] == {"coding": 13, "overflight": "CA", "operator": None, "manufacture": None}
    assert first["unknown"] == [{"tag": 200, "hex": "ab"}]
    assert (second["standard"], second["bytes"], second["milliseconds"]) == ("EG 0104", 3, None)


def test_csv_has_a_column_for_each_tag(tmp_path: Path) -> None:
    data = numbered(0) + numbered(1, more=item(13, bytes(4)) + item(59, ESCAPE.encode()))
    header, *rows = list(csv.reader(run(saved(tmp_path, data, "a.bin"), "--csv").splitlines()))
    assert header == [
        "stream",
        "milliseconds",
        "2 Precision Time Stamp (us)",
        "3 Mission ID",
        "13 Sensor Latitude (deg)",
        "59 Platform Call Sign",
        "65 UAS Datalink LS Version Number",
    ]
    assert rows == [
        ["0", "0.0", "1700000000000000", "set 0", "", "", "19"],
        ["0", "1.0", "1700000000001000", "set 1", "0.0", r"\x1b[31mred", "19"],
    ]


def test_without_a_clock_the_stamps_are_the_times(tmp_path: Path) -> None:
    """In bare KLV, and in a transport stream of KLV alone."""
    mux = Mux()
    mux.tables(SYNC)
    for n in range(4):
        mux.klv(numbered(40 * n), 90_000 + 3600 * n)
    for source in (
        saved(tmp_path, mux.data),
        saved(tmp_path, b"".join(map(numbered, range(0, 160, 40))), "a.klv"),
    ):
        run(source, "--export", str(tmp_path / "out"))
        (stream,) = json.loads((tmp_path / "out/info/klv.json").read_bytes())["streams"]
        assert (stream["firstMilliseconds"], stream["lastMilliseconds"], stream["setsPerSecond"]) == (
            0,
            120,
            25,
        )


@pytest.mark.parametrize("option", ["--json", "--ndjson", "--csv"])
def test_no_text_of_a_set_reaches_the_terminal_raw(tmp_path: Path, option: str) -> None:
    data = uas_set(item(3, f"{ESCAPE}\x9b".encode()))
    assert not {"\x1b", "\x9b"} & set(run(saved(tmp_path, data), option))


def test_a_time_that_no_calendar_has(tmp_path: Path) -> None:
    document = json.loads(run(saved(tmp_path, uas_set(b"", time=2**64 - 1)), "--json"))
    assert (document["sets"][0]["precisionTimeStamp"], document["sets"][0]["time"]) == (2**64 - 1, None)


@pytest.mark.parametrize("option", [(), ("--json",), ("--ndjson",), ("--csv",)])
def test_what_is_no_klv_is_one_line(tmp_path: Path, option: tuple[str, ...]) -> None:
    path = saved(tmp_path, b"\0\0\0\x18ftypmp42" + bytes(4000), "film.mp4")
    line = run(path, *option, exit_code=3)
    assert line == (
        "ingest: error: film.mp4 is cut short: its index (moov) is missing; copy or upload the whole file again\n"
    )


def test_a_side_file_is_shown_too(tmp_path: Path) -> None:
    path = saved(tmp_path, b"Precision Time Stamp,Sensor Latitude\n1700000000000000,48.5\n", "side.csv")
    (found,) = json.loads(run(path, "--json"))["sets"]
    assert (found["standard"], found["time"]) == ("CSV", "2023-11-14T22:13:20.000Z")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "there is no file" in run(str(tmp_path / "none.ts"), exit_code=3)


def test_two_formats_at_once_are_wrong_usage(tmp_path: Path) -> None:
    path = saved(tmp_path, numbered(0))
    assert "exclude each other" in run(path, "--json", "--csv", exit_code=2)


def test_export_writes_what_a_job_writes(tmp_path: Path) -> None:
    source = saved(tmp_path, flight(SYNC, 20, cells=True).data)
    said = run(source, "--export", str(tmp_path / "out"))
    assert said == f"20 sets, 0 on the map, 0 with a footprint: {tmp_path}/out\n"
    names = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    tracks = {f"telemetry/track.{end}" for end in ("csv", "geojson", "gpx", "kml")}
    assert names == {"info/klv.json", "telemetry/klv.json", "telemetry/coverage.json", *tracks}


def test_export_of_nothing_and_into_no_folder(tmp_path: Path) -> None:
    mux = Mux()
    mux.tables(PICTURES)
    for n in range(5):
        mux.picture(3600 * n)
    nothing = run(saved(tmp_path, mux.data, "none.ts"), "--export", str(tmp_path / "out"), exit_code=3)
    assert "has no KLV set that is whole" in nothing
    source = saved(tmp_path, flight(SYNC, 3).data)
    assert "cannot be written" in run(source, "--export", source, exit_code=4)
    assert "exclude each other" in run(source, "--export", "x", "--json", exit_code=2)
