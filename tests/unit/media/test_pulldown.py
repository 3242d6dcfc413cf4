"""Film on times that limp."""

from __future__ import annotations

from fractions import Fraction

import pytest

from ingest.media.packets import Packet
from ingest.media.pulldown import film_rate
from ingest.media.timing import measure

FILM = Fraction(24000, 1001)


def limping(rate: Fraction, base: Fraction, count: int, first: int = 3) -> list[int]:
    """Ticks of pictures that last `first` fields and five less `first` in turn."""
    field = 1 / (rate * Fraction(5, 2) * base)
    return [7 + round(field * (i // 2 * 5 + i % 2 * first)) for i in range(count)]


@pytest.mark.parametrize("rate", [FILM, Fraction(24)])
@pytest.mark.parametrize("base", [Fraction(1, 90_000), Fraction(1, 1000)])
@pytest.mark.parametrize("first", [2, 3])
def test_two_fields_and_three_in_turn(rate: Fraction, base: Fraction, first: int) -> None:
    # In milliseconds the two rates part after some seconds.
    assert film_rate(limping(rate, base, 400, first), base) == rate


@pytest.mark.parametrize("at", [5, 100, 398])
def test_one_picture_out_of_step_is_no_pulldown(at: int) -> None:
    ticks = limping(FILM, Fraction(1, 90_000), 400)
    moved = [t + 1501 if i >= at else t for i, t in enumerate(ticks)]
    assert film_rate(moved, Fraction(1, 90_000)) is None


@pytest.mark.parametrize(("late", "rate"), [(-1502, FILM), (1502, FILM), (6006, None)])
def test_the_last_time_may_be_a_field_off(late: int, rate: Fraction | None) -> None:
    *ticks, last = limping(FILM, Fraction(1, 90_000), 400)
    assert film_rate([*ticks, last + late - 1502 * (late > 0)], Fraction(1, 90_000)) == rate


def test_even_times_and_short_clips_are_none() -> None:
    assert film_rate([3003 * i for i in range(400)], Fraction(1, 90_000)) is None
    assert film_rate(limping(FILM, Fraction(1, 90_000), 10), Fraction(1, 90_000)) is None


def test_the_timing_is_that_of_the_film() -> None:
    ticks = limping(FILM, Fraction(1, 90_000), 240)
    timing = measure([Packet(t, t, None, 100, key=True, discard=False) for t in ticks], Fraction(1, 90_000))
    assert (timing.rate, timing.frames, timing.duration) == (FILM, 240, 240 / FILM)
