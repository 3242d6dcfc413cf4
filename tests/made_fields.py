"""An H.264 stream whose pictures are coded as two fields each (PAFF, ITU-T H.264 7.4.3), which x264 cannot make.

Every macroblock is I_PCM and all of a field has one luma, so that what a decoder gives can be told exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH, HEIGHT = 128, 96
RATE = 25  # pictures a second
GROUP = 10  # pictures
_MACROBLOCK = 16
_SPS, _PPS, _SLICE, _KEY_SLICE, _DELIMITER = 7, 8, 1, 5, 9


class _Bits:
    def __init__(self) -> None:
        self._text: list[str] = []

    def u(self, count: int, value: int) -> None:
        self._text.append(f"{value:0{count}b}")

    def ue(self, *values: int) -> None:
        """Exp-Golomb codes, unsigned (9.1)."""
        for value in values:
            code = f"{value + 1:b}"
            self._text.append("0" * (len(code) - 1) + code)

    def zeros_to_byte(self) -> None:
        self._text.append("0" * (-sum(map(len, self._text)) % 8))

    def octets(self, data: bytes) -> None:
        self._text.append("".join(f"{byte:08b}" for byte in data))

    def unit(self, reference: int, kind: int) -> bytes:
        """A NAL unit with its start code (annex B), emulation prevention (7.4.1.1) and trailing bits."""
        text = "".join(self._text) + "1"
        text += "0" * (-len(text) % 8)
        made = bytearray()
        for byte in int(text, 2).to_bytes(len(text) // 8):
            if byte <= 3 and made[-2:] == b"\0\0":
                made.append(3)
            made.append(byte)
        return b"\0\0\0\1" + bytes([reference << 5 | kind]) + bytes(made)


@dataclass(frozen=True)
class Picture:
    """Luma (16 to 235) of the two fields, top first; `fields`: coded as two fields, else as one frame."""

    top: int
    bottom: int
    fields: bool = True


def access_units(pictures: Sequence[Picture], *, timing: bool = True) -> Iterator[tuple[bytes, ...]]:
    """For each picture its access units: two fields, or one frame (whose lines then all have the top field's luma).

    `timing`: the stream says how long a field is (E.2.1).
    """
    for number, picture in enumerate(pictures):
        key, place = number % GROUP == 0, number % GROUP
        head = _delimiter() + (_parameters(timing=timing) if key else b"")
        if picture.fields:
            first = _slice(picture.top, place, key=key, key_id=number // GROUP % 2, field="top")
            yield head + first, _delimiter() + _slice(picture.bottom, place, key=False, field="bottom")
        else:
            yield (head + _slice(picture.top, place, key=key, key_id=number // GROUP % 2),)


def _delimiter() -> bytes:
    bits = _Bits()
    bits.u(3, 0)  # primary_pic_type: I
    return bits.unit(0, _DELIMITER)


def _parameters(*, timing: bool) -> bytes:
    sequence = _Bits()
    for width, value in ((8, 77), (8, 0), (8, 30)):  # Main, level 3.0
        sequence.u(width, value)
    # Identifier, 16 frame numbers, order count of type 0 in 8 bits, one reference.
    sequence.ue(0, 0, 0, 4, 1)
    sequence.u(1, 0)
    sequence.ue(WIDTH // _MACROBLOCK - 1, HEIGHT // (2 * _MACROBLOCK) - 1)
    # Not frames only, no macroblock-adaptive coding, 8x8 inference, no cropping, VUI: timing at most.
    for bit in (0, 0, 1, 0, 1, 0, 0, 0, 0, timing):
        sequence.u(1, bit)
    if timing:
        sequence.u(32, 1)
        sequence.u(32, 2 * RATE)
        sequence.u(1, 1)  # fixed
    for bit in (0, 0, 0, 1, 1):  # no HRD, no pic_struct; restrictions:
        sequence.u(1, bit)
    sequence.ue(0, 0, 10, 10, 0, 1)  # no reordering, one frame buffered
    picture = _Bits()
    picture.ue(0, 0)
    for bit in (0, 0):  # CAVLC
        picture.u(1, bit)
    picture.ue(0, 0, 0)
    picture.u(3, 0)
    picture.ue(0, 0, 0)
    for bit in (1, 0, 0):  # slices say of deblocking
        picture.u(1, bit)
    return sequence.unit(3, _SPS) + picture.unit(3, _PPS)


def _slice(luma: int, place: int, *, key: bool, key_id: int = 0, field: str | None = None) -> bytes:
    bits = _Bits()
    bits.ue(0, 7, 0)
    bits.u(4, place)
    bits.u(1, field is not None)
    if field is not None:
        bits.u(1, field == "bottom")
    if key:
        bits.ue(key_id)
    bits.u(8, 2 * place + (field == "bottom"))
    for bit in (0, 0) if key else (0,):  # marking of references
        bits.u(1, bit)
    bits.ue(0, 1)  # slice_qp_delta; no deblocking
    count = WIDTH * HEIGHT // _MACROBLOCK**2 // (2 if field else 1)
    samples = bytes([luma]) * 256 + bytes([128]) * 128
    for _ in range(count):
        bits.ue(25)
        bits.zeros_to_byte()
        bits.octets(samples)
    return bits.unit(3 if key else 2, _KEY_SLICE if key else _SLICE)
