"""The commands that only measure sound: of the source before it is encoded, and of what was encoded. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ffmpeg

from ingest.media.command.global_options import ERRORS_AND_PROGRESS
from ingest.media.command.picture import own_times
from ingest.media.command.sound import measured, sounds
from ingest.media.whitelists import CODEC_WHITELIST, FORMAT_WHITELIST, PROTOCOL_WHITELIST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingest.media.plan import Plan


def source_arguments(program: str, plan: Plan, url: str, max_streams: int) -> tuple[str, ...]:
    """The command that decodes the sound alone and measures each rendition as it would be encoded."""
    stream = ffmpeg.input(
        url,
        protocol_whitelist=PROTOCOL_WHITELIST,
        format_whitelist=FORMAT_WHITELIST,
        codec_whitelist=CODEC_WHITELIST,
        max_streams=max_streams,
        copyts=None,
        **(own_times(plan) if plan.video.jumps else {}),
    )
    return _compiled(program, [_nowhere(measured(s, r.name)) for r, s in sounds(stream, plan)])


def result_arguments(program: str, files: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The command that measures encoded files: (the rendition's name, its file)."""
    outputs = []
    for name, file in files:
        stream = ffmpeg.input(file, protocol_whitelist=PROTOCOL_WHITELIST, format_whitelist=FORMAT_WHITELIST)
        outputs.append(_nowhere(measured(stream["a:0"], name)))
    return _compiled(program, outputs)


def _nowhere(stream: Any) -> Any:
    return ffmpeg.output(stream, "-", format="null")


def _compiled(program: str, outputs: list[Any]) -> tuple[str, ...]:
    run = ffmpeg.merge_outputs(*outputs).global_args(*ERRORS_AND_PROGRESS)
    arguments: list[str] = run.compile(cmd=program, overwrite_output=True)
    return tuple(arguments)
