"""Puts KLV into the transport stream segments of a rendition, as timed private data (MISB ST 1402, ISO/IEC 13818-1).

The packager makes pictures alone. Here each program map gets a stream of stream_type 0x06 with the registration KLVA,
and each set a PES packet of private_stream_1 with its PTS, right before the picture that is decoded at that time. Not
stream_type 0x15: players take that for ID3 in HLS. Nothing else of a segment changes but where its packets lie.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.packaging.psi import Sections, crc32, read_pat, read_pmt
from ingest.packaging.transport import PACKET, WRAP, unwrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FIRST_PID = 0x0200
PRIVATE = 0x06
KLVA = bytes.fromhex("05044B4C5641")
"""The registration descriptor (2.6.8, SMPTE RP 217)."""
_STREAM_ID = 0xBD
_MOST_DATA = 65_000
"""Bytes of a set in one PES packet, whose length has 16 bits."""
_ROOM = PACKET - 4


@dataclass(frozen=True, slots=True)
class TimedSet:
    """One set: when it is shown (ticks of 90 kHz on the segments' line), which stream it is of (from 0), its bytes."""

    ticks: int
    stream: int
    data: bytes


@dataclass(slots=True)
class Moved:
    """Where the packets of a segment lie now."""

    data: bytes
    _places: list[int] = field(default_factory=list)
    _shifts: list[int] = field(default_factory=list)

    def place(self, old: int) -> int:
        """Where the packet lies now that lay at `old`."""
        found = bisect_right(self._places, old)
        return old + (self._shifts[found - 1] if found else 0)

    def span(self, start: int, length: int) -> tuple[int, int]:
        """Where a run of packets begins now and how long it is, with what was put between them."""
        begin = self.place(start)
        return begin, self.place(start + length - PACKET) + PACKET - begin


def first_time(segment: bytes) -> int | None:
    """The PTS of a segment's first picture, in ticks as written; None where there is none."""
    for at in range(0, len(segment) - PACKET + 1, PACKET):
        times = _picture_times(segment, at)
        if times is not None:
            return times[0]
    return None


@dataclass(slots=True)
class KlvMuxer:
    """Goes through the segments of one rendition in order; `near` is a time on their line, in ticks."""

    streams: int
    near: int
    _counters: dict[int, int] = field(default_factory=dict)

    def add(self, segment: bytes, sets: Iterable[TimedSet]) -> Moved:
        """The segment with `sets`, which come in the order of their times; what is left goes to its end."""
        moved = Moved(b"")
        made = bytearray()
        sections = {0: Sections()}
        waiting = iter(sets)
        following = next(waiting, None)
        for at in range(0, len(segment), PACKET):
            packet = segment[at : at + PACKET]
            times = _picture_times(segment, at)
            if times is not None:
                self.near = unwrap(times[1], self.near)
                before = len(made)
                while following is not None and following.ticks <= self.near:
                    self._write(made, following)
                    following = next(waiting, None)
                if len(made) > before:
                    moved._places.append(at)  # noqa: SLF001 - its own builder
                    moved._shifts.append(len(made) - at)  # noqa: SLF001
            made += self._tables(packet, sections)
        while following is not None:
            self._write(made, following)
            following = next(waiting, None)
        moved.data = bytes(made)
        return moved

    def _tables(self, packet: bytes, sections: dict[int, Sections]) -> bytes:
        """The packet, or where it is a whole program map, one with our streams in it."""
        pid = (packet[1] & 0x1F) << 8 | packet[2]
        if pid not in sections or not packet[1] & 0x40:
            return packet
        body = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
        for section in sections[pid].feed(packet[body:], start=True):
            if pid == 0:
                for found in (read_pat(section) or {}).values():
                    sections.setdefault(found, Sections())
            elif read_pmt(section) is not None:
                payload = b"\0" + with_klv(section, self.streams)
                if len(payload) <= _ROOM:
                    head = packet[:3] + bytes((packet[3] & 0x0F | 0x10,))
                    return head + payload.ljust(_ROOM, b"\xff")
        return packet

    def _write(self, made: bytearray, timed: TimedSet) -> None:
        pid = FIRST_PID + timed.stream
        for start in range(0, len(timed.data), _MOST_DATA):
            pes = _pes(timed.data[start : start + _MOST_DATA], timed.ticks)
            for at in range(0, len(pes), _ROOM):
                counter = self._counters[pid] = (self._counters.get(pid, -1) + 1) & 0x0F
                made += _packet(pid, counter, pes[at : at + _ROOM], start=at == 0)


def with_klv(section: bytes, streams: int) -> bytes:
    """A program map section (2.4.4.8) with so many more streams that are registered as KLVA."""
    body = section[:-4]
    for number in range(streams):
        body += bytes((PRIVATE,)) + (0xE000 | FIRST_PID + number).to_bytes(2, "big")
        body += (0xF000 | len(KLVA)).to_bytes(2, "big") + KLVA
    length = len(body) + 4 - 3
    body = body[:1] + (int.from_bytes(body[1:3], "big") & 0xF000 | length).to_bytes(2, "big") + body[3:]
    return body + crc32(body).to_bytes(4, "big")


def moved_ranges(ranges: Sequence[tuple[str, int, int]], moved: dict[str, Moved]) -> list[tuple[int, int]]:
    """Start and length now of byte ranges (file, start, length) that begin and end with packets."""
    return [
        moved[name].span(start, length) if name in moved else (start, length)
        for name, start, length in ranges
    ]


def _picture_times(data: bytes, at: int) -> tuple[int, int] | None:
    """PTS and DTS of the picture's PES packet that begins in the packet at `at`."""
    if not data[at + 1] & 0x40 or not data[at + 3] & 0x10:
        return None
    body = at + 4 + (1 + data[at + 4] if data[at + 3] & 0x20 else 0)
    head = data[body : min(body + 19, at + PACKET)]
    # Picture streams: 0xE0 to 0xEF (table 2-22).
    if len(head) < 14 or head[:3] != b"\0\0\1" or head[3] & 0xF0 != 0xE0 or not head[7] & 0x80:
        return None
    pts = _time(head, 9)
    return pts, _time(head, 14) if head[7] & 0x40 and len(head) >= 19 else pts


def _time(data: bytes, at: int) -> int:
    bits = int.from_bytes(data[at : at + 5], "big")
    return (bits >> 33 & 7) << 30 | (bits >> 17 & 0x7FFF) << 15 | bits >> 1 & 0x7FFF


def _pes(data: bytes, ticks: int) -> bytes:
    """A PES packet (2.4.3.6) with a PTS; its data begins where it says (data_alignment_indicator)."""
    ticks %= WRAP
    stamp = 0x21_0001_0001 | (ticks >> 30) << 33 | (ticks >> 15 & 0x7FFF) << 17 | (ticks & 0x7FFF) << 1
    head = b"\0\0\1" + bytes((_STREAM_ID,)) + (8 + len(data)).to_bytes(2, "big") + b"\x84\x80\x05"
    return head + stamp.to_bytes(5, "big") + data


def _packet(pid: int, counter: int, part: bytes, *, start: bool) -> bytes:
    """One packet (2.4.3.2); what is short is filled by an adaptation field."""
    head = bytes((0x47, (0x40 if start else 0) | pid >> 8, pid & 0xFF))
    spare = _ROOM - len(part)
    if not spare:
        return head + bytes((0x10 | counter,)) + part
    field_ = bytes((spare - 1,)) + (b"\0".ljust(spare - 1, b"\xff") if spare > 1 else b"")
    return head + bytes((0x30 | counter,)) + field_ + part
