"""The picture as a viewer gets it: in a size and in BT.709, with the logos that are laid over it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ffmpeg
from ffmpeg.nodes import FilterableStream, FilterNode, Node

from ingest.media.command.expressions import ratio
from ingest.media.command.names import logo_file
from ingest.media.command.picture import scaled

if TYPE_CHECKING:
    from fractions import Fraction

    from ingest.media.plan import Plan

_FINE = 500_000  # ticks a second from which on ffmpeg pairs pictures by microseconds


def finished(stream: Any, plan: Plan, width: int, height: int, name: str) -> Any:
    """`stream` scaled, with its logos; `name` as in `plan.logos.marked_sizes`."""
    stream = scaled(stream, plan, width, height, matrix="bt709", full_range=False)
    if not plan.video.logos:
        return stream
    stream = stream.filter("format", "yuv420p")
    ticks = _ticks(plan)
    for number, logo in enumerate(plan.video.logos):
        place = logo.place(width, height)
        # The logo on the picture's own clock, so that the pictures' times stay as they are.
        over = _picture(logo_file(name, number)).filter("settb", ratio(ticks))
        stream = ffmpeg.filter([stream, over], "overlay", place.left, place.top, format="yuv420")
    return stream.filter("settb", ratio(ticks)) if ticks.denominator >= _FINE else stream


def _picture(file: str) -> Any:
    """A file of ours, whose name may stand in a filter: one picture, in the size that it is needed in."""
    stream = _Source("movie", {"filename": file, "f": "png_pipe"}).stream()
    return (
        stream.filter("format", "rgba")
        .filter("scale", flags="bicubic", out_color_matrix="bt709", out_range="tv")
        .filter("format", "yuva420p")
    )


def _ticks(plan: Plan) -> Fraction:
    """Seconds of a tick of pictures on the package's clock."""
    grid = plan.video.grid
    return grid.time_base / grid.frame_step if grid.rate is not None else plan.video.time_base


class _Source(FilterNode):  # type: ignore[misc] # ffmpeg-python has no types
    """A filter without inputs, which ffmpeg-python has no function for."""

    def __init__(self, name: str, options: dict[str, Any]) -> None:
        Node.__init__(
            self,
            stream_spec=None,
            name=name,
            incoming_stream_types={FilterableStream},
            outgoing_stream_type=FilterableStream,
            min_inputs=0,
            max_inputs=0,
            kwargs=options,
        )
