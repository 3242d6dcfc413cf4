"""The trick play rendition's output. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ffmpeg

from ingest.media.command.expressions import first_of_each, ratio
from ingest.media.command.finished import finished
from ingest.media.command.names import TRICK
from ingest.media.command.picture import from_its_start
from ingest.media.plan import logos

if TYPE_CHECKING:
    from ingest.media.plan import Plan
    from ingest.media.plan.chunks import Chunk

# The last picture's length is unknown where the source's is; a rendition of that picture alone would last for nothing.
LASTING = r"setts=duration=max(DURATION\,1)"


def trick_output(stream: Any, plan: Plan, chunk: Chunk | None = None) -> Any:
    """Every picture a key picture. No VBV: x264 would share the rate among pictures that are not there."""
    trick, grid = plan.trick, plan.video.grid
    stream = stream.filter("select", chosen_pictures(plan, chunk))
    stream = (
        finished(stream, plan, trick.width, trick.height, logos.TRICK)
        .filter("format", "yuv420p")
        .filter("setsar", 1)
        .filter("setparams", color_primaries="bt709", color_trc="bt709", colorspace="bt709", range="tv")
    )
    return ffmpeg.output(
        from_its_start(stream, chunk),
        TRICK,
        **{
            "c:v": "libx264",
            "a53cc": 0,
            "preset": trick.speed,
            "profile:v": "high",
            "level:v": trick.level,
            "crf": float(trick.crf),
            "g": 1,
            "bf": 0,
            "bsf:v": LASTING,
            "fps_mode": "passthrough",
            "enc_time_base": ratio(grid.time_base),
            "video_track_timescale": grid.timescale,
            "map_metadata": -1,
            "map_chapters": -1,
            "format": "mp4",
        },
    )


def chosen_pictures(plan: Plan, chunk: Chunk | None = None) -> str:
    """A `select` expression for `per_gop` pictures spread over each GOP, its first one always among them.

    Where key pictures alone are decoded, it is for the first of these in each of the GOP's parts.
    """
    grid, per_gop = plan.video.grid, plan.trick.per_gop
    if grid.gop_frames is None or plan.key_pictures_alone:
        return first_of_each(grid.gop / per_gop, "prev_selected_t")
    if per_gop >= grid.gop_frames:
        return "1"
    # Picture n is the first at or after one of the GOP's per_gop equal parts.
    # Where segments begin at places of their own, a chunk may begin in the middle of a GOP.
    before = round(chunk.start / grid.time_base) % grid.gop_frames if chunk else 0
    number = f"(n+{before})" if before else "n"
    return f"lt(mod({number}*{per_gop},{grid.gop_frames}),{per_gop})"
