"""Clocks that begin anew, by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.media.clock import follow, jumps_of, straightened
from ingest.media.facts import Jump
from ingest.media.timing import Packet, PacketTable, measure

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
