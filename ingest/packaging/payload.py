"""Every packet of a packaged rendition against what the encoder wrote: the same bytes, in the same order.

A packager only puts samples into other boxes. What a full disk, a bad disk or a wrong file did to them in between
shows here, for the price of reading both.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, BinaryIO

from ingest.packaging.boxes import BoxError
from ingest.packaging.excerpt import boxes_of, fragments_of
from ingest.packaging.findings import OURS, FaultError
from ingest.packaging.playlists import place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from ingest.packaging.findings import Checks
    from ingest.packaging.measure import Track

_CHUNK = 1 << 20
_WANTED = "the samples that the encoder wrote"


def check_payload(track: Track, encoded: Path, root: Path, checks: Checks) -> None:
    """`encoded` is the encoder's own file: MP4 with this one track, not fragmented."""
    place = place_of(track.playlist, root)
    try:
        with encoded.open("rb") as file:
            samples = Samples(file, mdats(file))
            for segment in track.segments:
                place = place_of(segment.path, root)
                same = True
                with segment.path.open("rb") as packaged:
                    for fragment in fragments_of(segment):
                        for start, end in fragment.data:
                            same = same and samples.next_are(packaged, start, end)
                if not checks.must(same, f"{OURS} payload", place, "other samples", _WANTED):
                    return
            place = place_of(track.playlist, root)
            found = f"{samples.left} bytes of samples are not in any segment"
            checks.must(samples.left == 0, f"{OURS} payload", place, found, _WANTED)
    except FaultError as fault:
        checks.fault(fault.finding)
    except BoxError as error:
        checks.must(False, f"{OURS} payload", place, f"the encoder's file: {error}", _WANTED)
    except OSError as error:
        checks.must(False, f"{OURS} payload", place, f"unreadable: {error.strerror}", "a readable file")


def samples_of(track: Track) -> Iterator[tuple[BinaryIO, int, int]]:
    """Where the samples of a packaged rendition (MP4) lie, in order: an open file, start and end.

    Raises `FaultError` or OSError.
    """
    for segment in track.segments:
        with segment.path.open("rb") as file:
            for fragment in fragments_of(segment):
                for start, end in fragment.data:
                    yield file, start, end


class Samples:
    """The sample bytes of a track of an MP4 file, in order: the `ranges` of the file that hold them."""

    def __init__(self, file: BinaryIO, ranges: Iterable[tuple[int, int]]) -> None:
        self._file = file
        self._ranges = deque(ranges)

    @property
    def left(self) -> int:
        return sum(end - start for start, end in self._ranges)

    def next_are(self, other: BinaryIO, start: int, end: int) -> bool:
        """Whether the next samples are the bytes of `other` from `start` to `end`."""
        other.seek(start)
        left = end - start
        while left > 0:
            chunk = other.read(min(_CHUNK, left))
            if not chunk or self._read(len(chunk)) != chunk:
                return False
            left -= len(chunk)
        return True

    def _read(self, size: int) -> bytes:
        found = b""
        while self._ranges and len(found) < size:
            start, end = self._ranges[0]
            self._file.seek(start)
            part = self._file.read(min(size - len(found), end - start))
            if not part:
                break
            found += part
            self._ranges[0] = (start + len(part), end)
            if start + len(part) == end:
                self._ranges.popleft()
        return found


def mdats(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """The payloads of the `mdat` boxes: the samples of a file that has one track."""
    for kind, start, end in boxes_of(file):
        if kind == "mdat":
            file.seek(start)
            header = 16 if file.read(4) == b"\0\0\0\1" else 8
            if start + header < end:
                yield start + header, end
