"""The packets of a stream as a table of integers: times, lengths and flags, in the container's order."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median_low
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

# Bytes that the shortest packet and its place in the container's index take.
SMALLEST_PACKET = 8


@dataclass(frozen=True, slots=True)
class Packet:
    """One coded picture: times in ticks of the stream's time base, `size` in bytes."""

    pts: int | None
    dts: int | None
    duration: int | None
    size: int
    key: bool
    discard: bool
    corrupt: bool = False


_KEY, _DISCARD, _PTS, _DTS, _DURATION, _CORRUPT = (1 << bit for bit in range(6))
_INT64 = 2**63


class PacketTable(Sequence[Packet]):
    """Packets in 33 bytes each (numbers of 64 bits and flags), made into a `Packet` only when asked for one.

    `complaints` is what the program that read them said of the file.
    """

    def __init__(self, packets: Iterable[Packet] = ()) -> None:
        self.pts, self.dts = array("q"), array("q")  # 0 where there is none
        self.durations, self.sizes = array("q"), array("q")
        self.flags = bytearray()
        self.complaints = ""
        for packet in packets:
            self.append(packet)

    def append(self, packet: Packet) -> None:
        """Raises OverflowError for a number beyond 64 bits."""
        flags = _KEY * packet.key | _DISCARD * packet.discard | _PTS * (packet.pts is not None)
        flags |= _DTS * (packet.dts is not None) | _DURATION * (packet.duration is not None)
        flags |= _CORRUPT * packet.corrupt
        self.pts.append(packet.pts or 0)
        self.dts.append(packet.dts or 0)
        self.durations.append(packet.duration or 0)
        self.sizes.append(packet.size)
        self.flags.append(flags)

    def __len__(self) -> int:
        return len(self.flags)

    @overload
    def __getitem__(self, index: int) -> Packet: ...
    @overload
    def __getitem__(self, index: slice) -> PacketTable: ...
    def __getitem__(self, index: int | slice) -> Packet | PacketTable:
        if isinstance(index, slice):
            return self.only(range(*index.indices(len(self))))
        flags = self.flags[index]
        return Packet(
            pts=self.pts[index] if flags & _PTS else None,
            dts=self.dts[index] if flags & _DTS else None,
            duration=self.durations[index] if flags & _DURATION else None,
            size=self.sizes[index],
            key=bool(flags & _KEY),
            discard=bool(flags & _DISCARD),
            corrupt=bool(flags & _CORRUPT),
        )

    def shown(self) -> array[int]:
        """Indices of the packets that are not discarded."""
        return array("q", (i for i, flags in enumerate(self.flags) if not flags & _DISCARD))

    def corrupt(self) -> array[int]:
        """Indices of the packets of which the container says that something is missing."""
        return array("q", (i for i, flags in enumerate(self.flags) if flags & _CORRUPT))

    def whole(self) -> bool:
        """Whether every packet is shown, has a time at which, and nothing of it is missing."""
        return all(flags & (_PTS | _DISCARD | _CORRUPT) == _PTS for flags in self.flags)

    @property
    def ordered(self) -> bool:
        """Whether there are decoding times."""
        return any(flags & _DTS for flags in self.flags)

    def decoding_times(self) -> Iterator[tuple[int, int]]:
        """Number and ticks of each packet in stream order that has any; of presentation if none has decoding times."""
        known, ticks = (_DTS, self.dts) if self.ordered else (_PTS, self.pts)
        return ((i, ticks[i]) for i, flags in enumerate(self.flags) if flags & known)

    def shifted(self, shifts: Sequence[int]) -> PacketTable:
        """The same packets, each `shifts` ticks later."""
        made = PacketTable()
        made.durations, made.sizes, made.flags = self.durations, self.sizes, self.flags
        for ticks, moved in ((self.pts, made.pts), (self.dts, made.dts)):
            moved.extend(t + s for t, s in zip(ticks, shifts, strict=True))
        return made

    def misplaced(self, most: int) -> list[int]:
        """Numbers of the packets whose two times are more than `most` ticks apart."""
        both = _PTS | _DTS
        return [
            i
            for i, (flags, pts, dts) in enumerate(zip(self.flags, self.pts, self.dts, strict=True))
            if flags & both == both and not -most <= pts - dts <= most
        ]

    def presentation_times(self) -> dict[int, int]:
        """Ticks of each packet that has any, by its number."""
        return {i: self.pts[i] for i, flags in enumerate(self.flags) if flags & _PTS}

    def presented_at(self, times: array[int]) -> PacketTable:
        """The same packets, shown at other ticks."""
        made = PacketTable()
        made.pts, made.dts = times, self.dts
        made.durations, made.sizes, made.flags = self.durations, self.sizes, self.flags
        made.complaints = self.complaints
        return made

    def only(self, indices: Sequence[int]) -> PacketTable:
        """The packets of these indices."""
        made = PacketTable()
        for name in ("pts", "dts", "durations", "sizes"):
            ticks: array[int] = getattr(self, name)
            setattr(made, name, array("q", (ticks[i] for i in indices)))
        made.flags = bytearray(self.flags[i] for i in indices)
        made.complaints = self.complaints
        return made

    def joined(self, parts: Sequence[int]) -> PacketTable:
        """The packets, but each of `parts` (numbers, ascending) has become a part of the one before it."""
        apart = set(parts)
        made = self.only([i for i in range(len(self)) if i not in apart])
        for before, number in enumerate(parts):
            whole = number - before - 1
            made.sizes[whole] += self.sizes[number]
            made.durations[whole] += self.durations[number]
            made.flags[whole] |= self.flags[number] & _CORRUPT
        return made

    def is_key(self, index: int) -> bool:
        return bool(self.flags[index] & _KEY)

    def key_times(self) -> array[int] | None:
        """Presentation ticks of the key pictures that are shown, ascending; None when one has none."""
        wanted = _KEY | _PTS
        keys = [i for i, flags in enumerate(self.flags) if flags & _KEY and not flags & _DISCARD]
        if not keys or any(self.flags[i] & wanted != wanted for i in keys):
            return None
        return array("q", sorted(self.pts[i] for i in keys))

    @property
    def lead(self) -> int:
        """How many ticks before they are shown key pictures are decoded, at most."""
        wanted = _KEY | _PTS | _DTS
        leads = (
            p - d for p, d, f in zip(self.pts, self.dts, self.flags, strict=True) if f & wanted == wanted
        )
        return max(0, max(leads, default=0))

    def presented(self, shown: Sequence[int]) -> bool:
        """Whether `times` of these packets are presentation times."""
        return all(self.flags[i] & _PTS for i in shown) or not all(self.flags[i] & _DTS for i in shown)

    def decodable(self, shown: Sequence[int], first: int) -> Sequence[int]:
        """Those of `shown` that a decoder shows whose first picture is at `first` (ticks), where not all say when.

        It begins with that key picture: what comes before it in the stream, or would be shown before it, is no picture.
        """
        wanted = _KEY | _PTS
        begun = (n for n, i in enumerate(shown) if self.flags[i] & wanted == wanted and self.pts[i] == first)
        if (at := next(begun, None)) is None:
            return shown
        return array("q", (i for i in shown[at:] if not self.flags[i] & _PTS or self.pts[i] >= first))

    def times(self, shown: Sequence[int]) -> array[int] | None:
        """Presentation ticks; decoding ticks where the container has no others (AVI); None when neither exists.

        Where packets of a transport stream were lost, the few that have no time of their own are given one.
        """
        for ticks, known in ((self.pts, _PTS), (self.dts, _DTS)):
            if all(self.flags[i] & known for i in shown):
                return ticks if len(shown) == len(self) else array("q", (ticks[i] for i in shown))
        return self._completed(shown)

    def _completed(self, shown: Sequence[int]) -> array[int] | None:
        """Unknown times are those of the holes between the known ones; behind the last known packet they follow on."""
        known = [i for i in shown if self.flags[i] & _PTS]
        if 2 * len(known) <= len(shown) or len(known) < 3:
            return None
        ordered = sorted(self.pts[i] for i in known)
        usual = median_low(b - a for a, b in itertools.pairwise(ordered))
        if usual <= 0 or ordered[-1] + usual * len(shown) >= _INT64:
            return None
        holes = (
            a + n * usual for a, b in itertools.pairwise(ordered) for n in range(1, round((b - a) / usual))
        )
        behind = itertools.count(ordered[-1] + usual, usual)
        within = itertools.chain(holes, behind)
        return array(
            "q",
            (
                self.pts[i] if self.flags[i] & _PTS else next(within if i < known[-1] else behind)
                for i in shown
            ),
        )


@dataclass(slots=True)
class PacketReader:
    """Collects ffprobe's `packet` lines (`pts,dts,duration,size,flags`) as they arrive.

    `weight` is the bytes that they take in a file at the least; `check` sees the reader after each packet, and may
    raise.
    """

    check: Callable[[PacketReader], None] | None = None
    packets: PacketTable = field(default_factory=PacketTable)
    weight: int = 0
    first: int | None = None
    last: int | None = None

    def line(self, text: str) -> int:
        """Take one line; returns how many packets there are, as the watchdog's measure of progress."""
        packet = parse_packet(text)
        if packet is not None:
            self.packets.append(packet)
            self._count(packet)
            if self.check is not None:
                self.check(self)
        return len(self.packets)

    @property
    def span(self) -> int:
        """Ticks from the first shown time to the last."""
        return self.last - self.first if self.last is not None and self.first is not None else 0

    def _count(self, packet: Packet) -> None:
        self.weight += max(packet.size, SMALLEST_PACKET)
        time = packet.pts if packet.pts is not None else packet.dts
        if time is not None and not packet.discard:
            self.first = time if self.first is None else min(self.first, time)
            self.last = time if self.last is None else max(self.last, time)


def parse_packet(line: str) -> Packet | None:
    """One CSV line of ffprobe; None for a line that is not a packet.

    >>> parse_packet("512,0,512,14313,K__")
    Packet(pts=512, dts=0, duration=512, size=14313, key=True, discard=False, corrupt=False)
    """
    parts = line.strip().split(",")
    if len(parts) < 5:
        return None
    pts, dts, duration, size = (_integer(p) for p in parts[:4])
    flags = parts[4]
    return Packet(pts, dts, duration, size or 0, "K" in flags, "D" in flags, "C" in flags)


def _integer(text: str) -> int | None:
    try:
        value = int(text)
    except ValueError:
        return None
    return value if -_INT64 <= value < _INT64 else None


@dataclass(frozen=True, slots=True)
class Instants:
    """When pictures are shown, in ticks, ascending: all of them, and the key pictures among them.

    `seeks`: for each key picture, the earlier of the times at which it is shown and decoded.
    """

    times: array[int]
    keys: array[int]
    seeks: array[int]


def instants(table: PacketTable, first_pts: int, until: int | None = None) -> Instants | None:
    """The pictures from the one at `first_pts` on (and before `until`); None where not every packet says when it is
    shown."""
    shown = table.shown()
    if not all(table.flags[i] & _PTS for i in shown):
        return None
    keys = sorted(
        (table.pts[i], min(table.pts[i], table.dts[i]) if table.flags[i] & _DTS else table.pts[i])
        for i in shown
        if table.is_key(i) and table.pts[i] >= first_pts
    )
    return Instants(
        times=array(
            "q",
            sorted(
                table.pts[i]
                for i in shown
                if table.pts[i] >= first_pts and (until is None or table.pts[i] < until)
            ),
        ),
        keys=array("q", (shown for shown, _ in keys)),
        seeks=array("q", (sought for _, sought in keys)),
    )
