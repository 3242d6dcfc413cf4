"""How large the thumbnails are, and how far apart. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import UsageError
from ingest.media.thumbnail_sets import MOST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.media.thumbnail_sets import ThumbnailSet


@dataclass(frozen=True, slots=True)
class ThumbnailPlan:
    """A set: the first picture of each `interval` (seconds), `width` by `height`; `name` is its folder's."""

    name: str
    width: int
    height: int
    interval: Fraction
    most: int


def plan_thumbnails(
    sets: Sequence[ThumbnailSet], width: int, height: int, duration: Fraction
) -> tuple[ThumbnailPlan, ...]:
    """For a picture that is seen `width` by `height`, for `duration` seconds. It is never made larger.

    Raises:
        UsageError: too many pictures.
    """
    return tuple(_plan(one, width, height, duration) for one in sets)


def _plan(one: ThumbnailSet, width: int, height: int, duration: Fraction) -> ThumbnailPlan:
    scale = min(Fraction(one.width, width), Fraction(one.height, height), Fraction(1))
    interval = one.every if one.every is not None else duration / (one.count or 1)
    most = ceil(duration / interval)
    if most > MOST:
        raise UsageError(
            codes.USAGE,
            f"{most} thumbnails of {one.name}, the limit is {MOST}",
            remedy="let them be further apart",
        )
    return ThumbnailPlan(one.name, _even(width * scale), _even(height * scale), interval, most)


def _even(side: Fraction) -> int:
    return max(2, int(side) // 2 * 2)
