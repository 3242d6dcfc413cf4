"""Says of a file that it is Dolby Vision: the box alone, since nothing here writes the metadata of each picture."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PATH = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
ENTRY = 8 + 78  # of a sample entry its header and what all visual ones have (ISO/IEC 14496-12, 12.1.3)


def with_dolby_vision(source: Path, target: Path, profile: int, compatibility: int) -> Path:
    """A copy of a one-track mp4 whose index is at its end, with a configuration box in its sample entry."""
    data = bytearray(source.read_bytes())
    box = configuration(profile, compatibility)
    start, end = 0, len(data)
    for name in PATH:
        start, end = find(data, name, start, end)
        grow(data, start, len(box))
        start += 8
    entry = start + 8  # behind version and count
    grow(data, entry, len(box))
    (size,) = struct.unpack_from(">I", data, entry)
    at = entry + size - len(box)
    assert at > entry + ENTRY
    data[at:at] = box
    target.write_bytes(data)
    return target


def find(data: bytearray, name: bytes, start: int, end: int) -> tuple[int, int]:
    while start < end:
        size, kind = struct.unpack_from(">I4s", data, start)
        if kind == name:
            return start, start + size
        start += size
    raise LookupError(f"no {name!r}")


def grow(data: bytearray, at: int, more: int) -> None:
    (size,) = struct.unpack_from(">I", data, at)
    struct.pack_into(">I", data, at, size + more)


def configuration(profile: int, compatibility: int) -> bytes:
    """DOVIDecoderConfigurationRecord ("Dolby Vision Streams Within the ISO Base Media File Format", 3.2), level 1."""
    bits = profile << 9 | 1 << 3 | 1 << 2 | 1  # level, metadata, no enhancement layer, base layer
    record = struct.pack(">BBHB", 1, 0, bits, compatibility << 4) + bytes(19)
    name = b"dvcC" if profile <= 7 else b"dvvC"
    return struct.pack(">I4s", 8 + len(record), name) + record
