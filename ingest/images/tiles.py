"""Preview pictures for the seek bar: how many and how large. Pure, and without Pillow: a plan needs no more."""

from __future__ import annotations

import math
from fractions import Fraction

MOST_PREVIEWS = 400
TILE_SIDE = 160

_HALF_SECOND_BELOW = 5
_INTERVALS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)


def plan_interval(duration: Fraction) -> Fraction:
    """Seconds between previews for a clip of `duration` seconds: round, and at most 400 previews.

    >>> plan_interval(Fraction(3)), plan_interval(Fraction(60)), plan_interval(Fraction(5400))
    (Fraction(1, 2), Fraction(1, 1), Fraction(20, 1))
    """
    if duration < _HALF_SECOND_BELOW:
        return Fraction(1, 2)
    for interval in _INTERVALS:
        if duration <= MOST_PREVIEWS * interval:
            return Fraction(interval)
    hours = math.ceil(duration / (MOST_PREVIEWS * 3600))
    return Fraction(3600 * hours)


def tile_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of a preview for a video of this display size, in pixels.

    The longer side is 160, or the video's own where that is less; both are even and at least 2.

    >>> tile_size(1920, 1080), tile_size(1080, 1920), tile_size(2048, 858), tile_size(90, 51)
    ((160, 90), (90, 160), (160, 68), (90, 50))
    """
    longer = max(width, height)
    if longer <= TILE_SIDE:
        return max(2, width // 2 * 2), max(2, height // 2 * 2)
    return _nearest_even(width * TILE_SIDE, longer), _nearest_even(height * TILE_SIDE, longer)


def _nearest_even(numerator: int, denominator: int) -> int:
    return max(2, (numerator + denominator) // (2 * denominator) * 2)
