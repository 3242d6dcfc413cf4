"""The captions that the picture carries, on their way out of it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ffmpeg

from ingest.media.command.expressions import ratio, seconds
from ingest.media.command.names import CAPTIONS_PICTURE, CAPTIONS_TIMESCALE

if TYPE_CHECKING:
    from ingest.media.plan import Plan
    from ingest.media.plan.chunks import Chunk

_SIDE = 32  # pixels; the picture is only there to carry the captions


def captions_output(source: Any, plan: Plan, chunk: Chunk | None = None) -> list[Any]:
    """The captions in a tiny picture of their own, where the plan asks for them.

    ffmpeg decodes captions only by way of a filter that opens a file by its name: this makes that file ours, and
    saves the second decoding of the source. The pictures are taken as they are decoded, before any is dropped.
    """
    if not any(t.index is None for t in plan.text):
        return []
    video = plan.video
    stream = source[str(video.index)].filter("setpts", f"PTS-({ratio(video.start)})/TB")
    if video.trim:
        stream = stream.filter("trim", start=0, end=seconds(plan.duration))
    if chunk is not None:
        stream = _within(stream, chunk)
    stream = stream.filter("scale", _SIDE, _SIDE, flags="neighbor").filter("format", "yuv420p")
    options: dict[str, Any] = {
        "c:v": "libx264",
        "preset": "ultrafast",
        "a53cc": 1,
        "bf": 0,
        "fps_mode": "passthrough",
        "enc_time_base": f"1/{CAPTIONS_TIMESCALE}",
        "video_track_timescale": CAPTIONS_TIMESCALE,
        "map_metadata": -1,
        "map_chapters": -1,
        "format": "mp4",
    }
    return [ffmpeg.output(stream, CAPTIONS_PICTURE, **options)]


def _within(stream: Any, chunk: Chunk) -> Any:
    """Those pictures that are shown in the chunk, on its own clock."""
    until = {"end": f"{float(chunk.end):.6f}"} if chunk.end is not None else {}
    since = {"start": f"{float(chunk.start):.6f}"} if chunk.number else {}
    return stream.filter("trim", **since, **until).filter("setpts", f"PTS-({ratio(chunk.start)})/TB")
