"""Decodes the local sets of MISB ST 0601 (UAS Datalink), item by item.

What comes once, comes many times in the same shape: `ingest.klv.layout` makes the quick way for those. Both give the
same values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.klv import packs, st0102
from ingest.klv.ber import KlvError, read_items
from ingest.klv.layout import Layout, Shape, make_layout
from ingest.klv.tags import Value, decode_value
from ingest.klv.tags_0601 import CHECKSUM, SECURITY_SET, TAGS, TIME_STAMP

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

READERS: Mapping[int, Callable[[bytes], Value]] = {**packs.READERS, SECURITY_SET: st0102.decode}
_LAYOUTS = 32
_REMEMBERED = 1024
"""Texts and packs that are kept decoded: they hardly ever change from one set to the next."""
_SHORT = 256


class ChecksumError(KlvError):
    """A set whose checksum is wrong, or that has none where it must be, at its end."""


@dataclass(frozen=True, slots=True)
class UasSet:
    """One ST 0601 set.

    `values` are by tag, in the units of `TAGS`, and None where the sender says that there is none (out of range,
    off earth, a special value of IMAPB, no bytes). Their order means nothing, and the checksum is not among them.
    `raw` has as hexadecimal digits what is of no known tag or cannot be read as what its tag says; where such a tag
    stands several times, the last one.
    """

    values: Mapping[int, Value]
    raw: Mapping[int, str]

    @property
    def time(self) -> int | None:
        """The Precision Time Stamp (tag 2): microseconds since 1970-01-01, without leap seconds (ST 0603)."""
        value = self.values.get(TIME_STAMP)
        return value if isinstance(value, int) else None


def checksum(data: bytes, end: int) -> int:
    """The running 16-bit sum of ST 0601 (tag 1) over `data` up to `end`: from the key to the checksum's length.

    >>> checksum(bytes([1, 2, 3]), 3)
    1026
    """
    return ((sum(data[0:end:2]) << 8) + sum(data[1:end:2])) & 0xFFFF


class Decoder:
    """Decodes the sets of one stream and remembers their shapes, within bounds."""

    def __init__(self) -> None:
        self._layouts: dict[int, Layout] = {}
        self._last: Shape = ()
        self._memory: dict[tuple[int, bytes], Value] = {}

    def decode(self, whole: bytes, body: int) -> UasSet:
        """The set `whole`, whose value begins at `body`, after key and length.

        Raises `ChecksumError`, or `KlvError` where the checksum is right and the items do not fit.
        """
        end = len(whole) - 2
        if end - body < 2 or whole[end - 2 : end] != b"\x01\x02":
            raise ChecksumError("no checksum at the end")
        if checksum(whole, end) != whole[end] << 8 | whole[end + 1]:
            raise ChecksumError("wrong checksum")
        layout = self._layouts.get(len(whole) - body)
        if layout is not None and (found := layout.read(whole, body, self.remembered)) is not None:
            return UasSet(*found)
        return self._slowly(whole, body)

    def remembered(self, number: int, raw: bytes) -> Value:
        """The value of a text or a pack; raises `KlvError`."""
        key = (number, raw)
        try:
            return self._memory[key]
        except KeyError:
            value = decode_value(TAGS[number], raw, READERS)
        if len(raw) <= _SHORT:
            if len(self._memory) >= _REMEMBERED:
                self._memory.clear()
            self._memory[key] = value
        return value

    def _slowly(self, whole: bytes, body: int) -> UasSet:
        items = read_items(whole, body, len(whole))
        values: dict[int, Value] = {}
        rest: dict[int, str] = {}
        for number, start, end in items:
            if number == CHECKSUM:
                continue
            raw, tag = whole[start:end], TAGS.get(number)
            if tag is None:
                rest[number] = raw.hex()
                continue
            try:
                value = decode_value(tag, raw, READERS)
            except KlvError:
                rest[number] = raw.hex()
                continue
            if tag.repeats:
                before = values.get(number, ())
                value = (*before, value) if isinstance(before, tuple) else (value,)
            values[number] = value
        self._learn(whole, body, items)
        return UasSet(values, rest)

    def _learn(self, whole: bytes, body: int, items: list[tuple[int, int, int]]) -> None:
        # A shape is worth learning where it comes twice in a row: a stream whose shape always changes costs no more.
        shape = tuple((number, start - body, end - body) for number, start, end in items)
        if shape == self._last and (layout := make_layout(whole, body, shape)):
            if len(self._layouts) >= _LAYOUTS:
                self._layouts.clear()
            self._layouts[len(whole) - body] = layout
        self._last = shape
