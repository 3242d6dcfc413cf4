"""KLV in transport streams: every carriage of ST 1402, the odd ones that are in use, and damage."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_klv import (
    ASYNC,
    EG_0104,
    KLV_PID,
    KLVA,
    METADATA,
    PICTURE_PID,
    PICTURES,
    PMT_PID,
    SYNC,
    UAS,
    WRAP,
    Es,
    Mux,
    cell,
    flight,
    item,
    klv,
    m2ts,
    numbered,
    pat,
    pes,
    pmt,
)

from ingest.klv import Packet, Packets, PictureTimes, TimeStamp, UasSet, packets
from ingest.klv.document import carriage
from ingest.klv.framing import FramingCounts
from ingest.klv.psi import crc_is_right
from ingest.klv.st0604 import places


def read(data: bytes) -> tuple[list[Packet], Packets]:
    source = packets(data)
    return list(source), source


def numbers(found: list[Packet]) -> list[int]:
    return [int(str(p.content.values[3]).split()[1]) for p in found if isinstance(p.content, UasSet)]


@pytest.mark.parametrize("stream_id", [0xBD, 0xFC])
@pytest.mark.parametrize("cells", [False, True])
@pytest.mark.parametrize("timed", [False, True])
@pytest.mark.parametrize(
    "es",
    [
        SYNC,
        ASYNC,
        Es(0x15, KLV_PID, KLVA),
        Es(0x15, KLV_PID, METADATA),
        Es(0x15, KLV_PID),
        Es(0x06, KLV_PID),
        Es(0x06, KLV_PID, METADATA),
        Es(0x15, KLV_PID, bytes.fromhex("260B FFFF 4B4C5641 FF 4B4C5641".replace(" ", ""))),
    ],
)
def test_every_carriage(es: Es, cells: bool, timed: bool, stream_id: int) -> None:
    found, source = read(flight(es, cells=cells, timed=timed, stream_id=stream_id).data)
    assert numbers(found) == list(range(20))
    (stream,) = source.streams
    assert (stream.pid, stream.program, stream.stream_type) == (KLV_PID, 1, es.kind)
    assert (stream.celled, stream.stream_ids, stream.declared) == (cells, {stream_id}, bool(es.descriptors))
    assert (stream.framing.bad, stream.framing.skipped_bytes, stream.lost) == (0, 0, 0)
    assert stream.without_pts == (0 if timed else 20)
    assert {p.service for p in found} == ({0} if cells else {None})
    # With and without times of its own a set is shown with the picture before it.
    assert [p.milliseconds for p in found] == [40.0 * n for n in range(20)]
    assert {p.pts is None for p in found} == {not timed}


@pytest.mark.parametrize("wrap", [m2ts, lambda data: m2ts(data)[4:], lambda data: b"\xaa" * 100 + data])
def test_packets_of_192_bytes_and_a_beginning_that_is_none(wrap: object) -> None:
    found, _ = read(wrap(flight(SYNC, cells=True).data))  # type: ignore[operator]
    assert numbers(found) == list(range(20))


def test_packets_of_204_bytes() -> None:
    data = flight(ASYNC).data
    found, _ = read(b"".join(data[at : at + 188] + bytes(16) for at in range(0, len(data), 188)))
    assert numbers(found) == list(range(20))


@pytest.mark.parametrize("room", [1, 20, 100, 183])
@pytest.mark.parametrize("cells", [False, True])
def test_sets_split_over_packets_with_adaptation_fields(room: int, cells: bool) -> None:
    mux = Mux()
    mux.tables(SYNC)
    for n in range(5):
        data = numbered(n, more=item(70, b"x" * 100))
        mux.klv(cell(data) if cells else data, 9000 * n, room=room)
    assert numbers(read(mux.data)[0]) == list(range(5))


@pytest.mark.parametrize("size", [10, 50, 61, 100])
def test_sets_split_over_pes_packets_have_the_first_one_s_time(size: int) -> None:
    whole = b"".join(numbered(n, more=item(70, b"y" * 90)) for n in range(6))
    mux = Mux()
    mux.tables(PICTURES, ASYNC)
    for k in range(20):
        mux.picture(90_000 + 3600 * k)
    expected = []
    for k, at in enumerate(range(0, len(whole), size)):
        mux.klv(whole[at : at + size], 90_000 + 900 * k)
    length = len(whole) // 6
    expected = [90_000 + 900 * (n * length // size) for n in range(6)]
    found, source = read(mux.data)
    assert numbers(found) == list(range(6))
    assert [p.pts for p in found] == expected
    assert source.streams[0].framing.bad == 0


def test_a_set_split_over_cells_and_several_sets_in_a_packet() -> None:
    mux = Mux()
    mux.tables(SYNC)
    first, second, third = (numbered(n, more=item(70, b"z" * 50)) for n in range(3))
    mux.klv(cell(first[:60], fragment=2), 1)
    mux.klv(cell(first[60:90], fragment=0) + cell(first[90:], fragment=1) + cell(second), 2)
    mux.klv(cell(third + numbered(3)), 3)
    assert numbers(read(mux.data)[0]) == [0, 1, 2, 3]


@pytest.mark.parametrize("size", [11, 20, 44, 46, 47, 48, 49, 60, 100])
def test_cells_that_go_on_in_the_next_packet(size: int) -> None:
    """In their data, or in their header of 5 bytes; a set has the time of the packet that it begins in."""
    chain = b"".join(cell(numbered(n), sequence=n) for n in range(10, 20))
    assert len(chain) == 470
    mux = Mux()
    mux.tables(PICTURES, SYNC)
    mux.klv(cell(numbered(9)), 126_000)
    for k, at in enumerate(range(0, len(chain), size)):
        mux.klv(chain[at : at + size], 126_000 + 900 * k)
    found, source = read(mux.data)
    assert numbers(found) == list(range(9, 20))
    assert [p.pts for p in found[1:]] == [126_000 + 900 * ((47 * n + 5) // size) for n in range(10)]
    assert source.streams[0].framing == FramingCounts()


def test_a_cell_whose_header_promises_too_much() -> None:
    mux = Mux()
    mux.tables(SYNC)
    for n in range(3):
        data = cell(numbered(n))
        mux.klv(data[:3] + b"\x01\x00" + data[5:])
    mux.klv(cell(numbered(3))[:-4])
    mux.klv(cell(numbered(4)))
    found, source = read(mux.data)
    assert (numbers(found), source.streams[0].framing.cut) == ([0, 1, 2, 4], 1)


def test_a_fragment_without_its_end_is_cut() -> None:
    mux = Mux()
    mux.tables(SYNC)
    mux.klv(cell(numbered(0)[:40], fragment=2))
    mux.klv(cell(numbered(1)))
    found, source = read(mux.data)
    assert (numbers(found), source.streams[0].framing.cut) == ([1], 1)


def test_metadata_services_of_one_pid_are_kept_apart() -> None:
    mux = Mux()
    mux.tables(SYNC)
    a, b = numbered(1), numbered(2)
    mux.klv(cell(a[:30], service=1, fragment=2) + cell(b[:40], service=9, fragment=2))
    mux.klv(cell(b[40:], service=9, fragment=1) + cell(a[30:], service=1, fragment=1))
    found, _ = read(mux.data)
    assert [(p.service, n) for p, n in zip(found, numbers(found), strict=True)] == [(9, 2), (1, 1)]


def test_several_klv_streams_and_programs() -> None:
    others = [Es(0x06, 0x201, KLVA), Es(0x15, 0x202, KLVA + METADATA)]
    mux = Mux()
    mux.table(0, pat({1: PMT_PID, 2: 0x1001}))
    mux.table(PMT_PID, pmt(PICTURES, ASYNC, others[0]))
    mux.table(0x1001, pmt(Es(0x24, 0x300), others[1], program=2, clock_pid=0x300))
    for n in range(20):
        mux.picture(3600 * n + 9000)
        mux.picture(3600 * n + 900_000, pid=0x300)
        mux.klv(numbered(n), pid=KLV_PID)
        mux.klv(klv(EG_0104, bytes(40)), pid=0x201)
        mux.klv(cell(numbered(100 + n)), 3600 * n + 900_000, pid=0x202)
    found, source = read(mux.data)
    assert [(s.pid, s.program, dict(s.standards)) for s in source.streams] == [
        (KLV_PID, 1, {"ST 0601": 20}),
        (0x201, 1, {"EG 0104": 20}),
        (0x202, 2, {"ST 0601": 20}),
    ]
    for pid in (KLV_PID, 0x201, 0x202):
        assert [p.milliseconds for p in found if p.stream == pid] == [40.0 * n for n in range(20)]


@pytest.mark.parametrize(
    "descriptors",
    [
        bytes.fromhex("0504 49443320".replace(" ", "")),  # ID3
        bytes.fromhex("2609 0100 FF 49443320 000F".replace(" ", "")),
        bytes.fromhex("0504 41432D33".replace(" ", "")),  # AC-3
    ],
)
def test_streams_of_another_format_are_left_alone(descriptors: bytes) -> None:
    found, source = read(flight(Es(0x06, KLV_PID, descriptors)).data)
    assert (found, source.streams, source.transport) == ([], (), True)


@pytest.mark.parametrize("kind", [0x0D, 0x80, 0xC6])
def test_a_registered_stream_of_another_type_is_read(kind: int) -> None:
    found, source = read(flight(Es(kind, KLV_PID, KLVA), 5).data)
    assert numbers(found) == list(range(5))
    assert carriage(source.streams[0]) == f"asynchronous, stream_type 0x{kind:02X}, stream_id 0xFC"
    assert read(flight(Es(kind, KLV_PID), 5).data)[0] == []


def test_undescribed_streams_without_a_key_are_given_up() -> None:
    mux = Mux()
    mux.tables(PICTURES, Es(0x06, KLV_PID))
    for n in range(60):
        mux.klv(b"\x20\x00subtitles" if n < 50 else numbered(n))
    found, source = read(mux.data)
    assert (found, source.streams) == ([], ())


def test_one_is_given_up_at_the_very_end() -> None:
    mux = Mux()
    mux.tables(Es(0x06, KLV_PID), Es(0x06, 0x222))
    for _ in range(33):
        mux.klv(b"\x20\x00subtitles", sized=False)
    assert read(mux.data)[1].streams == ()


def test_a_declared_stream_without_a_set_is_no_st_0601() -> None:
    mux = Mux()
    mux.tables(PICTURES, ASYNC)
    mux.klv(bytes(50))
    found, source = read(mux.data)
    assert found == []
    assert [(s.declared, dict(s.standards)) for s in source.streams] == [(True, {})]


def test_a_registration_of_the_whole_program() -> None:
    mux = Mux()
    mux.table(0, pat({1: PMT_PID}))
    mux.table(PMT_PID, pmt(PICTURES, Es(0x06, KLV_PID), of_all=KLVA))
    mux.klv(numbered(1))
    found, source = read(mux.data)
    assert (numbers(found), source.streams[0].declared) == ([1], True)


def test_the_map_may_change_and_klv_may_move() -> None:
    mux = flight(ASYNC, 3)
    mux.tables(PICTURES, version=1)
    mux.picture(200_000)
    mux.tables(PICTURES, Es(0x06, 0x333, KLVA), version=2)
    mux.klv(numbered(7), pid=0x333)
    mux.table(0, pat({1: 0x1003}, version=3))
    mux.table(0x1003, pmt(PICTURES, Es(0x15, 0x334, KLVA), version=4))
    mux.klv(cell(numbered(8)), pid=0x334)
    found, source = read(mux.data)
    assert [(p.stream, n) for p, n in zip(found, numbers(found), strict=True)] == [
        *((KLV_PID, n) for n in range(3)),
        (0x333, 7),
        (0x334, 8),
    ]
    assert [s.pid for s in source.streams] == [KLV_PID, 0x333, 0x334]


def test_tables_over_several_packets_repeated_and_broken() -> None:
    many = [Es(0x0F, 0x400 + n, bytes.fromhex("0A04656E6700")) for n in range(40)]
    mux = Mux()
    for _ in range(3):
        mux.tables(PICTURES, *many, ASYNC)
        mux.klv(numbered(1))
    broken = bytearray(pmt(PICTURES, version=1))
    broken[-1] ^= 1
    mux.table(PMT_PID, bytes(broken))
    mux.klv(numbered(2))
    assert numbers(read(mux.data)[0]) == [1, 1, 1, 2]


def test_klv_before_the_first_table_is_not_seen() -> None:
    mux = Mux()
    mux.klv(numbered(0))
    mux.tables(PICTURES, ASYNC)
    mux.klv(numbered(1))
    assert numbers(read(mux.data)[0]) == [1]


def test_klv_before_the_first_picture_is_on_its_line() -> None:
    mux = Mux()
    mux.tables(PICTURES, SYNC)
    mux.klv(numbered(0), WRAP - 3600)
    mux.klv(numbered(1), None)
    for n in range(20):
        mux.picture(3600 * n)
    found, _ = read(mux.data)
    assert [(p.pts, p.arrival, p.start, p.milliseconds) for p in found] == [
        (-3600, 0, 0, -40.0),
        (None, 0, 0, 0.0),
    ]


def test_times_go_on_over_the_wrap_of_33_bits() -> None:
    found, source = read(flight(SYNC, 50, start=WRAP - 20 * 3600).data)
    assert [p.milliseconds for p in found] == [40.0 * n for n in range(50)]
    assert source.streams[0].backwards == 0
    found, _ = read(flight(ASYNC, 50, start=WRAP - 20 * 3600, timed=False).data)
    assert [p.milliseconds for p in found] == [40.0 * n for n in range(50)]


def test_times_that_go_backwards_are_kept_and_counted() -> None:
    mux = Mux()
    mux.tables(PICTURES, SYNC)
    order = [0, 4, 2, 1, 3, 8, 6, 5, 7, *range(9, 20)]
    for k, n in enumerate(order):
        mux.picture(18_000 + 3600 * n, 18_000 + 3600 * (k - 2))
        mux.klv(numbered(n), 18_000 + 3600 * n)
    found, source = read(mux.data)
    assert [p.milliseconds for p in found] == [40.0 * n for n in order]
    assert source.streams[0].backwards == 4


def test_asynchronous_klv_arrives_with_reordered_pictures() -> None:
    """What arrives beside the picture decoded k-th is shown when the k-th picture is."""
    mux = Mux()
    mux.tables(PICTURES, ASYNC)
    for k, n in enumerate([0, 4, 2, 1, 3, 8, 6, 5, 7, *range(9, 20)]):
        mux.picture(18_000 + 3600 * n, 18_000 + 3600 * (k - 2))
        mux.klv(numbered(k))
    found, _ = read(mux.data)
    assert [p.milliseconds for p in found] == [40.0 * k for k in range(20)]


@pytest.mark.parametrize("start", [0, 126_000, 2_000_000, WRAP - 300_000])
def test_times_that_are_always_0_give_way_to_the_arrival(start: int) -> None:
    """However near the film's beginning is to 0."""
    mux = Mux()
    mux.tables(PICTURES, SYNC)
    for n in range(20):
        mux.picture(start + 3600 * n)
        mux.klv(numbered(n), 0)
    found, _ = read(mux.data)
    assert {p.pts % WRAP for p in found if p.pts is not None} == {0}
    assert [p.milliseconds for p in found] == [40.0 * n for n in range(20)]


def test_a_time_of_0_is_one_among_others() -> None:
    """The set stands before the picture of its time, so that its arrival is that of the one before."""
    mux = Mux()
    mux.tables(PICTURES, SYNC)
    for n in range(6):
        ticks = WRAP - 3600 + 3600 * n
        mux.klv(numbered(n), ticks)
        mux.picture(ticks)
    assert [p.milliseconds for p in read(mux.data)[0]] == [40.0 * n for n in range(6)]


def test_without_pictures_the_clock_is_the_pcr() -> None:
    mux = Mux()
    mux.table(0, pat({1: PMT_PID}))
    mux.table(PMT_PID, pmt(ASYNC, clock_pid=0x1F0))
    for n in range(5):
        base = 45_000 + 9000 * n
        pcr = (base << 15 | 0x7E00).to_bytes(6, "big")
        mux.packet(0x1F0, b"", start=False, field=b"\x10" + pcr)
        mux.klv(numbered(n))
    found, _ = read(mux.data)
    assert [p.milliseconds for p in found] == [100.0 * n for n in range(5)]


def test_pictures_promised_that_never_come() -> None:
    mux = Mux()
    mux.tables(PICTURES, SYNC)
    for n in range(3):
        mux.klv(numbered(n), 9000 * n)
    found, _ = read(mux.data)
    assert [(p.pts, p.milliseconds) for p in found] == [(0, None), (9000, None), (18000, None)]


def packets_of(data: bytes, pid: int) -> list[int]:
    return [at for at in range(0, len(data), 188) if (data[at + 1] & 0x1F) << 8 | data[at + 2] == pid]


def long_flight(cells: bool) -> Mux:
    mux = Mux()
    mux.tables(SYNC)
    for n in range(12):
        data = numbered(n, more=item(70, b"q" * 127) * 3)
        mux.klv(cell(data) if cells else data, 9000 * n)
    return mux


@pytest.mark.parametrize("cells", [False, True])
@pytest.mark.parametrize("which", [9, 10, 11])
def test_a_lost_packet_costs_one_set_at_most(which: int, cells: bool) -> None:
    data = long_flight(cells).data
    at = packets_of(data, KLV_PID)[which]
    found, source = read(data[:at] + data[at + 188 :])
    assert numbers(found) == [0, 1, 2, *range(4, 12)]
    assert source.streams[0].lost == 1


def test_after_a_lost_packet_the_other_sets_of_its_pes_are_found() -> None:
    mux = Mux()
    mux.tables(ASYNC)
    mux.klv(b"".join(numbered(n, more=item(70, b"q" * 100)) for n in range(10)))
    at = packets_of(mux.data, KLV_PID)[3]
    # The packet has the end of the fourth set, the fifth and the beginning of the sixth.
    assert numbers(read(mux.data[:at] + mux.data[at + 188 :])[0]) == [0, 1, 2, *range(6, 10)]


def test_packets_sent_twice_and_announced_jumps_are_no_loss() -> None:
    data = long_flight(True).data
    doubled = b"".join(data[at : at + 188] * 2 for at in range(0, len(data), 188))
    found, source = read(doubled)
    assert (numbers(found), source.streams[0].lost) == (list(range(12)), 0)
    mux = Mux()
    mux.tables(SYNC)
    mux.klv(numbered(0))
    mux.counters[KLV_PID] = 9
    whole = pes(numbered(1))
    mux.packet(KLV_PID, whole[:100], start=True, field=b"\x80")
    mux.packet(KLV_PID, whole[100:], start=False)
    found, source = read(mux.data)
    assert (numbers(found), source.streams[0].lost) == ([0, 1], 0)


@pytest.mark.parametrize(("place", "bits"), [(1, 0x80), (3, 0x80)])
def test_packets_marked_as_damaged_or_scrambled_are_not_read(place: int, bits: int) -> None:
    data = bytearray(long_flight(False).data)
    data[packets_of(data, KLV_PID)[9] + place] |= bits
    assert numbers(read(bytes(data))[0]) == [0, 1, 2, *range(4, 12)]


@pytest.mark.parametrize("cut", [1, 50, 187])
def test_bytes_lost_between_packets(cut: int) -> None:
    data = long_flight(False).data
    at = packets_of(data, KLV_PID)[9]
    assert numbers(read(data[:at] + data[at + cut :])[0]) == [0, 1, 2, *range(4, 12)]


def test_a_stream_that_ends_inside_a_set() -> None:
    data = long_flight(False).data
    found, source = read(data[:-188])
    assert numbers(found) == list(range(11))
    assert source.streams[0].framing.cut == 1


def test_pes_packets_of_no_length_and_broken_ones() -> None:
    mux = Mux()
    mux.tables(ASYNC)
    for n in range(3):
        mux.klv(numbered(n), sized=False)
    mux.put(KLV_PID, b"\0\0\2" + bytes(400))
    mux.put(KLV_PID, b"\0\0\1\xbd\0\x05\x20\0\0" + numbered(9))
    mux.klv(numbered(3), sized=False)
    found, source = read(mux.data)
    assert numbers(found) == [0, 1, 2, 3]
    assert source.streams[0].malformed_pes >= 1


def test_what_has_no_length_arrives_when_it_begins() -> None:
    """Where it ends shows only when the next one begins."""
    mux = Mux()
    mux.tables(PICTURES, ASYNC)
    for n in range(20):
        mux.picture(126_000 + 3600 * n)
        mux.klv(numbered(n), sized=False)
    assert [p.milliseconds for p in read(mux.data)[0]] == [40.0 * n for n in range(20)]


def test_private_stream_2_has_no_header() -> None:
    mux = Mux()
    mux.tables(ASYNC)
    mux.put(KLV_PID, b"\0\0\1\xbf" + len(numbered(4)).to_bytes(2, "big") + numbered(4))
    assert numbers(read(mux.data)[0]) == [4]


def test_the_crc_is_that_of_the_standard() -> None:
    assert crc_is_right(pat({1: PMT_PID}))
    assert not crc_is_right(pat({1: PMT_PID})[:-1] + b"\0")


def test_a_set_that_is_never_ended_gives_way_to_the_next() -> None:
    mux = Mux()
    mux.tables(ASYNC)
    mux.klv(UAS + b"\x82\x40\x00" + b"\x05\x02ab")
    for n in range(4):
        mux.klv(numbered(n))
    found, source = read(mux.data)
    assert (numbers(found), source.streams[0].framing.cut) == ([0, 1, 2, 3], 1)


BASE = flight(SYNC, 6, cells=True).data + flight(replace(ASYNC, pid=0x222), 4).data


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(BASE) - 1), st.integers(0, 255)), max_size=40),
    st.lists(st.tuples(st.integers(0, len(BASE)), st.binary(max_size=300)), max_size=3),
)
def test_no_damage_raises(changes: list[tuple[int, int]], inserts: list[tuple[int, bytes]]) -> None:
    data = bytearray(BASE)
    for place, octet in changes:
        data[place] = octet
    for place, noise in sorted(inserts, reverse=True):
        data[place:place] = noise
    source = packets(bytes(data))
    try:
        found = list(source)
    except ValueError:  # nothing left that is KLV
        return
    assert len(found) <= len(BASE) // 17
    for packet in found:
        assert isinstance(packet.standard, str)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_packets_raise(data: st.DataObject) -> None:
    """Packets with right beginnings and anything in them, on the PIDs that are read."""
    mux = Mux()
    mux.tables(PICTURES, SYNC)
    for _ in range(data.draw(st.integers(0, 12))):
        pid = data.draw(st.sampled_from([0, PMT_PID, PICTURE_PID, KLV_PID]))
        head = bytes((0x47, data.draw(st.sampled_from([0, 0x40])) | pid >> 8, pid & 255))
        rest = data.draw(st.binary(min_size=185, max_size=185))
        mux.data += head + rest
    mux.klv(numbered(1))
    assert len(read(mux.data)[0]) <= 12 * 11 + 1


def stamp_bytes(mark: bytes, time: int, status: int = 0) -> bytes:
    digits = time.to_bytes(8, "big")
    return mark + bytes((status,)) + b"\xff".join(digits[k : k + 2] for k in (0, 2, 4, 6))


NANO = bytes.fromhex("CF848278EE23306C9265E8FEF22FB8B8")


@pytest.mark.parametrize(
    ("mark", "factor"),
    [(b"MISPmicrosectime", 1), (bytes.fromhex("A8687DD4D7593758A5CEF0338B6545F1"), 1), (NANO, 1000)],
)
@pytest.mark.parametrize("before", [0, 150, 400])
def test_time_stamps_in_the_picture(mark: bytes, factor: int, before: int) -> None:
    """Also in a later packet than that of the PES header, at times over the wrap."""
    mux = Mux()
    mux.tables(PICTURES)
    start = WRAP - 7200
    for k in range(5):
        stamp = stamp_bytes(mark, factor * (1_700_000_000_000_000 + 40_000 * k), 0x80 if k == 4 else 0)
        mux.put(
            PICTURE_PID, pes(bytes(before) + stamp + bytes(99), start + 3600 * k, stream_id=0xE0, sized=False)
        )
    found = packets(mux.data)
    assert list(found) == []
    times = found.times[1]
    assert (times.count, times.unlocked) == (5, 1)
    assert times.first == (start, TimeStamp(1_700_000_000_000_000, 0))
    assert times.last == (start + 14_400, TimeStamp(1_700_000_000_160_000, 0x80))
    assert times.at(start + 9000) == 1_700_000_000_100_000


@pytest.mark.parametrize("time", [0, 253_402_300_800_000_000, 1_221_515_109_525_976_533])
def test_a_stamp_that_no_calendar_has_places_nothing(time: int) -> None:
    """The last one is of a real encoder."""
    times = PictureTimes()
    times.add(9000, TimeStamp(time, 0))
    assert times.at(9000) is None


def test_what_only_looks_like_a_time_stamp() -> None:
    good = stamp_bytes(b"MISPmicrosectime", 5)
    for bad in (good[:-1], good[:19] + b"\0" + good[20:], good[:16]):
        assert list(places(bad)) == []
    assert list(places(b"x" + good)) == [(1, TimeStamp(5, 0))]
    assert PictureTimes().at(0) is None
