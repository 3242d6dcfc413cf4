"""What a container shows to be missing, by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest
from made_facts import constant, container

from ingest.media.damage import Loss, holes, missing_pictures, places_of, told
from ingest.media.packets import Packet, PacketTable
from ingest.media.timing import measure

BASE = Fraction(1, 90000)
STEADY = [90000 + 3600 * i for i in range(100)]
MPEGTS = container("mpegts", declared=None)


def table(ticks: list[int], *, corrupt: tuple[int, ...] = (), complaints: str = "") -> PacketTable:
    made = PacketTable(
        Packet(t, t, 3600, 100, i == 0, False, corrupt=i in corrupt) for i, t in enumerate(ticks)
    )
    made.complaints = complaints
    return made


def test_holes_of_a_steady_clock() -> None:
    assert holes(STEADY, BASE) == Loss()
    assert holes([], BASE) == holes([5], BASE) == holes([5, 5, 5], BASE) == Loss()
    # Pictures 30 to 32 and 90.
    ticks = STEADY[:30] + STEADY[33:90] + STEADY[91:]
    places = ((Fraction(30, 25), Fraction(32, 25)), (Fraction(90, 25), Fraction(90, 25)))
    assert holes(ticks, BASE) == Loss(4, Fraction(4, 25), places)


def test_an_uneven_clock_has_no_holes() -> None:
    assert holes([0, 3600, 5000, 9000, 20000, 21000, 40000], BASE) == Loss()


def test_rounded_times_have_no_holes() -> None:
    assert holes([round(i * Fraction(1001, 24)) for i in range(1000)], Fraction(1, 1000)) == Loss()


def test_places_near_each_other_are_one() -> None:
    times = [Fraction(n, 10) for n in (1, 2, 9, 30, 31)]
    assert places_of((t, t) for t in times) == ((times[0], times[2]), (times[3], times[4]))


def test_many_places_are_cut_off() -> None:
    places = [(Fraction(n), Fraction(n)) for n in range(0, 60, 10)]
    assert told(places) == "at 0.00 s, 10.00 s, 20.00 s, 30.00 s and 2 more places"


def lost(packets: PacketTable, declared: str | None = None, listed: int | None = None) -> Loss:
    made = container("mpegts", declared=Fraction(declared) if declared else None)
    return missing_pictures(packets, made, measure(packets, BASE), listed, packets.complaints)


def test_a_hole_that_nobody_complains_of_is_how_it_was_recorded() -> None:
    assert lost(table(STEADY[:30] + STEADY[33:])) == Loss()


@pytest.mark.parametrize(
    ("corrupt", "complaints"),
    [((29,), ""), ((), "[mpegts @ 0x7f] something is wrong\n")],
)
def test_a_hole_beside_a_mark_or_a_complaint_is_a_loss(corrupt: tuple[int, ...], complaints: str) -> None:
    found = lost(table(STEADY[:30] + STEADY[33:], corrupt=corrupt, complaints=complaints))
    assert found == Loss(3, Fraction(3, 25), ((Fraction(30, 25), Fraction(32, 25)),))


def test_what_a_decoder_says_while_it_peeks_is_no_complaint() -> None:
    assert lost(table(STEADY[:30] + STEADY[33:], complaints="[h264 @ 0x7f] error while decoding\n")) == Loss()


def test_an_end_that_is_cut_off() -> None:
    """The header promises 10 s from 0 on; the film runs from 1 to 5 s."""
    whole = ((Fraction(4), Fraction(4)),)
    assert lost(table(STEADY, corrupt=(99,)), "10") == Loss(125, Fraction(5), whole, Fraction(5))
    assert lost(table(STEADY, complaints="[mpegts @ 0x7f] File ended prematurely"), "10") == Loss(
        125, Fraction(5), whole, Fraction(5)
    )
    assert lost(table(STEADY, corrupt=(50,)), "10") == Loss()  # damaged, but not at its end
    assert lost(table(STEADY), "10") == Loss()  # other streams may be longer
    assert lost(table(STEADY, corrupt=(99,)), "5") == Loss()
    assert lost(table(STEADY, corrupt=(99,))) == Loss()


@pytest.mark.parametrize(("listed", "pictures"), [(2400, 0), (2401, 0), (2424, 1), (3000, 25), (100, 0)])
def test_the_index_of_avi_names_ticks_and_not_pictures(listed: int, pictures: int) -> None:
    """100 pictures, one every 24 ticks of a clock of 600 a second: 4 s."""
    packets = PacketTable(Packet(24 * i, 24 * i, 1, 100, i == 0, False) for i in range(100))
    timing = measure(packets, Fraction(1, 600))
    found = missing_pictures(packets, container("avi", declared=None), timing, listed, "")
    assert found.pictures == pictures


@pytest.mark.parametrize(("listed", "pictures"), [(105, 0), (110, 5)])
def test_the_ticks_of_avi_before_its_first_picture_are_none_that_are_lost(listed: int, pictures: int) -> None:
    packets = PacketTable(Packet(i, i, 1, 100, i == 5, False) for i in range(5, 105))
    timing = measure(packets, Fraction(1, 25))
    found = missing_pictures(packets, container("avi", declared=None), timing, listed, "")
    assert found.pictures == pictures


@pytest.mark.parametrize(("listed", "pictures"), [(408, 0), (720, 5)])
def test_the_last_of_uneven_pictures_of_avi_may_be_shown_for_long(listed: int, pictures: int) -> None:
    ticks = [0, 60, 130, 180, 240, 300, 354]
    packets = PacketTable(Packet(t, t, 1, 100, t == 0, False) for t in ticks)
    timing = measure(packets, Fraction(1, 600))
    found = missing_pictures(packets, container("avi", declared=None), timing, listed, "")
    assert found.pictures == pictures


def test_mp4_names_pictures_that_its_edit_list_hides() -> None:
    packets = table(STEADY)
    made = container("mov,mp4,m4a,3gp,3g2,mj2", declared=Fraction(4))
    assert missing_pictures(packets, made, measure(packets, BASE), 250, "") == Loss()


@pytest.mark.parametrize(("listed", "pictures"), [(110, 10), (100, 0), (90, 0), (None, 0), (-4, 0)])
def test_an_index_that_promises_more(listed: int | None, pictures: int) -> None:
    found = lost(table(STEADY), listed=listed)
    assert (found.pictures, found.seconds) == (pictures, Fraction(pictures, 25))


def test_an_index_that_names_pictures_that_are_never_shown() -> None:
    found = missing_pictures(table(STEADY), MPEGTS, measure(table(STEADY), BASE), 107, "", hidden=7)
    assert found == Loss()


def test_facts_by_hand_are_as_measured() -> None:
    assert measure(table(STEADY), BASE).mean_rate == constant(Fraction(25), 100, BASE).mean_rate == 25
    assert MPEGTS.declared_duration is None
