"""ffmpeg's `-progress` output, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class EncodeProgress:
    """`frames` pictures of the first output are written; `speed` is media seconds made per second.

    `seconds`: how far the output that is furthest has come.
    """

    frames: int
    written: int
    speed: float | None
    seconds: float = 0.0


class ProgressReader:
    """Feeds on `key=value` lines; tells each complete block, and what the stall watchdog should compare."""

    def __init__(self, on_progress: Callable[[EncodeProgress], object]) -> None:
        self._on_progress = on_progress
        self._frames = 0
        self._written = 0
        self._seconds = 0.0
        self._speed: float | None = None
        self.last: EncodeProgress | None = None

    def line(self, text: str) -> object:
        """The block's counters when one ends, None in between."""
        key, _, value = text.strip().partition("=")
        value = value.strip()
        if key == "frame":
            self._frames = _integer(value, self._frames)
        elif key == "total_size":
            self._written = _integer(value, self._written)
        elif key == "out_time_us":
            self._seconds = _integer(value, round(self._seconds * 1_000_000)) / 1_000_000
        elif key == "speed":
            self._speed = _speed(value)
        elif key == "progress":
            self.last = EncodeProgress(self._frames, self._written, self._speed, self._seconds)
            self._on_progress(self.last)
            return (self._frames, self._written, self._seconds)
        return None


def _integer(text: str, default: int) -> int:
    return int(text) if text.isdecimal() else default


def _speed(text: str) -> float | None:
    """
    >>> _speed("1.44x"), _speed("N/A")
    (1.44, None)
    """
    try:
        speed = float(text.removesuffix("x"))
    except ValueError:
        return None
    return speed if speed > 0 else None


def remaining_seconds(done: Fraction, total: Fraction, speed: float | None) -> float | None:
    """Time left at this speed; None while it is not known."""
    if not speed or done <= 0:
        return None
    return round(float(max(Fraction(0), total - done)) / speed, 1)
