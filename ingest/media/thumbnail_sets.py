"""Sets of thumbnails as a person asks for them: `160x90`, `160x90@5s` (one every 5 s), `160x90@12` (twelve in all)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import UsageError, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

USUAL = Fraction(10)  # seconds from one to the next
SMALLEST, LARGEST = 16, 4096  # pixels of a side
DENSEST = Fraction(1, 10)  # seconds
MOST = 10_000  # pictures of a set
MOST_SETS = 16
_FORM = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})(?:@([0-9]{1,6}(?:\.[0-9]{1,3})?)(s?))?")


@dataclass(frozen=True, slots=True)
class ThumbnailSet:
    """Pictures that fit into `width` by `height`, one every `every` seconds, or `count` in all, evenly spread."""

    width: int
    height: int
    every: Fraction | None
    count: int | None

    @property
    def name(self) -> str:
        """What its folder is called."""
        return f"{self.width}x{self.height}"


def parse_set(text: str) -> ThumbnailSet:
    """Raises UsageError.

    >>> parse_set("160x90@2.5s")
    ThumbnailSet(width=160, height=90, every=Fraction(5, 2), count=None)
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise _wrong(text, "no such set of thumbnails")
    width, height = int(found[1]), int(found[2])
    if not (SMALLEST <= width <= LARGEST and SMALLEST <= height <= LARGEST):
        raise _wrong(text, f"sides are {SMALLEST} to {LARGEST} pixels")
    if found[3] is None:
        return ThumbnailSet(width, height, USUAL, None)
    number = Fraction(found[3])
    if found[4]:
        if number < DENSEST:
            raise _wrong(text, f"at least {float(DENSEST):g} s from one to the next")
        return ThumbnailSet(width, height, number, None)
    if number.denominator != 1 or not 1 <= number <= MOST:
        raise _wrong(text, f"a count is a whole number from 1 to {MOST}, seconds end with s")
    return ThumbnailSet(width, height, None, int(number))


def parse_sets(texts: Sequence[str]) -> tuple[ThumbnailSet, ...]:
    """All of them; of one size there can be only one. Raises UsageError."""
    sets = tuple(map(parse_set, texts))
    names = [s.name for s in sets]
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise UsageError(codes.USAGE, f"thumbnails of {twice} twice", remedy="ask for each size once")
    if len(sets) > MOST_SETS:
        raise UsageError(codes.USAGE, f"{len(sets)} sets of thumbnails, the limit is {MOST_SETS}")
    return sets


def _wrong(text: str, why: str) -> UsageError:
    return UsageError(
        codes.USAGE,
        f"thumbnails {one_line(text)[:80]!r}: {why}",
        remedy="write them like 160x90, 160x90@5s (one every 5 s) or 160x90@12 (twelve in all)",
    )
