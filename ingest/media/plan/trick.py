"""Trick play: a rendition of single pictures, one a second, for fast winding (Apple 6.2). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.media import h264
from ingest.media.ladder import even

if TYPE_CHECKING:
    from ingest.media.ladder import Fit
    from ingest.media.plan.grid import Grid

MOST_LINES = 480  # of the shorter side: larger ones would cost more than all else where the picture is copied
LOWER_QUALITY = 8  # CRF steps: each picture is seen for an eighth of a second


@dataclass(frozen=True, slots=True)
class TrickPlan:
    """H.264 key pictures alone, as large as the smallest rung but for `MOST_LINES`; `per_gop` in each of the GOPs."""

    width: int
    height: int
    per_gop: int
    level: str
    speed: str
    crf: Fraction


def plan_trick(fit: Fit, grid: Grid) -> TrickPlan:
    """`fit` is the smallest resolution. Pictures stand on the grid, so that every GOP begins with one."""
    preset = fit.preset.video
    scale = min(Fraction(1), Fraction(MOST_LINES, min(fit.size.width, fit.size.height)))
    width, height = even(fit.size.width * scale), even(fit.size.height * scale)
    return TrickPlan(
        width=width,
        height=height,
        per_gop=max(1, round(grid.gop)),
        level=h264.level_for(width, height, grid.rate or Fraction(60), preset.max_bitrate),
        speed=preset.speed,
        crf=Fraction(str(min(preset.crf + LOWER_QUALITY, 51))),
    )
