"""The JPEG frames that one ffmpeg run leaves in a work folder: listing, reading and writing them.

A frame file is named after its time: `<ms>.jpg`, whole milliseconds on the package's timeline (0 = first
picture).
"""

from __future__ import annotations

import errno
import io
import re
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from PIL import Image

from ingest.job import codes
from ingest.job.errors import OutputError, ProcessingError, ResourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAME = re.compile(r"([0-9]{1,12})\.jpg")
_REMEDY = "run the job again; if it happens again, the disk or ffmpeg is at fault"


@dataclass(frozen=True, slots=True)
class Frame:
    """One JPEG file. `time` is in seconds on the package's timeline."""

    path: Path
    time: Fraction


def list_frames(folder: Path) -> tuple[Frame, ...]:
    """The frames in `folder`, sorted by time; times are strictly increasing.

    Raises ProcessingError (TRANSCODING_FAILED) when the folder cannot be read, when anything in it is not a
    `<ms>.jpg` file, or when two names mean the same time ("7.jpg" and "007.jpg").
    """
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise failed(f"the folder of frames {folder.name} cannot be read", str(error)) from error
    by_time: dict[int, Path] = {}
    for name in names:
        match = _NAME.fullmatch(name)
        if match is None:
            raise failed(f"{name!r} in {folder.name} is not a frame named after its time in ms")
        if int(match[1]) in by_time:
            raise failed(f"two frames in {folder.name} have the time {int(match[1])} ms")
        by_time[int(match[1])] = folder / name
    return tuple(Frame(path, Fraction(ms, 1000)) for ms, path in sorted(by_time.items()))


@contextmanager
def reading(path: Path) -> Iterator[Image.Image]:
    """The JPEG at `path`, opened; decoding happens inside the `with` block.

    Raises ProcessingError (TRANSCODING_FAILED), naming the file, when it is missing, not JPEG, cut short or
    larger than Pillow's limit against decompression bombs; also when that shows only while it is decoded.
    """
    try:
        with Image.open(path, formats=("JPEG",)) as image:
            yield image
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise failed(f"the frame {path.parent.name}/{path.name} cannot be read", str(error)) from error


def encode(image: Image.Image, quality: int = 80) -> bytes:
    """`image` as a baseline JPEG (4:2:0) without metadata; the same picture gives the same bytes."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, subsampling="4:2:0", optimize=True)
    return buffer.getvalue()


def write(path: Path, data: bytes) -> None:
    """Write a whole file.

    Raises ResourceError (DISK_FULL) or OutputError (OUTPUT_NOT_WRITABLE). Images are encoded in memory first,
    because Pillow writing straight to a full disk loses the error number.
    """
    try:
        path.write_bytes(data)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ResourceError(
                codes.DISK_FULL, f"no space left to write {path.name}", remedy="free some space and run again"
            ) from error
        raise OutputError(
            codes.OUTPUT_NOT_WRITABLE, f"{path.name} cannot be written", detail=str(error)
        ) from error


def failed(message: str, detail: str = "") -> ProcessingError:
    """The error for frames that are not what the ffmpeg run should have left."""
    return ProcessingError(codes.TRANSCODING_FAILED, message, remedy=_REMEDY, detail=detail)
