"""Follows the streams of a transport stream over a change of their PIDs, and puts them on one PID each. Pure.

A program may give its streams other PIDs in the middle (a new version of its PMT, ISO/IEC 13818-1 2.4.4.9): recordings
with advertisements put in do, and those of a recorder that was started again or tuned anew. Programs that read such a
file see streams that end and others that begin. ffmpeg's `merge_pmt_versions` takes them together, but hands out the
last picture before a change where its PID begins again or the file ends, out of its order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.klv.blocks import PACKET
from ingest.klv.psi import PICTURES, PRIVATE, Sections, read_pat
from ingest.media.psi_tables import Entry, Map, read_map

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLAIN = bytes(n & 0x1F for n in range(256))
_MAX_PROGRAMS, _MAX_STREAMS = 64, 64
_HIGHEST = 0x1FFE  # PIDs; 0x1FFF is of packets without content


@dataclass(frozen=True, slots=True)
class Route:
    """From the packet of number `packet` on, what comes under the PID `source` goes out under `target`."""

    packet: int
    source: int
    target: int


@dataclass(slots=True)
class Line:
    """A stream as it goes out: what its first PMT says of it, and under which PID it comes in now."""

    entry: Entry
    now: int


@dataclass(slots=True)
class Followed:
    """A program as it goes out; `maps`: the PIDs under which its PMTs come in."""

    number: int
    clock: int
    info: bytes
    lines: list[Line]
    maps: set[int]


@dataclass(slots=True)
class Follower:
    """Reads blocks of packets, `size` bytes apart; `network` is the transport_stream_id.

    `moved`: a stream has gone on under another PID.
    """

    size: int = PACKET
    network: bytes = b"\0\1"
    programs: dict[int, Followed] = field(default_factory=dict)
    routes: list[Route] = field(default_factory=list)
    moved: bool = False
    _tables: dict[int, Sections] = field(default_factory=lambda: {0: Sections()})
    _same: dict[int, int] = field(default_factory=dict)
    _alone: int | None = None
    _packets: int = 0

    def feed(self, block: bytes) -> None:
        """Take whole packets, the next ones of the stream."""
        for number in self._of_tables(block):
            at = number * self.size
            pid = (block[at + 1] & 0x1F) << 8 | block[at + 2]
            if not block[at + 3] & 0x10 or block[at + 3] & 0xC0:
                continue
            body = at + 4 + (1 + block[at + 4] if block[at + 3] & 0x20 else 0)
            payload = block[body : at + PACKET]
            for section in self._tables[pid].feed(payload, start=bool(block[at + 1] & 0x40)):
                if pid == 0:
                    self._list(section)
                elif (found := read_map(section)) is not None:
                    self._take(found, pid, self._packets + number)
        self._packets += -(-len(block) // self.size)

    def _of_tables(self, block: bytes) -> Iterator[int]:
        """Numbers of the packets that belong to tables; found without looking at each of the others."""
        high, low = block[1 :: self.size].translate(_PLAIN), block[2 :: self.size]
        pids = bytearray(2 * len(low))
        pids[::2], pids[1::2] = high[: len(low)], low
        at, places = 0, dict[int, int]()
        while True:
            # A table that is found in this block counts from there on.
            for pid in self._tables:
                if places.get(pid, 0) < at or pid not in places:
                    places[pid] = _next(pids, pid, at)
            at = min(places.values())
            if at >= len(pids):
                return
            yield at // 2
            at += 2

    def _list(self, section: bytes) -> None:
        listed = read_pat(section)
        if not listed:
            return
        if not self.programs:
            self.network = section[3:5]
        for pid in list(listed.values())[:_MAX_PROGRAMS]:
            if len(self._tables) <= _MAX_PROGRAMS:
                self._tables.setdefault(pid, Sections())
        alone = next(iter(listed)) if len(listed) == 1 else None
        # Tuned to something else: one program follows the other.
        if alone is not None and self._alone is not None and alone not in self.programs:
            self._same.setdefault(alone, self._same.get(self._alone, self._alone))
        self._alone = alone

    def _take(self, found: Map, pid: int, packet: int) -> None:
        number = self._same.get(found.number, found.number)
        program = self.programs.get(number)
        if program is None:
            if len(self.programs) < _MAX_PROGRAMS:
                program = self.programs[number] = Followed(number, found.clock, found.info, [], {pid})
                self._add(program, found.entries, packet)
            return
        program.maps.add(pid)
        stay = {line.now for line in program.lines if any(_same(line, e) for e in found.entries)}
        gone = [line for line in program.lines if line.now not in stay]
        new = [e for e in found.entries if not any(_same(line, e) for line in program.lines)]
        if any(line.entry.kind in PICTURES for line in gone):
            for alike in (_equal, _similar):
                for entry in list(new):
                    line = next((x for x in gone if alike(x.entry, entry)), None)
                    if line is not None:
                        gone.remove(line)
                        new.remove(entry)
                        line.now = entry.pid
                        self.moved = True
                        self.routes.append(Route(packet, entry.pid, line.entry.pid))
        self._add(program, new, packet)
        # A clock with a PID of its own.
        if not {found.clock, program.clock} & {p for x in program.lines for p in (x.now, x.entry.pid)}:
            self.routes.append(Route(packet, found.clock, program.clock))

    def _add(self, program: Followed, entries: list[Entry], packet: int) -> None:
        for entry in entries:
            if len(program.lines) >= _MAX_STREAMS:
                return
            # Programs may have streams in common.
            common = next((x for p in self.programs.values() for x in p.lines if _same(x, entry)), None)
            target = common.entry.pid if common else self._free(entry.pid)
            program.lines.append(Line(Entry(target, entry.kind, entry.descriptors), entry.pid))
            if common is None:
                self.routes.append(Route(packet, entry.pid, target))

    def _free(self, wish: int) -> int:
        used = {line.entry.pid for p in self.programs.values() for line in p.lines} | set(self._tables)
        return wish if wish not in used else next(p for p in range(_HIGHEST, 0, -1) if p not in used)


def _next(pids: bytearray, pid: int, start: int) -> int:
    """Where `pid` stands at an even place from `start` on; behind the end where it does not."""
    wanted = pid.to_bytes(2, "big")
    at = pids.find(wanted, start)
    while at >= 0 and at % 2:
        at = pids.find(wanted, at + 1)
    return at if at >= 0 else len(pids)


def _same(line: Line, entry: Entry) -> bool:
    return line.now == entry.pid and line.entry.kind == entry.kind


def _equal(one: Entry, other: Entry) -> bool:
    return (one.kind, one.descriptors) == (other.kind, other.descriptors)


def _similar(one: Entry, other: Entry) -> bool:
    """Of one kind; what private data are is in their descriptors alone."""
    return one.kind == other.kind and (one.kind != PRIVATE or one.tags == other.tags)
