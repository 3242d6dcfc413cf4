"""Precision time stamps in the picture itself: MISB ST 0604, in SEI messages of H.264 and HEVC and in MPEG-2 user data.

28 bytes: what it is (16), a status, and eight bytes of time in four pairs with 0xFF between them. So no emulation
prevention byte ever stands inside, and the bytes can be looked for as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MICROSECONDS = b"MISPmicrosectime"
"""H.264 and MPEG-2."""
HEVC_MICROSECONDS = bytes.fromhex("A8687DD4D7593758A5CEF0338B6545F1")
HEVC_NANOSECONDS = bytes.fromhex("CF848278EE23306C9265E8FEF22FB8B8")
_PER_MICROSECOND = {MICROSECONDS: 1, HEVC_MICROSECONDS: 1, HEVC_NANOSECONDS: 1000}
SIZE = 28
YEAR_10000 = 253_402_300_800_000_000
"""Microseconds since 1970: encoders that know no time, or count it wrongly, write 0 or something beyond."""
_PAIRS = (17, 20, 23, 26)
_SEPARATORS = (19, 22, 25)


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """Microseconds since 1970-01-01 without leap seconds (ST 0603), and the status byte: 0x80 is "not locked"."""

    microseconds: int
    status: int

    @property
    def locked(self) -> bool:
        """Whether the clock was locked to an absolute time reference (ST 0603, bit 7)."""
        return not self.status & 0x80


@dataclass(slots=True)
class PictureTimes:
    """The time stamps of one program's pictures so far; `first` and `last` with the PTS on the program's line."""

    count: int = 0
    first: tuple[int, TimeStamp] | None = None
    last: tuple[int, TimeStamp] | None = None
    unlocked: int = field(default=0)

    def add(self, pts: int, stamp: TimeStamp) -> None:
        self.count += 1
        self.unlocked += not stamp.locked
        self.last = pts, stamp
        if self.first is None:
            self.first = self.last

    def at(self, pts: int) -> int | None:
        """The time at `pts`, in microseconds, by the first stamp; None where there is none that a calendar has."""
        if self.first is None:
            return None
        place, stamp = self.first
        if not 0 < stamp.microseconds < YEAR_10000:
            return None
        return stamp.microseconds + round((pts - place) * 1_000_000 / 90_000)


def places(data: bytes) -> Iterator[tuple[int, TimeStamp]]:
    """Where time stamps begin in `data`, and what they say; what is cut or has wrong separators is none."""
    found = sorted(at for mark in _PER_MICROSECOND for at in _all(data, mark))
    for at in found:
        body = data[at : at + SIZE]
        if len(body) == SIZE and all(body[place] == 0xFF for place in _SEPARATORS):
            digits = b"".join(body[place : place + 2] for place in _PAIRS)
            time = int.from_bytes(digits, "big") // _PER_MICROSECOND[body[:16]]
            yield at, TimeStamp(time, body[16])


def _all(data: bytes, mark: bytes) -> Iterator[int]:
    at = data.find(mark)
    while at >= 0:
        yield at
        at = data.find(mark, at + len(mark))
