"""The poster candidates, the preview frames and the thumbnails. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ffmpeg

from ingest.media.command.expressions import first_of_each
from ingest.media.command.names import CANDIDATES, PREVIEWS, thumbnails_folder
from ingest.media.command.picture import scaled

if TYPE_CHECKING:
    from fractions import Fraction

    from ingest.media.plan import Plan
    from ingest.media.plan.chunks import Chunk


def _stills(
    stream: Any,
    plan: Plan,
    folder: str,
    interval: Fraction,
    size: tuple[int, int],
    quality: int,
    chunk: Chunk | None,
) -> Any:
    # JPEG files are BT.601, full range (JFIF 1.02); names are the picture's time in milliseconds.
    before = chunk.previous if chunk else None
    stream = stream.filter("select", first_of_each(interval, "prev_selected_t", before))
    chosen = scaled(stream, plan, *size, matrix="bt601", full_range=True).filter("format", "yuvj420p")
    return ffmpeg.output(
        chosen.filter("setsar", 1),
        f"{folder}/%d.jpg",
        **{
            "c:v": "mjpeg",
            "q:v": quality,
            "fps_mode": "passthrough",
            "enc_time_base": "1/1000",
            "frame_pts": 1,
            "map_metadata": -1,
            "format": "image2",
        },
    )


def wanted(plan: Plan, chunk: Chunk | None) -> list[str]:
    """Which stills there are; of a chunk, those that it has a picture for: ffmpeg fails where an encoder gets none."""
    intervals = {CANDIDATES: plan.stills.poster_interval, PREVIEWS: plan.stills.preview_interval}
    intervals |= {thumbnails_folder(n): t.interval for n, t in enumerate(plan.thumbnails)}
    return [name for name, interval in intervals.items() if chunk is None or chunk.begins_an(interval)]


def stills_output(stream: Any, plan: Plan, name: str, chunk: Chunk | None = None) -> Any:
    """One of those that are wanted."""
    if name == CANDIDATES:
        size = (plan.video.display_width, plan.video.display_height)
        return _stills(stream, plan, CANDIDATES, plan.stills.poster_interval, size, 2, chunk)
    for number, one in enumerate(plan.thumbnails):
        if name == thumbnails_folder(number):
            return _stills(stream, plan, name, one.interval, (one.width, one.height), 3, chunk)
    size = (plan.stills.tile_width, plan.stills.tile_height)
    return _stills(stream, plan, PREVIEWS, plan.stills.preview_interval, size, 3, chunk)
