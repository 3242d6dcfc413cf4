"""What the levels of HEVC and AV1 have in common: bounds on size, on luma samples a second and on bit rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

Tier = Literal["main", "high"]


@dataclass(frozen=True, slots=True)
class Level:
    """`pixels`, `widest` and `highest` bound the picture, `pixels_per_second` its rate.

    `kbits` are the largest rates of the Main and of the High tier, kbit/s; 0 where the level has no such tier.
    """

    name: str
    pixels: int
    widest: int
    highest: int
    pixels_per_second: int
    kbits: tuple[int, int]


def lowest(
    levels: Sequence[Level], width: int, height: int, rate: Fraction, max_bitrate: int
) -> tuple[Level, Tier] | None:
    """The lowest level that holds, and its tier; None where none does.

    A lower level in the High tier is not better than a higher one in the Main tier: few decoders have the former.
    """
    for tier in range(2):
        for level in levels:
            if (
                width * height <= level.pixels
                and width <= level.widest
                and height <= level.highest
                and width * height * rate <= level.pixels_per_second
                and max_bitrate <= level.kbits[tier] * 1000
            ):
                return level, "high" if tier else "main"
    return None
