"""The filters that every picture passes: onto the package's clock, upright in its colours, down to a size. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ingest.media.command.expressions import ratio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.media.facts import Jump
    from ingest.media.plan import Plan


def timed_picture(stream: Any, plan: Plan) -> Any:
    """The picture on the package's clock, which starts at 0, in its own colours."""
    video, grid = plan.video, plan.video.grid
    if video.deinterlace:
        stream = stream.filter("bwdif", mode="send_frame", deint="interlaced")
    shift = f"PTS-({video.start_ticks})" if not video.deinterlace else f"PTS-({ratio(video.start)})/TB"
    if grid.rate is None and not grid.resample:
        # A time that falls back (a fault of the camera) is moved just behind the one before.
        shift = f"if(isnan(PREV_OUTPTS),{shift},max({shift},PREV_OUTPTS+1))"
    stream = stream.filter("setpts", shift)
    if grid.resample:
        stream = stream.filter("fps", ratio(grid.time_base**-1))
    elif grid.rate is not None:
        # Snaps times that a coarse time base has rounded onto the exact grid.
        stream = stream.filter("settb", ratio(grid.time_base / grid.frame_step))
        if grid.fill:
            stream = stream.filter("fps", ratio(grid.frame_step / grid.time_base))
        if grid.frame_step > 1:
            stream = stream.filter("framestep", grid.frame_step)
    return stream


def sdr_picture(stream: Any, plan: Plan) -> Any:
    """In the colours that everything is made from but HDR renditions."""
    return _tone_mapped(stream, plan) if plan.video.colour.tone_map else stream


def own_times(plan: Plan) -> dict[str, str]:
    """The input's bitstream filters: what becomes of the packets' times before anything is decoded.

    On uneven times the presentation times are the truth, also where a few of them contradict the decoding order.
    ffmpeg's decoders would go over to the decoding times for the rest of the film, which are some pictures early.
    """
    uneven = plan.video.grid.rate is None
    if not plan.video.jumps:
        return {"bsf:v": "setts=pts=PTS:dts=NOPTS"} if uneven else {}
    return {
        f"bsf:{index}": _joined(jumps, decoding=index != plan.video.index or not uneven)
        for index, jumps in plan.video.jumps
        if jumps
    }


def _joined(jumps: Sequence[Jump], *, decoding: bool) -> str:
    """Takes the jumps out of a stream's clock; a time that is not known stays so."""
    steps = [j.shift - before for before, j in zip((0, *(j.shift for j in jumps)), jumps, strict=False)]
    shift = "+".join(rf"gte(N\,{j.packet})*({step})" for j, step in zip(jumps, steps, strict=True))
    pts, dts = (rf"if(eq({time}\,NOPTS)\,NOPTS\,{time}+{shift})" for time in ("PTS", "DTS"))
    return f"setts=pts={pts}:dts={dts if decoding else 'NOPTS'}"


def _tone_mapped(stream: Any, plan: Plan) -> Any:
    colour = plan.video.colour
    # An encoder would write the HDR display of the source into the SDR rendition.
    for kind in ("MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL"):
        stream = stream.filter("sidedata", mode="delete", type=kind)
    return (
        stream.filter(
            "zscale",
            transferin=colour.transfer,
            primariesin=colour.primaries,
            matrixin=colour.matrix if colour.matrix.startswith("bt2020") else "bt2020nc",
            transfer="linear",
            npl=203,
        )
        .filter("format", "gbrpf32le")
        .filter("zscale", primaries="bt709")
        .filter("tonemap", tonemap="mobius", desat=0)
        .filter("zscale", transfer="bt709", matrix="bt709", range="limited")
        .filter("format", "yuv420p")
    )


def scaled(stream: Any, plan: Plan, width: int, height: int, *, matrix: str, full_range: bool) -> Any:
    colour = plan.video.colour
    known = (
        {"in_color_matrix": "bt709", "in_range": "tv"}
        if colour.tone_map
        else {
            "in_color_matrix": _swscale_matrix(colour.matrix),
            "in_range": "pc" if colour.full_range else "tv",
        }
    )
    return stream.filter(
        "scale",
        width,
        height,
        flags="bicubic",
        out_color_matrix=matrix,
        out_range="pc" if full_range else "tv",
        **known,
    )


def _swscale_matrix(name: str) -> str:
    return {
        "bt709": "bt709",
        "bt2020nc": "bt2020",
        "bt2020c": "bt2020",
        "fcc": "fcc",
        "smpte240m": "smpte240m",
    }.get(name, "bt601")
