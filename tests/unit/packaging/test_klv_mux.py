"""KLV put into transport stream segments: what was there stays, what is put in is where its time is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_klv import PICTURES, WRAP, Es, Mux, klv, numbered

from ingest.klv import packets
from ingest.packaging.klv_mux import FIRST_PID, KlvMuxer, TimedSet, first_time, moved_ranges
from ingest.packaging.psi import Stream
from ingest.packaging.transport import PACKET, read_transport

START, STEP = 900_000, 3600


def segment(first: int, count: int, mux: Mux | None = None, *, size: int = 400) -> bytes:
    """Pictures, each decoded two of them before it is shown, behind tables."""
    mux = mux or Mux()
    mux.data = b""
    mux.tables(PICTURES)
    for k in range(first, first + count):
        mux.picture(START + STEP * k, START + STEP * (k - 2), size=size)
    return mux.data


def sets(count: int, first: int = 0, stream: int = 0) -> list[TimedSet]:
    return [TimedSet(START + STEP * k, stream, numbered(k)) for k in range(first, first + count)]


def others(data: bytes) -> list[bytes]:
    """The packets that are neither ours nor a program map."""
    found = [data[at : at + PACKET] for at in range(0, len(data), PACKET)]
    return [p for p in found if (p[1] & 0x1F) << 8 | p[2] not in (FIRST_PID, FIRST_PID + 1, 0x1000)]


def test_sets_are_read_again_at_their_times_and_the_rest_is_as_it_was() -> None:
    muxer, mux = KlvMuxer(1, START), Mux()
    originals = [segment(0, 10, mux), segment(10, 10, mux)]
    made = [muxer.add(originals[0], sets(10)).data, muxer.add(originals[1], sets(10, 10)).data]
    found = list(packets(b"".join(made)))
    assert [(p.milliseconds, p.raw) for p in found] == [(40.0 * k, numbered(k)) for k in range(20)]
    assert [others(m) for m in made] == [others(o) for o in originals]
    read = read_transport(b"".join(made))
    assert read.streams == (Stream(0x100, 0x1B, ""), Stream(FIRST_PID, 0x06, ""))
    assert (read.gaps, read.broken_tables, read.tables_first) == ((), 0, True)


def test_a_set_comes_before_it_is_shown() -> None:
    """Before the picture that is decoded at its time, so not behind the one that is shown with it."""
    made = KlvMuxer(1, START).add(segment(0, 10), sets(8)).data
    read = read_transport(made)
    for timed in read.packets[FIRST_PID]:
        assert timed.pts is not None
        later = [p for p in read.packets[0x100] if p.start > timed.start]
        assert all(p.dts is not None and p.dts >= timed.pts for p in later)


def test_two_streams_and_sets_beyond_the_segment() -> None:
    given_sets = sorted([*sets(3, -1), *sets(3, 20, stream=1)], key=lambda s: s.ticks)
    made = KlvMuxer(2, START).add(segment(0, 5), given_sets).data
    found = list(packets(made))
    assert [(p.stream, p.milliseconds) for p in found] == [
        *((FIRST_PID, 40.0 * k) for k in (-1, 0, 1)),
        *((FIRST_PID + 1, 40.0 * k) for k in (20, 21, 22)),
    ]


@pytest.mark.parametrize("size", [1, 150, 155, 156, 157, 158, 64_999, 65_001, 200_000])
def test_sets_of_any_size(size: int) -> None:
    data = klv(bytes.fromhex("060E2B34020B01010E01030306000000"), bytes(size))
    made = KlvMuxer(1, START).add(segment(0, 3), [TimedSet(START, 0, data)]).data
    assert [p.raw for p in packets(made)] == [data]
    assert read_transport(made).gaps == ()


def test_times_over_the_wrap() -> None:
    muxer, mux = KlvMuxer(1, WRAP - 3600), Mux()
    mux.tables(PICTURES)
    for k in range(6):
        mux.picture(WRAP - 3600 + STEP * k)
    made = muxer.add(mux.data, [TimedSet(WRAP - 3600 + STEP * k, 0, numbered(k)) for k in range(6)]).data
    assert [p.milliseconds for p in packets(made)] == [40.0 * k for k in range(6)]


def test_the_first_picture_s_time() -> None:
    assert first_time(segment(3, 2)) == START + 3 * STEP
    mux = Mux()
    mux.tables(PICTURES)
    assert first_time(mux.data) is None


def test_byte_ranges_follow_their_packets() -> None:
    data = segment(0, 6, size=1000)
    read = read_transport(data)
    moved = KlvMuxer(1, START).add(data, sets(6))
    ranges = [("a", p.start, p.end - p.start) for p in read.packets[0x100]]
    for (_, start, length), (begin, now) in zip(ranges, moved_ranges(ranges, {"a": moved}), strict=True):
        assert moved.data[begin : begin + PACKET] == data[start : start + PACKET]
        end = start + length
        assert moved.data[begin + now - PACKET : begin + now] == data[end - PACKET : end]
    assert moved_ranges(ranges, {}) == [(start, length) for _, start, length in ranges]


def test_a_map_without_room_stays_as_it_is() -> None:
    mux = Mux()
    mux.tables(PICTURES, *(Es(0x06, 0x300 + k, bytes(9)) for k in range(11)))
    mux.picture(START)
    assert KlvMuxer(1, START).add(mux.data, []).data == mux.data


@given(st.lists(st.tuples(st.integers(-5, 30), st.binary(min_size=1, max_size=700)), max_size=20))
def test_whatever_is_put_in_is_read_again_in_order(given_sets: list[tuple[int, bytes]]) -> None:
    key = bytes.fromhex("060E2B34020B01010E01030306000000")
    timed = [
        TimedSet(START + STEP * k, 0, klv(key, data)) for k, data in sorted(given_sets, key=lambda s: s[0])
    ]
    made = KlvMuxer(1, START).add(segment(0, 12), timed).data
    assert [p.raw for p in packets(made)] == [t.data for t in timed]
