"""A bounded reader of MPEG-2 transport streams (ISO/IEC 13818-1): tables, PES packets and their times.

Input is never trusted: every length is checked against what is left, and whatever does not fit is a
`TransportError`. Times stay as they are written, 33 bits of 90 kHz; `unwrap` puts them on one line.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ingest.packaging.psi import Sections, Stream, read_pat, read_pmt

PACKET = 188
SYNC = 0x47
TICKS = 90_000
"""Ticks a second of PTS and DTS (2.4.3.7)."""
WRAP = 1 << 33
_NULL_PID = 0x1FFF
_MAX_PACKETS = 3_000_000
# stream_id values whose PES packets have no header beyond the length (2.4.3.7).
_BARE = frozenset({0xBC, 0xBE, 0xBF, 0xF0, 0xF1, 0xF2, 0xF8, 0xFF})


class TransportError(ValueError):
    """The bytes are not what ISO/IEC 13818-1 allows, or are above a bound."""


@dataclass(frozen=True, slots=True)
class Pes:
    """One PES packet: times in ticks (None where it has none), payload, bytes of its first to its last packet.

    `whole` says that it has the bytes that its length promises.
    """

    pts: int | None
    dts: int | None
    data: bytes
    start: int
    end: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Transport:
    """A stretch of a transport stream, of one program.

    `tables_first`: the first two packets are a PAT and a PMT. `head` is the length of all before the first PES packet
    where both are there, else 0. `gaps` are the places (bytes) where a
    continuity counter jumps, `counters` the first and last counter of each PID that has payload. `orphans` counts
    packets that belong to a PES packet which began before. `broken_tables`: sections with a wrong CRC.
    """

    streams: tuple[Stream, ...]
    packets: dict[int, tuple[Pes, ...]]
    tables_first: bool
    head: int
    gaps: tuple[int, ...]
    counters: dict[int, tuple[int, int]]
    orphans: int
    broken_tables: int
    programs: int
    scrambled: bool


def is_transport(head: bytes) -> bool:
    """Whether data that begins with `head` is a transport stream; two packets' worth tell it safely."""
    return head[:1] == b"\x47" and (len(head) <= PACKET or head[PACKET] == SYNC)


def unwrap(ticks: int, near: int) -> int:
    """The time that is written as `ticks`, on the line of `near`, which is less than half a wrap away.

    >>> unwrap(5, WRAP - 5), unwrap(WRAP - 5, WRAP + 5)
    (8589934597, 8589934587)
    """
    return near + (ticks - near + WRAP // 2) % WRAP - WRAP // 2


@dataclass(slots=True)
class _Open:
    """A PES packet that is being collected."""

    start: int
    end: int
    parts: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class _Reader:
    data: bytes
    sections: dict[int, Sections] = field(default_factory=lambda: {0: Sections()})
    map_pids: dict[int, int] = field(default_factory=dict)
    streams: dict[int, Stream] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=dict)
    first: dict[int, int] = field(default_factory=dict)
    open: dict[int, _Open] = field(default_factory=dict)
    done: dict[int, list[Pes]] = field(default_factory=dict)
    early: set[int] = field(default_factory=set)
    gaps: list[int] = field(default_factory=list)
    tables: list[int] = field(default_factory=list)
    first_pes: int | None = None
    orphans: int = 0
    scrambled: bool = False

    def packet(self, at: int) -> None:
        data = self.data
        if data[at] != SYNC:
            raise TransportError(f"no sync byte at {at}")
        second, third, fourth = data[at + 1], data[at + 2], data[at + 3]
        pid = (second & 0x1F) << 8 | third
        if pid == _NULL_PID or not fourth & 0x10:
            return
        body = at + 4
        jump = False
        if fourth & 0x20:
            length = data[body]
            if length > 182:
                raise TransportError(f"an adaptation field of {length} bytes at {at}")
            if length:
                jump = bool(data[body + 1] & 0x80)
            body += 1 + length
        counter = fourth & 0x0F
        before = self.last.get(pid)
        if before is None:
            self.first[pid] = counter
        elif counter == before and not jump:
            # A packet may be sent twice (2.4.3.3); the copy carries nothing new.
            return
        elif counter != (before + 1) & 0x0F and not jump:
            self.gaps.append(at)
        self.last[pid] = counter
        if fourth & 0xC0:
            self.scrambled = True
        elif pid in self.sections:
            self.table(pid, data[body : at + PACKET], bool(second & 0x40), at)
        else:
            self.payload(pid, at, body, bool(second & 0x40))

    def table(self, pid: int, payload: bytes, start: bool, at: int) -> None:
        for section in self.sections[pid].feed(payload, start=start):
            if pid == 0 and (programs := read_pat(section)) is not None:
                self.map_pids = programs
                for found in programs.values():
                    self.sections.setdefault(found, Sections())
                self.tables.append(at)
            elif pid != 0 and (streams := read_pmt(section)) is not None:
                self.streams |= {s.pid: s for s in streams if s.pid not in self.streams}
                self.tables.append(at)

    def payload(self, pid: int, at: int, body: int, start: bool) -> None:
        if start:
            if self.data[body : body + 3] != b"\0\0\1":
                return
            if self.first_pes is None:
                self.first_pes = at
            self.close(pid)
            self.open[pid] = _Open(at, at + PACKET, [self.data[body : at + PACKET]])
        elif pid in self.open:
            self.open[pid].parts.append(self.data[body : at + PACKET])
            self.open[pid].end = at + PACKET
        else:
            self.orphans += 1

    def close(self, pid: int) -> None:
        opened = self.open.pop(pid, None)
        if opened:
            found = _pes(b"".join(opened.parts), opened)
            if found:
                self.done.setdefault(pid, []).append(found)


def _pes(data: bytes, opened: _Open) -> Pes | None:
    """The PES packet that `data` is (2.4.3.6), None where it carries no timed stream."""
    if len(data) < 6 or data[3] in _BARE:
        return None
    if len(data) < 9 or data[6] & 0xC0 != 0x80:
        raise TransportError(f"a malformed PES header at {opened.start}")
    length = int.from_bytes(data[4:6], "big")
    flags, header = data[7] >> 6, data[8]
    body = 9 + header
    if body > len(data) or header < (0, 0, 5, 10)[flags]:
        raise TransportError(f"a PES header of {header} bytes at {opened.start} does not fit")
    pts = _time(data, 9) if flags & 2 else None
    dts = _time(data, 14) if flags == 3 else pts
    end = 6 + length if length else len(data)
    return Pes(pts, dts, data[body:end], opened.start, opened.end, body <= end <= len(data))


def _time(data: bytes, at: int) -> int:
    return (
        (data[at] >> 1 & 7) << 30
        | data[at + 1] << 22
        | (data[at + 2] >> 1) << 15
        | data[at + 3] << 7
        | data[at + 4] >> 1
    )


def read_transport(data: bytes) -> Transport:
    """The tables and PES packets of a segment. Raises `TransportError`.

    A segment may have junk of less than a packet at its end only if it is cut off, which is an error.
    """
    if len(data) % PACKET:
        raise TransportError(f"{len(data)} bytes are not whole packets of {PACKET}")
    if not data or len(data) // PACKET > _MAX_PACKETS:
        raise TransportError(f"{len(data) // PACKET} packets, not between 1 and {_MAX_PACKETS}")
    reader = _Reader(data)
    for at in range(0, len(data), PACKET):
        reader.packet(at)
    if reader.scrambled:
        raise TransportError("scrambled packets")
    if not reader.map_pids:
        raise TransportError("no program association table")
    if not reader.streams:
        raise TransportError("no program map table")
    for pid in list(reader.open):
        reader.close(pid)
    early = [at for at in reader.tables if at < (reader.first_pes or 0)]
    return Transport(
        streams=tuple(reader.streams.values()),
        packets={pid: tuple(found) for pid, found in reader.done.items()},
        tables_first=reader.tables[:2] == [0, PACKET],
        head=(reader.first_pes or 0) if len(early) > 1 else 0,
        gaps=tuple(reader.gaps),
        counters={pid: (reader.first[pid], reader.last[pid]) for pid in reader.first},
        orphans=reader.orphans,
        broken_tables=sum(s.broken for s in reader.sections.values()),
        programs=len(reader.map_pids),
        scrambled=False,
    )
