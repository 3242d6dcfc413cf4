"""From what the segments of one elementary stream hold to measured segments: when samples start and how long they last.

A transport stream says when samples start, never how long they last: a picture lasts until the next one is decoded.
Whether it does so across the end of a segment, or pictures are missing there, only the playlist can tell.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from ingest.packaging.segments import AccessPoint, Segment, StreamFacts
from ingest.packaging.transport import TICKS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ingest.packaging.audio_frames import Frame
    from ingest.packaging.boxes import TrackInit
    from ingest.packaging.playlists import Entry

_JITTER = Fraction(1, 1000)
"""How far a sound packet's time may be from the count of samples before it: muxers round to a tick, or worse."""


@dataclass(frozen=True, slots=True)
class MeasuredStream:
    """One elementary stream over all segments; `header` is made from its own parameters."""

    header: TrackInit
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment's share of one stream, in ticks; `frame` is its first sound frame, `samples` of all of them."""

    header: TrackInit
    dts: tuple[int, ...] = ()
    pts: tuple[int, ...] = ()
    idr: tuple[bool, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    frames: tuple[Frame, ...] = ()
    stamps: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class File:
    entry: Entry
    path: Path
    offset: int
    size: int
    facts: StreamFacts


def measured_stream(pieces: Sequence[Piece], files: Sequence[File]) -> MeasuredStream:
    made = _pictures(pieces, files) if pieces[0].dts else _sounds(pieces, files)
    return MeasuredStream(pieces[0].header, tuple(made))


def _pictures(pieces: Sequence[Piece], files: Sequence[File]) -> list[Segment]:
    steps = [b - a for p in pieces for a, b in pairwise(p.dts)]
    # Where each picture is a segment, nothing but the playlist tells how long one lasts.
    usual = _usual(steps or [d for f in files if (d := _told(f)) > 0])
    lasts = _lasts(pieces, files, steps, usual)
    made: list[Segment] = []
    for piece, file, last in zip(pieces, files, lasts, strict=True):
        ends = [*map(Fraction, piece.dts[1:]), piece.dts[-1] + last]
        lengths = [b - a for a, b in zip(piece.dts, ends, strict=True)]
        keys = [i for i, key in enumerate(piece.idr) if key]
        points = [
            AccessPoint(
                Fraction(piece.pts[i], TICKS),
                file.offset + piece.spans[i][0],
                file.offset + piece.spans[i][1],
                until - i,
            )
            for i, until in pairwise((*keys, len(piece.dts)))
        ]
        times = tuple(Fraction(t, TICKS) for t in piece.pts)
        made.append(
            Segment(
                uri=file.entry.uri,
                path=file.path,
                offset=file.offset,
                start=Fraction(piece.dts[0], TICKS),
                duration=sum(lengths, Fraction(0)) / TICKS,
                extinf=file.entry.duration,
                size=file.size,
                samples=len(piece.dts),
                sample_duration=usual / TICKS,
                starts_with_sync=piece.idr[0],
                sync_times=tuple(sorted(p.time for p in points)),
                access_points=tuple(points),
                presentation_start=min(times),
                presentation_end=max(t + d / TICKS for t, d in zip(times, lengths, strict=True)),
                continuous=all(d > 0 for d in lengths)
                and all(a >= b for a, b in zip(piece.pts, piece.dts, strict=True)),
                discontinuity=file.entry.discontinuity,
                stream=replace(file.facts, times=times),
            )
        )
    return made


def _told(file: File) -> Fraction:
    """How long the segment lasts in the playlist's words (EXTINF), in ticks."""
    return file.entry.duration * TICKS


def _lasts(
    pieces: Sequence[Piece], files: Sequence[File], steps: Sequence[int], usual: Fraction
) -> list[Fraction]:
    """How long the last picture of each segment lasts, in ticks: to the next one, unless there is a hole between.

    A step longer than any inside a segment is a pause where the playlist knows of it, else a hole.
    """
    longest = max(usual * 3 / 2, Fraction(max([0, *steps])))
    made = [usual if steps else _told(f) or usual for f in files]
    for number, ((piece, file), (after, next_file)) in enumerate(pairwise(zip(pieces, files, strict=True))):
        step = Fraction(after.dts[0] - piece.dts[-1])
        off = abs(min(after.pts) - min(piece.pts) - _told(file))
        if not next_file.entry.discontinuity and step > 0 and (step <= longest or off <= usual / 2):
            made[number] = step
    return made


def _usual(steps: Sequence[int | Fraction]) -> Fraction:
    """The step that most pictures have: exact where a rate is rounded to ticks, as 23.976 is."""
    if not steps:
        return Fraction(TICKS, 25)
    if max(steps) - min(steps) <= 1:
        return Fraction(sum(steps), len(steps))
    return Fraction(Counter(steps).most_common(1)[0][0])


def _sounds(pieces: Sequence[Piece], files: Sequence[File]) -> list[Segment]:
    made: list[Segment] = []
    clock: Fraction | None = None
    for piece, file in zip(pieces, files, strict=True):
        if file.entry.discontinuity:
            clock = None
        told = Fraction(piece.stamps[0][1], TICKS) if piece.stamps else None
        if clock is None:
            start = told or Fraction(0)
        else:
            # Counted samples are exact where the times only round them.
            start = clock if told is None or abs(told - clock) <= _JITTER else told
        times = [start]
        for frame in piece.frames:
            times.append(times[-1] + Fraction(frame.samples, frame.rate))
        clock = times[-1]
        usual = Counter(b - a for a, b in pairwise(times)).most_common(1)[0][0]
        made.append(
            Segment(
                uri=file.entry.uri,
                path=file.path,
                offset=file.offset,
                start=start,
                duration=clock - start,
                extinf=file.entry.duration,
                size=file.size,
                samples=len(piece.frames),
                sample_duration=usual,
                starts_with_sync=True,
                sync_times=(),
                access_points=(),
                presentation_start=start,
                presentation_end=clock,
                continuous=all(abs(times[i] - Fraction(t, TICKS)) <= _JITTER for i, t in piece.stamps),
                discontinuity=file.entry.discontinuity,
                stream=replace(file.facts, times=tuple(times[:-1])),
            )
        )
    return made
