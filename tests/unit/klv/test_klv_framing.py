"""Bare KLV: sets one after another, whole and damaged."""

from __future__ import annotations

import io
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_klv import EG_0104, SECURITY, UAS, VMTI, ber, item, klv, numbered, oid, uas_set

from ingest.klv import KlvError, NotKlvError, Packet, SecuritySet, Stream, UasSet, packets, samples
from ingest.klv.ber import read_items, read_length, read_oid
from ingest.klv.framing import MAX_SET
from ingest.klv.reader import BLOCK


def missions(found: list[Packet]) -> list[object]:
    return [p.content.values.get(3) for p in found if isinstance(p.content, UasSet)]


def read(data: bytes) -> tuple[list[object], Stream]:
    source = packets(data)
    found = missions(list(source))
    return found, source.streams[0]


def names(*numbers: int) -> list[object]:
    return [f"set {n}" for n in numbers]


@given(st.integers(0, 2**63 - 1))
def test_lengths_are_read_as_they_are_written(length: int) -> None:
    raw = ber(length)
    assert read_length(raw, 0, len(raw)) == (length, len(raw))
    for end in range(len(raw)):
        with pytest.raises(KlvError):
            read_length(raw, 0, end)


@pytest.mark.parametrize(("raw", "length"), [("8105", 5), ("83000005", 5), ("880000000000000080", 128)])
def test_lengths_need_not_be_minimal(raw: str, length: int) -> None:
    assert read_length(bytes.fromhex(raw), 0, 9) == (length, len(raw) // 2)


@pytest.mark.parametrize("raw", ["80", "89" + "00" * 9, "FF" + "00" * 127])
def test_indefinite_and_endless_lengths_are_refused(raw: str) -> None:
    with pytest.raises(KlvError):
        read_length(bytes.fromhex(raw), 0, len(raw) // 2)


@given(st.integers(0, 2**35 - 1))
def test_oid_numbers_are_read_as_they_are_written(number: int) -> None:
    raw = oid(number)
    assert read_oid(raw, 0, len(raw)) == (number, len(raw))


def test_oid_numbers_have_an_end() -> None:
    for raw in (b"", b"\x81", b"\x81" * 20 + b"\x01"):
        with pytest.raises(KlvError):
            read_oid(raw, 0, len(raw))


def test_items_are_bounded() -> None:
    with pytest.raises(KlvError):
        read_items(b"\x05\x00" * 2049, 0, 4098)
    assert len(read_items(b"\x05\x00" * 2048, 0, 4096)) == 2048


@pytest.mark.parametrize("size", [1, 5, 19, 188, 10_000])
def test_a_bare_file_in_pieces_of_any_size(size: int) -> None:
    data = b"".join(numbered(n) for n in range(40))
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    source = packets(pieces)
    assert missions(list(source)) == names(*range(40))
    (stream,) = source.streams
    assert (stream.standards, stream.framing.skipped_bytes) == ({"ST 0601": 40}, 0)
    assert (stream.first_time, stream.last_time) == (1_700_000_000_000_000, 1_700_000_000_039_000)


def test_a_file_longer_than_a_block_and_a_file_object() -> None:
    one = numbered(1, more=item(74, item(101, bytes(3000))))
    count = 2 * BLOCK // len(one)
    source = packets(io.BytesIO(one * count))
    assert sum(1 for _ in source) == count
    assert not source.transport


def test_a_bare_set_has_no_time_of_a_video() -> None:
    (packet,) = packets(numbered(3))
    assert (packet.stream, packet.service, packet.pts, packet.arrival, packet.milliseconds) == (
        0,
        None,
        None,
        None,
        None,
    )
    assert (packet.standard, packet.key) == ("ST 0601", UAS)
    assert UAS + ber(len(packet.value)) + packet.value == numbered(3)


@pytest.mark.parametrize("length", ["long", "longest"])
def test_long_forms_of_the_length_count_in_the_checksum(length: str) -> None:
    body = len(uas_set(b"")) - 17
    head = b"\x81" + bytes((body,)) if length == "long" else b"\x88" + body.to_bytes(8, "big")
    (packet,) = packets(uas_set(b"", length=head))
    assert isinstance(packet.content, UasSet)


def test_the_kinds_of_sets_are_told_by_their_keys() -> None:
    other = bytes.fromhex("060E2B34020B01010E0103017F000000")
    data = (
        klv(EG_0104, bytes(30))
        + klv(VMTI, item(1, b"ab"))
        + klv(SECURITY, item(1, b"\x05") + item(77, b"\x01"))
        + klv(other, b"")
    )
    source = packets(data)
    found = list(source)
    assert [p.standard for p in found] == ["EG 0104", "ST 0903", "ST 0102", "unknown"]
    assert [p.content for p in found] == [None, None, SecuritySet({1: 5}, {77: "01"}), None]
    assert "ST 0601" not in source.streams[0].standards


def test_a_bad_set_is_counted_and_skipped() -> None:
    bad = bytearray(numbered(1))
    bad[30] ^= 4
    found, stream = read(numbered(0) + bytes(bad) + numbered(2))
    assert found == names(0, 2)
    assert (stream.framing.bad, stream.bad_checksums, stream.standards["ST 0601"]) == (1, 1, 2)


@pytest.mark.parametrize("last", [b"", b"\x41\x01\x13", b"\x01\x01\x05", b"\x01\x02"])
def test_a_set_without_a_checksum_at_its_end_is_bad(last: bytes) -> None:
    found, stream = read(klv(UAS, item(2, bytes(8)) + last) + numbered(7))
    assert (found, stream.framing.bad) == (names(7), 1)


def test_a_right_checksum_over_items_that_do_not_fit_is_bad() -> None:
    found, stream = read(uas_set(b"\x05\x7fabc") + numbered(7))
    assert (found, stream.framing.bad, stream.bad_checksums) == (names(7), 1, 0)


@pytest.mark.parametrize(
    "junk", [b"junk", b"\x06\x0e", b"\x06\x0e\x2b", UAS[:9], UAS + b"\x80", UAS + b"\x8f"]
)
def test_junk_between_sets_is_skipped(junk: bytes) -> None:
    found, stream = read(numbered(0) + junk + numbered(1))
    assert found == names(0, 1)
    assert stream.framing.skipped_bytes + stream.framing.bad + stream.framing.cut > 0


@pytest.mark.parametrize("grown", [1, 3, 60, 150, 2000, MAX_SET - 500, MAX_SET + 1, 1 << 40])
def test_a_damaged_length_costs_one_set(grown: int) -> None:
    """What the length reaches over is not lost: it is looked through for the next key."""
    whole = numbered(1)
    broken = UAS + ber(len(whole) - 17 + grown) + whole[17:]
    found, stream = read(numbered(0) + broken + b"".join(numbered(n) for n in range(2, 30)))
    assert found == names(0, *range(2, 30))
    assert stream.framing.bad + stream.framing.cut >= 1


@pytest.mark.parametrize("lost", range(1, 60, 7))
def test_lost_bytes_cost_one_set(lost: int) -> None:
    data = [numbered(n) for n in range(9)]
    data[4] = data[4][:-lost]
    found, _ = read(b"".join(data))
    assert found == names(0, 1, 2, 3, 5, 6, 7, 8)


def test_a_file_that_ends_inside_a_set() -> None:
    found, stream = read(numbered(0) + numbered(1)[:-5])
    assert (found, stream.framing.cut) == (names(0), 1)


def test_samples_of_a_track_have_the_time_of_the_one_they_begin_in() -> None:
    whole = [numbered(n) for n in range(4)]
    pieces = [
        (whole[0] + whole[1][:20], 9000),
        (whole[1][20:], 18_000),
        (whole[2][:9], 27_000),
        (whole[3], None),
    ]
    stream = Stream()
    found = list(samples(pieces, stream, start=4500))
    assert missions(found) == names(0, 1, 3)
    assert [p.milliseconds for p in found] == [50.0, 50.0, None]
    assert (stream.standards["ST 0601"], stream.framing.skipped_bytes + stream.framing.cut) == (3, 1)


def test_a_bare_file_that_looks_like_a_transport_stream() -> None:
    found, _ = read(uas_set(item(3, b"set 0") + item(70, b"G" * 120) + item(200, b"G" * 1200)))
    assert found == names(0)


def test_what_is_no_klv_is_refused() -> None:
    mxf = bytes.fromhex("060E2B34020501010D01020101020400") + bytes(100)
    for data in (b"", b"G", b"hello" * 1000, mxf, bytes(5000)):
        with pytest.raises(NotKlvError):
            list(packets(data))


@given(st.binary(max_size=3000))
def test_no_bytes_behind_a_set_raise_or_hide_it(noise: bytes) -> None:
    found, _ = read(numbered(0) + noise)
    assert found[:1] == names(0)


@given(st.lists(st.binary(max_size=40), max_size=30), st.randoms())
def test_no_pieces_of_sets_raise_and_whole_ones_are_found_in_any_pieces(
    noise: list[bytes], random: object
) -> None:
    parts = [part for k, junk in enumerate(noise) for part in (numbered(k), junk)]
    whole = b"".join(parts)
    if whole:
        once = list(packets(whole))
        small = [whole[at : at + 7] for at in range(0, len(whole), 7)]
        assert missions(list(packets(small))) == missions(once)


@pytest.mark.parametrize(
    "pattern",
    [
        UAS + b"\x83\x0f\xff\x00",
        UAS + b"\x82\x20\x00",
        UAS + b"\x04\x01\x02\x00\x00",
        b"\x06\x0e\x2b\x34",
        UAS + b"\x83\x10\x00\x00\x01\x02",
        uas_set(item(3, UAS)),
    ],
)
def test_hostile_keys_cost_time_in_proportion(pattern: bytes) -> None:
    """Keys upon keys that each promise much: the time for four times the bytes is not sixteen times as long."""

    def seconds(size: int) -> float:
        data = numbered(0) + pattern * (size // len(pattern))
        begun = time.process_time()
        for _ in packets(data):
            pass
        return time.process_time() - begun

    small = min(seconds(1 << 18) for _ in range(2))
    assert seconds(1 << 20) < max(10 * small, 2.0)
