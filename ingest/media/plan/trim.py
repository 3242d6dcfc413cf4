"""A part of the film alone: from one picture to another, by the times at which they are shown. Pure."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import UsageError
from ingest.media.timing import shown_packets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ingest.media.facts import AudioFacts, Timing, VideoFacts
    from ingest.media.packets import PacketTable

NEAR = Fraction(1, 2000)
"""Seconds: a person's decimals mean the picture that is at most so much earlier."""


@dataclass(frozen=True, slots=True)
class TrimPlan:
    """What is kept.

    Attributes:
        start: seconds from the film's first picture to the first one that is kept.
        end: seconds from the film's first picture to the end of the last one that is kept.
        whole: seconds of the whole film.
        first, until: ticks of the source's time base: the kept pictures are shown from `first` on, and before `until`;
            None: up to the film's last one.
    """

    start: Fraction
    end: Fraction
    whole: Fraction
    first: int
    until: int | None


@dataclass(frozen=True, slots=True)
class Trimmed:
    """The picture as if the part were all that there is. `packets` are its own; `apart`: they follow each other in the
    file from a key picture on, so that they can be decoded without the others."""

    video: VideoFacts
    packets: PacketTable
    apart: bool
    plan: TrimPlan


def trim(video: VideoFacts, packets: PacketTable, start: float, end: float | None) -> Trimmed | None:
    """The part from `start` up to and without `end`, seconds from the first picture on; None where it is the whole.

    It begins with the first picture that is shown at `start` or later, and ends with the last one that is shown before
    `end`, which stays until then at most.

    Raises:
        UsageError: there is no picture in it.
    """
    timing = video.timing
    begins = Fraction(str(start))
    ends = Fraction(str(end)) if end is not None and Fraction(str(end)) < timing.duration else None
    if begins == 0 and ends is None:
        return None
    if timing.frames == 1:
        raise _nothing("the film is a single picture, which cannot be trimmed", "leave --start and --end out")
    if begins >= timing.duration:
        raise _nothing(
            f"--start {start:g} is not in the film, which lasts {float(timing.duration):.3f} s",
            "give an earlier one",
        )
    indices, times = shown_packets(packets, timing)
    ticks = sorted(times)
    first = _number(timing, ticks, begins)
    last = timing.frames if ends is None else _number(timing, ticks, ends)
    if first >= last:
        raise _nothing(
            f"no picture is first shown from {start:g} s on"
            + (f" and before {end:g} s" if end is not None else ""),
            "give a longer part",
        )
    trimmed = _timing(timing, ticks, first, last, ends)
    low = _tick(timing, ticks, first)
    until = _tick(timing, ticks, last) if last < timing.frames else None
    kept = [i for i, t in zip(indices, times, strict=True) if low <= t and (until is None or t < until)]
    keys = [t for i, t in zip(indices, times, strict=True) if low <= t and packets.is_key(i)]
    keys = sorted(t for t in keys if until is None or t < until)
    part = packets.only(kept)
    edges = [*keys, low + round(trimmed.duration / timing.time_base)]
    trimmed = replace(
        trimmed,
        key_frames=len(keys),
        longest_key_distance=max((b - a for a, b in pairwise(edges)), default=0) * timing.time_base,
        bytes=sum(part.sizes),
        key_bytes=sum(part.sizes[i] for i in range(len(part)) if part.is_key(i)),
    )
    shown_from = trimmed.start - timing.start
    return Trimmed(
        video=replace(video, timing=trimmed),
        packets=part,
        apart=bool(kept) and kept[-1] - kept[0] + 1 == len(kept) and packets.is_key(kept[0]),
        plan=TrimPlan(
            start=shown_from,
            end=shown_from + trimmed.duration,
            whole=timing.duration,
            first=low,
            until=until,
        ),
    )


def within(audio: Iterable[AudioFacts], timing: Timing) -> tuple[AudioFacts, ...]:
    """The tracks as if what they hold before and behind the part were not there."""
    return tuple(_cut(track, timing.start, timing.start + timing.duration) for track in audio)


def _cut(track: AudioFacts, start: Fraction, end: Fraction) -> AudioFacts:
    if track.start is None:
        return track
    begins = max(start, track.start)
    if track.duration is None:
        return replace(track, start=begins)
    ends = min(end, track.start + track.duration)
    return replace(track, start=begins, duration=max(Fraction(0), ends - begins))


def _number(timing: Timing, ticks: Sequence[int], at: Fraction) -> int:
    """How many pictures are shown before `at`."""
    if timing.rate is not None:
        return min(timing.frames, max(0, ceil((at - NEAR) * timing.rate)))
    return bisect_left(ticks, ceil((timing.start + at - NEAR) / timing.time_base))


def _tick(timing: Timing, ticks: Sequence[int], number: int) -> int:
    """When the picture of this number is shown."""
    if len(ticks) == timing.frames:
        return ticks[number]
    assert timing.rate is not None  # noqa: S101 - uneven times are known
    return round((timing.start + number / timing.rate) / timing.time_base)


def _timing(timing: Timing, ticks: Sequence[int], first: int, last: int, ends: Fraction | None) -> Timing:
    """When the pictures from number `first` up to and without `last` are shown."""
    base, count = timing.time_base, last - first
    start = _tick(timing, ticks, first) * base
    if timing.rate is not None:
        return replace(timing, start=start, frames=count, duration=count / timing.rate)
    film_ends = timing.start + timing.duration
    end = ticks[last] * base if last < timing.frames else film_ends
    end = end if ends is None else min(end, timing.start + ends)
    edges = [*(t * base for t in ticks[first:last]), end]
    return replace(
        timing,
        start=start,
        frames=count,
        duration=end - start,
        mean_rate=count / (end - start),
        longest_gap=max(b - a for a, b in pairwise(edges)),
    )


def _nothing(problem: str, remedy: str) -> UsageError:
    return UsageError(codes.USAGE, problem, remedy=remedy)
