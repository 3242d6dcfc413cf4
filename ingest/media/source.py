"""The source: opened once, checked once, handed down as a descriptor.

Its name never reaches a program: ffmpeg sees `/proc/self/fd/N`, so a name can be neither an option, nor a file
pattern, nor a protocol. A link that the user named is followed; what it leads to must be a regular file.
"""

from __future__ import annotations

import os
import stat
from codecs import getincrementaldecoder
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self

from ingest.job import codes
from ingest.job.errors import SourceError, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ingest.media.cancel import CancelToken


def display_name(path: Path | str) -> str:
    """`path` as text that any terminal and any JSON reader can take (undecodable bytes as `\\xNN`)."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class Source:
    """An open source file. `size` in bytes.

    `in_turn`: pairs of PIDs of sound of which the second is there only where the first one is not.
    `scrambled`: PIDs and how many of their packets are, as far as they were counted.
    """

    path: Path
    descriptor: int
    size: int
    modified_ns: int
    inode: int
    in_turn: tuple[tuple[int, int], ...] = ()
    scrambled: tuple[tuple[int, int], ...] = ()

    @property
    def url(self) -> str:
        """What programs are given in place of the name."""
        return f"file:/proc/self/fd/{self.descriptor}"

    @property
    def name(self) -> str:
        return display_name(self.path.name)

    @property
    def modified(self) -> str:
        return mtime_text(self.modified_ns)

    def check_unchanged(self) -> None:
        """Raise SourceError when the file was written to since it was opened."""
        now = os.fstat(self.descriptor)
        if (now.st_size, now.st_mtime_ns) != (self.size, self.modified_ns):
            raise SourceError(
                codes.SOURCE_CHANGED,
                f"{one_line(self.name)} changed while it was being read",
                remedy="wait until it is written to its end, then run again",
            )

    def pieces(self, cancel: CancelToken | None = None) -> Iterator[bytes]:
        """Its bytes from the beginning to the end, as many at once as KLV is read in. Raises Cancelled."""
        from ingest.klv.reader import BLOCK  # most sources are read by other programs alone

        at = 0
        while piece := os.pread(self.descriptor, BLOCK, at):
            if cancel is not None:
                cancel.check()
            yield piece
            at += len(piece)

    def close(self) -> None:
        os.close(self.descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def mtime_text(nanoseconds: int) -> str:
    """When a file was modified, as the record writes times."""
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=nanoseconds // 1000)
    except OverflowError:  # file systems keep times that no calendar has
        latest, earliest = datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)
        moment = latest if nanoseconds > 0 else earliest
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def open_source(path: Path) -> Source:
    """Open `path` for reading.

    Raises:
        SourceError: missing, not a regular file, empty, or not readable.
    """
    shown = display_name(path)
    try:
        # O_NONBLOCK: opening a FIFO without a writer would otherwise wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise SourceError(
            codes.SOURCE_NOT_FOUND, f"there is no file {shown}", remedy="check the path"
        ) from error
    except PermissionError as error:
        raise SourceError(
            codes.SOURCE_NOT_READABLE, f"{shown} may not be read", remedy="check its permissions"
        ) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SourceError(
            codes.SOURCE_NOT_READABLE, f"{shown} cannot be opened ({reason})", remedy="check the path"
        ) from error
    facts = os.fstat(descriptor)
    refusal = _refusal(facts, shown)
    if refusal:
        os.close(descriptor)
        raise refusal
    return Source(
        path=path,
        descriptor=descriptor,
        size=facts.st_size,
        modified_ns=facts.st_mtime_ns,
        inode=facts.st_ino,
    )


def _refusal(facts: os.stat_result, shown: str) -> SourceError | None:
    if stat.S_ISDIR(facts.st_mode):
        return SourceError(
            codes.SOURCE_NOT_READABLE, f"{shown} is a folder", remedy="name one video file inside it"
        )
    if not stat.S_ISREG(facts.st_mode):
        return SourceError(
            codes.SOURCE_NOT_READABLE, f"{shown} is not a regular file", remedy="save it to a file first"
        )
    if facts.st_size == 0:
        return SourceError(codes.SOURCE_NOT_MEDIA, f"{shown} is empty", remedy="copy or upload it again")
    return None


_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"BM", "a BMP picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"%PDF", "a PDF document"),
    (b"\x7fELF", "a program"),
    (b"#!", "a script"),
    (b"#EXTM3U", "an HLS playlist, a text that names other files"),
    (b"ffconcat", "an ffconcat list, a text that names other files"),
    (b"v=0", "an SDP description"),
    (b"ID3", "an MP3 sound file"),
    (b"fLaC", "a FLAC sound file"),
)


def describe_content(source: Source) -> str | None:
    """A guess, from the first bytes, at what a file is that is not a video container; None when unknown."""
    head = os.pread(source.descriptor, 4096, 0)
    for magic, what in _SIGNATURES:
        if head.startswith(magic):
            return what
    if head[4:8] == b"ftyp" and head[8:12] in {b"heic", b"heix", b"mif1", b"msf1", b"avif"}:
        return "a HEIF or AVIF picture"
    if head[:4] == b"RIFF" and head[8:12] in {b"WAVE", b"WEBP"}:
        return "a WAVE sound file" if head[8:12] == b"WAVE" else "a WebP picture"
    if b"<svg" in head[:1024]:
        return "an SVG picture"
    if b"<MPD" in head[:1024]:
        return "a DASH manifest, a text that names other files"
    if not any(head):
        return "nothing but zero bytes"
    try:
        text = getincrementaldecoder("utf-8-sig")().decode(head, final=len(head) < 4096)
    except UnicodeDecodeError:
        return None
    return "a text file" if all(c.isprintable() or c in "\r\n\t\f" for c in text) else None
