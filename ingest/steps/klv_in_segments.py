"""KLV kept in the transport stream segments that the packager has made (`--format ts`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import m3u8

from ingest.job import codes
from ingest.job.errors import ProcessingError
from ingest.klv.pes import unwrap
from ingest.packaging.klv_mux import KlvMuxer, TimedSet, first_time, moved_ranges
from ingest.packaging.packager import IFRAME_PLAYLIST
from ingest.packaging.playlist_text import write_playlist

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ingest.media.cancel import CancelToken
    from ingest.packaging.klv_mux import Moved
    from ingest.telemetry.set_store import SetStore

_HEAD = 188 * 64


def add_klv(folder: Path, store: SetStore, cancel: CancelToken) -> None:
    """Put all sets of `store` into the segments of the rendition in `folder`, each into that of its time.

    What comes before the first picture goes into the first segment, what comes after the film into the last.

    Raises:
        ProcessingError: a segment has no picture.
        Cancelled: someone asked for it.
    """
    segments = sorted(folder.glob("seg-*.ts"))
    starts = [_start(path) for path in segments]
    line = [starts[0]] if starts else []
    for start in starts[1:]:
        line.append(unwrap(start, line[-1]))
    waiting = _timed(store, line[0]) if line else iter(())
    following = next(waiting, None)
    muxer = KlvMuxer(len(store.streams), line[0] if line else 0)
    moved: dict[str, Moved] = {}
    for path, until in zip(segments, (*line[1:], None), strict=True):
        cancel.check()
        sets: list[TimedSet] = []
        while following is not None and (until is None or following.ticks < until):
            sets.append(following)
            following = next(waiting, None)
        made = muxer.add(path.read_bytes(), sets)
        path.write_bytes(made.data)
        made.data = b""
        moved[path.name] = made
    _move_ranges(folder / IFRAME_PLAYLIST, moved)


def _start(path: Path) -> int:
    with path.open("rb") as file:
        found = first_time(file.read(_HEAD))
    if found is None:
        raise ProcessingError(
            codes.PACKAGING_FAILED, f"{path.name} begins without a picture", remedy="run again, and report it"
        )
    return found


def _timed(store: SetStore, origin: int) -> Iterator[TimedSet]:
    for milliseconds, stream, data in store.sets():
        yield TimedSet(origin + round(milliseconds * 90), stream, data)


def _move_ranges(path: Path, moved: dict[str, Moved]) -> None:
    """The I-frame playlist names bytes of the segments."""
    playlist = m3u8.loads(path.read_text(encoding="utf-8"))
    ranges: list[tuple[str, int, int]] = []
    for entry in playlist.segments:
        length, _, place = (entry.byterange or "").partition("@")
        # Without a place a range follows the one before (RFC 8216bis 4.4.4.2).
        start = int(place) if place else ranges[-1][1] + ranges[-1][2]
        ranges.append((entry.uri, start, int(length)))
    for entry, (start, length) in zip(playlist.segments, moved_ranges(ranges, moved), strict=True):
        entry.byterange = f"{length}@{start}"
    write_playlist(playlist, path)
