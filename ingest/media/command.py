"""From the plan to ffmpeg's argument list. Pure; built with ffmpeg-python, which is never used to run anything.

One run decodes once and feeds every rung, every audio rendition, the poster candidates and the preview frames.
Output names are relative and made here: the program runs with the work folder as its current folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ffmpeg

from ingest.media.plan import AAC_FRAME
from ingest.media.whitelists import CODEC_WHITELIST, FORMAT_WHITELIST, PROTOCOL_WHITELIST

if TYPE_CHECKING:
    from fractions import Fraction

    from ingest.media.plan import AudioRendition, Plan, Rung

CANDIDATES = "candidates"
PREVIEWS = "previews"
RUNGS = "rungs"
AUDIO = "audio"

# Added to times that are compared with a multiple of an interval: far below one tick, above a double's error.
EPSILON = "0.000001"
PRIMING = AAC_FRAME  # samples that an AAC decoder puts out before the first real one


@dataclass(frozen=True, slots=True)
class EncodeInput:
    """Where ffmpeg reads from and what it is allowed to meet there; `filters`: it has input bitstream filters."""

    url: str
    max_pixels: int
    max_streams: int
    filters: bool = True


def folders() -> tuple[str, ...]:
    """The folders that must exist below the work folder before ffmpeg starts."""
    return (RUNGS, AUDIO, CANDIDATES, PREVIEWS)


def rung_file(name: str) -> str:
    return f"{RUNGS}/{name}.mp4"


def audio_name(name: str) -> str:
    return f"{name}.mp4"


def audio_file(name: str) -> str:
    return f"{AUDIO}/{audio_name(name)}"


def cut_arguments(program: str, whole: str, cut: str, frames: int) -> tuple[str, ...]:
    """The command that copies the first `frames` audio frames of one file into another."""
    stream = ffmpeg.input(whole, protocol_whitelist=PROTOCOL_WHITELIST, format_whitelist=FORMAT_WHITELIST)
    run = ffmpeg.output(
        stream["a:0"], cut, **{"c": "copy", "frames:a": frames, "use_editlist": 0, "format": "mp4"}
    ).global_args("-nostdin", "-hide_banner", "-v", "error")
    arguments: list[str] = run.compile(cmd=program, overwrite_output=True)
    return tuple(arguments)


def encode_arguments(program: str, plan: Plan, source: EncodeInput) -> tuple[str, ...]:
    """The whole ffmpeg command."""
    stream = ffmpeg.input(
        source.url,
        protocol_whitelist=PROTOCOL_WHITELIST,
        format_whitelist=FORMAT_WHITELIST,
        codec_whitelist=CODEC_WHITELIST,
        max_streams=source.max_streams,
        max_pixels=source.max_pixels,
        copyts=None,
        **(_own_times(plan) if source.filters else {}),
    )
    picture = _timed_picture(stream[str(plan.video.index)], plan)
    branches = picture.filter_multi_output("split", len(plan.rungs) + 2)
    outputs = [_rung_output(branches.stream(i), rung, plan) for i, rung in enumerate(plan.rungs)]
    outputs += _audio_outputs(stream, plan)
    outputs.append(_poster_output(branches.stream(len(plan.rungs)), plan))
    outputs.append(_preview_output(branches.stream(len(plan.rungs) + 1), plan))
    run = ffmpeg.merge_outputs(*outputs).global_args(
        *(
            "-nostdin",
            "-hide_banner",
            "-v",
            "error",
            "-nostats",
            "-progress",
            "pipe:1",
            "-stats_period",
            "0.5",
        ),
        *("-abort_on", "empty_output"),
    )
    arguments: list[str] = run.compile(cmd=program, overwrite_output=True)
    return tuple(arguments)


def ratio(value: Fraction) -> str:
    """`value` as ffmpeg reads exact numbers: `30000/1001`."""
    return f"{value.numerator}/{value.denominator}"


def seconds(value: Fraction) -> str:
    """`value` as a decimal for a filter expression, exact to a microsecond."""
    return f"{float(value):.6f}".rstrip("0").rstrip(".")


def _timed_picture(stream: Any, plan: Plan) -> Any:
    """The picture on the package's clock, which starts at 0, in the colours that everything is made from."""
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
        if grid.frame_step > 1:
            stream = stream.filter("framestep", grid.frame_step)
    if video.colour.tone_map:
        stream = _tone_mapped(stream, plan)
    return stream


def _own_times(plan: Plan) -> dict[str, str]:
    """On uneven times the presentation times are the truth, also where a few of them contradict the decoding order.

    ffmpeg's decoders would go over to the decoding times for the rest of the film, which are some pictures early.
    """
    return {"bsf:v": "setts=pts=PTS:dts=NOPTS"} if plan.video.grid.rate is None else {}


def _tone_mapped(stream: Any, plan: Plan) -> Any:
    colour = plan.video.colour
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


def _scaled(stream: Any, plan: Plan, width: int, height: int, *, matrix: str, full_range: bool) -> Any:
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


def _rung_output(stream: Any, rung: Rung, plan: Plan) -> Any:
    grid = plan.video.grid
    stream = (
        _scaled(stream, plan, rung.width, rung.height, matrix="bt709", full_range=False)
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


def _audio_outputs(source: Any, plan: Plan) -> list[Any]:
    """Each track is decoded and put on the clock once, however many renditions it has."""
    outputs = []
    for index in dict.fromkeys(a.index for a in plan.audio):
        renditions = [a for a in plan.audio if a.index == index]
        track = source[str(index)].filter("asetpts", f"PTS-({ratio(plan.video.start)})/TB")
        # Split before anything that can convert: else one layout is chosen for all branches.
        branches = track.filter_multi_output("asplit", len(renditions))
        outputs += [_audio_output(branches.stream(i), r) for i, r in enumerate(renditions)]
    return outputs


def _audio_output(stream: Any, rendition: AudioRendition) -> Any:
    """AAC whose decoder output is in step with the picture without any edit list.

    The encoder puts one frame of priming in front. Readers disagree on whether an edit list hides it (MSE does,
    many HLS readers do not), so the first frame's worth of sound gives way to it instead, and no list is written.
    """
    end = rendition.samples + PRIMING
    if rendition.source_channels == 1:
        # The plain conversion would make each side 3 dB quieter than the one channel was. By number: the
        # channel may have any name (a QuickTime track of its own for the left side is called FL).
        stream = stream.filter("channelmap", map="0-FL|0-FR", channel_layout="stereo")
    # Holes from 10 ms on are filled with silence (ffmpeg's own bound, 100 ms, is a visible lip-sync error), and
    # a mix of many channels is scaled so that it cannot clip.
    options: dict[str, Any] = {"async": 1, "first_pts": 0, "min_hard_comp": 0.01}
    if rendition.source_channels > rendition.channels:
        options["rematrix_maxval"] = 1
    stream = stream.filter("aresample", rendition.sample_rate, **options)
    stream = (
        stream.filter("aformat", sample_fmts="fltp", channel_layouts=rendition.layout)
        .filter("apad", whole_len=end)
        .filter("atrim", start_sample=PRIMING, end_sample=end)
        .filter("asetpts", "PTS-STARTPTS")
    )
    return ffmpeg.output(
        stream,
        audio_file(rendition.name),
        **{
            "c:a": "aac",
            "b:a": rendition.bitrate,
            "use_editlist": 0,
            "map_metadata": -1,
            "map_chapters": -1,
            "format": "mp4",
        },
    )


def first_of_each(interval: Fraction, previous: str) -> str:
    """An ffmpeg expression that is true for the first picture of each interval.

    `previous` is the variable with the time of the last picture that it was true for.
    """
    step = seconds(interval)
    return f"isnan({previous})+gte(t+{EPSILON},(floor(({previous}+{EPSILON})/{step})+1)*{step})"


def _stills(
    stream: Any, plan: Plan, folder: str, interval: Fraction, size: tuple[int, int], quality: int
) -> Any:
    # JPEG files are BT.601, full range (JFIF 1.02); names are the picture's time in milliseconds.
    stream = stream.filter("select", first_of_each(interval, "prev_selected_t"))
    chosen = _scaled(stream, plan, *size, matrix="bt601", full_range=True).filter("format", "yuvj420p")
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


def _poster_output(stream: Any, plan: Plan) -> Any:
    size = (plan.video.display_width, plan.video.display_height)
    return _stills(stream, plan, CANDIDATES, plan.stills.poster_interval, size, 2)


def _preview_output(stream: Any, plan: Plan) -> Any:
    size = (plan.stills.tile_width, plan.stills.tile_height)
    return _stills(stream, plan, PREVIEWS, plan.stills.preview_interval, size, 3)
