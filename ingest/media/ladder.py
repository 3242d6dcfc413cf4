"""Which of the requested resolutions are made, and at which size. Pure.

A resolution is a box; the box is turned to stand like the picture (a 1080x1920 phone clip is fhd), the picture is
fitted into it with its aspect kept, and sizes are even numbers. A preset may also bound width and height as they are
seen, which do not turn. Nothing is ever upscaled.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.media.presets import Preset

# A source this much smaller than a box still counts as that resolution (1916x1076 is fhd), made at its own size.
NEAR = Fraction(105, 100)


@dataclass(frozen=True, slots=True)
class Size:
    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True, slots=True)
class Fit:
    """One requested resolution against one picture. `above` means: more pixels than the source has."""

    preset: Preset
    size: Size
    above: bool


@dataclass(frozen=True, slots=True)
class Ladder:
    """`made` from small to large; `at_source_size` when the only rung is smaller than its box."""

    made: tuple[Fit, ...]
    left_out: tuple[Fit, ...]
    at_source_size: bool


def even(value: Fraction | int) -> int:
    """The nearest even number, at least 2; an odd whole number goes down."""
    return max(2, 2 * ceil(Fraction(value) / 2 - Fraction(1, 2)))


def fit(preset: Preset, width: int, height: int) -> Fit:
    """`preset`'s size for a picture that is seen as `width` x `height` square pixels."""
    long, short = max(width, height), min(width, height)
    scale = min(Fraction(preset.box.long, long), Fraction(preset.box.short, short))
    for most, side in ((preset.max_width, width), (preset.max_height, height)):
        if most is not None:
            scale = min(scale, Fraction(most, side))
    above = scale > NEAR
    scale = min(scale, Fraction(1))
    return Fit(preset, Size(_within(width, scale), _within(height, scale)), above)


def _within(side: int, scale: Fraction) -> int:
    # Rounding to even may not make a picture larger than it was.
    result = even(side * scale)
    return result - 2 if result > side and result > 2 else result


def choose(presets: Sequence[Preset], width: int, height: int) -> Ladder:
    """Leave out what is above the source, unless all are: then the smallest is made at the source's size."""
    fits = sorted((fit(p, width, height) for p in presets), key=lambda f: (f.preset.box.short, f.preset.name))
    made = tuple(f for f in fits if not f.above)
    if made:
        return Ladder(made, tuple(f for f in fits if f.above), at_source_size=False)
    return Ladder((fits[0],), tuple(fits[1:]), at_source_size=True)
