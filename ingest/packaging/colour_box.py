"""Names the colours of a picture in its sample entry, as ffmpeg does for what it encodes (ISO/IEC 14496-12, 12.1.5)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from ingest.packaging.boxes import (
    Box,
    BoxError,
    children,
    need,
    unpack,
)
from ingest.packaging.moov import change_moov

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# Primaries, transfer and matrix of BT.709 (Rec. ITU-T H.273), limited range.
BT709 = struct.pack(">I4s4s3HB", 19, b"colr", b"nclx", 1, 1, 1, 0)
_FIXED = 78  # bytes of a visual sample entry before its boxes (12.1.3)


def name_bt709(path: Path) -> None:
    """Let the only track of a file, whose last box is its `moov`, say that it is BT.709. Raises `BoxError`."""
    if not change_moov(path, with_bt709):
        raise BoxError("its moov is above the bound")


def with_bt709(moov: bytes) -> bytes:
    """The `moov` with a `colr` box of its own in its first sample entry, whatever stood there. Raises `BoxError`."""
    top = need(moov, Box("file", 0, 0, len(moov)), "moov")
    table = need(moov, top, "trak", "mdia", "minf", "stbl", "stsd")
    unpack(">2I", moov, table)
    entry = next(children(moov, table.body + 8, table.end), None)
    if entry is None or entry.end - entry.body < _FIXED:
        raise BoxError("the picture has no sample entry")
    inner = entry.body + _FIXED
    kept = [
        moov[b.start : b.end]
        for b in children(moov, inner, entry.end)
        if not (b.kind == "colr" and moov[b.body : b.body + 4] in (b"nclx", b"nclc"))
    ]
    body = moov[entry.body : inner] + b"".join(kept) + BT709
    made = _box(entry.kind, body)
    stsd = _box("stsd", moov[table.body : table.body + 8] + made + moov[entry.end : table.end])
    return _replaced(moov, top, ("trak", "mdia", "minf", "stbl", "stsd"), stsd)


def _replaced(data: bytes, box: Box, path: Sequence[str], new: bytes) -> bytes:
    """`box` with the first box at the end of `path` replaced, all sizes right."""
    parts = []
    done = False
    for child in children(data, box.body, box.end):
        if child.kind == path[0] and not done:
            done = True
            parts.append(new if len(path) == 1 else _replaced(data, child, path[1:], new))
        else:
            parts.append(data[child.start : child.end])
    return _box(box.kind, b"".join(parts))


def _box(kind: str, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind.encode("latin-1")) + body
