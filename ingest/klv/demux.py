"""Finds KLV in an MPEG-2 transport stream (ISO/IEC 13818-1, MISB ST 1402) and gives its PES packets with their times.

A stream is taken to carry KLV when its descriptors say KLVA, whatever its stream_type. Private and metadata
streams without any format identifier are looked into: those whose first packets hold a MISB key are taken as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.klv import psi, st0604
from ingest.klv.blocks import PACKET
from ingest.klv.keys import PREFIX
from ingest.klv.pes import TICKS, Collector, Pes, read_header, unwrap
from ingest.klv.st0604 import PictureTimes

if TYPE_CHECKING:
    from collections.abc import Iterator


_LOOKED_INTO = 32
"""PES packets of an undescribed stream that are looked into before it is given up."""
_MAX_PROGRAMS = 64
_MAX_FOUND = 32
_FIRST_PICTURES = 16
_HEAD_BYTES = 2048
"""Bytes of a picture's beginning in which its time stamp is looked for."""
_FORWARD, _BACKWARD = 10 * TICKS, TICKS
"""What a clock may go on or fall back by from one picture to the next; beyond, it began anew."""


@dataclass(slots=True)
class Clock:
    """One program's time, in ticks of 90 kHz on one line that neither wraps nor jumps.

    A clock that begins anew goes on where it was: what follows is shown right after what came before. `now` is the
    latest time of its pictures (or of its PCR, where it has none), `start` the earliest picture's PTS (else the first
    PCR), `delay` how long after its DTS the first picture is shown.
    """

    now: int | None = None
    start: int | None = None
    delay: int = 0
    pictures: int = 0
    expects_pictures: bool = False
    _written: int | None = None
    _shift: int = 0
    _step: int = 0

    @property
    def settled(self) -> bool:
        """Whether `start` is known for good: in the order of coding the first picture may not be the earliest."""
        return self.pictures >= _FIRST_PICTURES or not self.expects_pictures

    @property
    def arrival(self) -> int | None:
        """When what arrives now is shown, for a stream that has no times of its own (ST 1402: asynchronous)."""
        return None if self.now is None else self.now + self.delay

    def place(self, ticks: int) -> int:
        """`ticks` (33 bits) on this line."""
        return ticks if self._written is None else unwrap(ticks, self._written) + self._shift

    def tick(self, ticks: int) -> int:
        """The same for a time of the clock itself, which shows where it begins anew."""
        written = ticks
        if self._written is not None:
            written = unwrap(ticks, self._written)
            step = written - self._written
            if not -_BACKWARD <= step <= _FORWARD:
                self._shift -= step - self._step
            elif step > 0:
                self._step = step
        self._written = written
        return written + self._shift

    def picture(self, pts: int, dts: int) -> None:
        at = self.tick(dts)
        shown = at + unwrap(pts - dts, 0)
        if not self.pictures:
            self.delay, self.start = shown - at, shown
        elif not self.settled and self.start is not None:
            self.start = min(self.start, shown)
        self.pictures += 1
        self.now = at


@dataclass(slots=True)
class KlvPid:
    """A PID that carries, or may carry, KLV: what declares it and what was seen. `certain` False: being looked into.

    `arrival` is when the PES packet that is being collected began.
    """

    pid: int
    program: int
    stream_type: int
    declared: bool
    clock: Clock
    certain: bool
    stream_ids: set[int] = field(default_factory=set)
    pes: int = 0
    collector: Collector = field(default_factory=Collector)
    counter: int | None = None
    arrival: int | None = None


@dataclass(slots=True)
class _Head:
    """The beginning of a picture of `program`, shown at `pts`."""

    program: int
    pts: int
    data: bytearray


@dataclass(slots=True)
class Demux:
    """Reads blocks of packets, `size` bytes apart. `found` are the KLV streams by PID, in the order of finding."""

    size: int = PACKET
    found: dict[int, KlvPid] = field(default_factory=dict)
    clocks: dict[int, Clock] = field(default_factory=dict)
    times: dict[int, PictureTimes] = field(default_factory=dict)
    tables: dict[int, psi.Sections] = field(default_factory=lambda: {0: psi.Sections()})
    _maps: dict[int, set[int]] = field(default_factory=dict)
    _heads: dict[int, _Head] = field(default_factory=dict)
    _pictures: dict[int, tuple[Clock, int]] = field(default_factory=dict)
    _pcr: dict[int, Clock] = field(default_factory=dict)
    _last: dict[int, int] = field(default_factory=dict)

    def feed(self, block: bytes) -> Iterator[tuple[KlvPid, Pes, int | None]]:
        """The KLV of a block, each with the stream it is of and its arrival time on the pictures' line."""
        size = self.size
        for k, (second, third) in enumerate(zip(block[1::size], block[2::size], strict=False)):
            pid = (second & 0x1F) << 8 | third
            if pid in self._pictures:
                if second & 0x40:
                    self._picture(pid, block, k * size)
                elif self._heads:
                    self._more(pid, block, k * size)
            elif pid in self.found:
                yield from self._klv(self.found[pid], block, k * size)
            elif pid in self.tables:
                self._table(pid, block, k * size)
            elif pid in self._pcr:
                self._clock(self._pcr[pid], block, k * size)

    def close(self) -> Iterator[tuple[KlvPid, Pes, int | None]]:
        """What is still being collected when the stream ends."""
        for pid in list(self._heads):
            self._end_head(pid)
        for klv in list(self.found.values()):
            for pes in klv.collector.close():
                yield from self._given(klv, pes)

    def _picture(self, pid: int, block: bytes, at: int) -> None:
        clock, program = self._pictures[pid]
        body = _body(block, at)
        header = read_header(block[body : at + PACKET])
        self._end_head(pid)
        if header and header.pts is not None and header.dts is not None:
            clock.picture(header.pts, header.dts)
            # Where the first pictures have no time stamps none is looked for in the others.
            if clock.pictures <= _FIRST_PICTURES or program in self.times:
                data = bytearray(block[body + header.body : at + PACKET])
                self._heads[pid] = _Head(program, clock.place(header.pts), data)

    def _more(self, pid: int, block: bytes, at: int) -> None:
        head = self._heads.get(pid)
        if head is not None:
            head.data += block[_body(block, at) : at + PACKET]
            if len(head.data) >= _HEAD_BYTES:
                self._end_head(pid)

    def _end_head(self, pid: int) -> None:
        """The beginning of a picture is there: has it a time stamp?"""
        head = self._heads.pop(pid, None)
        if head is not None:
            for _, stamp in st0604.places(bytes(head.data)):
                self.times.setdefault(head.program, PictureTimes()).add(head.pts, stamp)

    def _clock(self, clock: Clock, block: bytes, at: int) -> None:
        # adaptation field with a PCR (2.4.3.4), whose base has the 90 kHz of PTS
        if not clock.pictures and block[at + 3] & 0x20 and block[at + 4] >= 7 and block[at + 5] & 0x10:
            clock.now = clock.tick(int.from_bytes(block[at + 6 : at + 11], "big") >> 7)
            if clock.start is None:
                clock.start = clock.now

    def _table(self, pid: int, block: bytes, at: int) -> None:
        fourth = block[at + 3]
        if not fourth & 0x10 or fourth & 0xC0:
            return
        counter, before = fourth & 0x0F, self._last.get(pid)
        self._last[pid] = counter
        if counter == before:
            return
        if before is not None and counter != (before + 1) & 0x0F:
            self.tables[pid].lose()
        start = bool(block[at + 1] & 0x40)
        for section in self.tables[pid].feed(block[_body(block, at) : at + PACKET], start=start):
            if pid == 0 and (programs := psi.read_pat(section)) is not None:
                for map_pid in list(programs.values())[:_MAX_PROGRAMS]:
                    if len(self.tables) <= _MAX_PROGRAMS:
                        self.tables.setdefault(map_pid, psi.Sections())
            elif pid != 0 and (program := psi.read_pmt(section)) is not None:
                self._take(program)

    def _take(self, program: psi.Program) -> None:
        """A PMT that is new or has changed. A PID that is no longer named keeps what it was taken for."""
        if program.number not in self.clocks and len(self.clocks) >= _MAX_PROGRAMS:
            return
        clock = self.clocks.setdefault(program.number, Clock())
        self._pcr[program.clock_pid] = clock
        for stream in program.streams:
            self._forget(stream)
            if stream.stream_type in psi.PICTURES:
                self._pictures[stream.pid] = clock, program.number
                clock.expects_pictures = True
            elif stream.stream_type in (psi.PRIVATE, psi.METADATA) or psi.KLVA in stream.formats:
                declared = psi.KLVA in stream.formats
                # Some other format's identifier (ID3, AC-3 ...) says that it is no KLV.
                if (declared or not stream.formats) and self._has_room(stream.pid):
                    self.found[stream.pid] = KlvPid(
                        stream.pid, program.number, stream.stream_type, declared, clock, declared
                    )

    def _has_room(self, pid: int) -> bool:
        return pid not in self.found and len(self.found) < _MAX_FOUND

    def _forget(self, stream: psi.Elementary) -> None:
        """What a PID was before, where this stream is something else."""
        if stream.stream_type not in psi.PICTURES:
            self._pictures.pop(stream.pid, None)

    def _klv(self, klv: KlvPid, block: bytes, at: int) -> Iterator[tuple[KlvPid, Pes, int | None]]:
        second, fourth = block[at + 1], block[at + 3]
        if klv.pid in self._pcr:
            self._clock(self._pcr[klv.pid], block, at)
        if second & 0x80 or not fourth & 0x10 or fourth & 0xC0:
            return  # damaged on the way here, without payload, scrambled
        counter, before = fourth & 0x0F, klv.counter
        jump = bool(fourth & 0x20 and block[at + 4] and block[at + 5] & 0x80)
        if before is not None and not jump:
            if counter == before:
                return  # sent twice (2.4.3.3)
            if counter != (before + 1) & 0x0F:
                for pes in klv.collector.lose():
                    yield from self._given(klv, pes)
        klv.counter = counter
        start = bool(second & 0x40)
        if start:
            for pes in klv.collector.close():
                yield from self._given(klv, pes)
            klv.arrival = klv.clock.arrival
        for pes in klv.collector.feed(block[_body(block, at) : at + PACKET], start=start):
            yield from self._given(klv, pes)

    def _given(self, klv: KlvPid, pes: Pes) -> Iterator[tuple[KlvPid, Pes, int | None]]:
        klv.pes += pes.begins
        if not klv.certain:
            # at its beginning, or behind the header of a cell
            klv.certain = pes.data[:4] == PREFIX or pes.data[5:9] == PREFIX
            if not klv.certain:
                if klv.pes > _LOOKED_INTO:
                    del self.found[klv.pid]
                return
        klv.stream_ids.add(pes.stream_id)
        yield klv, pes, klv.arrival


def _body(block: bytes, at: int) -> int:
    """Where the payload of the packet at `at` begins, behind its adaptation field; its end where it has none."""
    body = at + 4
    if block[at + 3] & 0x20:
        body += 1 + block[body]
    return min(body, at + PACKET)
