"""What is said of a source that did not decode whole."""

from __future__ import annotations

from fractions import Fraction

import pytest
from made_facts import SD, clip, constant, portrait_vfr, track

from ingest.job import codes
from ingest.job.errors import SourceError
from ingest.media.decode_errors import DecodeErrors, Locator
from ingest.media.plan import Plan, make_plan
from ingest.steps.context import Note
from ingest.steps.damage import refuse_remnant
from ingest.steps.decode_damage import pictures, sounds

BASE = Fraction(1, 25000)


def plan_of(frames: int = 250) -> Plan:
    facts = clip(timing=constant(Fraction(25), frames, BASE, start=Fraction(2)))
    return make_plan(facts, (track(),), (SD,), preview_interval=Fraction(1), tile=(160, 90))


def found(numbers: list[int], concealed: list[int], leading: int = 0) -> Locator:
    """The pictures of these numbers came out, some of them damaged."""
    made = Locator(0, "mark")
    made.ticks.extend(50_000 + 1000 * n for n in numbers)
    made.concealed.extend(50_000 + 1000 * n for n in concealed)
    made.leading = leading
    return made


def test_pictures_that_did_not_come_out() -> None:
    came = found([n for n in range(250) if not 100 <= n < 110], [])
    seconds, where, notes = pictures(plan_of(), 10, came, "no room")
    assert (seconds, where) == (Fraction(10, 25), ((Fraction(4), Fraction(109, 25)),))
    assert notes == [
        Note(codes.SOURCE_DAMAGED, "10 of 250 pictures could not be decoded at 4.00 to 4.36 s: no room")
    ]


def test_an_end_that_did_not_come_out_has_no_place() -> None:
    seconds, where, notes = pictures(plan_of(), 50, found(list(range(200)), []), "")
    assert (seconds, where) == (Fraction(2), ())
    assert notes == [Note(codes.SOURCE_DAMAGED, "50 of 250 pictures could not be decoded")]


def test_damaged_pictures() -> None:
    seconds, where, notes = pictures(plan_of(), 0, found(list(range(250)), [50, 51, 200]), "words")
    assert (seconds, where) == (Fraction(3, 25), ((2, Fraction(51, 25)), (8, 8)))
    assert notes == [Note(codes.PICTURES_DAMAGED, "3 of 250 pictures are damaged, at 2.00 to 2.04 s, 8.00 s")]


def test_damaged_pictures_at_the_start_are_told_and_not_counted() -> None:
    seconds, _, notes = pictures(plan_of(), 0, found(list(range(250)), [0, 1, 2, 30], leading=3), "")
    assert seconds == Fraction(1, 25)
    assert [n.detail for n in notes] == ["4 of 250 pictures are damaged, at 0.00 to 0.08 s, 1.20 s"]


def test_a_film_without_a_whole_picture_is_all_damaged() -> None:
    every = list(range(250))
    seconds, _, _ = pictures(plan_of(), 0, found(every, every, leading=250), "")
    assert seconds == 10


def test_no_more_is_lost_than_there_is() -> None:
    """All that came out of half a film is damaged."""
    seconds, _, _ = pictures(plan_of(), 125, found(list(range(125)), list(range(125))), "")
    assert seconds == 10
    seconds, _, _ = pictures(plan_of(), 125, found(list(range(125)), list(range(25))), "")
    assert seconds == 6


def test_on_uneven_times_a_lost_picture_lasts_the_mean() -> None:
    plan = make_plan(portrait_vfr(), (), (SD,), preview_interval=Fraction(1), tile=(90, 160))
    seconds, _, _ = pictures(plan, 36, found(list(range(108)), []), "")
    assert seconds == 36 * Fraction(5, 144)


def test_sound() -> None:
    errors = DecodeErrors()
    assert sounds(plan_of(), errors) == ()
    errors.refused[1], errors.concealed[1], errors.refused[7] = 3, 1, 9
    detail = "stream 1: 4 packets of sound could not be decoded"
    assert sounds(plan_of(), errors) == (Note(codes.SOUND_DAMAGED, detail),)


@pytest.mark.parametrize(("planned", "lost"), [(None, 3), (1, 0), (1, 1), (2, 0), (250, 248)])
def test_a_film_is_left(planned: int | None, lost: int) -> None:
    refuse_remnant("film.mp4", planned, lost, "")


@pytest.mark.parametrize(("planned", "lost", "left"), [(2, 1, "one"), (250, 249, "one"), (250, 250, "none")])
def test_of_a_film_one_picture_is_left(planned: int, lost: int, left: str) -> None:
    with pytest.raises(SourceError) as caught:
        refuse_remnant("film.mp4", planned, lost, "the decoder's words")
    assert caught.value.code is codes.SOURCE_TOO_DAMAGED
    assert caught.value.line == (
        f"film.mp4 is too damaged: of its {planned} pictures {left} can be decoded; copy or upload it again"
    )
    assert caught.value.detail == "the decoder's words"
