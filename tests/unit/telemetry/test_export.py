"""All documents of streams made here, and what info/klv.json says of them."""

from __future__ import annotations

import csv
import json
import struct
from typing import TYPE_CHECKING, Any

import pytest
from made_klv import ASYNC, EG_0104, KLV_PID, PICTURES, SYNC, Es, Mux, item, klv, uas_set
from made_points import NADIR, packet

from ingest.klv import packets
from ingest.klv.sets import Stream
from ingest.telemetry import choose, export
from ingest.telemetry.cue_store import CueStore
from ingest.telemetry.tally import ESSENTIAL, Tally, entry, standard

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.telemetry import Exported


def at(north: float, east: float, time: int) -> bytes:
    """A set of a position and a frame centre in front of it."""
    degree = (2**32 - 2) / 180
    values = ((13, north, 1), (14, east, 2), (23, north + 0.001, 1), (24, east, 2))
    items = b"".join(item(tag, struct.pack(">i", round(v * degree / half))) for tag, v, half in values)
    return uas_set(items, time=time)


def flight(count: int = 5, more: bytes = b"") -> bytes:
    mux = Mux()
    mux.tables(PICTURES, SYNC)
    for k in range(count):
        mux.picture(90_000 + 3600 * k)
        mux.klv(at(10 + 0.001 * k, 20.0, 1_700_000_000_000_000 + 40_000 * k), 90_000 + 3600 * k)
    if more:
        mux.klv(more, 90_000 + 3600 * count)
    return mux.data


def exported(data: bytes, folder: Path, **options: Any) -> Exported:
    first = packets(data)
    list(first)
    found = packets(data)
    options = {"long": False, "chosen": choose(first.streams), **options}
    return export(found, lambda: found.streams, folder, name="flight.ts", **options)


def test_all_documents_of_a_flight(tmp_path: Path) -> None:
    store = CueStore(tmp_path / "cues")
    made = exported(flight(), tmp_path, cues=store)
    assert (made.sets, made.points, made.footprints, len(store)) == (5, 5, 0, 5)
    names = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    tracks = {f"telemetry/track.{end}" for end in ("csv", "geojson", "gpx", "kml", "png")}
    assert names == {"cues", "info/klv.json", "telemetry/klv.json", "telemetry/coverage.json", *tracks}
    whole = json.loads((tmp_path / "telemetry/klv.json").read_bytes())
    assert [s["milliseconds"] for s in whole["sets"]] == [0, 40, 80, 120, 160]
    assert whole["streams"][0]["sets"] == {"ST 0601": 5}
    rows = list(csv.DictReader((tmp_path / "telemetry/track.csv").read_text("utf-8").splitlines()))
    assert [float(r["Sensor Latitude (deg)"]) for r in rows] == pytest.approx(
        [10 + 0.001 * k for k in range(5)]
    )
    assert json.loads((tmp_path / "info/klv.json").read_bytes()) == made.info
    assert made.info["file"] == "flight.ts"
    assert made.info["used"] == KLV_PID


def test_a_long_flight_has_a_set_a_line_beside_it(tmp_path: Path) -> None:
    exported(flight(), tmp_path, long=True)
    lines = (tmp_path / "telemetry/klv.ndjson").read_text("ascii").splitlines()
    whole = json.loads((tmp_path / "telemetry/klv.json").read_bytes())
    assert [json.loads(line) for line in lines] == whole["sets"]


def test_sets_of_another_standard_are_listed_and_make_no_track(tmp_path: Path) -> None:
    mux = Mux()
    mux.tables(PICTURES, ASYNC)
    mux.picture(0)
    mux.klv(klv(EG_0104, b"\x06\x0e\x2b\x34" + bytes(12)))
    made = exported(mux.data, tmp_path)
    names = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert names == {"info/klv.json", "telemetry/klv.json"}
    (stream,) = made.info["streams"]
    assert (made.info["used"], stream["standard"], stream["sets"]) == (None, "EG 0104", {"EG 0104": 1})
    assert (stream["essentialFields"], stream["essentialFieldsPresent"]) == ([], 0)


def test_a_bad_set_is_counted_and_the_others_are_there(tmp_path: Path) -> None:
    bad = bytearray(at(1, 2, 3))
    bad[-1] ^= 1
    made = exported(flight(more=bytes(bad)), tmp_path)
    (stream,) = made.info["streams"]
    assert (made.sets, stream["badSets"], stream["badChecksums"]) == (5, 1, 1)


def test_the_stream_with_most_sets_of_st_0601_is_used() -> None:
    few, most, other = Stream(pid=1), Stream(pid=2), Stream(pid=3)
    few.standards["ST 0601"], most.standards["ST 0601"], other.standards["ST 0903"] = 1, 2, 99
    assert choose([few, most, other]) == 2
    assert choose([other]) is None
    most.standards["ST 0903"] = 50
    assert [standard(s) for s in (few, most, other, Stream())] == ["ST 0601", "ST 0601", "ST 0903", None]


def test_rate_gaps_and_essential_fields() -> None:
    tally = Tally()
    for k in [*range(10), *range(60, 70)]:
        tally.add(packet(dict(NADIR), 100.0 * k))
    made = entry(Stream(pid=257), tally)
    assert made["gapCount"] == 1
    assert made["gaps"] == [{"startMilliseconds": 900.0, "milliseconds": 5100.0}]
    assert (made["firstMilliseconds"], made["lastMilliseconds"]) == (0.0, 6900.0)
    assert made["setsPerSecond"] == pytest.approx(19 / 6.9, abs=0.001)
    assert len(ESSENTIAL) == len(made["essentialFields"]) == 13
    absent = [f["name"] for f in made["essentialFields"] if not f["present"]]
    assert absent == ["Sensor Ellipsoid Height Extended"]
    assert made["essentialFieldsPresent"] == 12
    assert {f["sets"] for f in made["essentialFields"]} == {0, 20}


def test_a_slow_stream_has_no_gaps() -> None:
    tally = Tally()
    for k in range(5):
        tally.add(packet({}, 5000.0 * k))
    assert entry(Stream(), tally)["gaps"] == []
    assert entry(Stream(), Tally())["setsPerSecond"] is None


def test_two_streams_and_only_one_makes_the_track(tmp_path: Path) -> None:
    other = Es(0x06, 0x102, ASYNC.descriptors)
    mux = Mux()
    mux.tables(PICTURES, SYNC, other)
    for k in range(4):
        mux.picture(3600 * k)
        mux.klv(at(10, 20, 1), 3600 * k)
        if k % 2:
            mux.klv(at(50, 60, 1), pid=0x102)
    made = exported(mux.data, tmp_path)
    assert (made.sets, made.points) == (6, 4)
    assert [s["stream"] for s in made.info["streams"]] == [KLV_PID, 0x102]
