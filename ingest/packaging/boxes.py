"""A bounded reader of ISO base media file format boxes (ISO/IEC 14496-12), and of initialization segments.

`fragments.read_media` reads the media segments. Input is never trusted: every length is checked against what
is left, every count against a bound, and whatever does not fit is a `BoxError`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_HEADER_BYTES = 32 << 20
"""The largest `moov` or `moof` read into memory."""
MAX_BOXES = 200_000


class BoxError(ValueError):
    """The bytes are not what ISO/IEC 14496-12 allows, or are above a bound."""


class Box(NamedTuple):
    """One box: its type, and where it, its payload and its end lie in the data it was read from."""

    kind: str
    start: int
    body: int
    end: int


@dataclass(frozen=True, slots=True)
class Edit:
    """One entry of an edit list (8.6.6).

    `duration` is in the movie timescale, `media_time` in the media timescale. A `media_time` of -1 is an
    empty edit: nothing is presented for `duration`.
    """

    duration: int
    media_time: int


@dataclass(frozen=True, slots=True)
class Defaults:
    """A track's `trex` (8.8.3)."""

    duration: int = 0
    size: int = 0
    flags: int = 0


@dataclass(frozen=True, slots=True)
class TrackInit:
    """What the initialization segment says of one track.

    `entry` is the sample entry type, or the original format where the entry is encrypted. `boxes` holds the
    payloads of the boxes inside the sample entry by type (avcC, hvcC, av1C, vpcC, esds, pasp, ...).
    `width` and `height` (pixels), `channels` and `sample_rate` (Hz) are the sample entry's.
    """

    track_id: int
    handler: str
    timescale: int
    language: str
    entry: str
    boxes: Mapping[str, bytes]
    edits: tuple[Edit, ...] = ()
    defaults: Defaults = Defaults()
    width: int | None = None
    height: int | None = None
    channels: int | None = None
    sample_rate: int | None = None


@dataclass(frozen=True, slots=True)
class Init:
    """An initialization segment: `ftyp` brands (major first), the movie timescale, the tracks."""

    brands: tuple[str, ...]
    movie_timescale: int
    tracks: tuple[TrackInit, ...]


def children(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes one after the other in `data[start:end]` (4.2).

    Raises `BoxError` when a box is shorter than its header or longer than what is left.
    """
    stop = len(data) if end is None else end
    position = start
    for _ in range(MAX_BOXES):
        if position >= stop:
            return
        box = read_header(data[position : min(position + 16, stop)], position, stop)
        yield box
        position = box.end
    raise BoxError(f"more than {MAX_BOXES} boxes")


def read_header(head: bytes, position: int, stop: int) -> Box:
    """The box whose first (up to 16) bytes are `head`, at `position` of data that ends at `stop`."""
    if len(head) < 8:
        raise BoxError(f"{len(head)} stray bytes at {position} where a box should start")
    size, kind = struct.unpack_from(">I4s", head)
    name = kind.decode("latin-1")
    header = 8
    if size == 1:
        if len(head) < 16:
            raise BoxError(f"box {name!r} at {position} is cut off in its header")
        (size,) = struct.unpack_from(">Q", head, 8)
        header = 16
    elif size == 0:
        size = stop - position
    if size < header:
        raise BoxError(f"box {name!r} at {position} says it has {size} bytes, less than its header")
    if size > stop - position:
        raise BoxError(f"box {name!r} at {position} says it has {size} bytes, but {stop - position} are left")
    return Box(name, position, position + header, position + size)


def _first(data: bytes, parent: Box, *path: str) -> Box | None:
    """The first box reached by `path` from `parent`."""
    box: Box | None = parent
    for kind in path:
        if box is None:
            return None
        box = next((b for b in children(data, box.body, box.end) if b.kind == kind), None)
    return box


def need(data: bytes, parent: Box, *path: str) -> Box:
    """The first box reached by `path` from `parent`; `BoxError` when there is none."""
    box = _first(data, parent, *path)
    if box is None:
        raise BoxError(f"no box {'/'.join(path)!r} in {parent.kind!r} at {parent.start}")
    return box


def unpack(layout: str, data: bytes, box: Box, offset: int = 0) -> tuple[int, ...]:
    """Numbers at `offset` of the box's payload; `BoxError` when the box is too short."""
    if box.body + offset + struct.calcsize(layout) > box.end:
        raise BoxError(f"box {box.kind!r} at {box.start} is too short")
    return struct.unpack_from(layout, data, box.body + offset)


def version_and_flags(data: bytes, box: Box) -> tuple[int, int]:
    """Version and flags of a full box (4.2.2)."""
    (word,) = unpack(">I", data, box)
    return word >> 24, word & 0xFFFFFF


def read_init(data: bytes, limit: int = MAX_HEADER_BYTES) -> Init:
    """What an initialization segment, or the `moov` of a whole film, declares. Raises `BoxError`."""
    if len(data) > limit:
        raise BoxError(f"an initialization segment of {len(data)} bytes is above the bound of {limit}")
    top = Box("file", 0, 0, len(data))
    ftyp = _first(data, top, "ftyp")
    moov = need(data, top, "moov")
    mvhd = need(data, moov, "mvhd")
    version, _ = version_and_flags(data, mvhd)
    (movie_timescale,) = unpack(">I", data, mvhd, 20 if version == 1 else 12)
    defaults: dict[int, Defaults] = {}
    mvex = _first(data, moov, "mvex")
    if mvex is not None:
        for box in children(data, mvex.body, mvex.end):
            if box.kind == "trex":
                track_id, _entry, duration, size, flags = unpack(">5I", data, box, 4)
                defaults[track_id] = Defaults(duration, size, flags)
    tracks = tuple(
        _track(data, box, defaults) for box in children(data, moov.body, moov.end) if box.kind == "trak"
    )
    if not tracks:
        raise BoxError("the movie has no track")
    return Init(_brands(data, ftyp) if ftyp else (), movie_timescale, tracks)


def _brands(data: bytes, box: Box) -> tuple[str, ...]:
    """Major brand, then the compatible ones (4.3)."""
    payload = data[box.body : min(box.end, box.body + 4096)]
    return tuple(payload[i : i + 4].decode("latin-1") for i in range(0, len(payload) - 3, 4) if i != 4)


def _track(data: bytes, trak: Box, defaults: Mapping[int, Defaults]) -> TrackInit:
    tkhd = need(data, trak, "tkhd")
    version, _ = version_and_flags(data, tkhd)
    (track_id,) = unpack(">I", data, tkhd, 20 if version == 1 else 12)
    mdhd = need(data, trak, "mdia", "mdhd")
    version, _ = version_and_flags(data, mdhd)
    (timescale,) = unpack(">I", data, mdhd, 20 if version == 1 else 12)
    (packed,) = unpack(">H", data, mdhd, 32 if version == 1 else 20)
    if timescale == 0:
        raise BoxError(f"track {track_id} has the timescale 0")
    hdlr = need(data, trak, "mdia", "hdlr")
    unpack(">3I", data, hdlr)
    handler = data[hdlr.body + 8 : hdlr.body + 12].decode("latin-1")
    elst = _first(data, trak, "edts", "elst")
    stsd = need(data, trak, "mdia", "minf", "stbl", "stsd")
    unpack(">2I", data, stsd)
    entry = next(children(data, stsd.body + 8, stsd.end), None)
    if entry is None:
        raise BoxError(f"track {track_id} has no sample entry")
    width = height = channels = sample_rate = None
    inner = entry.end
    if handler == "vide":
        width, height = unpack(">2H", data, entry, 24)
        inner = entry.body + 78
    elif handler == "soun":
        channels, _bits, _pre, _reserved, rate = unpack(">4HI", data, entry, 16)
        sample_rate = rate >> 16
        inner = entry.body + 28
    boxes = (
        {b.kind: data[b.body : b.end] for b in children(data, inner, entry.end)} if inner < entry.end else {}
    )
    return TrackInit(
        track_id=track_id,
        handler=handler,
        timescale=timescale,
        language="".join(chr(0x60 + (packed >> shift & 31)) for shift in (10, 5, 0)),
        entry=_original_format(boxes, entry.kind),
        boxes=boxes,
        edits=_edits(data, elst) if elst else (),
        defaults=defaults.get(track_id, Defaults()),
        width=width,
        height=height,
        channels=channels,
        sample_rate=sample_rate,
    )


def _original_format(boxes: Mapping[str, bytes], entry: str) -> str:
    """The format behind an encrypted sample entry (8.12.2), else the entry itself."""
    if entry in ("encv", "enca") and "sinf" in boxes:
        for box in children(boxes["sinf"]):
            if box.kind == "frma":
                return boxes["sinf"][box.body : box.body + 4].decode("latin-1")
    return entry


def _edits(data: bytes, box: Box) -> tuple[Edit, ...]:
    version, _ = version_and_flags(data, box)
    (count,) = unpack(">I", data, box, 4)
    layout = ">QqI" if version == 1 else ">IiI"
    step = struct.calcsize(layout)
    if count > (box.end - box.body - 8) // step:
        raise BoxError(f"the edit list at {box.start} says {count} entries, more than it holds")
    rows = (unpack(layout, data, box, 8 + i * step) for i in range(count))
    return tuple(Edit(duration, media_time) for duration, media_time, _rate in rows)


def edit_shift(init: Init, header: TrackInit) -> tuple[Fraction, int]:
    """What the edit list adds to composition times, in seconds, and the media time that it starts at."""
    delay = Fraction(0)
    for edit in header.edits:
        if edit.media_time >= 0:
            return delay - Fraction(edit.media_time, header.timescale), edit.media_time
        delay += Fraction(edit.duration, max(1, init.movie_timescale))
    # Without a media edit nothing is cut away, whatever the composition offsets are.
    return delay, -(1 << 63)
