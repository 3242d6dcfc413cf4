"""Levels of ITU-T H.264, Table A-1."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.media.h264 import LEVELS, REFERENCE_FRAMES, level_for


@pytest.mark.parametrize(
    ("width", "height", "rate", "kbits", "level"),
    [
        (128, 96, 15, 64, "1.0"),
        (176, 144, 15, 80, "1.0"),
        (176, 144, 15, 81, "1.1"),
        (720, 404, 30, 2000, "3.0"),
        (720, 404, 60, 2000, "3.1"),
        (640, 360, 30, 1000, "3.0"),
        (854, 480, 30, 2000, "3.1"),
        (1280, 720, 30, 4500, "3.1"),
        (1280, 720, 60, 4500, "3.2"),
        (1280, 720, 25, 17500, "3.1"),
        (1280, 720, 25, 17501, "3.2"),
        (1920, 1080, 30, 7800, "4.0"),
        (1080, 1920, 30, 7800, "4.0"),
        (1920, 1080, 30, 25001, "4.1"),
        (1920, 1080, 60, 7800, "4.2"),
        (1920, 1080, 50, 7800, "4.2"),
        (2560, 1440, 30, 12000, "5.0"),
        (2560, 1440, 60, 12000, "5.1"),
        (3840, 2160, 30, 22000, "5.1"),
        (3840, 2160, 60, 22000, "5.2"),
        (7680, 4320, 30, 22000, "6.0"),
        (4000, 16, 30, 100, "4.0"),  # 250 blocks wide, above the square root of 8 x 5120 (A.3.1 f)
        (16384, 16384, 60, 1_000_000, "6.2"),  # above every level: the highest there is
    ],
)
def test_level_for(width: int, height: int, rate: int, kbits: int, level: str) -> None:
    assert level_for(width, height, Fraction(rate), kbits * 1000) == level


def test_the_exact_rate_counts() -> None:
    """720p is 3600 blocks; level 3.1 takes 108 000 a second, which is 30 pictures and not a thousandth more."""
    assert level_for(1280, 720, Fraction(30), 1) == "3.1"
    assert level_for(1280, 720, Fraction(30001, 1000), 1) == "3.2"


def test_the_table_rises() -> None:
    assert [lv.name for lv in LEVELS] == sorted((lv.name for lv in LEVELS), key=float)
    for low, high in pairwise(LEVELS):
        for key in ("macroblocks_per_second", "frame_macroblocks", "buffer_macroblocks", "kbits"):
            assert getattr(low, key) <= getattr(high, key), (low.name, high.name, key)


@given(
    st.integers(2, 3840),
    st.integers(2, 2160),
    st.fractions(min_value=1, max_value=60, max_denominator=1001),
    st.integers(64_000, 22_000_000),
)
def test_the_level_holds_and_the_one_below_does_not(
    width: int, height: int, rate: Fraction, max_bitrate: int
) -> None:
    wide, high = -(-width // 16), -(-height // 16)
    fits = [
        wide * high <= lv.frame_macroblocks
        and max(wide, high) ** 2 <= 8 * lv.frame_macroblocks
        and wide * high * rate <= lv.macroblocks_per_second
        and wide * high * REFERENCE_FRAMES <= lv.buffer_macroblocks
        and max_bitrate <= lv.kbits * 1250
        for lv in LEVELS
    ]
    assert LEVELS[fits.index(True)].name == level_for(width, height, rate, max_bitrate)
