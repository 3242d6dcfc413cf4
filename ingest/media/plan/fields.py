"""What becomes of interlaced pictures. Pure.

Motion video keeps its motion: each field becomes a picture (Apple's authoring specification, rule 1.15: 30i -> 60p).
Film that was stretched to video (3:2 pulldown) becomes film again. Pictures of one moment that are only flagged as
interlaced (PsF) stay whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ingest.media.facts import Judged, Timing, VideoFacts
    from ingest.media.presets import Preset

Method = Literal["keep", "frame", "field", "film"]
FILM = Fraction(4, 5)  # pictures of film for each one of video
NTSC = (Fraction(30000, 1001), Fraction(30))
# Verdicts that a decision against the flags, or without any, must rest on.
ENOUGH = 20


@dataclass(frozen=True, slots=True)
class FieldsPlan:
    """`method`: keep the pictures, make one of each picture, one of each field, or the film's own pictures again.

    `top_first` is the order of the fields, None where each picture's flag says it; `flagged` is for the method frame:
    only pictures flagged as interlaced are touched. `apart`, where pictures are uneven: seconds from a picture's first
    field to its second one, at most. `why` is for the record, where the decision is not the usual one.
    """

    method: Method = "keep"
    top_first: bool | None = None
    flagged: bool = True
    why: str = ""
    apart: Fraction | None = None


def fields_plan(video: VideoFacts, preset: Preset) -> FieldsPlan:
    """By the preset's choice; `auto` goes by the sample of pictures, where there is one, else by the first ones."""
    plan = _chosen(video, preset)
    if plan.method != "field" or video.timing.rate is not None:
        return plan
    # Before a hole, and at the end behind one, half of the way to the next picture is too far.
    return replace(plan, apart=video.timing.last / 2)


def _chosen(video: VideoFacts, preset: Preset) -> FieldsPlan:
    choice, scan = preset.video.deinterlace, video.scan
    flagged = scan.top + scan.bottom
    if not scan.pictures:
        flagged = int(video.field_order in {"tff", "bff"})
    judged = scan.judged
    if choice == "off" or not (flagged or _combed(judged)):
        why = "deinterlacing is off in the preset" if flagged and choice == "off" else ""
        return FieldsPlan("keep", why=why)
    if not flagged:
        assert judged is not None  # noqa: S101 - combed without flags: they were looked at
        method: Method = "field" if choice != "frame" and _affordable(video, preset) else "frame"
        why = "not flagged, but its lines show fields of different times"
        return FieldsPlan(method, judged.top >= judged.bottom, flagged=False, why=why)
    top_first = (
        None if scan.top and scan.bottom else scan.top > 0 if scan.pictures else video.field_order == "tff"
    )
    if choice == "auto" and judged is not None:
        if judged.pulldown and video.timing.rate in NTSC and top_first is not None:
            return FieldsPlan("film", top_first, why="3:2 pulldown undone")
        if _smooth(judged):
            return FieldsPlan("keep", why="flagged as interlaced, but each picture is of one moment")
    most = not scan.pictures or 2 * flagged >= scan.pictures
    if choice == "field" or (choice == "auto" and most):
        if _affordable(video, preset):
            return FieldsPlan("field", top_first)
        why = (
            f"its {float(2 * video.timing.mean_rate):g} fields a second are above the preset's max_frame_rate"
        )
        return FieldsPlan("frame", top_first, why=why)
    return FieldsPlan("frame", top_first)


def after(timing: Timing, fields: FieldsPlan) -> Timing:
    """The timing of the pictures that come out."""
    if fields.method == "field":
        return replace(
            timing,
            time_base=timing.time_base / 2,
            rate=timing.rate * 2 if timing.rate is not None else None,
            mean_rate=timing.mean_rate * 2,
            frames=timing.frames * 2,
            last=timing.last / 2,
        )
    if fields.method == "film" and timing.rate is not None:
        rate, frames = timing.rate * FILM, ceil(timing.frames * FILM)
        return replace(
            timing, rate=rate, mean_rate=rate, frames=frames, duration=frames / rate, last=1 / rate
        )
    return timing


def _affordable(video: VideoFacts, preset: Preset) -> bool:
    return 2 * video.timing.mean_rate <= preset.video.max_frame_rate * Fraction(201, 200)


def _combed(judged: Judged | None) -> bool:
    """Nearly all pictures, all in one order: fine patterns look like fields here and there, but not everywhere."""
    if judged is None or judged.pictures < ENOUGH:
        return False
    return 10 * max(judged.top, judged.bottom) >= 9 * judged.pictures


def _smooth(judged: Judged) -> bool:
    combed = judged.top + judged.bottom
    return judged.smooth >= ENOUGH and 3 * judged.smooth >= judged.pictures and 50 * combed <= judged.smooth
