"""Joins parts of a rendition into one small file, so that one run of a decoder sees all of them.

Times and samples are taken as they are: the first picture of each segment gets a fragment of its own, written here
(ISO/IEC 14496-12, 8.8), and whatever else is wanted is copied.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, BinaryIO

from ingest.packaging.boxes import read_header
from ingest.packaging.playlists import ByteRange
from ingest.packaging.segments import main_track, read_segment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ingest.packaging.fragments import Fragment
    from ingest.packaging.segments import Segment

_SYNC = 0x02000000  # sample_depends_on 2: on no other (8.8.3.1)
_CHUNK = 1 << 20


def runs(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Segments in a row that one run of a decoder can take: one initialization segment, and one clock."""
    found: list[list[Segment]] = []
    for segment in segments:
        if found and not segment.discontinuity and segment.init == found[-1][-1].init:
            found[-1].append(segment)
        else:
            found.append([segment])
    return found


def write_first_pictures(segments: Sequence[Segment], target: BinaryIO) -> list[Segment]:
    """What a decoder needs first, and the first picture of each segment of a run that starts with a sync sample.

    Returns the segments whose pictures are in it, in order. Raises `FaultError` and `OSError`.
    """
    taken = []
    for number, segment in enumerate(segments, 1):
        if segment.init is None:
            if not segment.starts_with_sync or not segment.access_points:
                continue
            point = segment.access_points[0]
            copy_range(segment.path, point.moof_start, point.end, target)
        else:
            first = fragments_of(segment, first_moof_only=True) or fragments_of(segment)
            fragment = first[0] if first else None
            if fragment is None or not fragment.sync[0] or not fragment.data:
                continue
            start = fragment.data[0][0]
            with segment.path.open("rb") as file:
                file.seek(start)
                sample = file.read(fragment.sizes[0])
            target.write(_fragment(number, fragment, sample))
        taken.append(segment)
    return taken


def write_beginning(segment: Segment, target: BinaryIO) -> None:
    """What a decoder needs before any part of a segment: its initialization segment, or its PAT and PMT."""
    if segment.init:
        target.write(segment.init.read())
    elif segment.stream:
        start, end = segment.stream.tables
        copy_range(segment.path, segment.offset + start, segment.offset + end, target)


def write_last_group(segment: Segment, target: BinaryIO) -> int:
    """A segment from its last access point on; returns its number of samples, 0 where it has none."""
    if not segment.access_points:
        return 0
    point = segment.access_points[-1]
    copy_range(segment.path, point.moof_start, segment.offset + segment.size, target)
    return point.samples


def write_whole(segments: Sequence[Segment], target: BinaryIO) -> None:
    """A run, whole. Raises `OSError`."""
    if segments[0].init:
        target.write(segments[0].init.read())
    for segment in segments:
        copy_range(segment.path, segment.offset, segment.offset + segment.size, target)


def own_files(segments: Sequence[Segment]) -> list[Path] | None:
    """The files that make up a run, one after the other; None where a segment is a part of a file."""
    init = segments[0].init
    parts = [(init.path, init.offset, init.length)] if init else []
    parts += [(s.path, s.offset, s.size) for s in segments]
    whole = all(offset == 0 and size == path.stat().st_size for path, offset, size in parts)
    return [path for path, _, _ in parts] if whole else None


def fragments_of(segment: Segment, *, first_moof_only: bool = False) -> list[Fragment]:
    """The fragments of the main track of a segment that hold samples. Raises `FaultError`."""
    if segment.init is None:
        return []
    within, place = ByteRange(segment.offset, segment.size), segment.path.name
    track_id = main_track(segment.init.init, place).track_id
    init = segment.init.init
    media = read_segment(segment.path, within, init, place, first_moof_only=first_moof_only)
    return [f for f in media.fragments if f.track_id == track_id and f.sizes]


def boxes_of(file: BinaryIO) -> Iterator[tuple[str, int, int]]:
    """The kind, start and end of each top-level box. Raises `BoxError`."""
    stop = file.seek(0, io.SEEK_END)
    position = 0
    while position < stop:
        file.seek(position)
        box = read_header(file.read(16), position, stop)
        yield box.kind, box.start, box.end
        position = box.end


def copy_range(path: Path, start: int, end: int, target: BinaryIO) -> None:
    with path.open("rb") as file:
        file.seek(start)
        left = end - start
        while left > 0 and (chunk := file.read(min(_CHUNK, left))):
            target.write(chunk)
            left -= len(chunk)


def _fragment(number: int, fragment: Fragment, sample: bytes) -> bytes:
    """A `moof` and an `mdat` of one sync sample."""
    track, time = fragment.track_id, fragment.decode_time or 0
    tfhd = _box(b"tfhd", struct.pack(">II", 0x020000, track))  # default-base-is-moof
    tfdt = _box(b"tfdt", struct.pack(">IQ", 1 << 24, time))
    # Data offset, and for the one sample: duration, size, flags, composition offset.
    flags = 0x000F01

    def moof(offset: int) -> bytes:
        words = (flags | 1 << 24, 1, offset, fragment.durations[0], len(sample), _SYNC, fragment.offsets[0])
        trun = _box(b"trun", struct.pack(">IIiIIIi", *words))
        mfhd = _box(b"mfhd", struct.pack(">II", 0, number))
        return _box(b"moof", mfhd + _box(b"traf", tfhd + tfdt + trun))

    return moof(len(moof(0)) + 8) + _box(b"mdat", sample)


def _box(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(payload), kind) + payload
