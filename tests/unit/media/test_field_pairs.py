from __future__ import annotations

import pytest

from ingest.media.field_pairs import second_fields
from ingest.media.packets import Packet, PacketTable

FIELD = 1800  # ticks


def packet(pts: int | None, dts: int | None, duration: int = FIELD, *, key: bool = False) -> Packet:
    return Packet(pts, dts, duration, size=10, key=key, discard=False)


def fields(*first: tuple[int, int], key: int | None = 0) -> list[Packet]:
    """Two fields for each picture: when the first is shown and decoded, in fields."""
    return [
        packet((pts + later) * FIELD, (dts + later) * FIELD, key=number == key and later == 0)
        for number, (pts, dts) in enumerate(first)
        for later in (0, 1)
    ]


# As broadcast: I and P first, then the two B that are shown before the P.
REORDERED = ((0, -4), (6, -2), (2, 0), (4, 2), (12, 4), (8, 6), (10, 8))
DECODED = tuple(FIELD * n for n in (0, 2, 4, 6, 8))


def test_each_second_field_belongs_to_the_packet_before_it() -> None:
    packets = PacketTable(fields(*REORDERED))
    assert second_fields(packets, DECODED) == [1, 3, 5, 7, 9, 11, 13]


def test_frames_between_fields_stand_alone() -> None:
    frame = packet(2 * FIELD, 2 * FIELD, 2 * FIELD)
    mixed = [*fields((0, 0)), frame, frame, *fields((6, 6), key=None)]
    mixed[3] = packet(4 * FIELD, 4 * FIELD, 2 * FIELD)
    assert second_fields(PacketTable(mixed), DECODED) == [1, 5]


def test_fields_that_share_one_time() -> None:
    packets = [packet(n * FIELD if n % 2 == 0 else None, n * FIELD) for n in range(6)]
    assert second_fields(PacketTable(packets), DECODED) == [1, 3, 5]
    untimed = [packet(n * FIELD if n % 2 == 0 else None, None) for n in range(6)]
    assert second_fields(PacketTable(untimed), DECODED) == [1, 3, 5]


def test_fields_that_share_one_time_in_a_stream_that_does_not_say_how_long_one_is() -> None:
    packets = [packet(n * FIELD if n % 2 == 0 else None, None, 2 * FIELD) for n in range(6)]
    assert second_fields(PacketTable(packets), DECODED) == [1, 3, 5]


def test_a_frame_without_a_time_is_no_field() -> None:
    packets = [
        packet(0, None, 2 * FIELD),
        packet(None, None, 2 * FIELD),
        packet(4 * FIELD, None, 2 * FIELD),
    ]
    assert second_fields(PacketTable(packets), DECODED) == []


def test_of_a_bare_stream_fields_are_known_by_how_long_they_are() -> None:
    lengths = (1, 1, 2, 2, 1, 1)
    packets = [packet(None, None, n * FIELD) for n in lengths]
    assert second_fields(PacketTable(packets), DECODED) == [1, 5]


def test_a_lost_field_costs_no_more_than_its_own_picture() -> None:
    packets = fields(*REORDERED)
    del packets[3]  # the second field of the P
    assert second_fields(PacketTable(packets), DECODED) == [1, 4, 6, 8, 10, 12]


def test_a_key_picture_begins_a_picture_of_its_own() -> None:
    packets = [packet(0, 0), packet(FIELD, FIELD, key=True), packet(2 * FIELD, 2 * FIELD)]
    assert second_fields(PacketTable(packets), [n * FIELD for n in (0, 1, 3, 5)]) == [2]


@pytest.mark.parametrize("decoded", [(), (0,), tuple(FIELD * n for n in range(5))])
def test_where_the_decoder_gives_a_picture_for_each_packet_there_are_no_pairs(
    decoded: tuple[int, ...],
) -> None:
    assert second_fields(PacketTable(fields(*REORDERED)), decoded) == []


def test_what_comes_faster_later_on_is_not_taken_for_fields_where_the_decoder_shows_it() -> None:
    packets = [packet(n * FIELD, n * FIELD) for n in (0, 2, 4, 5, 6, 7)]
    assert second_fields(PacketTable(packets), [n * FIELD for n in (0, 2, 4, 5)]) == []


def test_joined_packets_keep_what_both_had() -> None:
    first, second, alone = fields((0, 0))[0], packet(FIELD, FIELD), packet(2 * FIELD, 2 * FIELD, 2 * FIELD)
    damaged = Packet(second.pts, second.dts, FIELD, 7, key=False, discard=False, corrupt=True)
    whole = PacketTable([first, damaged, alone]).joined([1])
    assert list(whole) == [
        Packet(0, 0, 2 * FIELD, 17, key=True, discard=False, corrupt=True),
        alone,
    ]
