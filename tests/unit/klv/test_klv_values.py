"""Every tag of ST 0601 at its limits, with its reserved values, and as its examples have it."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_klv import UAS, item, oid, uas_set

from ingest.klv import TAGS, Item, SecuritySet, UasSet, st0102
from ingest.klv.pack_types import (
    Airbases,
    Command,
    Countries,
    HorizonPixels,
    Location,
    Payload,
    Substream,
    View,
    ViewDomain,
    Wavelengths,
    Waypoint,
    Weapon,
)
from ingest.klv.st0601 import ChecksumError, Decoder

if TYPE_CHECKING:
    from ingest.klv.tags import Value

# Written down from the standard's table a second time, as tags, lowest, highest, bytes.
UNSIGNED: list[tuple[tuple[int, ...], float, float, int]] = [
    ((5, 35, 64, 71), 0, 360, 2),
    ((15, 25, 38, 42, 54, 69, 75, 76, 78), -900, 19000, 2),
    ((16, 17), 0, 180, 2),
    ((18, 20), 0, 360, 4),
    ((21, 57), 0, 5_000_000, 4),
    ((22, 58), 0, 10_000, 2),
    ((36, 55), 0, 100, 1),
    ((37, 49, 53), 0, 5000, 2),
    ((43, 44), 0, 510, 1),
    ((45, 46), 0, 4095, 2),
]
SIGNED: list[tuple[tuple[int, ...], float, int]] = [
    ((6, 50, 52), 20, 2),
    ((7,), 50, 2),
    ((13, 23, 40, 67, 82, 84, 86, 88, 90, 91, 92), 90, 4),
    ((14, 19, 24, 41, 68, 83, 85, 87, 89, 93), 180, 4),
    ((26, 27, 28, 29, 30, 31, 32, 33), 0.075, 2),
    ((51,), 180, 2),
    ((79, 80), 327, 2),
]
IMAPB: list[tuple[tuple[int, ...], float, float]] = [
    ((96,), 0, 1_500_000),
    ((103, 104, 105, 113, 114), -900, 40_000),
    ((109,), 0, 21_000),
    ((112,), 0, 360),
    ((117, 118, 119), -1000, 1000),
    ((120, 134), 0, 100),
    ((132,), 1, 99_999),
]
WHOLE = {
    8: 1,
    9: 1,
    34: 1,
    47: 1,
    56: 1,
    60: 2,
    61: 1,
    62: 2,
    63: 1,
    65: 1,
    72: 8,
    77: 1,
    123: 1,
    124: 1,
    125: 1,
}
WHOLE |= {2: 8, 110: 4, 111: 4, 126: 1, 131: 8, 133: 4}
SIGNED_WHOLE = {39: 1, 136: 4, 137: 8}
TEXT = (3, 4, 10, 11, 12, 59, 70, 106, 107, 108, 129, 135)
SETS = (73, 74, 95, 97, 98, 99, 100, 101)
PACKS = (48, 81, 115, 116, 121, 122, 127, 128, 130, 138, 139, 140, 141, 142, 143)
HEX = (66, 94, 102)


def decoded(items: bytes) -> UasSet:
    """The set that holds `items`, read slowly twice and quickly once: all three must agree."""
    decoder, whole = Decoder(), uas_set(items)
    body = 17 if whole[16] < 128 else 17 + (whole[16] & 0x7F)
    first, second, third = (decoder.decode(whole, body) for _ in range(3))
    assert first == second == third
    return third


def value(tag: int, raw: bytes) -> Value:
    found = decoded(item(tag, raw))
    assert found.raw == {}
    return found.values[tag]


def test_the_table_has_every_tag_once_and_this_file_checks_each() -> None:
    ranges = [t for tags, *_ in (*UNSIGNED, *SIGNED, *IMAPB) for t in tags]
    checked = [1, *ranges, *WHOLE, *SIGNED_WHOLE, *TEXT, *SETS, *PACKS, *HEX]
    assert sorted(checked) == sorted(TAGS) == list(range(1, 144))


@pytest.mark.parametrize(
    ("tag", "low", "high", "size"), [(t, *rest) for tags, *rest in UNSIGNED for t in tags]
)
def test_unsigned_ranges_are_exact_at_their_ends(tag: int, low: float, high: float, size: int) -> None:
    most = (1 << 8 * size) - 1
    assert value(tag, bytes(size)) == low
    assert value(tag, b"\xff" * size) == high
    middle = value(tag, (most // 3).to_bytes(size, "big"))
    assert middle == pytest.approx(low + (high - low) / 3, abs=1e-9 * high)


@pytest.mark.parametrize(("tag", "high", "size"), [(t, *rest) for tags, *rest in SIGNED for t in tags])
def test_signed_ranges_have_a_lowest_value_that_means_none(tag: int, high: float, size: int) -> None:
    most = (1 << 8 * size - 1) - 1
    assert value(tag, most.to_bytes(size, "big")) == high
    assert value(tag, (-most).to_bytes(size, "big", signed=True)) == -high
    assert value(tag, bytes(size)) == 0
    assert value(tag, b"\x80" + bytes(size - 1)) is None


def imapb(x: float, low: float, high: float, size: int) -> bytes:
    """ST 1201's forward mapping, as its text has it."""
    scale = 2.0 ** (8 * size - 1 - math.ceil(math.log2(high - low)))
    zero = scale * low - math.floor(scale * low) if low < 0 < high else 0.0
    return math.trunc(scale * (x - low) + zero).to_bytes(size, "big")


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize(("tag", "low", "high"), [(t, *rest) for tags, *rest in IMAPB for t in tags])
def test_imapb_ranges_and_special_values(tag: int, low: float, high: float, size: int) -> None:
    step = 2.0 ** (math.ceil(math.log2(high - low)) - (8 * size - 1))
    for x in (low, high, low + (high - low) / 3):
        got = value(tag, imapb(x, low, high, size))
        assert isinstance(got, float) and x - step - 1e-6 <= got <= x + 1e-6
    if low < 0:
        assert value(tag, imapb(0.0, low, high, size)) == 0.0
    # +infinity, -infinity, NaN, below the minimum, above the maximum (ST 1201, table 1), and all ones.
    for head in (0xC8, 0xE8, 0xD0, 0xE0, 0xE1, 0xFF):
        assert value(tag, bytes((head,)) + bytes(size - 1)) is None


def test_imapb_above_its_range_is_no_number() -> None:
    assert value(112, b"\x5a\x00") == 360.0
    assert value(112, b"\x5a\x01") is None
    assert value(112, b"\x80\x00") is None  # 512 degrees


@pytest.mark.parametrize(("tag", "size"), WHOLE.items())
def test_whole_numbers(tag: int, size: int) -> None:
    for raw in (bytes(size), b"\xff" * size, b"\x01" * size):
        if tag not in (2, 65):
            assert value(tag, raw) == int.from_bytes(raw, "big")


@pytest.mark.parametrize(("tag", "size"), SIGNED_WHOLE.items())
def test_signed_whole_numbers_have_no_reserved_value(tag: int, size: int) -> None:
    assert value(tag, b"\x80" + bytes(size - 1)) == -(1 << 8 * size - 1)
    assert value(tag, b"\x7f" + b"\xff" * (size - 1)) == (1 << 8 * size - 1) - 1
    assert value(tag, b"\xff" * size) == -1


@pytest.mark.parametrize("tag", TEXT)
def test_texts(tag: int) -> None:
    assert value(tag, "Überflug 7".encode()) == "Überflug 7"
    assert value(tag, b"") == ""
    assert value(tag, b"N97826\0\0") == "N97826"
    assert value(tag, b"a\xff") == "a\ufffd"


@pytest.mark.parametrize("tag", SETS)
def test_nested_sets_are_framed(tag: int) -> None:
    items = (Item(1, "0a"), Item(300, "0b0c"), Item(5, ""))
    found = value(tag, item(1, b"\x0a") + item(300, b"\x0b\x0c") + item(5, b""))
    assert found == ((items,) if TAGS[tag].repeats else items)
    broken = decoded(item(tag, b"\x01\x05a"))
    assert (broken.values.get(tag), broken.raw[tag]) == (None, "010561")


@pytest.mark.parametrize("tag", HEX)
def test_what_is_not_decoded_is_kept_as_digits(tag: int) -> None:
    assert value(tag, b"\x01\xfe") == (("01fe",) if TAGS[tag].repeats else "01fe")


@pytest.mark.parametrize("tag", sorted(set(range(3, 144)) - {65} - {t for t in TAGS if TAGS[t].repeats}))
def test_no_bytes_are_no_value(tag: int) -> None:
    assert value(tag, b"") == ("" if tag in TEXT else None)


@pytest.mark.parametrize("tag", sorted(t for t in TAGS if TAGS[t].repeats))
def test_tags_that_may_repeat_keep_all_in_order(tag: int) -> None:
    raws = (oid(7) + b"\x01a", oid(9) + b"\x01b") if tag == 115 else (item(3, b"x"), item(4, b"y"))
    many = decoded(b"".join(item(tag, raw) for raw in raws)).values[tag]
    assert isinstance(many, tuple) and len(many) == 2
    assert many == tuple(v for raw in raws for v in value(tag, raw))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("tag", "raw", "expected", "within"),
    [
        (5, "71C2", 159.974365, 1e-5),
        (6, "FD3D", -0.4315251, 3e-4),
        (7, "08B8", 3.405814, 8e-4),
        (13, "5595B66D", 60.1768229669783, 1e-9),
        (14, "5B5360C4", 128.426759042045, 1e-9),
        (15, "C221", 14190.72, 0.01),
        (19, "87F84B86", -168.792324833941, 1e-9),
        (96, "00D92A", 13898.5463, 0.25),
        (103, "2F921E", 23456.24, 0.01),
        (109, "0001A0", 1.625, 0.01),
        (112, "1F40", 125.0, 1e-9),
        (114, "05F740", 2154.5, 0.01),
        (120, "4800", 72.0, 1e-9),
        (132, "0257C0", 2400.0, 0.01),
        (134, "3700", 55.0, 1e-9),
    ],
)
def test_the_standard_s_examples(tag: int, raw: str, expected: float, within: float) -> None:
    assert value(tag, bytes.fromhex(raw)) == pytest.approx(expected, abs=within)


def test_a_range_in_another_number_of_bytes_is_the_same_range() -> None:
    assert value(22, b"\xff\xff\xff\xff") == 10_000
    assert value(13, b"\x7f\xff") == 90
    assert value(13, b"\x80\x00\x00") is None
    assert decoded(item(13, bytes(9))).raw == {13: "00" * 9}
    assert decoded(item(110, bytes(9))).raw == {110: "00" * 9}


def location(latitude: float, longitude: float, height: float | None = None) -> bytes:
    raw = imapb(latitude, -90, 90, 4) + imapb(longitude, -180, 180, 4)
    return raw if height is None else raw + imapb(height, -900, 9000, 3)


HOME = Location(38.5, -77.25, 113.0)
PACK_EXAMPLES: list[tuple[int, bytes, Value]] = [
    (81, bytes((10, 0, 0, 20)), HorizonPixels(10, 0, 0, 20, None, None, None, None)),
    (
        81,
        bytes((0, 100, 100, 0)) + bytes.fromhex("7FFFFFFF 7FFFFFFF 80000000 00000000"),
        HorizonPixels(0, 100, 100, 0, 90.0, 180.0, None, 0.0),
    ),
    (115, b"\x05\x11Fly to Waypoint 1", (Command(5, "Fly to Waypoint 1", None),)),
    (115, b"\x05\x03Fly" + (99).to_bytes(8, "big"), (Command(5, "Fly", 99),)),
    (116, oid(3) + oid(300), (3, 300)),
    (121, b"\x01\x03", (1, 3)),
    (122, b"\x01\x0e\x03CAN\x00\x03FRA", Countries(14, "CAN", None, "FRA")),
    (122, b"\x01\x01\x02AU", Countries(1, "AU", None, None)),
    (127, oid(60000) + oid(1001), Fraction(60000, 1001)),
    (127, oid(25), Fraction(25)),
    (128, bytes.fromhex("0D15000007D000000FA04E4E4952"), (Wavelengths(21, 1000.0, 2000.0, "NNIR"),)),
    (130, b"\x0b" + location(38.5, -77.25, 113.0), Airbases(HOME, HOME)),
    (130, b"\x0b" + location(38.5, -77.25, 113.0) + b"\x00", Airbases(HOME, None)),
    (130, b"\x00\x08" + location(38.5, -77.25), Airbases(None, Location(38.5, -77.25, None))),
    (138, b"\x02\x06\x00\x00\x03VIS\x05\x01\x02\x02SA", (Payload(0, 0, "VIS"), Payload(1, 2, "SA"))),
    (139, b"\x0b", (0, 1, 3)),
    (139, b"\x01\x00", (8,)),
    (140, bytes.fromhex("0E010203018203") + b"\x07Harpoon", (Weapon(1, 2, 3, 1, 3, 1, "Harpoon"),)),
    (
        141,
        b"\x0f\x00\x00\x01\x03" + location(38.5, -77.25, 113.0) + b"\x03\x02\xff\xfe",
        (Waypoint(0, 1, True, True, HOME), Waypoint(2, -2, None, None, None)),
    ),
    (142, b"\x04" + imapb(90, 0, 360, 2) + imapb(180, 0, 360, 2), ViewDomain(View(90.0, 180.0), None, None)),
    (
        142,
        b"\x00\x02" + imapb(-180, -180, 180, 1) + imapb(360, 0, 360, 1),
        ViewDomain(None, View(-180.0, 360.0), None),
    ),
    (143, oid(200), Substream(200, None)),
    (143, b"\x00" + bytes(range(16)), Substream(0, "00010203-0405-0607-0809-0a0b0c0d0e0f")),
]


@pytest.mark.parametrize(("tag", "raw", "expected"), PACK_EXAMPLES)
def test_packs(tag: int, raw: bytes, expected: Value) -> None:
    assert value(tag, raw) == expected


@pytest.mark.parametrize(("tag", "raw"), [(tag, raw) for tag, raw, _ in PACK_EXAMPLES])
def test_packs_cut_anywhere_are_a_shorter_pack_or_digits(tag: int, raw: bytes) -> None:
    for end in range(1, len(raw)):
        found = decoded(item(tag, raw[:end]))
        assert (tag in found.values) != (tag in found.raw)
        assert found.raw.get(tag, raw[:end].hex()) == raw[:end].hex()


@pytest.mark.parametrize(
    ("tag", "raw"),
    [
        (81, bytes(5)),
        (115, b"\x05\x01ab"),
        (116, b"\x81"),
        (122, b"\x02\x01\x01"),
        (127, b"\x00"),
        (127, b"\x01\x00"),
        (127, b"\x01\x02\x03"),
        (128, b"\x02\x01\x01"),
        (130, b"\x05abcde"),
        (138, b"\x01\x03\x00\x00\x05"),
        (139, bytes(65)),
        (140, b"\x06\x01\x01\x01\x01\x01\x05"),
        (141, b"\x02\x01\x01"),
        (142, b"\x03\x00\x00\x00"),
        (143, b"\x01\x00"),
    ],
)
def test_packs_that_do_not_fit_are_kept_as_digits(tag: int, raw: bytes) -> None:
    assert decoded(item(tag, raw)).raw == {tag: raw.hex()}


def test_the_security_set() -> None:
    raw = item(1, b"\x01") + item(2, b"\x02") + item(3, b"//CAN") + item(13, "CAN".encode("utf-16-be"))
    raw += item(22, b"\x00\x0c") + item(10, b"20511231") + item(99, b"\xab") + item(22, bytes(9))
    values = {1: 1, 2: 2, 3: "//CAN", 13: "CAN", 22: 12, 10: "20511231"}
    assert value(48, raw) == SecuritySet(values, {99: "ab", 22: "00" * 9})


def test_the_tags_of_earlier_security_sets() -> None:
    """ST 0102.11 and before: four UMIDs, then what the set is of."""
    raw = b"".join(item(tag, bytes([tag]) * 32) for tag in range(15, 19))
    raw += item(19, b"\xe0") + item(20, b"\x12\x34") + item(21, UAS)
    umids: dict[int, Value] = {tag: f"{tag:02x}" * 32 for tag in range(15, 19)}
    assert value(48, raw) == SecuritySet(umids | {19: 0xE0, 20: 0x1234, 21: UAS.hex()}, {})
    assert [st0102.TAGS[tag].name for tag in range(15, 22)] == [
        *("UMID Video", "UMID Audio", "UMID Data", "UMID System"),
        *("Stream ID", "Transport Stream ID", "Item Designator ID"),
    ]


@pytest.mark.parametrize("raw", [b"CAN", b"USA;CAN;", "USA;CAN;".encode("utf-16-be")])
def test_object_country_codes_in_one_byte_a_letter_and_in_two(raw: bytes) -> None:
    expected = "CAN" if len(raw) == 3 else "USA;CAN;"
    assert value(48, item(13, raw)) == SecuritySet({13: expected}, {})


def test_unknown_tags_are_kept_as_digits() -> None:
    found = decoded(item(144, b"\x01") + item(70_000, b"\xff\x00") + item(144, b"\x02"))
    assert found.raw == {144: "02", 70_000: "ff00"}
    assert set(found.values) == {2, 65}


def test_the_time_stamp() -> None:
    whole = uas_set(b"", time=0x000459F4A6AA4AA8)
    assert Decoder().decode(whole, 17).time == 1224807209913000
    assert Decoder().decode(uas_set(b"", time=None), 17).time is None


def test_each_wrong_byte_is_noticed() -> None:
    whole = uas_set(item(5, b"\x71\xc2"))
    for place in range(len(whole)):
        for flip in (0x01, 0x80):
            broken = bytearray(whole)
            broken[place] ^= flip
            with pytest.raises(ChecksumError):
                Decoder().decode(bytes(broken), 17)


@given(st.lists(st.tuples(st.integers(3, 150), st.binary(max_size=20)), max_size=12), st.binary(max_size=40))
def test_the_quick_way_is_the_slow_way(items: list[tuple[int, bytes]], noise: bytes) -> None:
    """One shape with other values, after it was learned: the same as read by a decoder that learned nothing."""
    decoder = Decoder()
    first = uas_set(b"".join(item(tag, raw) for tag, raw in items))
    changed = [
        (tag, bytes(a ^ (noise[k % len(noise)] if noise else 0) for k, a in enumerate(raw)))
        for tag, raw in items
    ]
    second = uas_set(b"".join(item(tag, raw) for tag, raw in changed), time=7)
    body = 17 if first[16] < 128 else 17 + (first[16] & 0x7F)
    for whole in (first, first, first, second, second, first):
        assert decoder.decode(whole, body) == Decoder().decode(whole, body)
