"""Keeps the cues of a flight on disk, to be read again in the order of their times: only places stay in memory."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONGEST = 5_000
"""Milliseconds that a set stays on show where no other follows."""


@dataclass(frozen=True, slots=True)
class JsonCue:
    """One cue, from `start` to `end` in whole milliseconds; its text is one line."""

    start: int
    end: int
    text: str


@dataclass(slots=True)
class CueStore:
    """The texts are lines of the file `path`."""

    path: Path
    _times: array[int] = field(default_factory=lambda: array("q"))
    _places: array[int] = field(default_factory=lambda: array("q"))
    _end: int = 0

    def __len__(self) -> int:
        return len(self._times)

    def add(self, file: BinaryIO, milliseconds: float, text: str) -> None:
        """Add the cue that begins at `milliseconds` of the video to `file`, which is `path` open for writing."""
        line = text.encode() + b"\n"
        file.write(line)
        self._times.append(round(milliseconds))
        self._places.append(self._end)
        self._end += len(line)

    def cues(self, duration: int) -> Iterator[JsonCue]:
        """In the order of time, inside 0 to `duration` (milliseconds); each lasts until the next one.

        Of sets of one millisecond the last one to arrive is shown. What comes before 0 is shown from there on.
        """
        order = sorted(range(len(self._times)), key=self._times.__getitem__)
        with self.path.open("rb") as file:
            for place, which in enumerate(order):
                start = self._times[which]
                following = self._times[order[place + 1]] if place + 1 < len(order) else duration
                end = min(following, start + LONGEST, duration)
                start = max(0, start)
                if start < end:
                    file.seek(self._places[which])
                    yield JsonCue(start, end, file.readline().decode().rstrip("\n"))
