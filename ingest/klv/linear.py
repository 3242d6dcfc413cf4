"""How MISB puts real numbers into integers: linear ranges (ST 0601) and IMAPB (ST 1201).

All of them are one straight line, value = raw x numerator / denominator + offset, valid for some of the raw
integers only. Numerator and denominator are whole numbers, so that the division rounds once and limits come out
exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

MAX_BYTES = 8


@dataclass(frozen=True, slots=True)
class Linear:
    """A line from raw integers to values; raw ones outside `low` to `high` mean that there is no value."""

    signed: bool
    numerator: int
    denominator: int
    offset: float
    low: int
    high: int

    def decode(self, raw: bytes) -> float | None:
        """The value of big-endian `raw`, None where it is a reserved one."""
        number = int.from_bytes(raw, "big", signed=self.signed)
        if not self.low <= number <= self.high:
            return None
        return number * self.numerator / self.denominator + self.offset


@lru_cache(maxsize=512)
def unsigned(low: Fraction, high: Fraction, size: int) -> Linear:
    """`low` to `high` over all the unsigned integers of `size` bytes (ST 0601, 0 is `low`)."""
    most = (1 << 8 * size) - 1
    step = (high - low) / most
    return Linear(False, step.numerator, step.denominator, float(low), 0, most)


@lru_cache(maxsize=512)
def signed(high: Fraction, size: int) -> Linear:
    """-`high` to `high` over the signed integers of `size` bytes, 0 is 0.

    The lowest integer is not of the range: ST 0601 gives it to "out of range", "off earth" or "error".
    """
    most = (1 << 8 * size - 1) - 1
    step = high / most
    return Linear(True, step.numerator, step.denominator, 0.0, -most, most)


@lru_cache(maxsize=512)
def imapb(low: Fraction, high: Fraction, size: int) -> Linear:
    """IMAPB(`low`, `high`, `size`) of ST 1201: a step that is a power of two, and 0.0 exact where it is inside.

    Raw integers with the highest bit set are special values (infinities, NaN, user-defined, ...), save the one that
    may stand for `high` itself.
    """
    power = 0
    while Fraction(2) ** power < high - low:
        power += 1
    while Fraction(2) ** (power - 1) >= high - low:
        power -= 1
    step = Fraction(2) ** (power - (8 * size - 1))
    start = low / step
    zero = start - start.__floor__() if low < 0 < high else Fraction(0)
    most = ((high - low) / step + zero).__floor__()
    return Linear(False, step.numerator, step.denominator, float(low - step * zero), 0, most)
