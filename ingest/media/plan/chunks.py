"""Where a long film is cut into chunks, each of which is encoded by itself. Pure.

A chunk is a run of whole segments of the one grid. It is decoded from a key picture before it, and what belongs to it
is chosen by the decoded pictures' own times, never by where a seek says that it landed.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from fractions import Fraction
from itertools import count, pairwise, takewhile
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ingest.media.facts import VideoFacts
    from ingest.media.packets import Instants
    from ingest.media.plan import Plan
    from ingest.media.plan.grid import Grid

SHORTEST = Fraction(3, 2)  # chunk lengths: a film below is one chunk
MOST_LEAD = Fraction(15, 100)  # of a chunk's length, that may be decoded before it for nothing
ALIKE = 8  # pictures on both sides of a join that must be the same
SPARSE = Fraction(5)  # seconds; pictures further apart are not cut
_TOUCH = Fraction(1, 1_000_000)  # as in `command.expressions`: a time so near before a boundary is on it


@dataclass(frozen=True, slots=True)
class Chunk:
    """One piece of the picture, as plain data.

    Attributes:
        number: from 0, in the film's order.
        start, end: seconds on the package's clock, where segments begin; `end` is None for the last one.
        first, last: ticks of `time_base`: pictures from `first` up to and without `last` belong to it.
        time_base: of the pictures once they are on the package's clock.
        origin: ticks of `time_base` that are `start`.
        seek: seconds on the source's clock: decoding begins at a key picture there or before; None: at the beginning.
        window: ticks before `first`, and before `last`, in which neighbours must have seen the same pictures.
        frames: pictures of the package in it; None where only the decoder can tell.
        begins, ends: seconds after `start` at which its first and its last picture are shown; None as `frames`.
        previous: seconds on the package's clock of the picture before it; None for the first chunk.
        reaches: seconds on the package's clock up to which it surely has pictures.
    """

    number: int
    start: Fraction
    end: Fraction | None
    first: int
    last: int | None
    time_base: Fraction
    origin: int
    seek: Fraction | None
    window: int
    frames: int | None
    begins: Fraction | None
    ends: Fraction | None
    previous: Fraction | None
    reaches: Fraction

    def begins_an(self, interval: Fraction) -> bool:
        """Whether the first picture of some interval, counted from the film's beginning, is in it."""
        if self.previous is None:
            return True
        before, after = ((t + _TOUCH) // interval for t in (self.previous, self.reaches))
        return after > before


@dataclass(frozen=True, slots=True)
class Cutting:
    """The chunks, none where the film is made in one piece; `why` it is, where it is long enough for several."""

    chunks: tuple[Chunk, ...] = ()
    why: str = ""


def cut(plan: Plan, video: VideoFacts, instants: Instants | None, length: Fraction) -> Cutting:
    """Cut a film at segments, about `length` seconds apart.

    Args:
        instants: when the source's pictures are shown; None where it does not say.
        length: seconds of a chunk; it grows where the key pictures are far apart.
    """
    grid = plan.video.grid
    if grid.duration < length * SHORTEST or not plan.encoded:
        return Cutting()
    if instants is None:
        return Cutting(why="the source does not say when its pictures are shown")
    reason = _undivided(plan, video)
    if reason:
        return Cutting(why=reason)
    window = max(ALIKE / video.timing.mean_rate, video.timing.longest_gap + 1 / video.timing.mean_rate)
    if window > SPARSE:
        return Cutting(why=f"its pictures are up to {float(video.timing.longest_gap):.1f} s apart")
    cuts = _cuts(plan, instants, length, window)
    if len(cuts) < 2:
        apart = float(video.timing.longest_key_distance)
        return Cutting(why=f"its key pictures are up to {apart:.1f} s apart")
    make = _steady if grid.rate is not None else _uneven
    ends: list[Fraction | None] = [start for start, _ in cuts[1:]]
    return Cutting(
        tuple(
            make(plan, instants, number, start, end, seek, window)
            for number, ((start, seek), end) in enumerate(zip(cuts, [*ends, None], strict=True))
        )
    )


def _undivided(plan: Plan, video: VideoFacts) -> str:
    """Why pictures of the package depend on more than those shortly before them."""
    grid, fields = plan.video.grid, plan.video.fields
    if video.jumps:
        return "its clock begins anew in the middle"
    if plan.video.counted:
        return "its pictures are counted from its beginning"
    if fields.method == "film":
        return "it is film in the rhythm of video, which counts from its beginning"
    if grid.rate is None and fields.method != "keep":
        return "its interlaced pictures are unevenly spaced"
    if grid.rate is None and grid.time_base != plan.video.time_base:
        return "its clock is too fine"
    if grid.rate is None and (grid.segment / grid.time_base).denominator != 1:
        return "its clock has no time for the segments' boundaries"
    return ""


def _cuts(
    plan: Plan, instants: Instants, length: Fraction, window: Fraction
) -> list[tuple[Fraction, Fraction | None]]:
    """Where each chunk starts (seconds on the package's clock), and where its decoding begins (on the source's)."""
    grid, base = plan.video.grid, plan.video.time_base
    if grid.starts:
        length = max(length, 2 * grid.gop)  # every piece has a picture for trick play, wherever it begins
    cuts: list[tuple[Fraction, Fraction | None]] = [(Fraction(0), None)]
    start = Fraction(0)
    for boundary in _boundaries(grid, grid.duration - length / 2):
        if boundary - start >= length:
            latest = (boundary + plan.video.start - window) / base
            number = bisect_left(instants.keys, ceil(latest)) - 1
            if number >= 0:
                shown, sought = instants.keys[number] * base, (instants.seeks[number] - 1) * base
                lead = boundary + plan.video.start - shown
                if lead - window <= (boundary - start) * MOST_LEAD:
                    cuts.append((boundary, sought))
                    start = boundary
    return cuts


def _boundaries(grid: Grid, last: Fraction) -> Iterator[Fraction]:
    """Where segments begin behind the first one's start, up to `last`; seconds on the package's clock."""
    if grid.starts:
        times = (number * grid.time_base for number in grid.starts[1:])
    else:
        times = (number * grid.segment for number in count(1))
    return takewhile(lambda time: time <= last, times)


def _steady(
    plan: Plan,
    instants: Instants,  # noqa: ARG001
    number: int,
    start: Fraction,
    end: Fraction | None,
    seek: Fraction | None,
    window: Fraction,
) -> Chunk:
    """On a constant grid pictures are numbers."""
    grid = plan.video.grid
    base = grid.time_base / grid.frame_step
    first = int(start / base)
    until = end if end is not None else (grid.duration if grid.frames is not None else None)
    frames = int((until - start) / grid.time_base) if until is not None else None
    return Chunk(
        number=number,
        start=start,
        end=end,
        first=first,
        last=int(end / base) if end is not None else None,
        time_base=base,
        origin=first,
        seek=seek,
        window=ceil(window / base),
        frames=frames,
        begins=Fraction(0),
        ends=(frames - 1) * grid.time_base if frames is not None else None,
        previous=start - grid.time_base if number else None,
        reaches=start + (frames - 1) * grid.time_base
        if frames is not None
        else grid.duration - 2 * grid.time_base,
    )


def _uneven(
    plan: Plan,
    instants: Instants,
    number: int,
    start: Fraction,
    end: Fraction | None,
    seek: Fraction | None,
    window: Fraction,
) -> Chunk:
    """On uneven times a picture belongs to the chunk in which it is first shown."""
    base, zero, times = plan.video.grid.time_base, plan.video.start_ticks, instants.times
    first = ceil((start - _TOUCH) / base) if number else 0
    last = ceil((end - _TOUCH) / base) if end is not None else None
    low = bisect_left(times, first + zero)
    high = bisect_left(times, last + zero) if last is not None else len(times)
    seconds = [(t - zero) * base for t in (times[low], times[high - 1])] if high > low else [start, start]
    return Chunk(
        number=number,
        start=start,
        end=end,
        first=first,
        last=last,
        time_base=base,
        origin=int(start / base),
        seek=seek,
        window=ceil(window / base),
        frames=high - low,
        begins=seconds[0] - start,
        ends=seconds[1] - start,
        previous=(times[low - 1] - zero) * base if low and number else None,
        reaches=seconds[1],
    )


def lengths(chunks: Sequence[Chunk], duration: Fraction) -> list[Fraction]:
    """Seconds of each chunk of a film that lasts `duration`."""
    starts = [c.start for c in chunks]
    return [b - a for a, b in pairwise([*starts, duration])]
