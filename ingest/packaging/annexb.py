"""H.264 byte streams (ISO/IEC 14496-10, annex B): NAL units, and what a sequence parameter set says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

IDR, SPS, PPS, DELIMITER = 5, 7, 8, 9
_HIGH = frozenset({44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244})
_LONGEST = 1 << 16
_DELIMITERS = re.compile(rb"\x00\x00\x01[\x09\x29\x49\x69]")


class BitstreamError(ValueError):
    """A parameter set or a frame header that the standard does not allow, or that is cut off."""


@dataclass(frozen=True, slots=True)
class Sps:
    """`profile`, `constraints` and `level` are the three bytes of the CODECS string; sizes in pixels, cropped.

    `colour` is primaries, transfer and matrix (H.273); None where the set has no colour description.
    """

    profile: int
    constraints: int
    level: int
    width: int
    height: int
    interlaced: bool
    colour: tuple[int, int, int] | None
    full_range: bool


@dataclass(frozen=True, slots=True)
class Unit:
    """A NAL unit: its type (table 7-1) and where it lies, without its start code."""

    kind: int
    start: int
    end: int


def units(data: bytes) -> Iterator[Unit]:
    """The NAL units of `data`, in order."""
    at = data.find(b"\0\0\1")
    while at >= 0:
        start = at + 3
        at = data.find(b"\0\0\1", start)
        end = at if at >= 0 else len(data)
        if start < end:
            yield Unit(data[start] & 31, start, end)


def head(data: bytes) -> tuple[tuple[Unit, ...], int | None]:
    """The NAL units before the first slice of an access unit, and the type of that slice, None where there is none."""
    before: list[Unit] = []
    for unit in units(data):
        if 1 <= unit.kind <= IDR:
            return tuple(before), unit.kind
        before.append(unit)
    return tuple(before), None


def count_delimiters(data: bytes) -> int:
    """How many access units `data` says that it holds."""
    return len(_DELIMITERS.findall(data))


class _Bits:
    """Bits of a NAL unit's payload, without its emulation prevention bytes (7.4.1)."""

    def __init__(self, nal: bytes) -> None:
        raw = nal[:_LONGEST].replace(b"\0\0\3", b"\0\0")
        self._value, self._left = int.from_bytes(raw, "big"), 8 * len(raw)

    def take(self, count: int) -> int:
        if count > self._left:
            raise BitstreamError("a parameter set is cut off")
        self._left -= count
        return self._value >> self._left & (1 << count) - 1

    def flag(self) -> bool:
        return bool(self.take(1))

    def golomb(self) -> int:
        """ue(v) (9.1)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 31:
                raise BitstreamError("a number of a parameter set is too long")
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        """se(v) (9.1.1)."""
        code = self.golomb()
        return (code + 1) // 2 if code & 1 else -(code // 2)


def read_sps(nal: bytes) -> Sps:
    """Read a sequence parameter set (7.3.2.1.1), its NAL header byte included. Raises `BitstreamError`."""
    bits = _Bits(nal[1:])
    profile, constraints, level = bits.take(8), bits.take(8), bits.take(8)
    bits.golomb()
    chroma, separate = 1, False
    if profile in _HIGH:
        chroma = bits.golomb()
        separate = chroma == 3 and bits.flag()
        bits.golomb()
        bits.golomb()
        bits.flag()
        if bits.flag():
            _skip_scaling(bits, 8 if chroma != 3 else 12)
    bits.golomb()
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.flag()
        bits.signed()
        bits.signed()
        for _ in range(_bounded(bits.golomb(), 255)):
            bits.signed()
    bits.golomb()
    bits.flag()
    across, down = bits.golomb() + 1, bits.golomb() + 1
    frames_only = bits.flag()
    if not frames_only:
        bits.flag()
    bits.flag()
    left = right = top = bottom = 0
    if bits.flag():
        left, right, top, bottom = (bits.golomb() for _ in range(4))
    fields = 1 if frames_only else 2
    plain = chroma == 0 or separate
    step_x = 1 if plain or chroma == 3 else 2
    step_y = (2 if chroma == 1 and not plain else 1) * fields
    width, height = across * 16 - step_x * (left + right), down * 16 * fields - step_y * (top + bottom)
    if not (0 < width <= 1 << 15 and 0 < height <= 1 << 15):
        raise BitstreamError(f"a picture of {width}x{height} pixels")
    colour, full = _colour(bits) if bits.flag() else (None, False)
    return Sps(profile, constraints, level, width, height, not frames_only, colour, full)


def _bounded(value: int, limit: int) -> int:
    if value > limit:
        raise BitstreamError(f"a count of {value} in a parameter set")
    return value


def _skip_scaling(bits: _Bits, lists: int) -> None:
    for index in range(lists):
        if not bits.flag():
            continue
        last = following = 8
        for _ in range(16 if index < 6 else 64):
            if following:
                following = (last + bits.signed()) % 256
            last = following or last


def _colour(bits: _Bits) -> tuple[tuple[int, int, int] | None, bool]:
    """The colour description and the range of VUI parameters (E.1.1)."""
    if bits.flag() and bits.take(8) == 255:
        bits.take(32)
    if bits.flag():
        bits.flag()
    if not bits.flag():
        return None, False
    bits.take(3)
    full = bits.flag()
    return ((bits.take(8), bits.take(8), bits.take(8)) if bits.flag() else None), full
