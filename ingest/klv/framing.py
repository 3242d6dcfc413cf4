"""Cuts a stream of bytes into KLV triplets (SMPTE ST 336) and finds the next one after damage.

What a hostile stream can cost is bounded: a set has at most `MAX_SET` bytes, so much is kept at most, and looking
again into sets that turned out to be bad is paid out of a credit that only bytes received add to.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from ingest.klv.ber import MAX_LENGTH_BYTES, KlvError, read_length
from ingest.klv.keys import PREFIX, SIZE

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
    def waiting(self) -> bool:
        """Whether a set has begun that has not ended."""
        return self._data.startswith(PREFIX)

    def feed(self, data: bytes, mark: Mark) -> Iterator[Content]:
        """The sets that end in `data`. A set has the mark of the bytes it begins in."""
        self._places.append(len(self._data))
        self._marks.append(mark)
        self._data += data
        self._credit += _CREDIT * len(data)
        yield from self._take(last=False)

    def flush(self) -> Iterator[Content]:
        """The stream ends here or has lost bytes: what is left can only hold whole sets after a cut one."""
        yield from self._take(last=True)
        self._doubted = 0

    def _take(self, *, last: bool) -> Iterator[Content]:
        data, at = self._data, 0
        while True:
            begin = data.find(PREFIX, at)
            if begin < 0:
                # The last three bytes may be the beginning of a key.
                begin = len(data) if last else max(at, len(data) - len(PREFIX) + 1)
                self._skip(at, begin)
                break
            self._skip(at, begin)
            at, (body, end) = begin, self._extent(begin)
            if end > len(data):
                if not last:
                    break
                self.counts.cut += 1
                at = self._after(begin, len(data))
            elif body == end and body - begin < SIZE:
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
                    at = self._after(begin, end)
                else:
                    at = end
                    yield content
        self._drop(len(data) if last else begin)

    def _extent(self, begin: int) -> tuple[int, int]:
        """Where the value of the set at `begin` begins and ends; equal and short of the key where it is no set."""
        data = self._data
        if len(data) < begin + SIZE + 1:
            return begin, len(data) + 1
        try:
            length, body = read_length(data, begin + SIZE, len(data))
        except KlvError:
            count = data[begin + SIZE] & 0x7F
            if 1 <= count <= MAX_LENGTH_BYTES:
                return begin, len(data) + 1
            return begin, begin
        return (body, body + length) if length <= MAX_SET else (begin, begin)

    def _after(self, begin: int, end: int) -> int:
        """Where to go on after the bad set at `begin`: at a key inside it, else at its end."""
        inside = self._data.find(PREFIX, begin + len(PREFIX), end)
        return inside if inside >= 0 else end

    def _skip(self, start: int, end: int) -> None:
        self.counts.skipped_bytes += end - start

    def _mark(self, place: int) -> Mark:
        return self._marks[max(0, bisect_right(self._places, place) - 1)]

    def _drop(self, count: int) -> None:
        if count <= 0:
            return
        del self._data[:count]
        self._doubted = max(0, self._doubted - count)
        # The mark that the first byte left is under stays; the others are of bytes that are gone.
        first = max(0, bisect_right(self._places, count) - 1) if self._data else len(self._places)
        self._places = [max(0, place - count) for place in self._places[first:]]
        self._marks = self._marks[first:]
