"""Decodes parts of a rendition with ffmpeg, strictly: any error line and any missing frame is a fault.

ffmpeg ends with 0 on damaged input, so its exit code alone says nothing.
"""

from __future__ import annotations

import re
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ffmpeg

from ingest.job import codes
from ingest.job.errors import ResourceError
from ingest.media.command.reference import HEIGHT, WIDTH, luma, measured_levels
from ingest.media.command.sound import PRIMING
from ingest.media.process import Command, Completed, Confinement, Limits, last_words, run
from ingest.media.whitelists import CODEC_WHITELIST, FORMAT_WHITELIST
from ingest.packaging.excerpt import (
    own_files,
    runs,
    write_beginning,
    write_first_pictures,
    write_last_group,
    write_whole,
)
from ingest.packaging.levels import read_levels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import BinaryIO

    from ingest.media.cancel import CancelToken
    from ingest.media.toolchain import Tool
    from ingest.packaging.segments import Segment

_INPUT = "part.mp4"
_LIST = "parts.txt"
_LEVELS = "levels.txt"
_ROOM = "room"
_ROOM_BYTES = 65536  # ffmpeg writes 32 KiB at once
_PACKED = {"mp4a": "aac", "ac-3": "ac3", "ec-3": "eac3"}
_QUIET = ("-nostdin", "-hide_banner", "-v", "error", "-nostats")
_PICTURE = WIDTH * HEIGHT
# ffmpeg would count the times in frames of the usual rate, and two pictures close together would have the same.
_TICK = "1/1000000"


@dataclass(frozen=True, slots=True)
class Shown:
    """The first pictures of the segments that start with a sync sample: `WIDTH` by `HEIGHT`, luma only.

    `wrong` says what kept one of them, or a picture of the last group, from being decoded.
    """

    segments: tuple[Segment, ...]
    pictures: tuple[bytes, ...]
    wrong: str | None


@dataclass(frozen=True, slots=True)
class Heard:
    """`levels` are RMS levels in dBFS, one for each second; what kept frames from being decoded, or None."""

    levels: tuple[float, ...]
    wrong: str | None


def demuxer_of(segment: Segment) -> str | None:
    """ffmpeg's name for a format that it may not know by a few small pictures or frames; None for MP4."""
    if segment.stream is None:
        return None
    return _PACKED[segment.stream.packed] if segment.stream.packed else "mpegts"


def decoder_input(url: str, demuxer: str | None = None) -> Any:
    """`demuxer` is None for MP4."""
    # A part of a longer film: the edit list would hide frames that must decode.
    own: dict[str, Any] = {"format": demuxer} if demuxer else {"ignore_editlist": 1}
    return ffmpeg.input(
        url,
        protocol_whitelist="file,concatf",
        format_whitelist=f"{FORMAT_WHITELIST},{','.join(_PACKED.values())}",
        codec_whitelist=CODEC_WHITELIST,
        err_detect="crccheck+bitstream+buffer+careful",
        **own,
    )


def pictures_arguments(program: str, url: str, demuxer: str | None = None) -> tuple[str, ...]:
    """The command that writes every picture of `url`, small, to stdout: raw luma."""
    small = luma(decoder_input(url, demuxer)["v:0"].filter("scale", WIDTH, HEIGHT, flags="bicubic"))
    output = ffmpeg.output(small, "pipe:1", format="rawvideo", fps_mode="passthrough", enc_time_base=_TICK)
    arguments: list[str] = output.global_args(*_QUIET).compile(cmd=program)
    return tuple(arguments)


def count_arguments(program: str, source: Any) -> tuple[str, ...]:
    """The command that decodes every picture and tells on stdout how many there are.

    ffmpeg counts them itself: a checksum of every picture would cost half as much as decoding it.
    """
    output = ffmpeg.output(source["v:0"], "-", format="null", fps_mode="passthrough", enc_time_base=_TICK)
    arguments: list[str] = output.global_args(*_QUIET, "-progress", "pipe:1").compile(cmd=program)
    return tuple(arguments)


def sound_arguments(program: str, source: Any, *, levels: bool) -> tuple[str, ...]:
    """The command that decodes all sound: a line for each frame on stdout, and levels into a file.

    Levels are those of what our encoder was given: the frame that an AAC decoder puts out before is left out.
    """
    sound = source["a:0"]
    outputs = []
    if levels:
        branches = sound.filter_multi_output("asplit", 2)
        sound = branches.stream(0)
        given = branches.stream(1).filter("atrim", start_sample=PRIMING).filter("asetpts", "PTS-STARTPTS")
        outputs = [ffmpeg.output(measured_levels(given, _LEVELS), "-", format="null")]
    run = ffmpeg.merge_outputs(ffmpeg.output(sound, "pipe:1", format="framecrc"), *outputs)
    arguments: list[str] = run.global_args(*_QUIET).compile(cmd=program)
    return tuple(arguments)


class Decoder:
    """Decodes for `verify`; its temporary files go into `folder`, which must exist and be writable.

    What is wrong with the media is the answer; it raises `Cancelled`, `ToolError`, `FaultError` where a file
    cannot be read any more, and `ResourceError` when the disk is full.
    """

    def __init__(
        self, tool: Tool, folder: Path, limits: Limits | None = None, cancel: CancelToken | None = None
    ) -> None:
        self._program = str(tool.path)
        self._folder = folder
        self._limits = limits or Limits(stall_seconds=120)
        self._cancel = cancel
        self.cpu_seconds = 0.0  # of all programs so far

    def first_pictures(self, segments: Sequence[Segment], *, last_group: bool) -> Shown:
        """The first picture of each segment and, to be counted only, every picture of the last group."""
        shown = [
            self._pictures(part, last_group=last_group and part[-1] is segments[-1])
            for part in runs(segments)
        ]
        return Shown(
            tuple(s for part in shown for s in part.segments),
            tuple(p for part in shown for p in part.pictures),
            next((part.wrong for part in shown if part.wrong), None),
        )

    def _pictures(self, segments: Sequence[Segment], *, last_group: bool) -> Shown:
        last = segments[-1]
        # A last segment of one group has its first picture there.
        once = last_group and len(last.access_points) == 1 and last.starts_with_sync
        with self._work() as work:
            with _writing(work / _INPUT) as file:
                write_beginning(segments[0], file)
                taken = write_first_pictures(segments[:-1] if once else segments, file)
                wanted = len(taken) + (write_last_group(last, file) if last_group else 0)
            if once:
                taken.append(last)
            if not wanted:
                return Shown((), (), None)
            arguments = pictures_arguments(self._program, f"file:{_INPUT}", demuxer_of(last))
            done = self._run(arguments, work)
        raw = done.stdout
        pictures = [raw[i : i + _PICTURE] for i in range(0, len(raw) // _PICTURE * _PICTURE, _PICTURE)]
        wrong = _judge(done, len(pictures), wanted)
        return Shown(tuple(taken), tuple(pictures[: len(taken)]), wrong)

    def count(self, segments: Sequence[Segment]) -> str | None:
        """Decode every picture of some segments in a row; says what is wrong."""
        return next((wrong for part in runs(segments) if (wrong := self._count(part))), None)

    def _count(self, segments: Sequence[Segment]) -> str | None:
        counter = _FrameCounter()
        with self._work() as work:
            source, read = self._joined(segments, work)
            done = self._run(count_arguments(self._program, source), work, read, counter.line)
        return _judge(done, counter.frames, sum(s.samples for s in segments))

    def sound(self, segments: Sequence[Segment], *, levels: bool = False) -> Heard:
        """Decode all sound of some segments in a row and, where wanted, measure how loud each second is."""
        heard = [self._sound(part, levels=levels) for part in runs(segments)]
        return Heard(
            tuple(level for part in heard for level in part.levels),
            next((part.wrong for part in heard if part.wrong), None),
        )

    def _sound(self, segments: Sequence[Segment], *, levels: bool) -> Heard:
        counter = _FrameCounter()
        with self._work() as work:
            source, read = self._joined(segments, work)
            done = self._run(sound_arguments(self._program, source, levels=levels), work, read, counter.line)
            measured = read_levels(work / _LEVELS) if levels and done.returncode == 0 else ()
            if levels:
                _prove_room(work)
        return Heard(measured, _judge(done, counter.frames, sum(s.samples for s in segments)))

    @contextmanager
    def _work(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="decode-", dir=self._folder) as name:
            yield Path(name)

    def _joined(self, segments: Sequence[Segment], work: Path) -> tuple[Any, tuple[Path, ...]]:
        """A run of segments as one input, and the folders that must be read for it."""
        demuxer = demuxer_of(segments[0])
        paths = own_files(segments)
        if paths is None:
            with _writing(work / _INPUT) as file:
                write_whole(segments, file)
            return decoder_input(f"file:{_INPUT}", demuxer), ()
        with _writing(work / _LIST) as file:
            file.write("".join(f"{_escaped(p)}\n" for p in paths).encode("utf-8", "surrogateescape"))
        return decoder_input(f"concatf:{_LIST}", demuxer), tuple({p.parent for p in paths})

    def _run(
        self,
        arguments: tuple[str, ...],
        work: Path,
        read: tuple[Path, ...] = (),
        on_line: Callable[[str], object] | None = None,
    ) -> Completed:
        command = Command(arguments, work, Confinement(read=read, write=(work,)), self._limits)
        done = run(command, cancel=self._cancel, on_stdout_line=on_line)
        self.cpu_seconds += done.cpu_seconds
        return done


def make_decoder(
    tool: Tool, folder: Path, limits: Limits | None = None, cancel: CancelToken | None = None
) -> Decoder:
    return Decoder(tool, folder, limits, cancel)


@contextmanager
def _writing(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("wb") as file:
            yield file
    except OSError as error:
        raise ResourceError(
            codes.DISK_FULL, f"a part of the package cannot be decoded to verify it: {error.strerror}"
        ) from error


def _prove_room(work: Path) -> None:
    """ffmpeg's filters say nothing of lines that they could not write: what is full now was full for them."""
    with _writing(work / _ROOM) as file:
        file.write(bytes(_ROOM_BYTES))


def _escaped(path: Path) -> str:
    """A path as ffmpeg's concatf protocol reads it: what is special to it stands behind a backslash."""
    return "file:" + re.sub(r"([^\w./-])", r"\\\1", str(path), flags=re.ASCII)


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


def _judge(done: Completed, decoded: int, frames: int) -> str | None:
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    if done.limit is not None:
        return f"decoding did not end in time ({done.limit})"
    if lines:
        return f"{len(lines)} error lines, {decoded} of {frames} frames: {last_words(done.stderr)}"
    if done.returncode != 0:
        return f"ffmpeg ended with {done.returncode} after {decoded} of {frames} frames"
    return None if decoded == frames else f"{decoded} of {frames} frames"
