"""The command that scores the encoded renditions against the source with VMAF (libvmaf). Pure.

Both sides see the same pictures: the source passes the filters of the encode up to its scaling, pictures are chosen by
their number on both sides, and libvmaf's filter pairs them by their times, which the encode has kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ffmpeg

from ingest.media.command import EncodeInput, source_input
from ingest.media.command.colour import sdr_picture
from ingest.media.command.finished import finished
from ingest.media.command.global_options import ERRORS_AND_PROGRESS
from ingest.media.command.names import QUALITY, quality_file, rung_file
from ingest.media.command.picture import timed_picture
from ingest.media.whitelists import CODEC_WHITELIST, FORMAT_WHITELIST, PROTOCOL_WHITELIST

if TYPE_CHECKING:
    from ingest.media.plan import Plan
    from ingest.media.quality import Sampling


def quality_arguments(program: str, plan: Plan, source: EncodeInput, sampling: Sampling) -> tuple[str, ...]:
    """The whole ffmpeg command; it runs in the work folder, where the encoded rungs are."""
    # Chosen before anything that costs much: tone mapping and scaling.
    timed = timed_picture(source_input(plan, source)[str(plan.video.index)], plan)
    shown = sdr_picture(_chosen(timed, sampling), plan)
    reference = _compared(
        finished(shown, plan, sampling.width, sampling.height, QUALITY)
    ).filter_multi_output("split", len(sampling.rungs))
    outputs = [
        ffmpeg.output(_scored(number, name, reference.stream(i), sampling), "-", format="null")
        for i, (number, name) in enumerate(sampling.rungs)
    ]
    run = ffmpeg.merge_outputs(*outputs).global_args(*ERRORS_AND_PROGRESS)
    arguments: list[str] = run.compile(cmd=program)
    return tuple(arguments)


def _scored(number: int, name: str, reference: Any, sampling: Sampling) -> Any:
    rung = ffmpeg.input(
        f"file:{rung_file(name)}",
        protocol_whitelist=PROTOCOL_WHITELIST,
        format_whitelist=FORMAT_WHITELIST,
        codec_whitelist=CODEC_WHITELIST,
        # ffmpeg hands the source's rotation on to the first file that it encodes; its pictures are upright.
        noautorotate=None,
    )
    # A player scales a small rendition up to the screen; bicubic is what the model was trained with.
    distorted = _chosen(rung["v:0"], sampling).filter(
        "scale", sampling.width, sampling.height, flags="bicubic"
    )
    return ffmpeg.filter(
        [_compared(distorted), reference],
        "libvmaf",
        model=f"version={sampling.model}",
        n_threads=sampling.threads,
        log_fmt="json",
        log_path=quality_file(number),
        ts_sync_mode="nearest",
    )


def _chosen(stream: Any, sampling: Sampling) -> Any:
    if sampling.every <= sampling.run:
        return stream
    return stream.filter("select", f"lt(mod(n,{sampling.every}),{sampling.run})")


def _compared(stream: Any) -> Any:
    return stream.filter("format", "yuv420p").filter("setsar", 1)
