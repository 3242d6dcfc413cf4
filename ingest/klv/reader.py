"""The library's front: `packets(source)` gives all KLV of a transport stream or of a bare KLV file, in order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from ingest.klv import keys
from ingest.klv.ber import KlvError
from ingest.klv.blocks import LOOK, packet_size, packets_in_blocks
from ingest.klv.cells import FIRST, Cell, goes_on, looks_celled, read_cells
from ingest.klv.demux import Clock, Demux, KlvPid
from ingest.klv.pes import Pes, unwrap
from ingest.klv.sets import NO_TIME, Lane, Mark, Packet, Stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ingest.klv.st0604 import PictureTimes


BLOCK = 188 * 192 * 17
"""Bytes that are read at once: whole packets of 188, 192 and 204."""

_HELD, _HELD_BYTES = 1024, 4 << 20
"""Packets that wait for the first pictures, at most."""
_MAX_LANES = 64


@dataclass(frozen=True, slots=True)
class _Open:
    """Where a chain of cells goes on in the next packet: in a `cell`, or in the `header` of one."""

    header: bytes = b""
    cell: Cell | None = None


class NotKlvError(KlvError):
    """Neither a transport stream nor bare KLV."""


class Packets:
    """Iterates over the KLV packets of a source; `streams` says what was found up to now.

    Raises `NotKlvError` at the first step where the source is neither a transport stream nor bare KLV. Damage is
    counted in `streams` and skipped.
    """

    def __init__(self, source: BinaryIO | bytes | Iterable[bytes]) -> None:
        self._source = source
        self._streams: dict[int, Stream] = {}
        self._lanes: dict[tuple[int, int | None], Lane] = {}
        self._demux: Demux | None = None
        self._before: dict[int, int] = {}
        self._open: dict[int, _Open] = {}
        self._held: dict[int, list[Packet]] = {}
        self._iterator = self._read()

    def __iter__(self) -> Iterator[Packet]:
        return self._iterator

    def __next__(self) -> Packet:
        return next(self._iterator)

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The streams that are declared to be KLV or in which some was found."""
        for klv in self._demux.found.values() if self._demux else ():
            if klv.certain:
                self._stream(klv)
        return tuple(self._streams.values())

    @property
    def times(self) -> dict[int, PictureTimes]:
        """The time stamps in the pictures (ST 0604) by program, where there are some."""
        return {} if self._demux is None else self._demux.times

    @property
    def transport(self) -> bool:
        """Whether the source is a transport stream."""
        return self._demux is not None

    def _read(self) -> Iterator[Packet]:
        pieces = _pieces(self._source)
        head = b""
        while len(head) < LOOK and (piece := next(pieces, None)) is not None:
            head += piece
        pieces = chain([head], pieces)
        if head[: keys.SIZE] in keys.STANDARDS:
            yield from self._bare(pieces)
        elif size := packet_size(head):
            self._demux = Demux(size)
            yield from self._from_transport(self._demux, packets_in_blocks(pieces, size))
        elif keys.PREFIX in head and not head.startswith(keys.MXF_PARTITION):
            yield from self._bare(pieces)
        else:
            raise NotKlvError("neither a transport stream nor bare KLV")

    def _bare(self, pieces: Iterable[bytes]) -> Iterator[Packet]:
        self._streams[0] = stream = Stream()
        lane = Lane(stream)
        for piece in pieces:
            yield from lane.framer.feed(piece, NO_TIME)
        yield from lane.framer.flush()

    def _from_transport(self, demux: Demux, blocks: Iterable[bytes]) -> Iterator[Packet]:
        for block in blocks:
            for klv, pes, arrival in demux.feed(block):
                yield from self._timed(klv, self._pes(klv, pes, arrival))
        for klv, pes, arrival in demux.close():
            yield from self._timed(klv, self._pes(klv, pes, arrival))
        for klv in demux.found.values():
            for lane in self._lanes_of(klv.pid):
                yield from self._timed(klv, lane.framer.flush())
        for number in list(self._held):
            yield from self._release(number, demux.clocks[number])

    def _timed(self, klv: KlvPid, found: Iterator[Packet]) -> Iterator[Packet]:
        """`found`, held back until it is known when the first picture is shown: KLV often comes before it."""
        held = self._held.get(klv.program)
        if held is None and klv.clock.settled:
            yield from found
            return
        held = self._held.setdefault(klv.program, [])
        held += found
        if klv.clock.settled or len(held) > _HELD or sum(len(p.value) for p in held) > _HELD_BYTES:
            klv.clock.expects_pictures = False
            yield from self._release(klv.program, klv.clock)

    def _release(self, program: int, clock: Clock) -> Iterator[Packet]:
        for packet in self._held.pop(program, ()):
            # What came before the clock was known is put on its line.
            pts = packet.pts if packet.pts is None or clock.start is None else unwrap(packet.pts, clock.start)
            arrival = clock.start if packet.arrival is None else packet.arrival
            yield replace(packet, pts=pts, arrival=arrival, start=clock.start)

    def _stream(self, klv: KlvPid) -> Stream:
        stream = self._streams.get(klv.pid)
        if stream is None:
            self._streams[klv.pid] = stream = Stream(klv.pid, klv.program, klv.stream_type, klv.declared)
        stream.stream_ids = klv.stream_ids
        stream.lost, stream.malformed_pes = klv.collector.lost, klv.collector.malformed
        return stream

    def _pes(self, klv: KlvPid, pes: Pes, arrival: int | None) -> Iterator[Packet]:
        stream = self._stream(klv)
        pts = None if pes.pts is None else klv.clock.place(pes.pts)
        if pes.begins:
            stream.without_pts += pts is None
            if pts is not None:
                stream.backwards += pts < self._before.get(klv.pid, pts)
                again = not pes.pts and pts == self._before.get(klv.pid)
                self._before[klv.pid] = pts
                pts = None if again else pts  # 0 time and again: the sender knows no time
        mark = Mark(pts, arrival, klv.clock.start)
        data, begun = pes.data, self._open.pop(klv.pid, _Open())
        more = pes.begins and not pes.broken and goes_on(data, begun.header)
        if begun.cell and more:
            cell = replace(
                begun.cell, data=data[: begun.cell.missing], missing=begun.cell.missing - len(data)
            )
            data = data[begun.cell.missing :]
            yield from self._chain(klv.pid, stream, [cell], b"", mark)
            if not data:
                return
        elif begun.header and more:
            data = begun.header + data
        elif begun.cell and begun.cell.ends:
            yield from self._lane(klv.pid, begun.cell.service, stream).framer.flush()
        if pes.broken:
            for lane in self._lanes_of(klv.pid):
                yield from lane.framer.flush()
        bare = self._lane(klv.pid, None, stream)
        if pes.begins and (stream.celled or looks_celled(data)) and not bare.framer.waiting:
            chain = read_cells(data)
            if chain is not None:
                stream.celled = True
                yield from self._chain(klv.pid, stream, *chain, mark)
                return
        if bare.framer.pending and pes.begins and data[: keys.SIZE] in keys.STANDARDS:
            yield from bare.framer.flush()  # what had begun before is never to end
        yield from bare.framer.feed(data, mark)

    def _chain(
        self, pid: int, stream: Stream, cells: list[Cell], header: bytes, mark: Mark
    ) -> Iterator[Packet]:
        """Cells one after the other; what begins in the last one, or in the `header` of one more, stays open."""
        for cell in cells:
            framer = self._lane(pid, cell.service, stream).framer
            if framer.pending and cell.begins:
                yield from framer.flush()
            yield from framer.feed(cell.data, mark)
            if framer.pending and cell.missing > 0:
                self._open[pid] = _Open(cell=replace(cell, fragment=cell.fragment & ~FIRST))
            elif framer.pending and cell.ends:
                yield from framer.flush()
        if header:
            self._open[pid] = _Open(header)

    def _lanes_of(self, pid: int) -> list[Lane]:
        return [lane for (of, _), lane in self._lanes.items() if of == pid]

    def _lane(self, pid: int, service: int | None, stream: Stream) -> Lane:
        lane = self._lanes.get((pid, service))
        if lane is None:
            if service is not None and len(self._lanes) >= _MAX_LANES:
                return self._lane(pid, None, stream)
            self._lanes[pid, service] = lane = Lane(stream, service)
        return lane


def packets(source: BinaryIO | bytes | Iterable[bytes]) -> Packets:
    """All KLV packets of `source`: a file open for reading in binary, bytes, or pieces of bytes in order.

    It is read once, in order, and never held as a whole.
    """
    return Packets(source)


def samples(
    source: Iterable[tuple[bytes, int | None]], stream: Stream | None = None, start: int = 0
) -> Iterator[Packet]:
    """The KLV packets of a data track (MP4, MOV, MXF) whose samples come with their times.

    Each sample is its bytes and its time in ticks of 90 kHz, or None; `start` is the first picture's. What is found
    is counted in `stream`.
    """
    lane = Lane(stream or Stream())
    for data, pts in source:
        if data[: keys.SIZE] in keys.STANDARDS:
            yield from lane.framer.flush()
        yield from lane.framer.feed(data, Mark(pts, None, start))
    yield from lane.framer.flush()


def _pieces(source: BinaryIO | bytes | Iterable[bytes]) -> Iterator[bytes]:
    if isinstance(source, bytes):
        for at in range(0, len(source), BLOCK):
            yield source[at : at + BLOCK]
    elif hasattr(source, "read"):
        while piece := source.read(BLOCK):
            yield piece
    else:
        yield from source
