"""Film whose pictures are flagged to be shown for two fields and for three in turn (soft 3:2 pulldown). Pure.

MPEG-2's repeat_first_field (ISO/IEC 13818-2, 6.3.10), pic_struct in H.264: the pictures are the film's own, and only
their times limp.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

FILM_RATES = (Fraction(24000, 1001), Fraction(24))
FIELDS = Fraction(5, 2)  # of video for each picture of film
FEWEST = 10  # times from which on a rhythm is no chance


def film_rate(ticks: Sequence[int], time_base: Fraction) -> Fraction | None:
    """Pictures of film a second, where those at `ticks` (sorted) last two fields and three in turn, or None.

    A time may be off by one tick (rounding to a coarse time base), never by a quarter of a field; but for the last one,
    which tools that count times from the pictures before and after can only guess.
    """
    if len(ticks) <= FEWEST:
        return None
    for rate in FILM_RATES:
        field = 1 / (rate * FIELDS * time_base)
        allowed = min(Fraction(1), field / 4)
        for first in (2, 3):
            # Two pictures take five fields; the odd ones come `first` fields after the one before.
            if all(
                abs(tick - ticks[0] - field * (i // 2 * 5 + i % 2 * first)) <= allowed
                for i, tick in enumerate(ticks[:-1])
            ):
                return rate if ticks[-1] - ticks[-2] < 4 * field else None
    return None
