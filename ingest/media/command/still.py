"""One picture of a film, as it is to be seen. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ffmpeg

from ingest.media.command import source_input
from ingest.media.command.colour import sdr_picture
from ingest.media.command.global_options import ERRORS_AND_PROGRESS
from ingest.media.command.picture import scaled, timed_picture

if TYPE_CHECKING:
    from fractions import Fraction

    from ingest.media.command import EncodeInput
    from ingest.media.plan import Plan

FILE = "still.jpg"
# Read from so much earlier: key pictures are seldom further apart, and where they are, reading begins at one all
# the same.
_AHEAD = 2  # seconds


def still_arguments(program: str, plan: Plan, source: EncodeInput, time: Fraction) -> tuple[str, ...]:
    """The command that writes `FILE`: the first picture at or behind `time`, seconds on the package's clock."""
    stream = source_input(plan, source)
    if time > _AHEAD and not plan.video.jumps and not plan.video.mended and not plan.video.grid.held:
        from_where = plan.video.start + time - _AHEAD
        stream.node.kwargs.update(ss=f"{float(from_where):.6f}", seek_timestamp=1, noaccurate_seek=None)
    picture = sdr_picture(timed_picture(stream[str(plan.video.index)], plan), plan)
    picture = picture.filter("select", f"gte(t,{float(time):.6f})")
    size = (plan.video.display_width, plan.video.display_height)
    chosen = scaled(picture, plan, *size, matrix="bt601", full_range=True).filter("format", "yuvj420p")
    output = ffmpeg.output(
        chosen.filter("setsar", 1),
        FILE,
        **{
            "frames:v": 1,
            "c:v": "mjpeg",
            "q:v": 2,
            "fps_mode": "passthrough",
            "map_metadata": -1,
            "update": 1,
            "format": "image2",
        },
    )
    return program, *output.get_args(), *ERRORS_AND_PROGRESS, "-y"
