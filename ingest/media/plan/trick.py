"""Trick play: a rendition of single pictures, one a second, for fast winding (Apple 6.2). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.media import h264

if TYPE_CHECKING:
    from ingest.media.ladder import Fit
    from ingest.media.plan.grid import Grid

LOWER_QUALITY = 8  # CRF steps: each picture is seen for an eighth of a second


@dataclass(frozen=True, slots=True)
class TrickPlan:
    """H.264 key pictures only, at the size of the smallest rung; `per_gop` of them in each GOP of the grid."""

    width: int
    height: int
    per_gop: int
    level: str
    speed: str
    crf: Fraction


def plan_trick(fit: Fit, grid: Grid) -> TrickPlan:
    """`fit` is the smallest resolution. Pictures stand on the grid, so that every GOP begins with one."""
    size, preset = fit.size, fit.preset.video
    return TrickPlan(
        width=size.width,
        height=size.height,
        per_gop=max(1, round(grid.gop)),
        level=h264.level_for(size.width, size.height, grid.rate or Fraction(60), preset.max_bitrate),
        speed=preset.speed,
        crf=Fraction(str(min(preset.crf + LOWER_QUALITY, 51))),
    )
