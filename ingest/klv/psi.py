"""The tables of a transport stream that say where KLV is: PAT and PMT (ISO/IEC 13818-1, 2.4.4), with descriptors."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

KLVA = b"KLVA"
"""The format identifier of KLV (SMPTE RP 217)."""
PRIVATE, METADATA = 0x06, 0x15
"""stream_type values that carry KLV in PES packets (table 2-34): asynchronous and synchronous."""
PICTURES = frozenset({0x01, 0x02, 0x10, 0x1B, 0x20, 0x24, 0x33, 0x42, 0xD1, 0xD2, 0xEA})
"""stream_type values of pictures."""
_REGISTRATION, _METADATA_DESCRIPTOR = 0x05, 0x26
_REVERSED = bytes(int(f"{k:08b}"[::-1], 2) for k in range(256))
_MAX_STREAMS = 256


@dataclass(frozen=True, slots=True)
class Elementary:
    """One stream of a program. `formats` are the format identifiers that its descriptors have."""

    pid: int
    stream_type: int
    formats: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Program:
    """One PMT: the PID of its clock and its streams."""

    number: int
    clock_pid: int
    streams: tuple[Elementary, ...]


@dataclass(slots=True)
class Sections:
    """Collects the sections of one PID; `broken` counts those with a wrong CRC."""

    broken: int = 0
    _data: bytearray | None = None
    _last: bytes = b""
    _found: list[bytes] = field(default_factory=list)

    def feed(self, payload: bytes, *, start: bool) -> list[bytes]:
        """The whole sections that differ from the one before, of those that this payload completes."""
        self._found = []
        if start and payload:
            pointer = payload[0]
            if self._data is not None:
                self._data += payload[1 : 1 + pointer]
                self._take()
            self._data = bytearray(payload[1 + pointer :])
        elif self._data is not None:
            self._data += payload
        self._take()
        return self._found

    def lose(self) -> None:
        """Packets were lost: the section that was being collected is of no use."""
        self._data = None

    def _take(self) -> None:
        data = self._data
        while data is not None:
            if not data or data[0] == 0xFF:  # stuffing up to the end of the packet
                self._data = None
                return
            end = 3 + ((data[1] & 0x0F) << 8 | data[2]) if len(data) >= 3 else len(data) + 1
            if len(data) < end:
                return
            section = bytes(data[:end])
            del data[:end]
            if section == self._last:
                continue
            if crc_is_right(section):
                self._last = section
                self._found.append(section)
            else:
                self.broken += 1


def crc_is_right(section: bytes) -> bool:
    """Whether the CRC at the end of a section is right (annex A).

    The CRC of zlib is the same one with its bits in the other order.
    """
    return zlib.crc32(section.translate(_REVERSED)) == 0xFFFFFFFF


def read_pat(section: bytes) -> dict[int, int] | None:
    """Program numbers and the PIDs of their maps, None where it is no PAT (2.4.4.3) or not yet in force."""
    if len(section) < 12 or section[0] != 0x00 or not section[5] & 1:
        return None
    entries: dict[int, int] = {}
    for at in range(8, len(section) - 7, 4):
        number = int.from_bytes(section[at : at + 2], "big")
        if number and len(entries) < _MAX_STREAMS:
            entries[number] = (section[at + 2] & 0x1F) << 8 | section[at + 3]
    return entries


def read_pmt(section: bytes) -> Program | None:
    """The program of a PMT, None where it is none (2.4.4.8), is broken, or not yet in force."""
    if len(section) < 16 or section[0] != 0x02 or not section[5] & 1:
        return None
    number = int.from_bytes(section[3:5], "big")
    clock_pid = (section[8] & 0x1F) << 8 | section[9]
    at, end = 12 + ((section[10] & 0x0F) << 8 | section[11]), len(section) - 4
    of_all = _formats(section[12 : min(at, end)])
    streams: list[Elementary] = []
    while at + 5 <= end and len(streams) < _MAX_STREAMS:
        pid = (section[at + 1] & 0x1F) << 8 | section[at + 2]
        after = at + 5 + ((section[at + 3] & 0x0F) << 8 | section[at + 4])
        if after > end:
            return None
        formats = _formats(section[at + 5 : after])
        if section[at] in (PRIVATE, METADATA):
            formats = formats or of_all & {KLVA}
        streams.append(Elementary(pid, section[at], formats))
        at = after
    return Program(number, clock_pid, tuple(streams))


def _formats(descriptors: bytes) -> frozenset[bytes]:
    """The format identifiers of registration (2.6.8) and metadata descriptors (2.6.60)."""
    found: set[bytes] = set()
    at = 0
    while at + 2 <= len(descriptors):
        tag, data = descriptors[at], descriptors[at + 2 : at + 2 + descriptors[at + 1]]
        if tag == _REGISTRATION and len(data) >= 4:
            found.add(data[:4])
        elif tag == _METADATA_DESCRIPTOR:
            place = 6 if data[:2] == b"\xff\xff" else 2
            if data[place : place + 1] == b"\xff":
                found.add(data[place + 1 : place + 5])
        at += 2 + descriptors[at + 1]
    return frozenset(found)
