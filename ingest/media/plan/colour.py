"""How the source's colours become those of the renditions. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest.media.facts import VideoFacts


@dataclass(frozen=True, slots=True)
class ColourPlan:
    """`tone_map` takes HDR to SDR; else the picture is converted from `matrix` and `full_range` to BT.709."""

    tone_map: bool
    transfer: str
    primaries: str
    matrix: str
    full_range: bool


def colour_plan(video: VideoFacts, *, can_tone_map: bool) -> ColourPlan:
    """HDR is tone mapped. A matrix the stream does not name is BT.601 below 720 lines, else BT.709."""
    colour = video.colour
    matrix = colour.matrix
    if matrix in {"unknown", "gbr", "rgb"}:
        matrix = "bt709" if min(video.width, video.height) >= 720 else "smpte170m"
    return ColourPlan(
        tone_map=colour.hdr != "none" and can_tone_map,
        transfer=colour.transfer,
        primaries=colour.primaries if colour.primaries != "unknown" else "bt2020",
        matrix=matrix,
        full_range=colour.full_range,
    )
