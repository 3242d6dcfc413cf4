"""What is cut off of the picture as it is seen: upright, in square pixels. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import UsageError

if TYPE_CHECKING:
    from ingest.media.facts import VideoFacts

SMALLEST = 16  # pixels of a side that must be left


@dataclass(frozen=True, slots=True)
class CropPlan:
    """Pixels that go on each side of a picture that is seen `width` by `height`."""

    top: int
    right: int
    bottom: int
    left: int
    width: int
    height: int

    def window(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Width, height, left and top of what stays of the same picture in `width` by `height` samples."""
        across, down = self.width - self.left - self.right, self.height - self.top - self.bottom
        return (
            max(1, round(width * across / self.width)),
            max(1, round(height * down / self.height)),
            round(width * self.left / self.width),
            round(height * self.top / self.height),
        )


def crop_plan(video: VideoFacts, sides: tuple[int, int, int, int] | None) -> CropPlan | None:
    """`sides` are top, right, bottom and left. Raises UsageError where hardly anything is left."""
    if sides is None or not any(sides):
        return None
    plan = CropPlan(*sides, video.display_width, video.display_height)
    width, height = seen(plan)
    if width < SMALLEST or height < SMALLEST:
        raise UsageError(
            codes.USAGE,
            f"--crop {','.join(map(str, sides))} leaves {max(0, width)}x{max(0, height)} of a picture of "
            f"{video.display_width}x{video.display_height}",
            remedy=f"leave at least {SMALLEST}x{SMALLEST}",
        )
    return plan


def cropped(video: VideoFacts, plan: CropPlan | None) -> VideoFacts:
    """The facts of a picture that is seen without what goes."""
    if plan is None:
        return video
    width, height = seen(plan)
    return replace(video, display_width=width, display_height=height)


def seen(plan: CropPlan) -> tuple[int, int]:
    """Width and height of what stays."""
    return plan.width - plan.left - plan.right, plan.height - plan.top - plan.bottom
