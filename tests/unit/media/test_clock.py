"""Clocks that begin anew, by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.media.clock import MOST_MENDED, follow, jumps_of, mended, straightened
from ingest.media.facts import Jump
from ingest.media.packets import Packet, PacketTable
from ingest.media.timing import measure

BASE = Fraction(1, 90000)
STEP = 3600


def part(start: float, count: int) -> list[Packet]:
    """`count` pictures at 25/s, the third first in each group, from `start` seconds on."""
    first = round(start * 90000)
    order = (2, 0, 1)
    return [
        Packet(first + STEP * (i - i % 3 + order[i % 3] + 1), first + STEP * i, STEP, 100, i == 0, False)
        for i in range(count)
    ]


@pytest.mark.parametrize(
    ("starts", "jumps"),
    [
        ([1], ()),
        ([1, 2.2], ()),  # the second part follows at once
        ([1, 9], ()),  # a hole of some seconds is one
        ([1, 20], (Jump(30, -round(17.8 * 90000)),)),
        ([20, 1], (Jump(30, round(20.2 * 90000)),)),
        ([1, 20, 1], (Jump(30, -round(17.8 * 90000)), Jump(60, round(2.4 * 90000)))),
    ],
)
def test_jumps_of_a_transport_stream(starts: list[float], jumps: tuple[Jump, ...]) -> None:
    table = PacketTable(p for start in starts for p in part(start, 30))
    assert jumps_of(table, BASE, "mpegts") == jumps
    assert jumps_of(table, BASE, "mov,mp4,m4a,3gp,3g2,mj2") == ()
    if jumps:
        joined = straightened(table, jumps)
        timing = measure(joined, BASE)
        assert (timing.rate, timing.frames, timing.duration) == (25, len(table), Fraction(len(table), 25))
        assert [p.dts for p in joined] == [90000 * starts[0] + STEP * i for i in range(len(table))]
        assert [(p.size, p.key) for p in joined] == [(p.size, p.key) for p in table]


@pytest.mark.parametrize("container", ["flv", "matroska,webm"])
@pytest.mark.parametrize(
    ("starts", "jumps"),
    [
        ([1, 20], ()),  # however far on, it is meant
        ([1, 2.0], ()),  # a little back, it is a fault of one clock
        ([5, 0], (Jump(30, round(6.2 * 90000)),)),
        ([20, 1, 1], (Jump(30, round(20.2 * 90000)), Jump(60, round(21.4 * 90000)))),
    ],
)
def test_files_put_one_behind_the_other(container: str, starts: list[float], jumps: tuple[Jump, ...]) -> None:
    table = PacketTable(p for start in starts for p in part(start, 30))
    assert jumps_of(table, BASE, container) == jumps


def test_slides_that_are_decoded_in_another_order_than_shown_have_one_clock() -> None:
    packets = [Packet(slide * 576000, None, STEP, 100, slide == 0, False) for slide in (0, 2, 1)]
    assert jumps_of(PacketTable(packets), BASE, "matroska,webm") == ()


def test_a_single_wrong_time_is_followed_there_and_back() -> None:
    packets = part(1, 30)
    wrong = packets[10]
    packets[10] = Packet(
        wrong.pts and wrong.pts + 90000 * 60, wrong.dts and wrong.dts + 90000 * 60, STEP, 1, False, False
    )
    table = PacketTable(packets)
    assert measure(straightened(table, jumps_of(table, BASE, "mpegts")), BASE).rate == 25


def test_packets_without_times_are_passed_over() -> None:
    packets = [*part(20, 3), Packet(None, None, STEP, 100, False, False), *part(1, 3)]
    jumps = jumps_of(PacketTable(packets), BASE, "mpegts")
    assert [j.packet for j in jumps] == [4]
    assert straightened(PacketTable(packets), jumps)[3].pts is None


def test_presentation_times_alone_may_fall_back_a_little() -> None:
    packets = [Packet(p.pts, None, None, 1, False, False) for start in (5, 1) for p in part(start, 30)]
    assert [j.packet for j in jumps_of(PacketTable(packets), BASE, "mpeg")] == [30]


def test_sound_takes_the_shift_of_the_picture() -> None:
    leader = (Jump(30, -900_000), Jump(60, 90_000))
    milliseconds = Fraction(1, 1000)
    own = (Jump(47, -10_020), Jump(70, -4_000), Jump(94, 980))
    assert follow(own, leader, milliseconds, BASE) == (Jump(47, -10_000), Jump(94, 1_000))
    assert follow((), leader, milliseconds, BASE) == ()


@given(st.lists(st.integers(-(2**33), 2**33), min_size=1, max_size=40))
def test_any_times_end_up_without_a_jump(times: list[int]) -> None:
    table = PacketTable(Packet(t, t, STEP, 1, False, False) for t in times)
    made = straightened(table, jumps_of(table, BASE, "mpegts"))
    assert jumps_of(made, BASE, "mpegts") == ()


FAR = 2**26  # ticks, 745.65 s: one bit of a presentation time
FLIPPED = [(10,), (29,), (3, 17)]


def thrown(numbers: tuple[int, ...], far: int = FAR) -> PacketTable:
    """Thirty pictures, of which these say a time that is far off."""
    packets = part(1, 30)
    for n in numbers:
        packets[n] = replace(packets[n], pts=(packets[n].pts or 0) + far)
    return PacketTable(packets)


@pytest.mark.parametrize("numbers", FLIPPED)
@pytest.mark.parametrize("far", [FAR, -FAR])
def test_a_presentation_time_that_is_far_off_is_put_right(numbers: tuple[int, ...], far: int) -> None:
    whole = PacketTable(part(1, 30))
    table, found = mended(thrown(numbers, far), BASE, "mpegts")
    assert list(table) == list(whole)
    assert found == tuple((whole.dts[n], whole.pts[n]) for n in numbers)
    assert jumps_of(table, BASE, "mpegts") == ()


@pytest.mark.parametrize(
    ("table", "container"),
    [
        (thrown(()), "mpegts"),
        (thrown((5,)), "mov,mp4,m4a,3gp,3g2,mj2"),  # far from when it is decoded, and meant
        (thrown((5,), 90000 * 9), "mpegts"),
        (thrown(tuple(range(1, MOST_MENDED + 2))), "mpegts"),
        (PacketTable(part(1, 30)[:10] + part(50, 1) + part(1.4, 20)), "mpegts"),  # a jump there and back
    ],
)
def test_what_is_not_far_off_or_no_accident_is_left_alone(table: PacketTable, container: str) -> None:
    same, found = mended(table, BASE, container)
    assert (list(same), found) == (list(table), ())


def test_a_wrong_decoding_time_does_not_make_the_other_one_wrong() -> None:
    packets = part(1, 30)
    packets[10] = replace(packets[10], dts=(packets[10].dts or 0) + FAR)
    assert mended(PacketTable(packets), BASE, "mpegts")[1] == ()


def test_where_pictures_are_lost_it_goes_into_the_hole_that_is_its_own() -> None:
    packets = list(thrown((20,)))
    del packets[6:9]
    table, found = mended(PacketTable(packets), BASE, "mpegts")
    whole = part(1, 30)
    assert found == ((whole[20].dts, whole[20].pts),)
    assert table[17].pts == whole[20].pts
