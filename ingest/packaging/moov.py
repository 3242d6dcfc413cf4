"""The index of an MP4 file on the disk: its `moov` (ISO/IEC 14496-12, 8.2.1), read whole and put back changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.packaging.boxes import MAX_HEADER_BYTES, Box, BoxError, read_header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO


def read_moov(path: Path, limit: int = MAX_HEADER_BYTES) -> bytes:
    """Raises `BoxError`: there is none, or it has more than `limit` bytes; OSError."""
    with path.open("rb") as file:
        for box in boxes_at_top(file):
            if box.kind == "moov":
                if box.end - box.start > limit:
                    raise BoxError(f"an index of {box.end - box.start} bytes is above the bound")
                return _content(file, box)
    raise BoxError("there is no moov")


def change_moov(path: Path, change: Callable[[bytes], bytes | None]) -> bool:
    """Put what `change` makes of the `moov`, the file's last box, in its place.

    Returns False, and leaves the file as it is, where that is None or the index is above the bound (many hours).
    Raises `BoxError`: another box is the last one; OSError.
    """
    with path.open("r+b") as file:
        last = Box("", 0, 0, 0)
        for box in boxes_at_top(file):
            last = box
        if last.kind != "moov":
            raise BoxError(f"the file does not end with a moov: it ends with a box {last.kind!r}")
        changed = None if _too_long(last) else change(_content(file, last))
        if changed is None:
            return False
        file.seek(last.start)
        file.write(changed)
        file.truncate()
    return True


def boxes_at_top(file: BinaryIO) -> Iterator[Box]:
    """Those at the top of the file."""
    size = file.seek(0, 2)
    position = 0
    while position < size:
        file.seek(position)
        box = read_header(file.read(16), position, size)
        yield box
        position = box.end


def _too_long(box: Box) -> bool:
    return box.end - box.start > MAX_HEADER_BYTES


def _content(file: BinaryIO, box: Box) -> bytes:
    file.seek(box.start)
    return file.read(box.end - box.start)
