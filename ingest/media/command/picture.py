"""The filters that every picture passes: onto the package's clock, upright in its colours, down to a size. Pure."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ingest.media.command.colour import over_black, retagged
from ingest.media.command.expressions import ratio, seconds
from ingest.media.plan.fields import FILM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.media.facts import Jump
    from ingest.media.plan import Plan
    from ingest.media.plan.canvas import Canvas
    from ingest.media.plan.chunks import Chunk


# The aspects of a sample that are believed; others count as square.
SLIMMEST, WIDEST = "0.05", "20"
UNSEEN = 0.02
THIN = 8  # samples


def timed_picture(stream: Any, plan: Plan) -> Any:
    """The picture on the package's clock, which starts at 0, in its own colours."""
    return upright(on_the_clock(stream, plan), plan)


def on_the_clock(stream: Any, plan: Plan) -> Any:
    """Every picture of the source on the package's clock."""
    video, grid = plan.video, plan.video.grid
    stream = fitted(retagged(stream, video.colour) if video.colour.retag else stream, video.canvas)
    shift = f"PTS-({video.start_ticks})"
    if grid.rate is None and not grid.resample:
        # A time that falls back (a fault of the camera) is moved just behind the one before.
        shift = f"if(isnan(PREV_OUTPTS),{shift},max({shift},PREV_OUTPTS+1))"
    if video.counted and not video.trim:
        # The decoder's own times hang on its version, and on a rate in the bitstream that nobody would follow.
        shift = f"N*{ratio(video.counted)}/TB"
    stream = stream.filter("setpts", shift)
    if video.early and not video.trim:
        stream = stream.filter("trim", start_pts=0)
    stream = whole(stream, plan)
    if grid.held and grid.frames is not None:
        stream = stream.filter("trim", end_frame=1).filter("settb", ratio(grid.time_base))
        stream = stream.filter("loop", loop=grid.frames - 1, size=1).filter("setpts", "N")
    elif grid.resample:
        stream = stream.filter("fps", ratio(grid.time_base**-1))
    elif grid.rate is not None:
        # Snaps times that a coarse time base has rounded onto the exact grid.
        stream = stream.filter("settb", ratio(grid.time_base / grid.frame_step))
        if grid.fill:
            stream = stream.filter("fps", ratio(grid.frame_step / grid.time_base))
    return part(stream, plan) if video.trim else stream


def part(stream: Any, plan: Plan) -> Any:
    """Of pictures on the package's clock those that are kept."""
    grid, trim = plan.video.grid, plan.video.trim
    assert trim is not None  # noqa: S101 - asked by the caller
    if grid.rate is not None:
        ticks = grid.time_base / grid.frame_step
        return stream.filter("trim", start_pts=0, end_pts=round(grid.duration / ticks))
    if trim.until is None:
        return stream.filter("trim", start_pts=0)
    # Half a tick before the first picture that is not kept: no rounding on the way decides.
    end = (trim.until - trim.first - Fraction(1, 2)) * plan.video.time_base
    return stream.filter("trim", start_pts=0, end=seconds(end))


def upright(stream: Any, plan: Plan) -> Any:
    """Those pictures that the package has, as they are to be seen."""
    video, grid = plan.video, plan.video.grid
    if grid.frame_step > 1:
        stream = stream.filter("framestep", grid.frame_step)
    for name, options in _TURNS[video.rotation, video.mirrored]:
        stream = stream.filter(name, **options)
    if video.crop:
        turned = video.rotation % 180 == 90
        size = (video.canvas.width, video.canvas.height)
        width, height, left, top = video.crop.window(*(size[::-1] if turned else size))
        stream = stream.filter("crop", width, height, left, top, exact=1)
    return over_black(stream, plan.video.colour) if video.colour.alpha else stream


def from_its_start(stream: Any, chunk: Chunk | None) -> Any:
    """On a clock that is 0 where the chunk starts: what is joined later counts so."""
    return stream.filter("setpts", f"PTS-{chunk.origin}") if chunk and chunk.origin else stream


def fitted(stream: Any, canvas: Canvas) -> Any:
    """Every picture in the first one's size: one of another aspect is scaled into it, and its rest is black.

    The first filter, since only `scale` takes pictures whose size changes. An ordinary picture passes untouched.
    """
    sample = f"if(between(sar,{SLIMMEST},{WIDEST}),sar,1)"
    for other in canvas.others:
        own = ratio(other.sample_aspect or Fraction(1))
        sample = f"if(eq(iw,{other.width})*eq(ih,{other.height}),{own},{sample})"
    first = canvas.first
    aspect = (first.sample_aspect or Fraction(1)) * first.width / first.height
    # How much wider the picture is than the first one; a little (1080 lines or 1088) is no reason for bars.
    wider = f"(iw*{sample}/ih)/({ratio(aspect)})"
    like = f"between({wider},{1 - UNSEEN},{1 + UNSEEN})"
    stream = stream.filter(
        "scale",
        w=f"if({like}+gte({wider},1),{canvas.width},max(1,round({canvas.width}*{wider})))",
        h=f"if({like}+lte({wider},1),{canvas.height},max(1,round({canvas.height}/({wider}))))",
        eval="frame",
    )
    return stream.filter("pad", canvas.width, canvas.height, -1, -1, eval="frame")


def whole(stream: Any, plan: Plan) -> Any:
    """Pictures of one moment each, by the plan's method; nothing downstream hears of fields again."""
    fields = plan.video.fields
    parity = {None: "auto", True: "tff", False: "bff"}[fields.top_first]
    match fields.method:
        case "field":
            stream = stream.filter("bwdif", mode="send_field", parity=parity, deint="all")
            if fields.apart is None:
                return stream
            latest = f"PREV_OUTPTS+round({ratio(fields.apart)}/TB)"
            return stream.filter("setpts", f"if(mod(N,2),min(PTS,{latest}),PTS)")
        case "frame":
            deint = "interlaced" if fields.flagged else "all"
            return stream.filter("bwdif", mode="send_frame", parity=parity, deint=deint)
        case "film":
            video = ratio(plan.video.grid.rate / FILM) if plan.video.grid.rate is not None else "30000/1001"
            # fieldmatch flags what it cannot match, and decimate drops one of five.
            return (
                stream.filter("fps", video, start_time=0)
                .filter("fieldmatch", order=parity)
                .filter("bwdif", mode="send_frame", deint="interlaced")
                .filter("decimate")
            )
        case "keep":
            return stream.filter("setfield", "prog") if fields.why else stream


# Turned clockwise, then mirrored.
_TURNS: dict[tuple[int, bool], tuple[tuple[str, dict[str, str]], ...]] = {
    (0, False): (),
    (0, True): (("hflip", {}),),
    (90, False): (("transpose", {"dir": "clock"}),),
    (90, True): (("transpose", {"dir": "cclock_flip"}),),
    (180, False): (("hflip", {}), ("vflip", {})),
    (180, True): (("vflip", {}),),
    (270, False): (("transpose", {"dir": "cclock"}),),
    (270, True): (("transpose", {"dir": "clock_flip"}),),
}


_LONE = r"if(eq(PTS\,NOPTS)\,DTS\,NOPTS)"


def own_times(plan: Plan) -> dict[str, str]:
    """The input's bitstream filters: what becomes of the packets' times before anything is decoded.

    On uneven times the presentation times are the truth, also where a few of them contradict the decoding order.
    ffmpeg's decoders would go over to the decoding times for the rest of the film, which are some pictures early.
    A packet that has a decoding time alone (AVI) keeps it.
    """
    uneven = plan.video.grid.rate is None
    if not plan.video.jumps:
        pts, mended = "PTS", plan.video.mended
        for decoded, shown in mended:
            pts = rf"if(eq(DTS\,{decoded})\,{shown}\,{pts})"
        return {"bsf:v": f"setts=pts={pts}:dts={_LONE if uneven else 'DTS'}"} if uneven or mended else {}
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


def scaled(stream: Any, plan: Plan, width: int, height: int, *, matrix: str, full_range: bool) -> Any:
    colour = plan.video.colour
    known = (
        {"in_color_matrix": "bt709", "in_range": "tv"}
        if colour.tone_map or colour.convert
        else {
            "in_color_matrix": _swscale_matrix(colour.matrix),
            "in_range": "pc" if colour.full_range else "tv",
        }
    )
    across, down, *_ = window(plan, width, height)
    stream = stream.filter(
        "scale",
        across,
        down,
        # swscale's bicubic filter fails where it makes much of two samples.
        flags="area" if min(plan.video.canvas.width, plan.video.canvas.height) < THIN else "bicubic",
        out_color_matrix=matrix,
        out_range="pc" if full_range else "tv",
        **known,
    )
    return with_bars(stream, plan, width, height)


def window(plan: Plan, width: int, height: int) -> tuple[int, int, int, int]:
    """Width, height, left and top of what is seen of the film in a finished picture of `width` by `height`."""
    return plan.video.pad.window(width, height) if plan.video.pad else (width, height, 0, 0)


def with_bars(stream: Any, plan: Plan, width: int, height: int) -> Any:
    """Pictures of the window's size, which are tagged with the matrix and range that they have, in whole ones."""
    if plan.video.pad is None:
        return stream
    *_, left, top = window(plan, width, height)
    return stream.filter(
        "pad", width, height, left, top, color=f"0x{plan.video.pad.colour.removeprefix('#')}"
    )


def _swscale_matrix(name: str) -> str:
    return {
        "bt709": "bt709",
        "bt2020nc": "bt2020",
        "bt2020c": "bt2020",
        "fcc": "fcc",
        "smpte240m": "smpte240m",
    }.get(name, "bt601")
