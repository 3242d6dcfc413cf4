"""Decodes single media segments with ffmpeg, strictly: any error line and any missing frame is a fault.

ffmpeg ends with 0 on damaged input, so its exit code alone says nothing.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import ffmpeg

from ingest.job import codes
from ingest.job.errors import ResourceError
from ingest.media.process import Command, Confinement, Limits, last_words, run
from ingest.media.whitelists import CODEC_WHITELIST, FORMAT_WHITELIST, PROTOCOL_WHITELIST

if TYPE_CHECKING:
    from ingest.media.cancel import CancelToken
    from ingest.media.toolchain import Tool
    from ingest.packaging.verify import Decoder

_INPUT = "segment.mp4"


def decode_arguments(program: str, url: str) -> tuple[str, ...]:
    """The whole ffmpeg command: decode the first track of `url`, print one line for each frame."""
    source = ffmpeg.input(
        url,
        protocol_whitelist=PROTOCOL_WHITELIST,
        format_whitelist=FORMAT_WHITELIST,
        codec_whitelist=CODEC_WHITELIST,
        # A segment is part of a longer film: the edit list would hide frames that must decode.
        ignore_editlist=1,
        err_detect="crccheck+bitstream+buffer+careful",
    )
    output = ffmpeg.output(source["0"], "pipe:1", format="framecrc", fps_mode="passthrough")
    arguments: list[str] = output.global_args("-nostdin", "-hide_banner", "-v", "error").compile(cmd=program)
    return tuple(arguments)


def make_decoder(
    tool: Tool, folder: Path, limits: Limits | None = None, cancel: CancelToken | None = None
) -> Decoder:
    """A decoder for `verify` that writes its temporary file into `folder`, which must exist and be writable.

    What is wrong with the segment is the decoder's answer; it raises `Cancelled`, `ToolError`, and
    `ResourceError` when the disk is full.
    """
    chosen = limits or Limits(wall_seconds=600, stall_seconds=120)

    def decode(init: Path, segment: Path, frames: int) -> str | None:
        with tempfile.TemporaryDirectory(prefix="decode-", dir=folder) as name:
            work = Path(name)
            try:
                with (work / _INPUT).open("wb") as whole:
                    for part in (init, segment):
                        with part.open("rb") as file:
                            shutil.copyfileobj(file, whole, 1 << 20)
            except OSError as error:
                raise ResourceError(
                    codes.DISK_FULL, f"{segment.name} cannot be copied to decode it: {error.strerror}"
                ) from error
            command = Command(
                decode_arguments(str(tool.path), f"file:{_INPUT}"), work, Confinement(write=(work,)), chosen
            )
            decoded = 0

            def count(line: str) -> int:
                nonlocal decoded
                decoded += line[:1].isdigit()
                return decoded

            completed = run(command, cancel=cancel, on_stdout_line=count)
        return _judge(completed.returncode, completed.limit, completed.stderr, decoded, frames)

    return decode


def _judge(returncode: int, limit: str | None, stderr: str, decoded: int, frames: int) -> str | None:
    lines = [line for line in stderr.splitlines() if line.strip()]
    if limit is not None:
        return f"decoding did not end in time ({limit})"
    if lines:
        return f"{len(lines)} error lines, {decoded} of {frames} frames: {last_words(stderr)}"
    if returncode != 0:
        return f"ffmpeg ended with {returncode} after {decoded} of {frames} frames"
    return None if decoded == frames else f"{decoded} of {frames} frames"
