"""PAT and PMT of a transport stream (ISO/IEC 13818-1, 2.4.4), read and written with their descriptors as they are."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.klv.blocks import PACKET
from ingest.klv.psi import PRIVATE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_REVERSED = bytes(int(f"{k:08b}"[::-1], 2) for k in range(256))
_LONGEST = 1024  # bytes of a section
_ROOM = PACKET - 4
SOUNDS = frozenset({0x03, 0x04, 0x0F, 0x11, 0x1C, *range(0x80, 0x86), 0x87, 0xA1, 0xA2})
"""stream_type values of sound: of table 2-34, of ATSC and of Blu-ray discs.

0x06 may be sound as well; 0x86 (DTS-HD on discs) is taken for splice points (SCTE 35)."""
_LANGUAGE = 0x0A  # ISO_639_language_descriptor (2.6.18)
# Descriptors of AC-3, E-AC-3, DTS and AAC (ETSI EN 300 468, 6.1).
_DVB_SOUNDS = frozenset({0x6A, 0x7A, 0x7B, 0x7C})
_REGISTRATION, _REGISTERED_SOUNDS = 0x05, frozenset({b"AC-3", b"EAC3", b"Opus", b"BSSD"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One stream of a PMT; `kind` is its stream_type (table 2-34)."""

    pid: int
    kind: int
    descriptors: bytes = b""

    @property
    def tags(self) -> tuple[int, ...]:
        """What its descriptors are of."""
        return tuple(tag for tag, _ in self._each())

    @property
    def language(self) -> bytes:
        """Three letters of ISO 639-2; none where it does not say."""
        return next((data[:3] for tag, data in self._each() if tag == _LANGUAGE), b"")

    @property
    def is_sound(self) -> bool:
        """By its stream_type; private data say it in their descriptors."""
        return self.kind in SOUNDS or (
            self.kind == PRIVATE
            and any(
                tag in _DVB_SOUNDS or (tag == _REGISTRATION and data[:4] in _REGISTERED_SOUNDS)
                for tag, data in self._each()
            )
        )

    def _each(self) -> Iterator[tuple[int, bytes]]:
        at = 0
        while at + 2 <= len(self.descriptors):
            after = at + 2 + self.descriptors[at + 1]
            yield self.descriptors[at], self.descriptors[at + 2 : after]
            at = after


@dataclass(frozen=True, slots=True)
class Map:
    """One PMT: its program's number, the PID of its clock, the program's own descriptors, its streams."""

    number: int
    clock: int
    info: bytes
    entries: list[Entry]


def read_map(section: bytes) -> Map | None:
    """None for another table, one not yet in force, or one that is broken."""
    if len(section) < 16 or section[0] != 0x02 or not section[5] & 1:
        return None
    at, end = 12 + (_word(section, 10) & 0x0FFF), len(section) - 4
    info = section[12:at]
    entries: list[Entry] = []
    while at + 5 <= end:
        after = at + 5 + (_word(section, at + 3) & 0x0FFF)
        if after > end:
            return None
        entries.append(Entry(_word(section, at + 1) & 0x1FFF, section[at], section[at + 5 : after]))
        at = after
    return Map(_word(section, 3), _word(section, 8) & 0x1FFF, info, entries)


def write_map(program: Map) -> bytes:
    """A PMT; streams for which a section has no room are left out."""
    body = (0xE000 | program.clock).to_bytes(2, "big") + _sized(program.info)
    for entry in program.entries:
        one = bytes([entry.kind]) + (0xE000 | entry.pid).to_bytes(2, "big") + _sized(entry.descriptors)
        if len(body) + len(one) + 12 <= _LONGEST:
            body += one
    return _section(0x02, program.number.to_bytes(2, "big"), body)


def write_list(network: bytes, maps: Mapping[int, int]) -> bytes:
    """A PAT: the PID of each program's map."""
    body = b"".join(n.to_bytes(2, "big") + (0xE000 | pid).to_bytes(2, "big") for n, pid in maps.items())
    return _section(0x00, network, body)


def packets_of(section: bytes, pid: int) -> Iterable[bytearray]:
    """The section in packets, each with the continuity counter 0."""
    data = b"\0" + section
    for at in range(0, len(data), _ROOM):
        head = bytes([0x47, (0x40 if at == 0 else 0) | pid >> 8, pid & 0xFF, 0x10])
        yield bytearray((head + data[at : at + _ROOM]).ljust(PACKET, b"\xff"))


def _section(table: int, extension: bytes, body: bytes) -> bytes:
    length = len(body) + 9
    made = bytes([table, 0xB0 | length >> 8, length & 0xFF]) + extension + b"\xc1\0\0" + body
    # CRC-32/MPEG-2 (annex A) is that of zlib with its bits in the other order.
    crc = zlib.crc32(made.translate(_REVERSED)) ^ 0xFFFFFFFF
    return made + int(f"{crc:032b}"[::-1], 2).to_bytes(4, "big")


def _sized(data: bytes) -> bytes:
    return (0xF000 | len(data)).to_bytes(2, "big") + data


def _word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "big")
