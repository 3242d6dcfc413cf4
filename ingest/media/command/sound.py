"""The audio renditions' outputs. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ffmpeg

from ingest.media.command.expressions import ratio
from ingest.media.command.names import audio_file
from ingest.media.plan.audio import AAC_FRAME
from ingest.media.whitelists import FORMAT_WHITELIST, PROTOCOL_WHITELIST

if TYPE_CHECKING:
    from ingest.media.plan import Plan
    from ingest.media.plan.audio import AudioRendition

PRIMING = AAC_FRAME  # samples that an AAC decoder puts out before the first real one


def audio_outputs(source: Any, plan: Plan) -> list[Any]:
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


def cut_arguments(program: str, whole: str, cut: str, frames: int) -> tuple[str, ...]:
    """The command that copies the first `frames` audio frames of one file into another."""
    stream = ffmpeg.input(whole, protocol_whitelist=PROTOCOL_WHITELIST, format_whitelist=FORMAT_WHITELIST)
    run = ffmpeg.output(
        stream["a:0"], cut, **{"c": "copy", "frames:a": frames, "use_editlist": 0, "format": "mp4"}
    ).global_args("-nostdin", "-hide_banner", "-v", "error")
    arguments: list[str] = run.compile(cmd=program, overwrite_output=True)
    return tuple(arguments)
