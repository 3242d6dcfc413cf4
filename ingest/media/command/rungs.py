"""One rendition's output: its filters and its encoder's options. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ffmpeg

from ingest.media.command.expressions import first_of_each, ratio
from ingest.media.command.names import rung_file
from ingest.media.command.picture import scaled

if TYPE_CHECKING:
    from ingest.media.plan import Plan
    from ingest.media.plan.rungs import Rung


def rung_output(stream: Any, rung: Rung, plan: Plan) -> Any:
    grid = plan.video.grid
    stream = (
        scaled(stream, plan, rung.width, rung.height, matrix="bt709", full_range=False)
        .filter("format", "yuv420p")
        .filter("setsar", 1)
        .filter("setparams", color_primaries="bt709", color_trc="bt709", colorspace="bt709", range="tv")
    )
    options: dict[str, Any] = {
        "c:v": "libx264",
        "preset": rung.speed,
        "profile:v": rung.profile,
        "level:v": rung.level,
        "crf": float(rung.crf),
        "maxrate": rung.max_bitrate,
        "bufsize": rung.buffer,
        "flags:v": "+cgop",
        "sc_threshold": 0,
        "fps_mode": "passthrough",
        "enc_time_base": ratio(grid.time_base),
        "video_track_timescale": grid.timescale,
        "map_metadata": -1,
        "map_chapters": -1,
        "format": "mp4",
    }
    if grid.gop_frames is not None:
        options |= {"g": grid.gop_frames, "keyint_min": grid.gop_frames}
    else:
        options |= {
            "g": 100_000,
            "forced-idr": 1,
            "force_key_frames": f"expr:{first_of_each(grid.gop, 'prev_forced_t')}",
        }
    if not grid.reorder:
        options["bf"] = 0
    return ffmpeg.output(stream, rung_file(rung.name), **options)
