"""Measures the files of one rendition: its initialization segment and each media segment.

Times are exact: fractions of a second, from the track's timescale. Presentation times have the edit list of
the initialization segment applied (ISO/IEC 14496-12, 8.6.6).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.packaging.boxes import MAX_HEADER_BYTES, BoxError, Init, TrackInit, read_init
from ingest.packaging.codecs import audio_config, random_access, rfc6381
from ingest.packaging.findings import APPLE, CMAF, OURS, FaultError
from ingest.packaging.fragments import Fragment, Media, read_media
from ingest.packaging.playlists import ByteRange, Entry, MediaPlaylist, place_of, resolve

if TYPE_CHECKING:
    from pathlib import Path

_FIRST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class AccessPoint:
    """A sync sample that starts a fragment: its presentation time, and the bytes from `moof` to its end.

    `samples` are those from here to the next access point, which is what a decoder can be given by itself.
    """

    time: Fraction
    moof_start: int
    end: int
    samples: int


@dataclass(frozen=True, slots=True)
class Segment:
    """One media segment as measured. Times are in seconds.

    `start` is the first `tfdt`; `duration` the sum of the sample durations; `extinf` what the playlist says.
    `sync_times` are the presentation times of the sync samples, for video only. `continuous` says that each
    fragment starts where the one before ended. `starts_with_sync` looks at the flag and, for H.264 and HEVC,
    at the picture itself. `size` counts the segment's bytes, container included. `sample_duration` is the one
    that most samples have.
    """

    uri: str
    path: Path
    offset: int
    start: Fraction
    duration: Fraction
    extinf: Fraction
    size: int
    samples: int
    sample_duration: Fraction
    starts_with_sync: bool
    sync_times: tuple[Fraction, ...]
    access_points: tuple[AccessPoint, ...]
    presentation_start: Fraction
    presentation_end: Fraction
    continuous: bool

    @property
    def end(self) -> Fraction:
        """Where the next segment's `tfdt` should be."""
        return self.start + self.duration


def read_init_of(playlist: MediaPlaylist, root: Path) -> tuple[Path, Init]:
    """The initialization segment of a playlist, which must have exactly one. Raises `FaultError`."""
    place = place_of(playlist.path, root)
    if not playlist.maps:
        path = resolve(playlist.entries[0].uri, playlist.path.parent, root, place)
        if _bytes(path, 0, 1, place) == b"\x47":
            raise FaultError(f"{OURS} measure", place, "not measured: MPEG-TS", "CMAF", level="SHOULD")
        raise FaultError(
            f"{APPLE} 8.20", place, "no EXT-X-MAP", "EXT-X-MAP naming the initialization segment"
        )
    if len({(m.uri, m.byterange) for m in playlist.maps}) > 1:
        raise FaultError(f"{OURS} measure", place, "several initialization segments", "one EXT-X-MAP")
    entry = playlist.maps[0]
    path = resolve(entry.uri, playlist.path.parent, root, place)
    place = place_of(path, root.resolve())
    within = entry.byterange or ByteRange(0, MAX_HEADER_BYTES + 1)
    try:
        return path, read_init(_bytes(path, within.offset, min(within.length, MAX_HEADER_BYTES + 1), place))
    except BoxError as error:
        raise FaultError(f"{CMAF} 7.3.1", place, str(error), "an initialization segment") from None


def _bytes(path: Path, offset: int, length: int, place: str) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(length)
    except OSError as error:
        raise FaultError(f"{OURS} files", place, f"unreadable: {error.strerror}", "a readable file") from None


def main_track(init: Init, place: str) -> TrackInit:
    """The first video track, else the first sound track. Raises `FaultError` when there is neither."""
    for handler in ("vide", "soun"):
        for track in init.tracks:
            if track.handler == handler:
                return track
    raise FaultError(
        f"{OURS} measure", place, f"a {init.tracks[0].handler!r} track", "video or audio", level="SHOULD"
    )


def codecs_of(init: Init, header: TrackInit, place: str) -> tuple[str, ...]:
    """The CODECS elements of every track, that of `header` first. Raises `FaultError`."""
    try:
        audio_config(header)
        return tuple(rfc6381(t) for t in (header, *(t for t in init.tracks if t is not header)))
    except BoxError as error:
        raise FaultError(f"{CMAF} 7.5", place, str(error), "a readable decoder configuration") from None


def read_segment(path: Path, byterange: ByteRange | None, init: Init, place: str) -> Media:
    """The fragments of a media segment. Raises `FaultError`."""
    start = byterange.offset if byterange else 0
    end = byterange.offset + byterange.length if byterange else None
    try:
        with path.open("rb") as file:
            return read_media(file, {t.track_id: t.defaults for t in init.tracks}, start=start, end=end)
    except BoxError as error:
        raise FaultError(f"{CMAF} 7.3.2", place, str(error), "whole moof and mdat boxes") from None
    except OSError as error:
        raise FaultError(f"{OURS} files", place, f"unreadable: {error.strerror}", "a readable file") from None


def measure_segment(
    entry: Entry, playlist: MediaPlaylist, init: Init, header: TrackInit, root: Path
) -> Segment:
    """Measure the segment of one playlist entry. Raises `FaultError`."""
    path = resolve(entry.uri, playlist.path.parent, root, place_of(playlist.path, root))
    place = place_of(path, root.resolve())
    media = read_segment(path, entry.byterange, init, place)
    fragments = [f for f in media.fragments if f.track_id == header.track_id and f.sizes]
    if not fragments:
        raise FaultError(f"{CMAF} 7.3.2", place, "no samples", "at least one moof with samples")
    scale = header.timescale
    shift, clip = edit_shift(init, header)
    spans: list[tuple[int, int]] = []
    syncs: list[int] = []
    points: list[AccessPoint] = []
    continuous = True
    cursor = fragments[0].decode_time
    for fragment in fragments:
        if fragment.decode_time is None:
            raise FaultError(f"{APPLE} 7.3", place, "a fragment without tfdt", "tfdt in every fragment")
        continuous = continuous and fragment.decode_time == cursor
        cursor = fragment.decode_time + sum(fragment.durations)
        times = sample_spans(fragment)
        spans += times
        if header.handler == "vide":
            syncs += (start for (start, _), sync in zip(times, fragment.sync, strict=True) if sync)
            if fragment.sync[0] and fragment.data:
                end = fragment.data[0][0] + fragment.sizes[0]
                time = Fraction(times[0][0], scale) + shift
                points.append(AccessPoint(time, fragment.moof_start, end, 0))
        if points:
            points[-1] = replace(points[-1], samples=points[-1].samples + len(times))
    usual = Counter(d for f in fragments for d in f.durations).most_common(1)[0][0]
    presented = [(max(a, clip), b) for a, b in spans if b > clip] or spans
    return Segment(
        uri=entry.uri,
        path=path,
        offset=entry.byterange.offset if entry.byterange else 0,
        start=Fraction(fragments[0].decode_time or 0, scale),
        duration=Fraction(sum(sum(f.durations) for f in fragments), scale),
        extinf=entry.duration,
        size=entry.byterange.length if entry.byterange else path.stat().st_size,
        samples=len(spans),
        sample_duration=Fraction(usual, scale),
        starts_with_sync=fragments[0].sync[0] and _is_random_access(path, fragments[0], header),
        sync_times=tuple(Fraction(t, scale) + shift for t in sorted(syncs)),
        access_points=tuple(points),
        presentation_start=Fraction(min(a for a, _ in presented), scale) + shift,
        presentation_end=Fraction(max(b for _, b in presented), scale) + shift,
        continuous=continuous,
    )


def _is_random_access(path: Path, fragment: Fragment, header: TrackInit) -> bool:
    """False only where the first picture's own bytes deny the sync flag."""
    if header.handler != "vide" or not fragment.data:
        return True
    picture = _bytes(path, max(0, fragment.data[0][0]), min(fragment.sizes[0], _FIRST_BYTES), path.name)
    return random_access(header, picture) is not False


def sample_spans(fragment: Fragment) -> list[tuple[int, int]]:
    """Composition start and end of each sample in decoding order, in the media timescale."""
    clock = fragment.decode_time or 0
    times: list[tuple[int, int]] = []
    for duration, offset in zip(fragment.durations, fragment.offsets, strict=True):
        times.append((clock + offset, clock + offset + duration))
        clock += duration
    return times


def edit_shift(init: Init, header: TrackInit) -> tuple[Fraction, int]:
    """What the edit list adds to composition times, in seconds, and the media time that it starts at."""
    delay = Fraction(0)
    for edit in header.edits:
        if edit.media_time >= 0:
            return delay - Fraction(edit.media_time, header.timescale), edit.media_time
        delay += Fraction(edit.duration, max(1, init.movie_timescale))
    # Without a media edit nothing is cut away, whatever the composition offsets are.
    return delay, -(1 << 63)
