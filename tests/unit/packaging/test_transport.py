"""Transport streams: what a small one says, each way to break it, and arbitrary bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_transport import MAP_PID, SOUND_PID, VIDEO_PID, Writer, adts, film, pes, picture

from ingest.packaging.psi import Stream, read_pat, read_pmt
from ingest.packaging.transport import WRAP, Transport, TransportError, is_transport, read_transport, unwrap


def test_a_small_stream_is_read_whole() -> None:
    data = film(Writer(), 3, 9000, sound=9000)
    found = read_transport(data)
    assert found.streams == (Stream(VIDEO_PID, 0x1B, ""), Stream(SOUND_PID, 0x0F, ""))
    pictures, sounds = found.packets[VIDEO_PID], found.packets[SOUND_PID]
    assert [(p.pts, p.dts) for p in pictures] == [(9000, 9000), (12600, 12600), (16200, 16200)]
    assert pictures[0].data == picture(idr=True)
    # Two packets of tables, then two for the first picture.
    assert [(p.start // 188, p.end // 188) for p in pictures] == [(2, 4), (4, 6), (6, 8)]
    assert sounds[0].data == adts() * 5
    assert (found.tables_first, found.head, found.gaps, found.orphans) == (True, 376, (), 0)
    assert (found.broken_tables, found.programs, found.scrambled) == (0, 1, False)
    assert found.counters == {0: (0, 0), MAP_PID: (0, 0), VIDEO_PID: (0, 5), SOUND_PID: (0, 2)}


def test_times_of_33_bits_are_read_exactly() -> None:
    writer = Writer()
    tables = writer.tables((0x1B, VIDEO_PID))
    for pts, dts in ((WRAP - 1, WRAP - 3601), (0x155555555, 0x0AAAAAAAA), (1, 0)):
        found = read_transport(tables + writer.packets(VIDEO_PID, pes(picture(idr=True), pts, dts)))
        assert [(p.pts, p.dts) for p in found.packets[VIDEO_PID]] == [(pts, dts)]


@given(st.integers(0, WRAP * 5), st.integers(-WRAP // 2 + 1, WRAP // 2 - 1))
def test_unwrapping_finds_the_time_near_another(near: int, distance: int) -> None:
    assert unwrap((near + distance) % WRAP, near) == near + distance


def test_a_missing_packet_is_a_gap() -> None:
    data = film(Writer(), 3, 0)
    assert read_transport(data[: 4 * 188] + data[5 * 188 :]).gaps == (4 * 188,)


def test_a_repeated_packet_is_none() -> None:
    data = film(Writer(), 3, 0)
    found = read_transport(data[: 3 * 188] + data[2 * 188 :])
    assert found.gaps == ()
    assert [len(p.data) for p in found.packets[VIDEO_PID]] == [
        len(p.data) for p in read_transport(data).packets[VIDEO_PID]
    ]


def test_media_of_another_segment_and_late_tables_are_told() -> None:
    data = film(Writer(), 3, 0)
    found = read_transport(data[3 * 188 : 4 * 188] + data[:376] + data[4 * 188 :])
    assert (found.orphans, found.tables_first, found.head) == (1, False, 564)


def test_a_table_with_a_wrong_crc_does_not_count() -> None:
    data = bytearray(film(Writer(), 1, 0))
    at = data.index(b"\x1b\xe1\x00")
    data[at + 1] ^= 1
    with pytest.raises(TransportError, match="no program map table"):
        read_transport(bytes(data))


def test_a_pes_packet_that_promises_more_is_not_whole() -> None:
    writer = Writer()
    data = writer.tables((0x0F, SOUND_PID))
    data += writer.packets(SOUND_PID, pes(adts(), 0, stream_id=0xC0, promise=5))
    assert [p.whole for p in read_transport(data).packets[SOUND_PID]] == [False]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "0 packets"),
        (b"\x47" * 100, "not whole packets"),
        (bytes(188), "no sync byte at 0"),
        (b"\x47\x1f\xff\x10" + bytes(184), "no program association table"),
        (Writer().packets(0, b"\0" + bytes(10)), "no program association table"),
        (b"\x47\x40\x50\x30\xb8" + bytes(183), "an adaptation field of 184 bytes"),
        (film(Writer(), 1, 0)[:376] + b"\x47\x41\x00\x90" + bytes(184), "scrambled"),
        (film(Writer(), 1, 0)[:376] + b"\x47\x41\x00\x10\0\0\1\xe0\0\0\x00" + bytes(177), "malformed PES"),
    ],
)
def test_what_is_no_transport_stream_is_said(data: bytes, message: str) -> None:
    with pytest.raises(TransportError, match=message):
        read_transport(data)


def test_two_sync_bytes_make_a_transport_stream() -> None:
    data = film(Writer(), 1, 0)
    assert is_transport(data)
    assert not is_transport(b"\x47" + bytes(188))
    assert not is_transport(b"")


def survives(data: bytes) -> Transport | None:
    try:
        return read_transport(data)
    except TransportError:
        return None


@given(st.binary(max_size=1200))
def test_arbitrary_bytes_give_an_error_and_nothing_else(data: bytes) -> None:
    assert survives(data) is None or data[0] == 0x47


@given(st.lists(st.binary(min_size=187, max_size=187), max_size=6))
def test_arbitrary_packets_give_an_error_and_nothing_else(bodies: list[bytes]) -> None:
    tables = film(Writer(), 1, 0)[:376]
    found = survives(tables + b"".join(b"\x47" + body for body in bodies))
    assert found is None or found.streams == (Stream(VIDEO_PID, 0x1B, ""),)


WHOLE = film(Writer(), 6, WRAP - 9000, sound=WRAP - 9000)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=20))
def test_overwritten_bytes_give_an_error_or_a_stream(changes: list[tuple[int, int]]) -> None:
    data = bytearray(WHOLE)
    for at, value in changes:
        data[at] = value
    found = survives(bytes(data))
    assert found is None or len(found.streams) >= 1


@given(st.binary(min_size=12, max_size=80))
def test_arbitrary_sections_are_read_or_passed_over(data: bytes) -> None:
    programs, streams = read_pat(data), read_pmt(data)
    assert programs is None or all(0 <= pid <= 0x1FFF for pid in programs.values())
    assert streams is None or all(0 <= s.pid <= 0x1FFF for s in streams)
