"""Where the packager cuts a rendition whose key pictures are given, not chosen. Pure.

Shaka Packager counts time in pieces of `--segment_duration` and begins a segment at the first key picture of each
piece. So with key pictures at places of their own the length that is asked for decides what comes out.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MICRO = 1_000_000
ROUNDING = Fraction(
    1, 2
)  # seconds: a segment's length is rounded to the target duration (RFC 8216bis 4.4.3.1)
SHORTEST_MEAN = Fraction(2)  # seconds; a package of more and smaller pieces is a worse one
SCRAP = Fraction(1, 10)  # seconds, of a last segment
STEP = Fraction(1, 4)


@dataclass(frozen=True, slots=True)
class Segmentation:
    """`length` is what to ask the packager for, in seconds; `starts` the pictures at which segments begin."""

    length: Fraction
    starts: tuple[int, ...]


def cuts(keys: Sequence[int], length: Fraction, frame: Fraction, timescale: int) -> tuple[int, ...]:
    """The key pictures at which the packager begins a segment; `frame` is seconds of a picture."""
    piece, ticks = _pieces(length, frame, timescale)
    starts = [keys[0]]
    for key in keys[1:]:
        if key * ticks // piece != starts[-1] * ticks // piece:
            starts.append(key)
    return tuple(starts)


def segmentation(
    keys: Sequence[int], frames: int, frame: Fraction, timescale: int, longest: Fraction
) -> Segmentation | None:
    """The longest segments that are no longer than `longest` (rounded), one in each piece; None where there are none.

    Args:
        keys: numbers of the key pictures, the first is 0.
        frames: pictures of the film.
        frame: seconds of a picture.
        timescale: ticks a second of the rendition.
        longest: seconds of a segment.
    """
    best: Segmentation | None = None
    for length in _candidates(keys, frames, frame, longest):
        starts = cuts(keys, length, frame, timescale)
        if not _good(starts, frames, length, frame, timescale, longest):
            continue
        if best is None or len(starts) < len(best.starts):
            best = Segmentation(length, starts)
    return best


def filled(
    keys: Sequence[int],
    starts: Sequence[int],
    length: Fraction,
    frame: Fraction,
    timescale: int,
    apart: int,
    frames: int,
) -> tuple[int, ...]:
    """`keys`, and between those further than `apart` pictures from each other as many more as do not move a cut."""
    piece, ticks = _pieces(length, frame, timescale)
    found: list[int] = []
    start = 0
    begins = set(starts)
    for key, following in pairwise((*keys, frames)):
        if key in begins:
            start = key
        found.append(key)
        if following - key <= apart:
            continue
        count = -(-(following - key) // apart)
        between = [key + round(Fraction((following - key) * n, count)) for n in range(1, count)]
        found += [n for n in between if n * ticks // piece == start * ticks // piece]
    return tuple(found)


def _pieces(length: Fraction, frame: Fraction, timescale: int) -> tuple[int, int]:
    """Ticks of a piece, as the packager makes them of seconds with six decimals, and of a picture."""
    seconds = Fraction(length.numerator * MICRO // length.denominator, MICRO)
    return max(1, int(seconds * timescale)), int(frame * timescale)


def _candidates(keys: Sequence[int], frames: int, frame: Fraction, longest: Fraction) -> Iterable[Fraction]:
    gap = max(b - a for a, b in pairwise((*keys, frames))) * frame
    steps = (longest - n * STEP for n in range(int(longest / STEP)))
    if gap <= 0:
        return steps
    multiples = (gap * n for n in range(int((longest + ROUNDING) / gap), 0, -1))
    return dict.fromkeys((*multiples, *steps))


def _good(
    starts: Sequence[int], frames: int, length: Fraction, frame: Fraction, timescale: int, longest: Fraction
) -> bool:
    lengths = [(b - a) * frame for a, b in pairwise((*starts, frames))]
    if max(lengths) >= longest + ROUNDING:
        return False
    piece, ticks = _pieces(length, frame, timescale)
    # Sound is cut in every piece: where one has no key picture, it has more segments than the picture.
    if len(starts) != (frames * ticks - 1) // piece + 1:
        return False
    return len(starts) == 1 or (lengths[-1] >= SCRAP and sum(lengths) >= SHORTEST_MEAN * len(lengths))
