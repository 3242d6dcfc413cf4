"""What a row of a MISB tag table says, and how the value of such a tag is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from ingest.klv.ber import KlvError, read_items
from ingest.klv.linear import MAX_BYTES, Linear, imapb, signed, unsigned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Kind = Literal[
    "uint",
    "sint",
    "time",
    "unsigned",
    "signed",
    "imapb",
    "text",
    "utf16",
    "code",
    "flags",
    "pack",
    "set",
    "hex",
]
"""How a value is written:

- `uint`, `sint`: a whole number; `code`: one with a meaning for each value, `flags`: one for each bit
- `time`: microseconds since 1970-01-01, without leap seconds (ST 0603)
- `unsigned`, `signed`, `imapb`: a real number, see `ingest.klv.linear`
- `text`: UTF-8; `utf16`: UTF-16, big-endian, or ASCII where it can be nothing else
- `pack`: fields of its own, see `ingest.klv.packs`; `set`: a nested local set, kept as tags with their bytes
- `hex`: bytes
"""
_WHOLE = frozenset({"uint", "sint", "time", "code", "flags"})
_REAL = frozenset({"unsigned", "signed", "imapb"})


@dataclass(frozen=True, slots=True)
class Tag:
    """One row: `size` in bytes is what the standard writes (at most, where it varies; 0: no bound).

    `low` and `high` are in `unit`. `meanings` is by value for a `code`, by bit (0 is the lowest) for `flags`.
    A tag that `repeats` has a tuple of its values in the order of the set.
    """

    number: int
    name: str
    kind: Kind
    size: int = 0
    low: Fraction = Fraction(0)
    high: Fraction = Fraction(0)
    unit: str = ""
    meanings: Mapping[int, str] = field(default_factory=dict)
    repeats: bool = False

    def line(self, size: int) -> Linear | None:
        """The line from raw integers of `size` bytes to values, None where the kind has none.

        Raises `KlvError` for a size that no integer has.
        """
        if self.kind not in _REAL:
            return None
        if not 1 <= size <= MAX_BYTES:
            raise KlvError(f"{size} bytes of {self.name}")
        if self.kind == "imapb":
            return imapb(self.low, self.high, size)
        return signed(self.high, size) if self.kind == "signed" else unsigned(self.low, self.high, size)

    def whole(self, size: int) -> bool:
        """Whether the value is a whole number, of `size` bytes. Raises `KlvError` as `line` does."""
        if self.kind in _WHOLE and not 1 <= size <= MAX_BYTES:
            raise KlvError(f"{size} bytes of {self.name}")
        return self.kind in _WHOLE


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a nested set that is not decoded: its tag and its bytes as hexadecimal digits."""

    tag: int
    hex: str


Value = object
"""What a tag's value becomes: int, float, str, a tuple, a frozen dataclass of `ingest.klv.pack_types`, or None."""


def decode_value(tag: Tag, raw: bytes, packs: Mapping[int, Callable[[bytes], Value]]) -> Value:
    """The value of `tag` that `raw` holds, None where it is a reserved one or has no bytes (ST 0107: unknown).

    Other sizes than the standard's are taken for integers of that many bytes over the same range, since senders use
    them. Raises `KlvError` for what cannot be read.
    """
    if not raw:
        return "" if tag.kind in {"text", "utf16"} else None
    if line := tag.line(len(raw)):
        return line.decode(raw)
    if tag.whole(len(raw)):
        return int.from_bytes(raw, "big", signed=tag.kind == "sint")
    if tag.kind == "text":
        return raw.decode("utf-8", "replace").rstrip("\0")
    if tag.kind == "utf16":
        # Letters have a zero byte each in UTF-16; senders that give one byte for each write ASCII.
        return raw.decode("ascii" if min(raw) and raw.isascii() else "utf-16-be", "replace").rstrip("\0")
    if tag.kind == "set":
        return tuple(Item(t, raw[start:end].hex()) for t, start, end in read_items(raw, 0, len(raw)))
    if tag.kind == "pack":
        return packs[tag.number](raw)
    return raw.hex()
