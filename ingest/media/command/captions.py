"""The captions that the picture carries, on their way out of it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ffmpeg

from ingest.media.command.expressions import ratio
from ingest.media.command.names import CAPTIONS_PICTURE

if TYPE_CHECKING:
    from ingest.media.plan import Plan

_SIDE = 32  # pixels; the picture is only there to carry the captions


def captions_output(source: Any, plan: Plan) -> list[Any]:
    """The captions in a tiny picture of their own, where the plan asks for them.

    ffmpeg decodes captions only by way of a filter that opens a file by its name: this makes that file ours, and
    saves the second decoding of the source. The pictures are taken as they are decoded, before any is dropped.
    """
    if not any(t.index is None for t in plan.text):
        return []
    video = plan.video
    stream = (
        source[str(video.index)]
        .filter("setpts", f"PTS-({ratio(video.start)})/TB")
        .filter("scale", _SIDE, _SIDE, flags="neighbor")
        .filter("format", "yuv420p")
    )
    options: dict[str, Any] = {
        "c:v": "libx264",
        "preset": "ultrafast",
        "a53cc": 1,
        "bf": 0,
        "fps_mode": "passthrough",
        "enc_time_base": "1/90000",
        "video_track_timescale": 90_000,
        "map_metadata": -1,
        "map_chapters": -1,
        "format": "mp4",
    }
    return [ffmpeg.output(stream, CAPTIONS_PICTURE, **options)]
