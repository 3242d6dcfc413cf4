"""One rendition's output: its filters, its encoder's options and its file. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ffmpeg

from ingest.media.command.chunks import own_keys
from ingest.media.command.encoders import encoder_options
from ingest.media.command.expressions import ZERO, ratio
from ingest.media.command.finished import finished
from ingest.media.command.hardware import PIXELS, family_of, is_hardware
from ingest.media.command.names import rung_file
from ingest.media.command.picture import from_its_start
from ingest.media.plan.logos import of_rung

if TYPE_CHECKING:
    from ingest.media.plan import Plan
    from ingest.media.plan.chunks import Chunk
    from ingest.media.plan.rungs import Rung


def rung_output(stream: Any, rung: Rung, plan: Plan, chunk: Chunk | None = None) -> Any:
    """An SDR rendition: BT.709, 8 bit."""
    stream = (
        finished(stream, plan, rung.width, rung.height, of_rung(rung.name))
        .filter("format", PIXELS if is_hardware(rung.encoder) else "yuv420p")
        .filter("setsar", 1)
        .filter("setparams", color_primaries="bt709", color_trc="bt709", colorspace="bt709", range="tv")
    )
    if is_hardware(rung.encoder):
        # Captions in the picture would have to be declared; of the software encoders only x264 passes them on.
        stream = stream.filter("sidedata", mode="delete", type="A53_CC")
    if family_of(rung.encoder) == "vaapi":
        stream = stream.filter("hwupload")  # the others take pictures from memory
    return encoded(stream, rung, plan, chunk)


def encoded(stream: Any, rung: Rung, plan: Plan, chunk: Chunk | None = None) -> Any:
    """The output that encodes pictures which are all that the rendition's are to be."""
    grid = plan.video.grid
    stream = from_its_start(stream, chunk)
    # What forces key pictures counts from the first picture, not from the start of the clock.
    begins = chunk.begins if chunk and chunk.begins else ZERO
    options: dict[str, Any] = {
        "fps_mode": "passthrough",
        "enc_time_base": ratio(grid.time_base),
        "video_track_timescale": grid.timescale,
        "map_metadata": -1,
        "map_chapters": -1,
        "format": "mp4",
    }
    return ffmpeg.output(
        stream,
        rung_file(rung.name),
        **encoder_options(rung, own_keys(grid, chunk), plan.hdr, begins),
        **options,
    )
