"""Into which frame pictures of several sizes are put. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.media.facts import Shape

if TYPE_CHECKING:
    from ingest.media.facts import VideoFacts

MOST_OTHERS = 8


@dataclass(frozen=True, slots=True)
class Canvas:
    """`width` and `height` are what every picture is fitted into, whole pairs (or fours) of samples.

    `first` is the first picture, which fills it. `others` are sizes that were met beside it, with their own aspect of
    a sample: ffmpeg goes on with the first one's.
    """

    width: int
    height: int
    first: Shape
    others: tuple[Shape, ...] = ()


def canvas_of(video: VideoFacts) -> Canvas:
    """Chroma samples of 4:1:1 and 4:1:0 stand for four of luma, others at most for two."""
    step = 4 if "411" in video.pixel_format or "410" in video.pixel_format else 2
    own = (video.width, video.height)
    met = {(s.width, s.height): s for s in reversed(video.scan.shapes) if (s.width, s.height) != own}
    return Canvas(
        width=max(step, video.width // step * step),
        height=max(step, video.height // step * step),
        first=Shape(*own, video.sample_aspect),
        others=tuple(met.values())[:MOST_OTHERS],
    )


def aspect_changes(video: VideoFacts) -> tuple[Fraction, ...]:
    """Other aspects of a sample that pictures of the first one's size have: ffmpeg does not follow these."""
    own = (video.width, video.height)
    found = dict.fromkeys(
        s.sample_aspect or Fraction(1) for s in video.scan.shapes if (s.width, s.height) == own
    )
    return tuple(a for a in found if a != video.sample_aspect)
