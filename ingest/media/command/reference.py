"""What the source shows and how loud it is, kept small beside the renditions: verification compares them with it.

Pictures come from the same decode as the renditions, one for each group of pictures and of the same instant, so a
rendition's key picture and the one here must be alike. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ffmpeg

from ingest.media.command.expressions import first_of_each
from ingest.media.command.finished import finished
from ingest.media.command.hdr import hdr_scaled
from ingest.media.command.names import REFERENCE, WIDE_REFERENCE, levels_file
from ingest.media.command.picture import scaled
from ingest.media.command.trick import chosen_pictures
from ingest.media.plan import logos

if TYPE_CHECKING:
    from ingest.media.plan import Plan
    from ingest.media.plan.chunks import Chunk

WIDTH, HEIGHT = 32, 18
LEVEL = "lavfi.astats.Overall.RMS_level"
LEVEL_RATE = 12_000  # samples a second


def reference_output(stream: Any, plan: Plan, chunk: Chunk | None = None) -> Any:
    """The luma of the first picture of each group, `WIDTH` by `HEIGHT`, named by its time in milliseconds."""
    first = _first_of_groups(stream, plan, chunk)
    if plan.video.logos or plan.video.pad:
        # Logos and bars are of whole pixels, which in so small a picture would be other ones.
        trick = plan.trick
        shown = finished(first, plan, trick.width, trick.height, logos.REFERENCE)
        return _pictures(shown.filter("scale", WIDTH, HEIGHT, flags="bicubic"), REFERENCE)
    return _pictures(scaled(first, plan, WIDTH, HEIGHT, matrix="bt709", full_range=False), REFERENCE)


def wide_reference_output(stream: Any, plan: Plan, chunk: Chunk | None = None) -> Any:
    """The same for the renditions that keep the source's dynamic range."""
    first = _first_of_groups(stream, plan, chunk)
    if plan.video.pad:
        shown = hdr_scaled(first, plan, plan.trick.width, plan.trick.height)
        return _pictures(shown.filter("scale", WIDTH, HEIGHT, flags="bicubic"), WIDE_REFERENCE)
    return _pictures(hdr_scaled(first, plan, WIDTH, HEIGHT), WIDE_REFERENCE)


def _first_of_groups(stream: Any, plan: Plan, chunk: Chunk | None) -> Any:
    grid = plan.video.grid
    if grid.keys:
        # Segments begin where the source has key pictures, those of the trick play rendition at its own ones.
        return stream.filter("select", f"key+{chosen_pictures(plan, chunk)}")
    constant = grid.gop_frames is not None
    return stream.filter(
        "select",
        f"not(mod(n,{grid.gop_frames}))" if constant else first_of_each(grid.gop, "prev_selected_t"),
    )


def _pictures(stream: Any, folder: str) -> Any:
    return ffmpeg.output(
        luma(stream),
        f"{folder}/%d.pgm",
        **{
            "c:v": "pgm",
            "fps_mode": "passthrough",
            "enc_time_base": "1/1000",
            "frame_pts": 1,
            "map_metadata": -1,
            "format": "image2",
        },
    )


def luma(stream: Any) -> Any:
    """The luma plane as it is; a conversion to grey would stretch its range."""
    return stream.filter("format", "yuv420p").filter("extractplanes", "y")


def levels_output(stream: Any, number: int) -> Any:
    """Measures what the encoder of the plan's audio rendition of this number is given."""
    return ffmpeg.output(measured_levels(stream, levels_file(number)), "-", format="null")


def measured_levels(stream: Any, file: str) -> Any:
    """The RMS level of each second, in dBFS, written to `file` (a name made by us).

    Of what lies below 6 kHz: encoders rightly leave out the highest tones, which hardly anybody hears.
    """
    return (
        stream.filter("aresample", LEVEL_RATE)
        .filter("asetnsamples", n=LEVEL_RATE, p=0)
        .filter("astats", metadata=1, reset=1, measure_perchannel="none", measure_overall="RMS_level")
        .filter("ametadata", mode="print", key=LEVEL, file=file)
    )
