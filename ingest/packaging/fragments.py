"""What a media segment (ISO/IEC 14496-12, 8.8 and 8.16) really holds: its fragments, sample by sample."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from ingest.packaging.boxes import (
    MAX_BOXES,
    MAX_HEADER_BYTES,
    Box,
    BoxError,
    Defaults,
    children,
    need,
    read_header,
    unpack,
    version_and_flags,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_SAMPLES = 1_000_000
"""The most samples of one media segment."""

NON_SYNC_SAMPLE = 0x10000
"""`sample_is_non_sync_sample` in the sample flags (8.8.3.1)."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """One track's share of one `moof`: each sample, in decoding order, times in the media timescale.

    `decode_time` is the `tfdt`'s, None where there is none. `offsets` are composition minus decoding times.
    `data` are the byte ranges (start, end) of the runs. Positions count from the start of the file.
    """

    track_id: int
    moof_start: int
    moof_end: int
    decode_time: int | None
    durations: tuple[int, ...]
    sizes: tuple[int, ...]
    offsets: tuple[int, ...]
    sync: tuple[bool, ...]
    data: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Media:
    """A media segment: the fragments in file order and the payload bytes of its `mdat` boxes."""

    fragments: tuple[Fragment, ...]
    data_bytes: int


def read_media(
    source: BinaryIO | bytes,
    tracks: Mapping[int, Defaults],
    *,
    start: int = 0,
    end: int | None = None,
    first_moof_only: bool = False,
) -> Media:
    """The fragments of a media segment, from `start` up to `end` of `source` (a seekable file, or bytes).

    `tracks` are the `trex` defaults by track id. Only box headers and each `moof` are read. `first_moof_only`
    stops where the second one begins.
    Raises `BoxError` when a box is cut off, a track is unknown, or a sample lies outside its `mdat`.
    """
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    stop = file.seek(0, io.SEEK_END)
    if end is not None:
        if end > stop:
            raise BoxError(f"the byte range ends at {end}, but the file has {stop} bytes")
        stop = end
    fragments: list[Fragment] = []
    data_bytes = 0
    samples = 0
    waiting: list[Fragment] = []
    mdats: list[tuple[int, int]] = []
    position = start
    for _ in range(MAX_BOXES):
        if position >= stop:
            _check_data(waiting, mdats)
            return Media(tuple(fragments), data_bytes)
        file.seek(position)
        box = read_header(file.read(min(16, stop - position)), position, stop)
        if first_moof_only and box.kind == "moof" and fragments:
            stop = position
            continue
        if box.kind == "moof":
            _check_data(waiting, mdats)
            if box.end - box.start > MAX_HEADER_BYTES:
                raise BoxError(
                    f"a moof of {box.end - box.start} bytes is above the bound of {MAX_HEADER_BYTES}"
                )
            file.seek(box.body)
            waiting = _moof(file.read(box.end - box.body), box, tracks, MAX_SAMPLES - samples)
            samples += sum(len(f.sizes) for f in waiting)
            fragments += waiting
            mdats = []
        elif box.kind == "mdat":
            mdats.append((box.body, box.end))
            data_bytes += box.end - box.body
        position = box.end
    raise BoxError(f"more than {MAX_BOXES} boxes")


def _check_data(fragments: list[Fragment], mdats: list[tuple[int, int]]) -> None:
    """Each run of samples must lie inside one `mdat` that follows its `moof`."""
    for fragment in fragments:
        for start, end in fragment.data:
            if start < end and not any(low <= start and end <= high for low, high in mdats):
                raise BoxError(f"samples of track {fragment.track_id} at {start}-{end} lie outside the mdat")


def _moof(payload: bytes, moof: Box, tracks: Mapping[int, Defaults], room: int) -> list[Fragment]:
    result: list[Fragment] = []
    implicit = moof.start
    for traf in children(payload):
        if traf.kind != "traf":
            continue
        fragment = _traf(payload, traf, moof, tracks, room, implicit)
        room -= len(fragment.sizes)
        # Without an explicit base, the data of a later traf follows that of the one before (8.8.7.1).
        implicit = fragment.data[-1][1] if fragment.data else implicit
        result.append(fragment)
    return result


def _traf(
    payload: bytes, traf: Box, moof: Box, tracks: Mapping[int, Defaults], room: int, implicit: int
) -> Fragment:
    tfhd = need(payload, traf, "tfhd")
    _, flags = version_and_flags(payload, tfhd)
    (track_id,) = unpack(">I", payload, tfhd, 4)
    if track_id not in tracks:
        raise BoxError(f"a fragment of track {track_id}, which the initialization segment lacks")
    base = moof.start if flags & 0x20000 else implicit
    offset = 8
    if flags & 0x1:
        (base,) = unpack(">Q", payload, tfhd, offset)
        offset += 8
    offset += 4 if flags & 0x2 else 0
    values = [tracks[track_id].duration, tracks[track_id].size, tracks[track_id].flags]
    for index, bit in enumerate((0x8, 0x10, 0x20)):
        if flags & bit:
            (values[index],) = unpack(">I", payload, tfhd, offset)
            offset += 4
    defaults = Defaults(*values)
    decode_time: int | None = None
    durations: list[int] = []
    sizes: list[int] = []
    offsets: list[int] = []
    sync: list[bool] = []
    data: list[tuple[int, int]] = []
    for box in children(payload, traf.body, traf.end):
        if box.kind == "tfdt" and decode_time is None:
            version, _ = version_and_flags(payload, box)
            (decode_time,) = unpack(">Q" if version == 1 else ">I", payload, box, 4)
        elif box.kind == "trun":
            run = _trun(payload, box, defaults, room - len(sizes))
            durations += run.durations
            sizes += run.sizes
            sync += [not own & NON_SYNC_SAMPLE for own in run.flags]
            offsets += run.offsets
            previous = data[-1][1] if data else base
            at = previous if run.data_offset is None else base + run.data_offset
            data.append((at, at + sum(run.sizes)))
    return Fragment(
        track_id,
        moof.start,
        moof.end,
        decode_time,
        tuple(durations),
        tuple(sizes),
        tuple(offsets),
        tuple(sync),
        tuple(data),
    )


class _Run(NamedTuple):
    """A track run (8.8.8): its data offset; of each sample the duration, size, flags and composition offset."""

    data_offset: int | None
    durations: Sequence[int]
    sizes: Sequence[int]
    flags: Sequence[int]
    offsets: Sequence[int]


def _trun(payload: bytes, box: Box, defaults: Defaults, room: int) -> _Run:
    _, flags = version_and_flags(payload, box)
    (count,) = unpack(">I", payload, box, 4)
    if count > room:
        raise BoxError(f"a run of {count} samples is above the bound")
    offset = 8
    data_offset: int | None = None
    if flags & 0x1:
        (data_offset,) = unpack(">i", payload, box, offset)
        offset += 4
    first_flags: int | None = None
    if flags & 0x4:
        (first_flags,) = unpack(">I", payload, box, offset)
        offset += 4
    fields = [bool(flags & bit) for bit in (0x100, 0x200, 0x400, 0x800)]
    step = 4 * sum(fields)
    if count * step > box.end - box.body - offset:
        raise BoxError(f"the run at {box.start} says {count} samples, more than it holds")
    words = unpack(f">{count * step // 4}I", payload, box, offset)
    usual = (defaults.duration, defaults.size, defaults.flags, 0)
    columns: list[Sequence[int]] = []
    at = 0
    for value, present in zip(usual, fields, strict=True):
        columns.append(words[at :: step // 4] if present else (value,) * count)
        at += present
    durations, sizes, own, shifts = columns
    if count and first_flags is not None:
        own = (first_flags, *own[1:])
    # Version 0 offsets are unsigned by the standard, but writers have stored negative ones in them too.
    offsets = [shift - (1 << 32) if shift >= 1 << 31 else shift for shift in shifts]
    return _Run(data_offset, durations, sizes, own, offsets)
