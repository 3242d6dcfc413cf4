"""What is missing from a source or cannot be decoded, and where in the film. Pure.

ffmpeg conceals damage and ends with 0, so it is counted where it shows: in the container's own marks, in the holes of
a steady clock, in what the decoder reports of each picture, and in pictures that never come out of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median_low
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ingest.media.facts import Container, Timing
    from ingest.media.packets import PacketTable

_TOGETHER = Fraction(1)  # seconds: places that are closer are told as one
_MOST_PLACES = 4
# In a steady film nearly all pictures follow each other at one distance.
_STEADY = Fraction(9, 10)


@dataclass(frozen=True, slots=True)
class Loss:
    """`pictures` that are lost, `seconds` of the film without them, and `places`: seconds from the film's start.

    `behind` are those of the seconds that lie behind the last picture that is there.
    """

    pictures: int = 0
    seconds: Fraction = Fraction(0)
    places: tuple[tuple[Fraction, Fraction], ...] = ()
    behind: Fraction = Fraction(0)


def places_of(spans: Iterable[tuple[Fraction, Fraction]]) -> tuple[tuple[Fraction, Fraction], ...]:
    """The spans of time (ascending), those that are near each other taken together."""
    found: list[tuple[Fraction, Fraction]] = []
    for first, last in spans:
        if found and first - found[-1][1] <= _TOGETHER:
            found[-1] = (found[-1][0], last)
        else:
            found.append((first, last))
    return tuple(found)


def told(places: Sequence[tuple[Fraction, Fraction]]) -> str:
    """Where, in words.

    >>> told([(Fraction(2), Fraction(2)), (Fraction(7, 2), Fraction(5))])
    'at 2.00 s, 3.50 to 5.00 s'
    >>> told([])
    ''
    """
    if not places:
        return ""
    one = [
        f"{float(a):.2f} s" if b - a < Fraction(1, 100) else f"{float(a):.2f} to {float(b):.2f} s"
        for a, b in places
    ]
    more = len(one) - _MOST_PLACES
    return "at " + ", ".join(one[:_MOST_PLACES]) + (f" and {more} more places" if more > 0 else "")


def holes(ticks: Sequence[int], time_base: Fraction) -> Loss:
    """The pictures that a steady clock has room for and that are not there; none where the clock is not steady.

    `ticks` are presentation times, ascending.
    """
    steps = [b - a for a, b in pairwise(ticks)]
    usual = median_low(steps) if steps else 0
    if usual <= 0:
        return Loss()
    slack = max(1, usual // 8)
    if sum(1 for s in steps if abs(s - usual) <= slack) < _STEADY * len(steps):
        return Loss()
    missing = [
        (at, round(Fraction(s, usual)) - 1) for at, s in zip(ticks, steps, strict=False) if 2 * s > 3 * usual
    ]
    lost = sum(n for _, n in missing)
    start = ticks[0]
    spans = [((at - start + usual) * time_base, (at - start + n * usual) * time_base) for at, n in missing]
    return Loss(lost, lost * usual * time_base, places_of(spans))


def missing_pictures(
    table: PacketTable,
    container: Container,
    timing: Timing,
    listed: int | None,
    log: str,
    *,
    hidden: int = 0,
) -> Loss:
    """What the container itself shows to be lost.

    Args:
        table: the picture's packets.
        timing: what they show.
        listed: how many pictures the container's index names.
        log: what the demuxer complained about while it read them; empty in a healthy file.
        hidden: packets that were there as well, and are of no picture that is shown.
    """
    lost = _listed_only(listed or 0, len(table) + hidden, container, timing)
    if lost > 0:
        end = timing.duration
        seconds = lost / timing.mean_rate
        return Loss(lost, seconds, ((end, end),), seconds)
    corrupt = table.corrupt()
    if not corrupt and not _complains(log, container):
        return Loss()
    shown = table.shown()
    times = table.times(shown)
    found = holes(sorted(times), timing.time_base) if times is not None else Loss()
    declared = container.declared_duration
    cut = _CUT_SHORT.search(log) is not None or (len(corrupt) > 0 and corrupt[-1] >= len(table) - 2)
    if cut and declared is not None:
        end = timing.start - (container.start or 0) + timing.duration
        short = declared - end
        if short > 1 / timing.mean_rate:
            at = timing.duration
            lost = max(1, round(short * timing.mean_rate))
            found = Loss(found.pictures + lost, found.seconds + short, (*found.places, (at, at)), short)
    return found


def _listed_only(listed: int, there: int, container: Container, timing: Timing) -> int:
    """Pictures that the index names and that are not there.

    MP4's names those too that its edit list hides; where the file is cut, the demuxer complains.
    AVI's names every tick of the clock, also those at which nothing new is shown (chunks of no bytes, or none) and
    those before the first picture.
    How long the last of uneven pictures is shown is not known: as long as any other at most.
    """
    if "mov" in container.format.split(","):
        return 0
    if container.format == "avi" and listed > there:
        last = timing.longest_gap if timing.rate is None else 0
        end = max(Fraction(0), timing.start) + timing.duration + last
        return int((listed * timing.time_base - end) * timing.mean_rate)
    return listed - there


_CUT_SHORT = re.compile(r"File ended prematurely|partial file|[Tt]runcat")


def _complains(log: str, container: Container) -> bool:
    """Whether the demuxer said something at level error; decoders, which only peek, do not count."""
    return any(line.startswith(f"[{container.format} @ ") for line in log.split("\n"))
