"""Keeps the bytes of all sets on disk, to be read again in the order of their times: only places stay in memory."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(slots=True)
class SetStore:
    """The sets lie one after the other in the file `path`; `streams` are the numbers of theirs, as first met."""

    path: Path
    streams: list[int] = field(default_factory=list)
    _times: array[float] = field(default_factory=lambda: array("d"))
    _places: array[int] = field(default_factory=lambda: array("q"))
    _of: array[int] = field(default_factory=lambda: array("q"))

    def __len__(self) -> int:
        return len(self._times)

    def add(self, file: BinaryIO, stream: int, milliseconds: float, data: bytes, most: int) -> None:
        """Add a set to `file`, which is `path` open for writing; those of more than `most` streams are left out."""
        if stream not in self.streams:
            if len(self.streams) >= most:
                return
            self.streams.append(stream)
        if not self._places:
            self._places.append(0)
        file.write(data)
        self._times.append(milliseconds)
        self._places.append(self._places[-1] + len(data))
        self._of.append(self.streams.index(stream))

    def sets(self) -> Iterator[tuple[float, int, bytes]]:
        """Milliseconds of the film, which of `streams` (from 0), and bytes, in the order of time."""
        with self.path.open("rb") as file:
            for which in sorted(range(len(self._times)), key=self._times.__getitem__):
                file.seek(self._places[which])
                data = file.read(self._places[which + 1] - self._places[which])
                yield self._times[which], self._of[which], data
