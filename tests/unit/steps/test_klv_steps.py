"""Steps 156 and 160 on streams made here, without any program."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from made_facts import container
from made_klv import (
    ASYNC,
    EG_0104,
    KLV_PID,
    PICTURES,
    SYNC,
    WRAP,
    Es,
    Mux,
    flight,
    klv,
    numbered,
    pat,
    pmt,
)

from ingest.job import codes
from ingest.klv import PictureTimes, TimeStamp, packets
from ingest.media.data_tracks import DataTrack, data_tracks
from ingest.media.facts import KlvFacts
from ingest.media.source import open_source
from ingest.steps import extracting_klv_metadata, probing_video_klv
from ingest.steps.context import Note, Outcome
from ingest.steps.klv_source import on_timeline, pids
from ingest.steps.klv_tracks import Samples, kind_of, track_reading
from ingest.steps.probing_video_klv import FoundKlv

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.media.probe import Prober
    from ingest.media.source import Source

DOCUMENT = {
    "format": {"format_name": "mpegts"},
    "streams": [
        {"index": 0, "codec_type": "video", "id": "0x100"},
        {"index": 1, "codec_type": "data", "codec_name": "klv", "id": "0x101"},
    ],
}


def probed(data: bytes, folder: Path, document: dict[str, object] | None = None) -> Outcome[FoundKlv]:
    path = folder / "flight.ts"
    path.write_bytes(data)
    with open_source(path) as source:
        return probing_video_klv.run(document or DOCUMENT, container("mpegts"), asked(source), Fraction(0))


def asked(source: Source) -> Prober:
    """A prober that is never asked."""
    return cast("Prober", SimpleNamespace(source=source, cancel=None))


def test_what_was_found_is_said(tmp_path: Path) -> None:
    found = probed(flight(SYNC, 20, cells=True).data, tmp_path)
    detail = "stream 0x101: 20 sets of ST 0601 (synchronous, stream_type 0x15, stream_id 0xFC, AU cells)"
    assert found.notes == (Note(codes.KLV_FOUND, detail),)
    assert found.warnings == ()
    assert found.value.declared == (KlvFacts(1, "mpegts", "0x101"),)
    assert (found.value.chosen, found.value.sets, found.value.present) == (KLV_PID, 20, True)


def test_eg_0104_is_named_and_is_no_st_0601(tmp_path: Path) -> None:
    mux = Mux()
    mux.tables(PICTURES, ASYNC)
    mux.picture(0)
    mux.klv(klv(EG_0104, bytes(20)), stream_id=0xBD)
    found = probed(mux.data, tmp_path)
    detail = "stream 0x101: 1 sets of EG 0104 (asynchronous, stream_type 0x06, stream_id 0xBD)"
    assert found.notes == (Note(codes.KLV_FOUND, detail),)
    assert (found.value.chosen, found.value.present) == (None, True)


def test_bad_sets_are_a_warning_and_no_st_0601(tmp_path: Path) -> None:
    mux = Mux()
    mux.tables(PICTURES, SYNC)
    mux.picture(0)
    mux.klv(numbered(1)[:-1] + b"\xff", 0)
    found = probed(mux.data, tmp_path)
    assert found.warnings == (
        Note(codes.KLV_DAMAGED, "stream 0x101: 1 bad sets (1 by their checksum), 0 cut"),
    )
    assert (found.value.chosen, found.value.sets, found.value.present) == (None, 0, True)
    assert extracting_klv_metadata.left_out(found.value) == ()


def test_a_declared_stream_without_any_set_is_no_klv(tmp_path: Path) -> None:
    mux = Mux()
    mux.tables(PICTURES, SYNC)
    mux.picture(0)
    mux.klv(bytes(40), 0)
    found = probed(mux.data, tmp_path)
    assert not found.value.present
    assert "no valid set" in found.notes[0].detail
    note = Note(codes.NO_KLV_FOUND, "stream 1 is declared to be KLV and holds no set")
    assert extracting_klv_metadata.left_out(found.value) == (note,)


def test_klv_of_another_program_is_left_alone(tmp_path: Path) -> None:
    other = Es(0x15, 0x201, SYNC.descriptors)
    mux = Mux()
    mux.table(0, pat({1: 0x1000, 2: 0x1001}))
    mux.table(0x1000, pmt(PICTURES, SYNC))
    mux.table(0x1001, pmt(Es(0x1B, 0x200), other, clock_pid=0x200, program=2))
    for k in range(3):
        mux.picture(3600 * k)
        mux.klv(numbered(k), 3600 * k)
        mux.picture(3600 * k, pid=0x200)
        mux.klv(numbered(100 + k), 3600 * k, pid=0x201)
        mux.klv(numbered(200 + k), 3600 * k, pid=0x201)
    found = probed(mux.data, tmp_path).value
    assert [s.pid for s in found.streams] == [KLV_PID]
    assert found.chosen == KLV_PID


def test_samples_are_read_where_the_demuxer_says_and_in_mxf_out_of_their_triplets(tmp_path: Path) -> None:
    bare, wrapped = numbered(1), klv(bytes.fromhex("060E2B34010201010D01030117010B01"), numbered(2))
    path = tmp_path / "a.mxf"
    path.write_bytes(b"head" + bare + wrapped)
    found = Samples(DataTrack(2, 3, Fraction(1, 25), "[0][0][0][0]"))
    for line in (f"0,{len(bare)},4,", f"1,{len(numbered(2))},{4 + len(bare)}", "N/A,3,4", "2,9,-1", "3,0,4"):
        found.line(line)
    with open_source(path) as source:
        assert list(found.read(source)) == [(bare, 0), (numbered(2), 1)]
        assert kind_of(found, source) == "KLV"
        reading = track_reading(found, "KLV", source, Fraction(1, 25))
        assert [p.milliseconds for p in reading.packets] == [-40.0, 0.0]
        (stream,) = reading.streams()
    assert (stream.pid, stream.standards["ST 0601"], stream.carried) == (3, 2, "data track 2 (KLV)")


def test_a_track_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(bytes(100))
    found = Samples(DataTrack(2, 3, Fraction(1, 25), "mebx"))
    for k in range(20):
        found.line(f"{k},5,{5 * k}")
    with open_source(path) as source:
        assert kind_of(found, source) is None


def test_the_data_tracks_that_may_hold_telemetry() -> None:
    streams = [
        {"index": 0, "codec_type": "video", "id": "0x1"},
        {"index": 1, "codec_type": "data", "codec_tag_string": "tmcd", "id": "0x2"},
        {"index": 2, "codec_type": "data", "codec_tag_string": "gpmd", "id": "0x3", "time_base": "1/1000"},
        {"index": 3, "codec_type": "data", "time_base": "1/90000"},
    ]
    assert data_tracks({"streams": streams}) == (
        DataTrack(2, 3, Fraction(1, 1000), "gpmd"),
        DataTrack(3, 4, Fraction(1, 90_000), ""),
    )


def test_what_is_declared_and_not_there_is_no_klv() -> None:
    found = FoundKlv(declared=(KlvFacts(1, "mov", "0x2"),))
    note = Note(codes.NO_KLV_FOUND, "stream 1 is declared to be KLV and holds no set")
    assert extracting_klv_metadata.left_out(found) == (note,)
    assert extracting_klv_metadata.left_out(FoundKlv()) == (Note(codes.NO_KLV_FOUND),)


def test_the_pids_that_ffprobe_says() -> None:
    assert pids(DOCUMENT) == {0x100, 0x101}
    assert pids({"streams": [{"index": 0}, {"index": 1, "id": "x"}]}) == frozenset()


def times(data: bytes, start: Fraction) -> list[float | None]:
    return [p.milliseconds for p in on_timeline(packets(data), start, {KLV_PID})]


@pytest.mark.parametrize("first", [0, 126_000, WRAP - 5000, WRAP - 72_000])
def test_the_video_s_start_is_0_wherever_its_clock_begins_and_wraps(first: int) -> None:
    data = flight(SYNC, 20, start=first).data
    assert times(data, Fraction(first, 90_000)) == [40.0 * k for k in range(20)]
    # ffmpeg counts what is near the end of the clock from below 0 on.
    assert times(data, Fraction(first - WRAP, 90_000)) == [40.0 * k for k in range(20)]


def test_a_film_that_begins_with_a_later_picture() -> None:
    data = flight(SYNC, 5, start=90_000).data
    assert times(data, Fraction(1) + Fraction(1, 25)) == [-40.0, 0.0, 40.0, 80.0, 120.0]


@pytest.mark.parametrize("timed", [True, False])
def test_a_clock_that_begins_anew_goes_on_where_it_was(timed: bool) -> None:
    """As the picture does: what follows the jump is shown right after what came before it."""
    mux = Mux()
    mux.tables(PICTURES, SYNC)
    for k, ticks in enumerate([*(900_000 + 3600 * n for n in range(10)), *(3600 * n for n in range(10))]):
        mux.picture(ticks)
        mux.klv(numbered(k), ticks if timed else None)
    assert times(mux.data, Fraction(10)) == [40.0 * k for k in range(20)]


def test_a_time_that_is_of_no_clock_is_where_it_arrived() -> None:
    mux = Mux()
    mux.tables(PICTURES, ASYNC)
    for k in range(5):
        mux.picture(990_000 + 3600 * k)
        mux.klv(numbered(k), 0)
    assert times(mux.data, Fraction(11)) == [40.0 * k for k in range(5)]


@pytest.mark.parametrize(
    ("time", "told"),
    [
        (1_700_000_000_000_000, "2023-11-14T22:13:20.000Z"),
        (1_221_515_109_525_976_533, "1221515109525976533 us, which is no date"),
    ],
)
def test_the_first_time_stamp_of_the_pictures_is_told_as_it_is(time: int, told: str) -> None:
    times = PictureTimes()
    times.add(9000, TimeStamp(time, 0))
    expected = f"time stamps in the picture (ST 0604): 1, the first {told}"
    assert probing_video_klv.told_times(times) == expected
