"""Program specific information of a transport stream (ISO/IEC 13818-1, 2.4.4): sections, PAT and PMT."""

from __future__ import annotations

from dataclasses import dataclass, field

H264, HEVC, AAC_ADTS, AAC_LATM, AC3, EAC3 = 0x1B, 0x24, 0x0F, 0x11, 0x81, 0x87
"""stream_type values (table 2-34; AC-3 and E-AC-3 as ATSC A/52 and Apple have them)."""
MPEG_AUDIO = frozenset({0x03, 0x04})
_LANGUAGE = 0x0A
_AC3_DESCRIPTORS = {0x6A: AC3, 0x7A: EAC3}
"""Descriptors by which DVB marks private data as AC-3 (ETSI EN 300 468, annex D)."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One elementary stream of a PMT: its PID, its type and the ISO 639 language of its descriptor, or ''."""

    pid: int
    kind: int
    language: str


@dataclass(slots=True)
class Sections:
    """Collects the sections of one PID; `broken` counts those with a wrong CRC."""

    broken: int = 0
    _data: bytearray | None = None
    _seen: dict[bytes, bool] = field(default_factory=dict)

    def feed(self, payload: bytes, *, start: bool) -> list[bytes]:
        """The whole sections that this packet's payload completes (2.4.4.2)."""
        found: list[bytes] = []
        if start:
            if not payload:
                return []
            pointer = payload[0]
            if self._data is not None:
                self._data += payload[1 : 1 + pointer]
                self._take(found)
            self._data = bytearray(payload[1 + pointer :])
        elif self._data is not None:
            self._data += payload
        self._take(found)
        return found

    def _take(self, found: list[bytes]) -> None:
        data = self._data
        while data is not None:
            if not data or data[0] == 0xFF:  # stuffing
                self._data = data = None
            elif len(data) < 3 or len(data) < 3 + _length(data):
                return
            else:
                end = 3 + _length(data)
                section = bytes(data[:end])
                del data[:end]
                if section not in self._seen:
                    if len(self._seen) > 64:
                        self._seen.clear()
                    self._seen[section] = crc32(section) == 0
                if self._seen[section]:
                    found.append(section)
                else:
                    self.broken += 1


def _length(data: bytearray) -> int:
    return (data[1] & 0x0F) << 8 | data[2]


def crc32(data: bytes) -> int:
    """CRC-32/MPEG-2 (annex A); 0 for a section with its own CRC at the end.

    >>> hex(crc32(b"123456789"))
    '0x376e6e7'
    """
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
    return value


def read_pat(section: bytes) -> dict[int, int] | None:
    """PMT PIDs by program number (2.4.4.3), the network's left out; None for another table."""
    if section[0] != 0 or len(section) < 12:
        return None
    found = {}
    for at in range(8, len(section) - 7, 4):
        number = int.from_bytes(section[at : at + 2], "big")
        if number:
            found[number] = int.from_bytes(section[at + 2 : at + 4], "big") & 0x1FFF
    return found or None


def read_pmt(section: bytes) -> tuple[Stream, ...] | None:
    """The streams of a program (2.4.4.8); None for another table."""
    if section[0] != 2 or len(section) < 16:
        return None
    at, end = 12 + (int.from_bytes(section[10:12], "big") & 0x0FFF), len(section) - 4
    streams: list[Stream] = []
    while at + 5 <= end:
        kind, pid = section[at], int.from_bytes(section[at + 1 : at + 3], "big") & 0x1FFF
        until = at + 5 + (int.from_bytes(section[at + 3 : at + 5], "big") & 0x0FFF)
        language = ""
        at += 5
        while at + 2 <= min(until, end):
            tag, size = section[at], section[at + 1]
            body = section[at + 2 : at + 2 + size]
            if tag == _LANGUAGE and len(body) >= 3:
                language = body[:3].decode("latin-1")
            elif kind == 0x06:
                kind = _AC3_DESCRIPTORS.get(tag, kind)
            at += 2 + size
        at = until
        streams.append(Stream(pid, kind, language))
    return tuple(streams) or None
