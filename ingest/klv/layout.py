"""The quick way to read ST 0601 sets: one shape of set, read by one precompiled `struct`.

A stream repeats its tags with the same lengths. A layout is made of one such set: it sees whether tags and lengths
are where they were in that one, unpacks all values at once, and then has only arithmetic to do.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import add, itemgetter, mul, truediv
from typing import TYPE_CHECKING, Any

from ingest.klv.ber import KlvError
from ingest.klv.tags_0601 import CHECKSUM, TAGS

if TYPE_CHECKING:
    from ingest.klv.linear import Linear
    from ingest.klv.tags import Tag, Value

Shape = tuple[tuple[int, int, int], ...]
"""Tag, first byte and byte after the value of each item, counted from the set's value on."""
_CODES = {1: "b", 2: "h", 4: "i", 8: "q"}
_MAX_SET = 4096
_EXACT = 1 << 53
"""Whole numbers up to here are exact as floats."""
Picker = Callable[[tuple[Any, ...]], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Layout:
    """One shape of set. `mask` has ones where tags and lengths are, `heads` is what stands there."""

    unpack: Callable[[bytes, int], tuple[Any, ...]]
    mask: int
    heads: int
    reals: tuple[int, ...]
    pick_reals: Picker
    numerators: tuple[float, ...]
    denominators: tuple[float, ...]
    offsets: tuple[float, ...]
    lowest: frozenset[int]
    reserved: tuple[tuple[int, int, int], ...]
    wholes: tuple[int, ...]
    pick_wholes: Picker
    odd: tuple[tuple[int, int, Callable[[bytes], Value]], ...]
    others: tuple[tuple[int, int], ...]
    unknown: tuple[tuple[int, int], ...]

    def read(
        self, whole: bytes, body: int, remembered: Callable[[int, bytes], Value]
    ) -> tuple[dict[int, Value], dict[int, str]] | None:
        """The values and, as digits, what cannot be read or is unknown; None where the set has another shape.

        The value of `whole` begins at `body` and is as long as the set's that the layout was made of.
        """
        if int.from_bytes(whole[body:], "big") & self.mask != self.heads:
            return None
        found = self.unpack(whole, body)
        raws = self.pick_reals(found)
        # Three operations for each value, none of them in Python's own loop.
        parts = map(truediv, map(mul, raws, self.numerators), self.denominators)
        values: dict[int, Value] = dict(zip(self.reals, map(add, parts, self.offsets), strict=True))
        if not self.lowest.isdisjoint(raws):
            values.update((tag, None) for tag, place, low in self.reserved if found[place] == low)
        values.update(zip(self.wholes, self.pick_wholes(found), strict=True))
        rest = {tag: found[place].hex() for tag, place in self.unknown}
        for tag, place, decode in self.odd:
            values[tag] = decode(found[place])
        for tag, place in self.others:
            try:
                values[tag] = remembered(tag, found[place])
            except KlvError:
                rest[tag] = found[place].hex()
        return values, rest


def make_layout(data: bytes, body: int, shape: Shape) -> Layout | None:
    """The layout of the set at `body` of `data`, None where its tags repeat or the set is very long."""
    tags = [number for number, _, _ in shape]
    repeating = any(tag in TAGS and TAGS[tag].repeats for tag in tags)
    if len(set(tags)) != len(tags) or repeating or len(data) - body > _MAX_SET:
        return None
    format_, mask, last = ">", bytearray(len(data) - body), 0
    reals: list[tuple[int, int, Linear]] = []
    wholes: list[tuple[int, int]] = []
    odd: list[tuple[int, int, Callable[[bytes], Value]]] = []
    others: list[tuple[int, int]] = []
    unknown: list[tuple[int, int]] = []
    for place, (number, start, end) in enumerate(shape):
        mask[last:start] = b"\xff" * (start - last)
        size, tag, code = end - start, TAGS.get(number), f"{end - start}s"
        line: Linear | None
        try:
            line = tag.line(size) if tag and size else None
            whole = tag is not None and size > 0 and tag.whole(size)
        except KlvError:
            tag, line, whole = None, None, False
        if number == CHECKSUM:
            pass
        elif tag is None:
            unknown.append((number, place))
        elif tag.kind == "hex" and size:
            odd.append((number, place, bytes.hex))
        elif line:
            # Of the others every integer has a value, or every one but the lowest.
            if size in _CODES and tag.kind != "imapb":
                code = _code(size, signed=line.signed)
                reals.append((number, place, line))
            else:
                odd.append((number, place, line.decode))
        elif whole:
            if size in _CODES:
                code = _code(size, signed=tag.kind == "sint")
                wholes.append((number, place))
            else:
                odd.append((number, place, _whole_reader(tag)))
        else:
            others.append((number, place))
        format_ += f"{start - last}x{code}"
        last = end
    bits = int.from_bytes(mask, "big")
    lines = [line for _, _, line in reals]
    return Layout(
        unpack=struct.Struct(format_).unpack_from,
        mask=bits,
        heads=int.from_bytes(data[body:], "big") & bits,
        reals=tuple(number for number, _, _ in reals),
        pick_reals=_picker(place for _, place, _ in reals),
        numerators=tuple(_quick(line)[0] for line in lines),
        denominators=tuple(_quick(line)[1] for line in lines),
        offsets=tuple(line.offset for line in lines),
        lowest=frozenset(line.low - 1 for line in lines if line.signed),
        reserved=tuple((number, place, line.low - 1) for number, place, line in reals if line.signed),
        wholes=tuple(number for number, _ in wholes),
        pick_wholes=_picker(place for _, place in wholes),
        odd=tuple(odd),
        others=tuple(others),
        unknown=tuple(unknown),
    )


def _quick(line: Linear) -> tuple[float, float]:
    """Numerator and denominator, as floats where the product with any raw integer is exact in a float."""
    product = max(-line.low, line.high) * line.numerator
    exact = max(product, line.denominator) <= _EXACT
    return (float(line.numerator), float(line.denominator)) if exact else (line.numerator, line.denominator)


def _code(size: int, *, signed: bool) -> str:
    return _CODES[size] if signed else _CODES[size].upper()


def _whole_reader(tag: Tag) -> Callable[[bytes], Value]:
    signed = tag.kind == "sint"
    return lambda raw: int.from_bytes(raw, "big", signed=signed)


def _picker(places: Iterable[int]) -> Picker:
    """Takes the things at `places` out of a tuple, as a tuple."""
    chosen = tuple(places)
    if len(chosen) > 1:
        return itemgetter(*chosen)
    return (lambda found: (found[chosen[0]],)) if chosen else lambda _: ()
