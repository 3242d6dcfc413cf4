"""HEVC level limits (ITU-T H.265, Tables A.8 and A.9), up to the highest that Apple allows (rule 1.6b)."""

from __future__ import annotations

from math import isqrt

from ingest.media.levels import Level


def _level(name: str, pixels: int, pixels_per_second: int, main: int, high: int) -> Level:
    side = isqrt(8 * pixels)  # A.4.1
    return Level(name, pixels, side, side, pixels_per_second, (main, high))


LEVELS: tuple[Level, ...] = (
    _level("1.0", 36_864, 552_960, 128, 0),
    _level("2.0", 122_880, 3_686_400, 1_500, 0),
    _level("2.1", 245_760, 7_372_800, 3_000, 0),
    _level("3.0", 552_960, 16_588_800, 6_000, 0),
    _level("3.1", 983_040, 33_177_600, 10_000, 0),
    _level("4.0", 2_228_224, 66_846_720, 12_000, 30_000),
    _level("4.1", 2_228_224, 133_693_440, 20_000, 50_000),
    _level("5.0", 8_912_896, 267_386_880, 25_000, 100_000),
    _level("5.1", 8_912_896, 534_773_760, 40_000, 160_000),
)
