"""PES packets (ISO/IEC 13818-1, 2.4.3.6): their times, and a collector for the small ones that carry KLV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TICKS = 90_000
"""Ticks a second of PTS and DTS."""
WRAP = 1 << 33
MAX_PES = 1 << 20
"""Bytes of the longest PES packet that is collected; KLV has no need of such."""
# stream_id values whose PES packets have no header beyond the length (2.4.3.7).
_BARE = frozenset({0xBC, 0xBE, 0xBF, 0xF0, 0xF1, 0xF2, 0xF8, 0xFF})
_START = b"\0\0\1"


@dataclass(frozen=True, slots=True)
class Header:
    """A PES packet's header: times in ticks as they are written, where the payload begins, whole length or None."""

    stream_id: int
    pts: int | None
    dts: int | None
    body: int
    length: int | None


@dataclass(frozen=True, slots=True)
class Pes:
    """The payload of a PES packet, or a part of it. `begins`: its first byte; `broken`: bytes before it are lost."""

    stream_id: int
    pts: int | None
    data: bytes
    begins: bool
    broken: bool


def unwrap(ticks: int, near: int) -> int:
    """The time that is written in 33 bits as `ticks`, on the line of `near`, less than half a wrap away.

    >>> unwrap(5, WRAP - 5) - WRAP, unwrap(WRAP - 5, WRAP + 5) - WRAP
    (5, -5)
    """
    return near + (ticks - near + WRAP // 2) % WRAP - WRAP // 2


def read_header(data: bytes) -> Header | None:
    """The header that `data` begins with, None where it is none or is not there as a whole."""
    if len(data) < 6 or data[:3] != _START:
        return None
    stream_id = data[3]
    size = int.from_bytes(data[4:6], "big")
    length = 6 + size if size else None
    if stream_id in _BARE:
        return Header(stream_id, None, None, 6, length)
    if len(data) < 9 or data[6] & 0xC0 != 0x80:
        return None
    body, flags = 9 + data[8], data[7] >> 6
    if body > len(data) or data[8] < (0, 0, 5, 10)[flags] or (length is not None and body > length):
        return None
    pts = _time(data, 9) if flags & 2 else None
    return Header(stream_id, pts, _time(data, 14) if flags == 3 else pts, body, length)


def _time(data: bytes, at: int) -> int:
    high, middle, low = (
        data[at] >> 1 & 7,
        data[at + 1] << 7 | data[at + 2] >> 1,
        data[at + 3] << 7 | data[at + 4] >> 1,
    )
    return high << 30 | middle << 15 | low


@dataclass(slots=True)
class Collector:
    """Collects the PES packets of one PID. `malformed` counts headers that are none, `lost` gaps in the packets."""

    malformed: int = 0
    lost: int = 0
    _data: bytearray | None = None
    _header: Header | None = None
    _broken: bool = False
    _parts: int = 0

    def feed(self, payload: bytes, *, start: bool) -> Iterator[Pes]:
        """The PES packets that end with this packet's payload; `start` is its payload_unit_start_indicator."""
        if start:
            yield from self.close()
            self._data, self._header = bytearray(), None
        if self._data is None:
            return
        self._data += payload
        if self._header is None and not self._begin(bytes(self._data)):
            return
        header = self._header
        if header is not None and header.length is not None and len(self._data) >= header.length:
            del self._data[header.length :]
            yield from self.close()
        elif len(self._data) > MAX_PES:
            yield from self.close()

    def lose(self) -> Iterator[Pes]:
        """Packets of this PID were lost. What came before is given out, what follows of the PES packet as a part."""
        self.lost += 1
        header = self._header
        yield from self.close()
        self._broken = True
        if header is not None:
            # No length: where the rest ends is where the next PES packet begins.
            self._header = Header(header.stream_id, header.pts, header.dts, 0, None)
            self._data = bytearray()
            self._parts = 1

    def close(self) -> Iterator[Pes]:
        """What was collected last, at the end of the stream."""
        data, header = self._data, self._header
        begins = not self._parts
        self._data, self._header, self._parts = None, None, 0
        if data is None:
            return
        if header is None:
            self.malformed += bool(data)
        elif len(data) > header.body:
            broken, self._broken = self._broken, False
            yield Pes(header.stream_id, header.pts, bytes(data[header.body :]), begins, broken)

    def _begin(self, data: bytes) -> bool:
        self._header = read_header(data)
        if self._header is None and len(data) > 300:  # longer than any header
            self.malformed += 1
            self._data = None
        return self._header is not None
