"""Asks about the source, three times: the streams, every packet of the picture, its first decoded pictures.

The third question is there because headers lie about sizes and because a stream may begin with pictures that
cannot be decoded. Everything that comes back is taken as data from a stranger: parsed at this edge, bounded, typed.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from ingest.job import codes
from ingest.job.errors import SourceError, one_line
from ingest.media import process
from ingest.media.document import shapeless
from ingest.media.first_frames import DecodedFrame, decoded_frames
from ingest.media.late_sound import parse_sound_form
from ingest.media.light import Light, parse_light
from ingest.media.packets import PacketReader, PacketTable
from ingest.media.process import Command, Confinement, Limits
from ingest.media.source import describe_content
from ingest.media.text_documents import HEX_LINE
from ingest.media.whitelists import CODEC_WHITELIST, FORMAT_WHITELIST, LISTING, PROTOCOL_WHITELIST

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction
    from pathlib import Path

    from ingest.media.cancel import CancelToken
    from ingest.media.document import Document
    from ingest.media.late_sound import SoundForm
    from ingest.media.source import Source
    from ingest.media.toolchain import Tool
    from ingest.settings import Settings

# A file may name a byte twice (frames repeated by its index), but not again and again.
_DATA_TWICE, _DATA_SPARE = 2, 2**20
# Times this many limits apart are no slip of a clock.
_FAR = 4
_LONGEST_NUMBER = 19  # digits that 64 bits hold
# How far into a file ffprobe looks for a picture that has not begun in the first seconds; bytes, and microseconds.
_FARTHER = ("-probesize", str(256 * 2**20), "-analyzeduration", "120000000")
_INDEX = re.compile("index=([0-9]{1,5})\n")

# A decoder without room for a picture says this and no more; of a picture that is too large it says the size too.
_NO_ROOM, _BAD_SIZE = "get_buffer() failed", re.compile(r"Picture size|image parameters invalid")


@dataclass(frozen=True, slots=True)
class ProbeLimits:
    """Bounds on what a source may ask of us. `pixels` per picture, `seconds` of media."""

    pixels: int = 36_000_000
    streams: int = 128
    seconds: int = 48 * 3600
    stall_seconds: float = 120.0
    memory_bytes: int | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(
            pixels=settings.max_pixels,
            streams=settings.max_streams,
            seconds=int(settings.max_seconds),
            stall_seconds=settings.stall_seconds,
            memory_bytes=settings.memory_limit,
        )


@dataclass(frozen=True, slots=True)
class Prober:
    """How ffprobe and ffmpeg are asked about one source."""

    ffprobe: Tool
    ffmpeg: Tool
    source: Source
    folder: Path
    limits: ProbeLimits
    cancel: CancelToken | None = None

    def command(self, *question: str) -> Command:
        return Command(
            argv=(
                str(self.ffprobe.path),
                *("-v", "error", "-hide_banner"),
                *self.whitelists(),
                *(part for kind, names in LISTING.items() for part in (f"-codec_whitelist:{kind}", names)),
                *question,
                *("-i", self.source.url),
            ),
            cwd=self.folder,
            confinement=Confinement(descriptors=(self.source.descriptor,)),
            limits=self.program_limits(),
        )

    def streams(self) -> Document:
        """The format, streams, chapters and programs as ffprobe's JSON."""
        programs = ("-show_entries", "program=program_num:program_stream=index")
        question = ("-show_format", "-show_streams", "-show_chapters", *programs, "-of", "json")
        document = self._streams(*question)
        # A recording may begin long before its picture does, or before one that tells its size.
        return self._streams(*_FARTHER, *question) if shapeless(document) else document

    def _streams(self, *question: str) -> Document:
        done = process.run(self.command(*question), cancel=self.cancel)
        # Some demuxers fail beyond the limit, others (matroska, mpegts) go on without the streams above it.
        if "max_streams" in done.stderr:
            raise self._over_limit(f"more than {self.limits.streams} streams", "INGEST_MAX_STREAMS", done)
        self._check(done)
        try:
            document = json.loads(done.stdout)
        except ValueError:
            document = {}
        if done.returncode != 0 or not isinstance(document, dict) or not document.get("format"):
            raise not_media(self.source, done.stderr)
        return document

    def subtitle_heads(self) -> dict[int, bytes]:
        """The first bytes of what stands in front of the packets (extradata) of each stream of subtitles."""
        question = ("-select_streams", "s", "-show_data", "-show_entries", "stream=index,extradata")
        done = process.run(self.command(*question, "-of", "default"), cancel=self.cancel)
        self._check(done)
        found: dict[int, bytes] = {}
        for part in done.stdout.decode("ascii", "replace").split("[STREAM]\n")[1:]:
            number, data = _INDEX.match(part), HEX_LINE.search(part)
            if number and data:
                found[int(number[1])] = bytes.fromhex(data[1])
        return found

    def packets(self, index: int, time_base: Fraction) -> PacketTable:
        """Every packet of one stream, in stream order.

        Raises:
            SourceError: they hold more data than the file, or are shown over a time far above the limit.
        """
        most_data = _DATA_TWICE * self.source.size + _DATA_SPARE
        most_ticks = int(_FAR * self.limits.seconds / time_base)
        name = one_line(self.source.name)

        def check(reader: PacketReader) -> None:
            if reader.weight > most_data:
                raise SourceError(
                    codes.SOURCE_OVER_LIMIT,
                    f"the index of {name} names more data than the file holds",
                    remedy="copy or export the file again",
                )
            if reader.span > most_ticks:
                hours = float(reader.span * time_base) / 3600
                raise SourceError(
                    codes.SOURCE_OVER_LIMIT,
                    f"{name} lasts {hours:.1f} h, the limit is {self.limits.seconds / 3600:.1f} h",
                    remedy="raise INGEST_MAX_SECONDS if it is right",
                )

        reader = PacketReader(check)
        done = process.run(
            self.command(
                *("-select_streams", str(index), "-show_entries", "packet=pts,dts,duration,size,flags"),
                *("-of", "csv=p=0"),
            ),
            cancel=self.cancel,
            on_stdout_line=reader.line,
        )
        self._check(done)
        reader.packets.complaints = done.stderr
        return reader.packets

    def places(self, index: int) -> Sequence[int]:
        """Where in the file each packet of one stream lies, in bytes, ascending."""
        found = array("q")

        def take(line: str) -> int:
            text = line.strip().rstrip(",")
            if text.isdigit() and len(text) < _LONGEST_NUMBER:
                found.append(int(text))
            return len(found)

        asked = self.command("-select_streams", str(index), "-show_entries", "packet=pos", "-of", "csv=p=0")
        self._check(process.run(asked, cancel=self.cancel, on_stdout_line=take))
        return array("q", sorted(found))

    def first_frames(self, index: int, time_base: Fraction) -> tuple[DecodedFrame, ...]:
        """The first few pictures that decode; their times in `time_base`, seconds per tick.

        Raises:
            SourceError: none does, or they are larger than the limit.
        """
        mark = secrets.token_hex(8)
        done = process.run(self._decode_command(index, time_base, mark), cancel=self.cancel)
        self._check(done)
        frames = decoded_frames(done.stdout.decode("ascii", "replace"), done.stderr, mark)
        if frames:
            return frames
        name = one_line(self.source.name)
        if found := re.search(r"Picture size (\d+x\d+) exceeds", done.stderr):
            size = f"pictures of {found[1]}, above the limit of {self.limits.pixels} pixels"
            raise self._over_limit(size, "INGEST_MAX_PIXELS", done)
        raise SourceError(
            codes.SOURCE_NOT_MEDIA,
            f"no picture of {name} can be decoded",
            remedy="copy or export the file again",
            detail=done.stderr,
        )

    def sound_form(self, index: int) -> SoundForm | None:
        """The form of the first frame of a stream of sound, wherever that is; None where none decodes."""
        mark = secrets.token_hex(8)
        command = self._told(
            *("-i", self.source.url, "-map", f"0:{index}", "-map_metadata", "-1"),
            *("-af", f"ashowinfo@{mark}", "-frames:a", "1", "-f", "null", "-"),
        )
        done = process.run(command, cancel=self.cancel)
        self._check(done)
        return parse_sound_form(done.stderr, mark)

    def light(self, index: int, time_base: Fraction) -> Light | None:
        """What an HDR source says of the display and the light it was made for; None where it says nothing.

        Raises:
            SourceError: the first picture is larger than a limit.
        """
        mark = secrets.token_hex(8)
        # User data could fill the log; what is asked for here takes two lines.
        command = self._decode_command(
            index, time_base, mark, without="delete:type=SEI_UNREGISTERED", frames=1
        )
        done = process.run(command, cancel=self.cancel)
        self._check(done)
        return parse_light(done.stderr, mark)

    def _decode_command(
        self, index: int, time_base: Fraction, mark: str, *, without: str = "delete", frames: int = 8
    ) -> Command:
        return self._told(
            *("-max_pixels", str(self.limits.pixels), "-threads", "1", "-i", self.source.url),
            *("-map", f"0:{index}", "-map_metadata", "-1", "-map_chapters", "-1"),
            *("-vf", f"sidedata=mode={without},showinfo@{mark}=checksum=0"),
            *("-frames:v", str(frames), "-fps_mode", "passthrough", "-threads", "1"),
            *("-enc_time_base", f"{time_base.numerator}/{time_base.denominator}", "-f", "framecrc", "-"),
        )

    def ffmpeg_command(self, *arguments: str) -> Command:
        """ffmpeg with the source open for it, as `self.source.url`, and under the limits of whoever reads sources."""
        return Command(
            argv=(
                str(self.ffmpeg.path),
                *("-nostdin", "-hide_banner", "-nostats"),
                *self.whitelists(),
                *arguments,
            ),
            cwd=self.folder,
            confinement=Confinement(descriptors=(self.source.descriptor,)),
            limits=self.program_limits(),
        )

    def _told(self, *arguments: str) -> Command:
        """What it says of the source goes to stderr, with the source's own times."""
        return self.ffmpeg_command("-v", "info", "-noautorotate", "-copyts", *arguments)

    def whitelists(self) -> tuple[str, ...]:
        return (
            *("-protocol_whitelist", PROTOCOL_WHITELIST, "-format_whitelist", FORMAT_WHITELIST),
            *("-codec_whitelist", CODEC_WHITELIST, "-max_streams", str(self.limits.streams)),
        )

    def program_limits(self) -> Limits:
        return Limits(memory_bytes=self.limits.memory_bytes, stall_seconds=self.limits.stall_seconds)

    def _check(self, done: process.Completed) -> None:
        """A prober that was ended or killed is a failure of its own; a plain error exit is the source's fault."""
        if done.limit is not None or done.signal is not None:
            process.check(done, codes.SOURCE_NOT_MEDIA)
        if done.returncode != 0 and _short_of_memory(done.stderr):
            megabytes = (self.limits.memory_bytes or 0) // 2**20
            raise self._over_limit(
                f"something that needs more than {megabytes} MiB of memory", "INGEST_MAX_MEMORY", done
            )

    def _over_limit(self, what: str, variable: str, done: process.Completed) -> SourceError:
        return SourceError(
            codes.SOURCE_OVER_LIMIT,
            f"{one_line(self.source.name)} has {what}",
            remedy=f"raise {variable} if you trust the file",
            detail=done.stderr,
        )


def _short_of_memory(stderr: str) -> bool:
    no_room = _NO_ROOM in stderr and not _BAD_SIZE.search(stderr)
    return no_room or process.NO_MEMORY.search(stderr) is not None


def not_media(source: Source, stderr: str) -> SourceError:
    """The error for a file that no demuxer on the whitelist takes."""
    name = one_line(source.name)
    if "moov atom not found" in stderr:
        return SourceError(
            codes.SOURCE_NOT_MEDIA,
            f"{name} is cut short: its index (moov) is missing",
            remedy="copy or upload the whole file again",
            detail=stderr,
        )
    if found := re.search(r"Codec \((\w+)\) not on whitelist", stderr):
        return SourceError(
            codes.SOURCE_NOT_MEDIA,
            f"{name} has a stream in the codec {found[1]}, which ingest does not accept",
            remedy="leave that stream out (for example by remuxing), or convert the file first",
            detail=stderr[-2000:],
        )
    first = os.pread(source.descriptor, 8, 0)[4:8]
    if first in {b"styp", b"sidx", b"moof"}:
        return SourceError(
            codes.SOURCE_NOT_MEDIA,
            f"{name} is a segment of a fragmented MP4 without the beginning (init segment) that all of them need",
            remedy="put the beginning and the segments into one file, one behind the other",
            detail=stderr,
        )
    guess = describe_content(source)
    if guess is None and first in {b"ftyp", b"moov"} and "error reading header" in stderr:
        return SourceError(
            codes.SOURCE_NOT_MEDIA,
            f"{name} is damaged: its index (moov) cannot be read",
            remedy="copy or upload the whole file again",
            detail=stderr,
        )
    what = (
        f"{name} is {guess}, not a video file" if guess else f"{name} is not a video file that ingest knows"
    )
    return SourceError(
        codes.SOURCE_NOT_MEDIA,
        what,
        remedy="give a video container such as mp4, mov, mkv, webm, ts, avi or mxf",
        detail=stderr,
    )
