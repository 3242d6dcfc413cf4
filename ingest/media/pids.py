"""Follows the streams of a transport stream over a change of their PIDs, and puts them on one PID each. Pure.

A program may give its streams other PIDs in the middle (a new version of its PMT, ISO/IEC 13818-1 2.4.4.9): recordings
with advertisements put in do, and those of a recorder that was started again or tuned anew. Programs that read such a
file see streams that end and others that begin. ffmpeg's `merge_pmt_versions` takes them together, but hands out the
last picture before a change where its PID begins again or the file ends, out of its order.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

from ingest.klv.blocks import PACKET
from ingest.klv.psi import METADATA, PICTURES, PRIVATE, Sections, read_pat
from ingest.media.psi_tables import SOUNDS, Entry, Map, read_map

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLAIN = bytes(n & 0x1F for n in range(256))
_MAX_PROGRAMS, _MAX_STREAMS = 64, 64
# PIDs; the second is of packets without content, and says that there is no clock.
_HIGHEST, _EMPTY = 0x1FFE, 0x1FFF
# The fourth byte of such a packet (transport_scrambling_control, 2.4.3.3).
_SCRAMBLED = bytes(range(0x40, 0x100))
MOST_ROUTES = 4096
_MOST_COUNTED = 100_000
_SHOWN = PICTURES | SOUNDS | {PRIVATE, METADATA}
# So many changes to other programs, and more than one for so many lists, are of two streams put into one file.
_FEW_CHANGES, _LISTS_EACH = 4, 4


@dataclass(frozen=True, slots=True)
class Route:
    """From the packet of number `packet` on, what comes under the PID `source` goes out under `target`.

    `target` is None for a PID that from there on has tables.
    """

    packet: int
    source: int
    target: int | None


@dataclass(slots=True)
class Line:
    """A stream as it goes out: what its first PMT says of it, and under which PID it comes in now."""

    entry: Entry
    now: int


@dataclass(slots=True)
class Followed:
    """A program as it goes out; `place`: the PID of its PMT there, `maps`: those under which its PMTs come in.

    `together` has pairs of sounds that were there at once.
    """

    number: int
    clock: int
    info: bytes
    lines: list[Line]
    place: int
    maps: set[int]
    together: set[frozenset[int]] = field(default_factory=set)

    @property
    def sounds(self) -> list[int]:
        """PIDs as they go out."""
        return [line.entry.pid for line in self.lines if line.entry.is_sound]


@dataclass(slots=True)
class Follower:
    """Reads blocks of packets, `size` bytes apart; `network` is the transport_stream_id."""

    size: int = PACKET
    network: bytes = b"\0\1"
    programs: dict[int, Followed] = field(default_factory=dict)
    routes: list[Route] = field(default_factory=list)
    _moved: bool = False
    _tables: dict[int, Sections] = field(default_factory=lambda: {0: Sections()})
    _listed: set[int] = field(default_factory=set)
    _same: dict[int, int] = field(default_factory=dict)
    _alone: int | None = None
    _lists: int = 0
    _changes: int = 0
    _packets: int = 0
    _targets: dict[int, int] = field(default_factory=dict)
    _latest: dict[int, int] = field(default_factory=dict)
    _scrambled: Counter[int] = field(default_factory=Counter)

    @property
    def moved(self) -> bool:
        """Whether a stream has gone on under another PID or a picture or sound came later, and can be followed."""
        in_turn = self._changes > _FEW_CHANGES and self._changes * _LISTS_EACH > self._lists
        return self._moved and not in_turn and len(self.routes) < MOST_ROUTES

    @property
    def sounds_in_turn(self) -> tuple[tuple[int, int], ...]:
        """PIDs, as they go out, of each sound that is never there together with one before it, and of that one."""
        found: dict[int, int] = {}
        for program in self.programs.values():
            for one, other in combinations(program.sounds, 2):
                if frozenset((one, other)) not in program.together:
                    found.setdefault(other, one)
        return tuple((one, other) for other, one in found.items())

    def feed(self, block: bytes) -> None:
        """Take whole packets, the next ones of the stream."""
        self._count_scrambled(block)
        for number in self._of_tables(block):
            at = number * self.size
            pid = (block[at + 1] & 0x1F) << 8 | block[at + 2]
            if not block[at + 3] & 0x10 or block[at + 3] & 0xC0:
                continue
            body = at + 4 + (1 + block[at + 4] if block[at + 3] & 0x20 else 0)
            payload, start = block[body : at + PACKET], bool(block[at + 1] & 0x40)
            self._lists += start and pid == 0
            for section in self._tables[pid].feed(payload, start=start):
                if pid == 0:
                    self._list(section, self._packets + number)
                elif (found := read_map(section)) is not None:
                    self._take(found, pid, self._packets + number)
        self._packets += -(-len(block) // self.size)

    @property
    def scrambled(self) -> tuple[tuple[int, int], ...]:
        """PIDs and how many of their packets are scrambled, of the first ones."""
        return tuple(self._scrambled.items())

    def _count_scrambled(self, block: bytes) -> None:
        control = block[3 :: self.size]
        count = len(control) - len(control.translate(None, _SCRAMBLED))
        if count and self._scrambled.total() < _MOST_COUNTED:
            for number, flags in enumerate(control):
                if flags & 0xC0:
                    at = number * self.size
                    self._scrambled[(block[at + 1] & 0x1F) << 8 | block[at + 2]] += 1

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
            at = min(places[pid] for pid in self._tables)
            if at >= len(pids):
                return
            yield at // 2
            at += 2

    def _list(self, section: bytes, packet: int) -> None:
        listed = read_pat(section)
        if not listed:
            return
        if not self.programs:
            self.network = section[3:5]
        single = section[7] == 0  # the last section's number
        if single:
            self._listed.clear()
        for pid in list(listed.values())[:_MAX_PROGRAMS]:
            if pid in self._tables or len(self._tables) <= _MAX_PROGRAMS:
                self._tables.setdefault(pid, Sections())
                self._listed.add(pid)
                if self._targets.pop(pid, None) is not None:
                    self._add_route(Route(packet, pid, None))
        alone = next(iter(listed)) if len(listed) == 1 and single else None
        if alone is not None and self._alone is not None and alone != self._alone:
            self._changes += 1
            # Tuned to something else: one program follows the other.
            if alone not in self.programs:
                self._same.setdefault(alone, self._same.get(self._alone, self._alone))
        self._alone = alone

    def _take(self, found: Map, pid: int, packet: int) -> None:
        number = self._same.get(found.number, found.number)
        program = self.programs.get(number)
        if program is None:
            if len(self.programs) >= _MAX_PROGRAMS:
                return
            program = Followed(number, found.clock, found.info, [], self._place(pid), {pid})
            self.programs[number] = program
        program.maps.add(pid)
        new = [e for e in found.entries if not any(_same(line, e) for line in program.lines)]
        gone = [x for x in program.lines if not any(_same(x, e) for e in found.entries)]
        tuned = any(line.entry.kind in PICTURES for line in gone)
        for alike in (_equal, _similar if tuned else _similar_sound):
            for entry in list(new):
                line = next((x for x in gone if alike(x.entry, entry)), None)
                if line is not None and (tuned or entry.kind in _SHOWN):
                    gone.remove(line)
                    new.remove(entry)
                    line.now = entry.pid
                    self._moved = True
        # Whoever reads the beginning alone does not learn of them.
        self._moved |= bool(program.lines) and any(e.is_sound or e.kind in PICTURES for e in new)
        self._add(program, new)
        there = [(e, x.entry.pid) for e in found.entries if (x := _line_of(program, e)) is not None]
        for entry, target in there:
            self._route(packet, entry, target)
        program.together.update(map(frozenset, combinations((t for e, t in there if e.is_sound), 2)))
        clocks = {found.clock, program.clock}
        # A clock with a PID of its own.
        if _EMPTY not in clocks and not clocks & {p for x in program.lines for p in (x.now, x.entry.pid)}:
            self._direct(packet, found.clock, program.clock)

    def _add(self, program: Followed, entries: list[Entry]) -> None:
        for entry in entries[: _MAX_STREAMS - len(program.lines)]:
            # Programs may have streams in common.
            common = next((x for p in self.programs.values() for x in p.lines if _same(x, entry)), None)
            target = common.entry.pid if common else self._free(entry.pid)
            program.lines.append(Line(Entry(target, entry.kind, entry.descriptors), entry.pid))

    def _route(self, packet: int, entry: Entry, target: int) -> None:
        if entry.pid in self._listed or entry.pid == 0:
            return
        self._tables.pop(entry.pid, None)
        # Another codec under a PID that is used is another stream, to readers that go by the PID as well.
        if self._targets.get(entry.pid, target) != target and entry.kind in _SHOWN:
            self._moved = True
        self._direct(packet, entry.pid, target)

    def _direct(self, packet: int, source: int, target: int) -> None:
        if self._targets.get(source) != target or self._latest.get(target) != source:
            self._targets[source], self._latest[target] = target, source
            self._add_route(Route(packet, source, target))

    def _add_route(self, route: Route) -> None:
        if len(self.routes) < MOST_ROUTES:
            self.routes.append(route)

    def _place(self, wish: int) -> int:
        return wish if wish not in self._used() else self._free(wish)

    def _free(self, wish: int) -> int:
        used = self._used() | set(self._tables)
        return wish if wish not in used else next(p for p in range(_HIGHEST, 0, -1) if p not in used)

    def _used(self) -> set[int]:
        lines = {line.entry.pid for p in self.programs.values() for line in p.lines}
        return lines | {p.place for p in self.programs.values()}


def _next(pids: bytearray, pid: int, start: int) -> int:
    """Where `pid` stands at an even place from `start` on; behind the end where it does not."""
    wanted = pid.to_bytes(2, "big")
    at = pids.find(wanted, start)
    while at >= 0 and at % 2:
        at = pids.find(wanted, at + 1)
    return at if at >= 0 else len(pids)


def _same(line: Line, entry: Entry) -> bool:
    return line.now == entry.pid and line.entry.kind == entry.kind


def _line_of(program: Followed, entry: Entry) -> Line | None:
    return next((line for line in program.lines if _same(line, entry)), None)


def _equal(one: Entry, other: Entry) -> bool:
    return (one.kind, one.descriptors) == (other.kind, other.descriptors)


def _similar(one: Entry, other: Entry) -> bool:
    """Of one kind; what private data are is in their descriptors alone."""
    return one.kind == other.kind and (one.kind != PRIVATE or one.tags == other.tags)


def _similar_sound(one: Entry, other: Entry) -> bool:
    """Of one kind and, as far as both say so, in one language."""
    languages = {x.language for x in (one, other)} - {b""}
    return one.is_sound and one.kind == other.kind and len(languages) < 2
