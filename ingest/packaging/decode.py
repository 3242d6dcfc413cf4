"""Decodes single media segments with ffmpeg, strictly: any error line and any missing frame is a fault.

ffmpeg ends with 0 on damaged input, so its exit code alone says nothing.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import ffmpeg

from ingest.job import codes
from ingest.job.errors import ResourceError
from ingest.media.process import Command, Confinement, Limits, last_words, run
from ingest.media.whitelists import CODEC_WHITELIST, FORMAT_WHITELIST, PROTOCOL_WHITELIST
from ingest.packaging.streams import not_boxes

if TYPE_CHECKING:
    from ingest.media.cancel import CancelToken
    from ingest.media.toolchain import Tool
    from ingest.packaging.verify import Decoder

_INPUT = "segment.mp4"
# ffmpeg would count the times in frames of the usual rate, and two pictures close together would have the same.
_TICK = "1/1000000"
_PACKED = "aac,ac3,eac3"


def decode_arguments(
    program: str, url: str, *, frames: int, video: bool, boxes: bool = True
) -> tuple[str, ...]:
    """The whole ffmpeg command: decode `frames` frames of the first track of `url`, and tell how many on stdout.

    `boxes` is False for a transport stream or packed audio.
    """
    own = {} if not boxes else {"ignore_editlist": 1}
    source = ffmpeg.input(
        url,
        protocol_whitelist=PROTOCOL_WHITELIST,
        format_whitelist=f"{FORMAT_WHITELIST},{_PACKED}",
        codec_whitelist=CODEC_WHITELIST,
        err_detect="crccheck+bitstream+buffer+careful",
        # A segment is part of a longer film: the edit list would hide frames that must decode.
        **own,
    )
    quiet = ("-nostdin", "-hide_banner", "-v", "error", "-nostats")
    if video:
        # Counted by ffmpeg itself: a checksum of every picture would cost half as much as decoding it.
        output = ffmpeg.output(
            source["0"],
            "-",
            format="null",
            fps_mode="passthrough",
            **{"enc_time_base": _TICK, "frames:v": frames},
        )
        output = output.global_args(*quiet, "-progress", "pipe:1")
    else:
        output = ffmpeg.output(source["0"], "pipe:1", format="framecrc").global_args(*quiet)
    arguments: list[str] = output.compile(cmd=program)
    return tuple(arguments)


def make_decoder(
    tool: Tool, folder: Path, limits: Limits | None = None, cancel: CancelToken | None = None
) -> Decoder:
    """A decoder for `verify` that writes its temporary file into `folder`, which must exist and be writable.

    What is wrong with the segment is the decoder's answer; it raises `Cancelled`, `ToolError`, and
    `ResourceError` when the disk is full.
    """
    chosen = limits or Limits(wall_seconds=600, stall_seconds=120)

    def decode(init: bytes, segment: Path, span: slice, frames: int, video: bool) -> str | None:
        with tempfile.TemporaryDirectory(prefix="decode-", dir=folder) as name:
            work = Path(name)
            try:
                _join(init, segment, span, work / _INPUT)
            except OSError as error:
                raise ResourceError(
                    codes.DISK_FULL, f"{segment.name} cannot be copied to decode it: {error.strerror}"
                ) from error
            arguments = decode_arguments(
                str(tool.path), f"file:{_INPUT}", frames=frames, video=video, boxes=_is_boxes(work / _INPUT)
            )
            counter = _FrameCounter()
            completed = run(
                Command(arguments, work, Confinement(write=(work,)), chosen),
                cancel=cancel,
                on_stdout_line=counter.line,
            )
        return _judge(completed.returncode, completed.limit, completed.stderr, counter.frames, frames)

    return decode


def _is_boxes(path: Path) -> bool:
    with path.open("rb") as file:
        return not not_boxes(file.read(189))


def _join(init: bytes, segment: Path, span: slice, target: Path) -> None:
    """The initialization segment and a range of a media segment, as one file."""
    with target.open("wb") as whole, segment.open("rb") as file:
        whole.write(init)
        file.seek(span.start)
        whole.write(file.read(span.stop - span.start))


class _FrameCounter:
    """Reads `frame=N` of -progress, or counts framecrc's lines, which begin with the stream's number."""

    def __init__(self) -> None:
        self.frames = 0

    def line(self, text: str) -> int:
        if text.startswith("frame="):
            self.frames = int(text.removeprefix("frame="))
        elif text[:1].isdecimal():
            self.frames += 1
        return self.frames


def _judge(returncode: int, limit: str | None, stderr: str, decoded: int, frames: int) -> str | None:
    lines = [line for line in stderr.splitlines() if line.strip()]
    if limit is not None:
        return f"decoding did not end in time ({limit})"
    if lines:
        return f"{len(lines)} error lines, {decoded} of {frames} frames: {last_words(stderr)}"
    if returncode != 0:
        return f"ffmpeg ended with {returncode} after {decoded} of {frames} frames"
    return None if decoded == frames else f"{decoded} of {frames} frames"
