"""Cuts a stream of bytes into KLV triplets (SMPTE ST 336) and finds the next one after damage.

What a hostile stream can cost is bounded: a set has at most `MAX_SET` bytes, so much is kept at most, and looking
again into sets that turned out to be bad is paid out of a credit that only bytes received add to.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from ingest.klv.ber import MAX_LENGTH_BYTES, KlvError, read_length
from ingest.klv.keys import PREFIX, SIZE, STANDARDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_SET = 1 << 20
"""Bytes of the longest set."""
_CREDIT = 4
Mark = TypeVar("Mark")
Content = TypeVar("Content")


@dataclass(slots=True)
class FramingCounts:
    """What went wrong: sets that are bad (wrong checksum, do not fit), sets cut off, bytes that are of no set."""

    bad: int = 0
    cut: int = 0
    skipped_bytes: int = 0


@dataclass(slots=True)
class Framer(Generic[Mark, Content]):
    """Cuts one stream. `judge` is given a whole set, where its value begins, and the mark of its first byte.

    It raises `KlvError` for a set that is bad: then the search goes on inside it, for its length may be the damage.
    """

    judge: Callable[[bytes, int, Mark], Content]
    counts: FramingCounts = field(default_factory=FramingCounts)
    _data: bytearray = field(default_factory=bytearray)
    _places: list[int] = field(default_factory=list)
    _marks: list[Mark] = field(default_factory=list)
    _credit: int = 0
    _doubted: int = 0

    @property
    def pending(self) -> bool:
        """Whether bytes are kept that may be the beginning of a set."""
        return bool(self._data)

    @property
    def waiting(self) -> bool:
        """Whether a set has begun that has not ended."""
        return self._data.startswith(PREFIX)

    def feed(self, data: bytes, mark: Mark) -> Iterator[Content]:
        """The sets that end in `data`. A set has the mark of the bytes it begins in."""
        self._credit += _CREDIT * len(data)
        if not self._data:
            self._places, self._marks = [0], [mark]
            yield from self._take(data, last=False)
        else:
            self._places.append(len(self._data))
            self._marks.append(mark)
            self._data += data
            yield from self._take(self._data, last=False)

    def flush(self) -> Iterator[Content]:
        """The stream ends here or has lost bytes: what is left can only hold whole sets after a cut one."""
        if self._data:
            yield from self._take(self._data, last=True)
        self._doubted = 0

    def _take(self, data: bytes | bytearray, *, last: bool) -> Iterator[Content]:
        at, size = 0, len(data)
        while at < size:
            begin = data.find(PREFIX, at)
            if begin < 0:
                # The last three bytes may be the beginning of a key.
                begin = size if last else max(at, size - len(PREFIX) + 1)
                self.counts.skipped_bytes += begin - at
                at = begin
                break
            self.counts.skipped_bytes += begin - at
            at = begin
            body, end = _extent(data, begin)
            if end > size:
                if not last:
                    break
                self.counts.cut += 1
                at = _after(data, begin, size)
            elif body == begin:
                self.counts.bad += 1
                at = begin + len(PREFIX)
            elif begin < self._doubted and self._credit < end - begin:
                at = end
            else:
                if begin < self._doubted:
                    self._credit -= end - begin
                try:
                    content = self.judge(bytes(data[begin:end]), body - begin, self._mark(begin))
                except KlvError:
                    self.counts.bad += 1
                    self._doubted = max(self._doubted, end)
                    at = _after(data, begin, end)
                else:
                    at = end
                    yield content
        self._keep(data, at)

    def _mark(self, place: int) -> Mark:
        return self._marks[bisect_right(self._places, place) - 1 if len(self._places) > 1 else 0]

    def _keep(self, data: bytes | bytearray, start: int) -> None:
        """Keep `data` from `start` on, and the marks that it is under."""
        if data is self._data:
            del self._data[:start]
        else:
            self._data = bytearray(data[start:])
        self._doubted = max(0, self._doubted - start)
        if self._data and start and len(self._places) > 1:
            first = bisect_right(self._places, start) - 1
            self._places = [max(0, place - start) for place in self._places[first:]]
            self._marks = self._marks[first:]


def _extent(data: bytes | bytearray, begin: int) -> tuple[int, int]:
    """Where the value of the set at `begin` begins and ends.

    Twice `begin` where it is no set, an end beyond the data's where more is needed to tell.
    """
    more = begin, len(data) + 1
    if len(data) <= begin + SIZE:
        return more
    if bytes(data[begin : begin + SIZE]) not in STANDARDS and (
        data.find(PREFIX, begin + 1, begin + SIZE + len(PREFIX) - 1) >= 0
    ):
        return begin, begin  # a key that was cut short, and the next one
    try:
        length, body = read_length(data, begin + SIZE, len(data))
    except KlvError:
        return more if 0x80 < data[begin + SIZE] <= 0x80 + MAX_LENGTH_BYTES else (begin, begin)
    return (body, body + length) if length <= MAX_SET else (begin, begin)


def _after(data: bytes | bytearray, begin: int, end: int) -> int:
    """Where to go on after the bad set at `begin`: at a key that begins inside it, else at its end."""
    inside = data.find(PREFIX, begin + len(PREFIX), end + len(PREFIX) - 1)
    return inside if inside >= 0 else end
