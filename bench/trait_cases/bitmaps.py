"""Subtitles that are pictures: PGS written by hand, from which ffmpeg makes those of DVB and DVD."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from helpers_media import X264, picture

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips

WIDE, HIGH = 64, 16
FRAME = (320, 180)


def segment(seconds: float, kind: int, payload: bytes) -> bytes:
    """One segment of a .sup file; its clock is of 90 kHz."""
    return struct.pack(">2sIIBH", b"PG", round(90_000 * seconds), 0, kind, len(payload)) + payload


def pgs(start: float, end: float) -> bytes:
    """A white bar from `start` to `end`."""
    row = b"\x00" + bytes((0xC0 | WIDE >> 8, WIDE & 0xFF)) + b"\x01" + b"\x00\x00"
    image = row * HIGH
    size = (len(image) + 4).to_bytes(3)
    window = struct.pack(">BBHHHH", 1, 0, 100, 150, WIDE, HIGH)
    shown = struct.pack(">HHBHBBBB", *FRAME, 0x10, 0, 0x80, 0, 0, 1) + struct.pack(
        ">HBBHH", 0, 0, 0, 100, 150
    )
    hidden = struct.pack(">HHBHBBBB", *FRAME, 0x10, 1, 0, 0, 0, 0)
    parts = (
        (start, 0x16, shown),
        (start, 0x17, window),
        (start, 0x14, bytes((0, 0, 1, 235, 128, 128, 255))),
        (start, 0x15, struct.pack(">HBB", 0, 0, 0xC0) + size + struct.pack(">HH", WIDE, HIGH) + image),
        (start, 0x80, b""),
        (end, 0x16, hidden),
        (end, 0x17, window),
        (end, 0x80, b""),
    )
    return b"".join(segment(*part) for part in parts)


def pictured(clips: Clips, name: str, codec: str) -> Path:
    """Two seconds with a bar of white as a subtitle, in English."""
    (clips.folder / "bar.sup").write_bytes(pgs(0.5, 1.5))
    mapped = ("-fix_sub_duration", "-i", "bar.sup", "-map", "0", "-map", "1", *X264, "-c:s", codec)
    return clips.make(name, *picture("320x180", 2), *mapped, "-metadata:s:s:0", "language=eng")
