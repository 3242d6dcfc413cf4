"""Levels of HEVC (ITU-T H.265, Tables A.8 and A.9) and of AV1 (specification, Annex A.3)."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from ingest.media import av1, hevc
from ingest.media.levels import lowest

if TYPE_CHECKING:
    from ingest.media.levels import Level

BOTH = {"hevc": hevc.LEVELS, "av1": av1.LEVELS}


@pytest.mark.parametrize(
    ("codec", "width", "height", "rate", "kbits", "found"),
    [
        ("hevc", 352, 288, 30, 1500, "2.0 main"),
        ("hevc", 720, 404, 30, 1400, "3.0 main"),
        ("hevc", 1280, 720, 30, 3100, "3.1 main"),
        ("hevc", 1280, 720, 60, 3100, "4.0 main"),
        ("hevc", 1920, 1080, 30, 5500, "4.0 main"),
        ("hevc", 1080, 1920, 30, 5500, "4.0 main"),
        ("hevc", 1920, 1080, 60, 5500, "4.1 main"),
        ("hevc", 3840, 2160, 30, 15400, "5.0 main"),
        ("hevc", 3840, 2160, 60, 15400, "5.1 main"),
        ("hevc", 1920, 1080, 30, 40_000, "5.1 main"),
        ("hevc", 1920, 1080, 30, 40_001, "4.1 high"),
        ("hevc", 1280, 720, 30, 45_000, "4.1 high"),
        ("hevc", 4096, 2304, 24, 10_000, None),
        ("hevc", 3840, 2160, 65, 10_000, None),
        ("hevc", 3840, 2160, 30, 160_001, None),
        ("hevc", 3000, 16, 30, 100, "4.0 main"),  # the width alone: isqrt(8 x 983040) is 2804
        ("av1", 352, 288, 30, 1500, "2.0 main"),
        ("av1", 720, 404, 30, 1200, "3.0 main"),
        ("av1", 1280, 720, 30, 2700, "3.1 main"),
        ("av1", 1280, 720, 60, 2700, "4.0 main"),
        ("av1", 1920, 1080, 30, 4700, "4.0 main"),
        ("av1", 1920, 1080, 60, 4700, "4.1 main"),
        ("av1", 3840, 2160, 60, 13200, "5.1 main"),
        ("av1", 1920, 1080, 30, 45_000, "4.1 high"),
        ("av1", 120, 1200, 30, 100, "2.1 main"),  # higher than 2.0's 1152
        ("av1", 4096, 2304, 24, 10_000, None),
    ],
)
def test_the_lowest_level_that_holds(
    codec: str, width: int, height: int, rate: int, kbits: int, found: str | None
) -> None:
    answer = lowest(BOTH[codec], width, height, Fraction(rate), kbits * 1000)
    assert (answer and f"{answer[0].name} {answer[1]}") == found


def test_the_exact_rate_counts() -> None:
    """HEVC 3.1 takes 33 177 600 pixels a second: 36 pictures of 720p and not a thousandth more."""
    names = [
        found[0].name
        for rate in (Fraction(36), Fraction(36_001, 1000))
        if (found := lowest(hevc.LEVELS, 1280, 720, rate, 1))
    ]
    assert names == ["3.1", "4.0"]


@pytest.mark.parametrize("levels", BOTH.values(), ids=BOTH)
def test_the_tables_rise(levels: tuple[Level, ...]) -> None:
    assert [lv.name for lv in levels] == sorted((lv.name for lv in levels), key=float)
    for low, high in pairwise(levels):
        for key in ("pixels", "widest", "highest", "pixels_per_second"):
            assert getattr(low, key) <= getattr(high, key), (low.name, high.name, key)
        assert low.kbits[0] < high.kbits[0]
