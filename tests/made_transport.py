"""Writes small transport streams byte by byte (ISO/IEC 13818-1), right or wrong on purpose."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.packaging.psi import crc32

if TYPE_CHECKING:
    from collections.abc import Iterable

# 640x360, Main@3.0, by x264.
SPS = bytes.fromhex("674d401eeca05017fcb808800000030080000018078b16cb")
PPS = bytes.fromhex("68ce0fc8")
START = b"\0\0\0\1"
MAP_PID, VIDEO_PID, SOUND_PID = 0x1000, 0x100, 0x101


def picture(*, idr: bool, size: int = 300, delimiter: bool = True, sets: bool = True) -> bytes:
    """An access unit in annex B form; an IDR picture has its parameter sets before it."""
    data = START + b"\x09\xf0" if delimiter else b""
    if idr and sets:
        data += START + SPS + START + PPS
    return data + START + (b"\x65\x88" if idr else b"\x41\x9a") + b"\x55" * size


def adts(*, rate_index: int = 3, channels: int = 2, size: int = 100) -> bytes:
    """One ADTS frame of AAC-LC, 48 kHz unless said otherwise."""
    whole = size + 7
    head = (0xFFF1 << 40) | 1 << 38 | rate_index << 34 | channels << 30 | whole << 13 | 0x7FF << 2
    return head.to_bytes(7, "big") + b"\x21" * size


def pes(data: bytes, pts: int, dts: int | None = None, *, stream_id: int = 0xE0, promise: int = 0) -> bytes:
    """A PES packet; `promise` bytes more than there are."""
    flags, times = (2, time(2, pts)) if dts is None else (3, time(3, pts) + time(1, dts))
    body = bytes((0x80, flags << 6, len(times))) + times + data
    length = 0 if stream_id == 0xE0 else len(body) + promise
    return b"\0\0\1" + bytes((stream_id,)) + length.to_bytes(2, "big") + body


def time(mark: int, ticks: int) -> bytes:
    ticks %= 1 << 33
    parts = ((mark << 4 | ticks >> 29 & 0xE | 1), ticks >> 22 & 0xFF, ticks >> 14 & 0xFE | 1)
    return bytes((*parts, ticks >> 7 & 0xFF, ticks << 1 & 0xFE | 1))


def section(table: int, body: bytes) -> bytes:
    data = bytes((table, 0xB0, len(body) + 9)) + b"\0\1\xc1\0\0" + body
    return data + crc32(data).to_bytes(4, "big")


def pat() -> bytes:
    return section(0, (1).to_bytes(2, "big") + (0xE000 | MAP_PID).to_bytes(2, "big"))


def pmt(*streams: tuple[int, int]) -> bytes:
    """A map of (stream type, PID)."""
    body = b"\xe1\x00\xf0\x00"
    for kind, pid in streams:
        body += bytes((kind,)) + (0xE000 | pid).to_bytes(2, "big") + b"\xf0\x00"
    return section(2, body)


@dataclass
class Writer:
    """Cuts PES packets and sections into packets of 188 bytes; continuity counters go on from call to call."""

    counters: dict[int, int] = field(default_factory=dict)

    def packets(self, pid: int, payload: bytes) -> bytes:
        made, first = b"", True
        while payload or first:
            part, payload = payload[:184], payload[184:]
            counter = self.counters[pid] = (self.counters.get(pid, -1) + 1) & 15
            head = bytes((0x47, (0x40 if first else 0) | pid >> 8, pid & 255))
            if len(part) == 184:
                made += head + bytes((0x10 | counter,)) + part
            else:
                gap = 183 - len(part)
                stuffing = bytes((gap,)) + (b"\0" + b"\xff" * (gap - 1) if gap else b"")
                made += head + bytes((0x30 | counter,)) + stuffing + part
            first = False
        return made

    def tables(self, *streams: tuple[int, int]) -> bytes:
        return self.packets(0, b"\0" + pat()) + self.packets(MAP_PID, b"\0" + pmt(*streams))


def film(
    writer: Writer,
    count: int,
    first: int,
    *,
    step: int = 3600,
    sound: int | None = None,
    keys: Iterable[int] = (0,),
) -> bytes:
    """`count` pictures from the time `first` (ticks), and 48 kHz sound from the time `sound` beside them."""
    streams = ((0x1B, VIDEO_PID), *(((0x0F, SOUND_PID),) if sound is not None else ()))
    data = writer.tables(*streams)
    marks = set(keys)
    for number in range(count):
        moment = first + number * step
        data += writer.packets(VIDEO_PID, pes(picture(idr=number in marks), moment))
    if sound is not None:
        frames = count * step // 1920
        for number in range(0, frames, 5):
            some = b"".join(adts() for _ in range(min(5, frames - number)))
            data += writer.packets(SOUND_PID, pes(some, sound + number * 1920, stream_id=0xC0))
    return data
