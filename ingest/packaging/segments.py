"""Measures the files of one rendition: its initialization segment and each media segment.

Times are exact: fractions of a second, from the track's timescale. Presentation times have the edit list of
the initialization segment applied (ISO/IEC 14496-12, 8.6.6).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from ingest.packaging.boxes import MAX_HEADER_BYTES, BoxError, Init, TrackInit, edit_shift, read_init
from ingest.packaging.codecs import audio_config, random_access, rfc6381
from ingest.packaging.findings import APPLE, CMAF, OURS, FaultError
from ingest.packaging.fragments import Fragment, Media, read_media
from ingest.packaging.playlists import ByteRange, Entry, MediaPlaylist, place_of, resolve

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Container = Literal["mp4", "ts", "packed"]

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
class InitPart:
    """An initialization segment: what it says, and the bytes of the file that it is."""

    path: Path
    offset: int
    length: int
    init: Init = field(compare=False)

    def read(self) -> bytes:
        """Raises OSError."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.length)


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """What a segment that is not ISO BMFF says of itself; each fact is of the segment alone.

    Attributes:
        packed: what packed audio (RFC 8216bis 3.1.3) is coded as: the name of its sample entry; None for a transport
            stream.
        tables: the bytes of the PAT and PMT packets before any media, which a decoder needs first.
        tables_first: PAT and PMT are the first two packets.
        gaps: jumps of a continuity counter, that from the segment before included.
        orphans: packets of a PES packet that began before the segment.
        broken_tables: sections with a wrong CRC.
        programs: how many programs there are.
        cut_off: PES packets that lack bytes.
        undelimited: pictures without an access unit delimiter.
        parameter_sets: SPS and PPS come before the first picture.
        timestamped: packed audio says its time in an ID3 tag.
        times: presentation time of every sample, in seconds, in decoding order.
    """

    packed: str | None
    tables: tuple[int, int] = (0, 0)
    tables_first: bool = True
    gaps: int = 0
    orphans: int = 0
    broken_tables: int = 0
    programs: int = 1
    cut_off: int = 0
    undelimited: int = 0
    parameter_sets: bool = True
    timestamped: bool = True
    times: tuple[Fraction, ...] = ()


@dataclass(frozen=True, slots=True)
class Segment:
    """One media segment as measured. Times are in seconds.

    `start` is the first decoding time (`tfdt`, DTS); `duration` the sum of the sample durations; `extinf` what the
    playlist says. `sync_times` are the presentation times of the sync samples, for video only. `continuous` says
    that each fragment starts where the one before ended. `starts_with_sync` looks at the flag and, for H.264 and
    HEVC, at the picture itself. `size` counts the segment's bytes, container included. `sample_duration` is the one
    that most samples have. After a `discontinuity` times are those of the media before it, continued.
    `init` is its initialization segment, `stream` what a segment without one says of itself.
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
    discontinuity: bool = False
    init: InitPart | None = None
    stream: StreamFacts | None = None

    @property
    def container(self) -> Container:
        if self.stream is None:
            return "mp4"
        return "packed" if self.stream.packed else "ts"

    @property
    def end(self) -> Fraction:
        """Where the next segment should start to be decoded."""
        return self.start + self.duration

    def shifted(self, by: Fraction) -> Segment:
        """The same segment so many seconds later."""
        if not by:
            return self
        times = tuple(t + by for t in self.stream.times) if self.stream else ()
        return replace(
            self,
            start=self.start + by,
            sync_times=tuple(t + by for t in self.sync_times),
            access_points=tuple(replace(p, time=p.time + by) for p in self.access_points),
            presentation_start=self.presentation_start + by,
            presentation_end=self.presentation_end + by,
            stream=replace(self.stream, times=times) if self.stream else None,
        )


def in_line(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """The segments with each discontinuity closed: what follows it is presented right after what came before.

    A player does the same (RFC 8216bis 6.3.3); without discontinuities nothing changes.
    """
    made: list[Segment] = []
    shift = Fraction(0)
    for segment in segments:
        if segment.discontinuity and made:
            shift = made[-1].presentation_end - segment.presentation_start
        made.append(segment.shifted(shift))
    return tuple(made)


def head_of(playlist: MediaPlaylist, root: Path) -> bytes:
    """The first bytes of a playlist's first segment. Raises `FaultError`."""
    place = place_of(playlist.path, root)
    path = resolve(playlist.entries[0].uri, playlist.path.parent, root, place)
    byterange = playlist.entries[0].byterange
    return read_bytes(path, byterange.offset if byterange else 0, 189, place)


def read_init_of(playlist: MediaPlaylist, entry: Entry | None, root: Path) -> InitPart:
    """The initialization segment that an EXT-X-MAP names. Raises `FaultError`."""
    place = place_of(playlist.path, root)
    if entry is None:
        raise FaultError(
            f"{APPLE} 8.20", place, "no EXT-X-MAP", "EXT-X-MAP naming the initialization segment"
        )
    path = resolve(entry.uri, playlist.path.parent, root, place)
    place = place_of(path, root.resolve())
    within = entry.byterange or ByteRange(0, MAX_HEADER_BYTES + 1)
    data = read_bytes(path, within.offset, min(within.length, MAX_HEADER_BYTES + 1), place)
    try:
        return InitPart(path, within.offset, len(data), read_init(data))
    except BoxError as error:
        raise FaultError(f"{CMAF} 7.3.1", place, str(error), "an initialization segment") from None


def read_bytes(path: Path, offset: int, length: int, place: str) -> bytes:
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


def read_segment(
    path: Path, byterange: ByteRange | None, init: Init, place: str, *, first_moof_only: bool = False
) -> Media:
    """The fragments of a media segment, or those of its first `moof`. Raises `FaultError`."""
    start = byterange.offset if byterange else 0
    end = byterange.offset + byterange.length if byterange else None
    try:
        with path.open("rb") as file:
            defaults = {t.track_id: t.defaults for t in init.tracks}
            return read_media(file, defaults, start=start, end=end, first_moof_only=first_moof_only)
    except BoxError as error:
        raise FaultError(f"{CMAF} 7.3.2", place, str(error), "whole moof and mdat boxes") from None
    except OSError as error:
        raise FaultError(f"{OURS} files", place, f"unreadable: {error.strerror}", "a readable file") from None


def measure_segment(
    entry: Entry, path: Path, media: Media, part: InitPart, header: TrackInit, place: str
) -> Segment:
    """Measure one track of the segment of a playlist entry. Raises `FaultError`."""
    init = part.init
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
    presented = spans
    if min(spans)[0] < clip:
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
        discontinuity=entry.discontinuity,
        init=part,
    )


def _is_random_access(path: Path, fragment: Fragment, header: TrackInit) -> bool:
    """False only where the first picture's own bytes deny the sync flag."""
    if header.handler != "vide" or not fragment.data:
        return True
    picture = read_bytes(path, max(0, fragment.data[0][0]), min(fragment.sizes[0], _FIRST_BYTES), path.name)
    return random_access(header, picture) is not False


def sample_spans(fragment: Fragment) -> list[tuple[int, int]]:
    """Composition start and end of each sample in decoding order, in the media timescale."""
    clock = fragment.decode_time or 0
    times: list[tuple[int, int]] = []
    for duration, offset in zip(fragment.durations, fragment.offsets, strict=True):
        times.append((clock + offset, clock + offset + duration))
        clock += duration
    return times
