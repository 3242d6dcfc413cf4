"""Bars that give the finished picture a shape. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.media.ladder import even

if TYPE_CHECKING:
    from ingest.media.facts import VideoFacts


@dataclass(frozen=True, slots=True)
class PadPlan:
    """A picture that is seen `inner_width` by `inner_height` in the middle of one of `width` by `height`, which
    are even.

    `colour` of the bars as `#rrggbb`, R'G'B' of BT.709.
    """

    inner_width: int
    inner_height: int
    width: int
    height: int
    colour: str

    def window(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Width, height, left and top of the picture itself in a finished one of `width` by `height` pixels.

        Bars and what is between them are whole pairs of pixels; on the other two sides nothing is left free.
        """
        if width * self.inner_height > self.inner_width * height:
            across, down = min(width, even(Fraction(height * self.inner_width, self.inner_height))), height
        else:
            across, down = width, min(height, even(Fraction(width * self.inner_height, self.inner_width)))
        return across, down, (width - across) // 4 * 2, (height - down) // 4 * 2


def pad_plan(video: VideoFacts, pad: tuple[int, int, str] | None) -> PadPlan | None:
    """`pad`: the shape's width and height, and the bars' colour. None where the picture has that shape already."""
    if pad is None:
        return None
    width, height = video.display_width, video.display_height
    across, down, colour = pad
    wide = even(Fraction(height * across, down))
    high = even(Fraction(width * down, across))
    # What is less than a pair of pixels is no bar.
    if wide >= width + 2:
        return PadPlan(width, height, wide, even(height), colour)
    if high >= height + 2:
        return PadPlan(width, height, even(width), high, colour)
    return None


def padded(video: VideoFacts, plan: PadPlan | None) -> VideoFacts:
    """The facts of a picture that is seen with its bars."""
    return replace(video, display_width=plan.width, display_height=plan.height) if plan else video
