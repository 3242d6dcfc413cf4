"""Writes a transport stream whose streams change their PIDs with one PID for each. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.klv.blocks import PACKET
from ingest.media.psi_tables import Map, packets_of, write_list, write_map

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.media.pids import Follower, Route

_NOBODY = -1


@dataclass(slots=True)
class Rerouter:
    """Takes the blocks that `found` was fed, once more. Its tables are the same from the beginning to the end."""

    found: Follower
    _tables: dict[int, list[bytearray]] = field(default_factory=dict)
    _waiting: int = 0
    _packet: int = 0
    _targets: dict[int, int] = field(default_factory=dict)
    _latest: dict[int, int] = field(default_factory=dict)
    _owners: dict[int, int] = field(default_factory=dict)
    _offsets: dict[int, int] = field(default_factory=dict)
    _counters: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        places = {n: p.place for n, p in self.found.programs.items()}
        self._tables[0] = list(packets_of(write_list(self.found.network, places), 0))
        for number, program in self.found.programs.items():
            entries = [line.entry for line in program.lines]
            section = write_map(Map(number, program.clock, program.info, entries))
            for pid in program.maps:
                self._tables.setdefault(pid, []).extend(packets_of(section, places[number]))

    def feed(self, block: bytes) -> Iterator[bytes]:
        """The packets of the block as they go out, as far apart as they came."""
        size, routes = self.found.size, self.found.routes
        for at in range(0, len(block) - PACKET + 1, size):
            while self._waiting < len(routes) and routes[self._waiting].packet <= self._packet:
                self._turn(routes[self._waiting])
                self._waiting += 1
            self._packet += 1
            pid = (block[at + 1] & 0x1F) << 8 | block[at + 2]
            target = self._targets.get(pid)
            if target is None and pid in self._tables:
                if block[at + 1] & 0x40:
                    for table in self._tables[pid]:
                        own = (table[1] & 0x1F) << 8 | table[2]
                        table[3] = 0x10 | self._counted(own, payload=True)
                        yield bytes(table) + block[at + PACKET : at + size]
            elif target is None:
                yield block[at : at + size]
            elif (made := self._rerouted(block, at, pid, target)) is not None:
                yield bytes(made)

    def _turn(self, route: Route) -> None:
        before = self._targets.get(route.source)
        if route.target is None:
            self._targets.pop(route.source, None)
            return
        self._targets[route.source] = route.target
        self._latest[route.target] = route.source
        # It comes back from another stream: with its next unit, and counted on from where that one is.
        if before not in {None, route.target} and self._owners.get(route.target) == route.source:
            self._owners[route.target] = _NOBODY

    def _rerouted(self, block: bytes, at: int, pid: int, target: int) -> bytearray | None:
        """None for what belongs to no whole unit of the stream."""
        made = bytearray(block[at : at + self.found.size])
        payload = bool(made[3] & 0x10)
        owner = self._owners.get(target)
        if owner != pid:
            if owner is not None:
                # The rest of what has been left, or of what began before we came.
                if owner == self._latest[target] or not made[1] & 0x40:
                    return None
                self._offsets[pid] = self._counted(target, payload=payload) - (made[3] & 0x0F)
            self._owners[target] = pid
        counter = (made[3] + self._offsets.get(pid, 0)) & 0x0F
        self._counters[target] = counter
        made[1] = made[1] & 0xE0 | target >> 8
        made[2] = target & 0xFF
        made[3] = made[3] & 0xF0 | counter
        return made

    def _counted(self, pid: int, *, payload: bool) -> int:
        """The continuity counter of the next packet (2.4.3.3)."""
        counter = (self._counters.get(pid, -1) + payload) & 0x0F
        self._counters[pid] = counter
        return counter
