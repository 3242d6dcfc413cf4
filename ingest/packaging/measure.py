"""Measures one rendition from its files: what a playlist declares is only used to find them.

Times are exact: fractions of a second, from the track's timescale.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor, lcm
from typing import TYPE_CHECKING, Literal

from ingest.packaging.boxes import Init, edit_shift
from ingest.packaging.codecs import audio_config, rfc6381
from ingest.packaging.findings import OURS, RFC, FaultError, Finding
from ingest.packaging.playlists import ByteRange, MediaPlaylist, place_of, read_media_playlist, resolve
from ingest.packaging.segments import (
    AccessPoint,
    InitPart,
    Segment,
    codecs_of,
    head_of,
    in_line,
    main_track,
    measure_segment,
    read_init_of,
    read_segment,
    sample_spans,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ingest.packaging.boxes import TrackInit
    from ingest.packaging.segments import Container
    from ingest.packaging.stream_segments import MeasuredStream

__all__ = [
    "AccessPoint",
    "Segment",
    "Survey",
    "Track",
    "clock_origin",
    "measure_track",
    "on_one_clock",
    "survey_track",
]

_LONGEST_RUN = 256


@dataclass(frozen=True, slots=True)
class Track:
    """One rendition as measured.

    `kind` and `header` are those of the picture where there is one, else of the sound; `codecs` names every
    track of the file, that one first. `width` and `height` are in pixels, `sample_rate` in Hz.
    `playlist_target` is the EXT-X-TARGETDURATION that the playlist declares. `container` is what the segments
    are: fragmented MP4, MPEG-2 transport streams or packed audio. `init_path` is the first initialization segment,
    None where there is none; `init` and `header` are then made from what the streams say. `sounds` are the sound
    tracks that share the segments of a picture, each measured as a track of its own. `origin` is what the segments'
    own clock says at the 0 that all times here count from.
    """

    kind: Literal["video", "audio"]
    playlist: Path
    folder: Path
    init: Init
    init_path: Path | None
    header: TrackInit
    codecs: tuple[str, ...]
    timescale: int
    width: int | None
    height: int | None
    channels: int | None
    sample_rate: int | None
    playlist_target: int | None
    segments: tuple[Segment, ...]
    container: Container = "mp4"
    sounds: tuple[Track, ...] = ()
    origin: Fraction = Fraction(0)

    @property
    def codec(self) -> str:
        return self.codecs[0]

    @property
    def frames(self) -> int:
        """Pictures, or audio frames."""
        return sum(s.samples for s in self.segments)

    @property
    def size(self) -> int:
        """Bytes of all segments."""
        return sum(s.size for s in self.segments)

    @property
    def duration(self) -> Fraction:
        """Sum of all sample durations, in seconds."""
        return sum((s.duration for s in self.segments), Fraction(0))

    @property
    def first_presentation(self) -> Fraction:
        """When the first presented sample starts."""
        return min(s.presentation_start for s in self.segments)

    @property
    def last_presentation(self) -> Fraction:
        """When the last presented sample ends."""
        return max(s.presentation_end for s in self.segments)

    @property
    def presented_durations(self) -> tuple[Fraction, ...]:
        """Seconds for which each segment is on show: to the start of the next, the last one to its end.

        With uneven frames this is not the sum of the segment's sample durations, which are decoding times.
        """
        edges = (*(s.presentation_start for s in self.segments), self.last_presentation)
        return tuple(b - a for a, b in pairwise(edges))

    @property
    def target_duration(self) -> int:
        """The smallest EXT-X-TARGETDURATION that fits (RFC 8216bis 4.4.3.1), at least 1."""
        return max(1, *(floor(d + Fraction(1, 2)) for d in self.presented_durations))

    @property
    def frame_duration(self) -> Fraction:
        """The duration that most samples have, in seconds."""
        counts: Counter[Fraction] = Counter()
        for segment in self.segments:
            counts[segment.sample_duration] += segment.samples
        return counts.most_common(1)[0][0]

    @property
    def frame_rate(self) -> Fraction:
        """The highest rate of any segment, leaving out those under a second unless there is no other."""
        long = [s for s in self.segments if s.duration >= 1] or [s for s in self.segments if s.duration]
        return max((s.samples / s.duration for s in long), default=Fraction(0))

    @property
    def average_bandwidth(self) -> int:
        """Bits of all segments by their duration, bit/s, rounded up."""
        return ceil(self.size * 8 / self.duration)

    @property
    def peak_bandwidth(self) -> int:
        """`peak_bandwidth_for` the target duration that fits the segments."""
        return self.peak_bandwidth_for(self.target_duration)

    def peak_bandwidth_for(self, target_duration: int) -> int:
        """The largest bit rate of a contiguous run of segments of 0.5 to 1.5 targets, bit/s, rounded up.

        RFC 8216bis 4.1, "peak segment bit rate". Where no run is that long, it is the average of all.
        """
        sizes = [s.size for s in self.segments]
        runs = list(zip(sizes, self.presented_durations, strict=True))
        return peak_rate(runs, target_duration) or self.average_bandwidth

    @property
    def sync_times(self) -> tuple[Fraction, ...]:
        """Presentation times of all sync samples, in seconds; empty for sound."""
        return tuple(time for s in self.segments for time in s.sync_times)

    @property
    def sync_distances(self) -> tuple[Fraction, ...]:
        """Seconds from each sync sample to the next, the last one to the end."""
        times = (*self.sync_times, self.last_presentation)
        return tuple(b - a for a, b in pairwise(times)) if self.sync_times else ()

    def sample_times(self) -> tuple[Fraction, ...]:
        """Presentation time of every sample, ascending; reads the segments again. Raises `FaultError`."""
        times: list[Fraction] = []
        for segment in self.segments:
            if segment.stream:
                times += segment.stream.times
                continue
            init = segment.init.init if segment.init else self.init
            header = next((t for t in init.tracks if t.handler == self.header.handler), self.header)
            shift, _ = edit_shift(init, header)
            byterange = ByteRange(segment.offset, segment.size)
            media = read_segment(segment.path, byterange, init, place_of(segment.path, self.folder))
            for fragment in media.fragments:
                if fragment.track_id == header.track_id:
                    times += (Fraction(a, header.timescale) + shift for a, _ in sample_spans(fragment))
        return tuple(sorted(times))

    def shifted(self, by: Fraction) -> Track:
        """The same rendition so many seconds later."""
        return replace(
            self,
            segments=tuple(s.shifted(by) for s in self.segments),
            sounds=tuple(s.shifted(by) for s in self.sounds),
            origin=self.origin - by,
        )


@dataclass(frozen=True, slots=True)
class Survey:
    """A rendition, None where a part could not be measured, and everything that stood in the way."""

    playlist: MediaPlaylist | None
    track: Track | None
    faults: tuple[Finding, ...]


def measure_track(playlist: Path, *, root: Path | None = None) -> Track:
    """Measure the rendition of a media playlist.

    Every URI must stay inside `root`, by default the playlist's folder.
    Raises `FaultError` (an `IngestError`) naming the first file that is missing, empty, outside or malformed.
    """
    survey = survey_track(playlist, root=playlist.parent if root is None else root)
    if survey.track is None:
        raise FaultError.of(survey.faults[0])
    return survey.track


def survey_track(playlist: Path, *, root: Path, whole_files: bool = False) -> Survey:
    """As `measure_track`, but never raises: every segment that cannot be measured is a finding.

    The times of a transport stream or of packed audio stay as they are written: `on_one_clock` makes them start at 0.
    `whole_files`: each file that the playlist names is one segment, whatever ranges of it are listed.
    """
    parsed: MediaPlaylist | None = None
    try:
        parsed = read_media_playlist(playlist, root)
        if whole_files:
            files = {e.uri: replace(e, byterange=None) for e in parsed.entries}
            parsed = replace(parsed, entries=tuple(files.values()))
        if not parsed.maps:
            from ingest.packaging.streams import not_boxes, read_streams  # no package of ours but TS needs it

            if not_boxes(head_of(parsed, root)):
                streams, faults = read_streams(parsed, root)
                return _finished(parsed, _of_streams(parsed, streams) if streams else None, faults, root)
        main = read_init_of(parsed, parsed.entries[0].map, root)
        place = place_of(main.path, root)
        header = main_track(main.init, place)
        codecs = codecs_of(main.init, header, place)
    except FaultError as fault:
        return Survey(parsed, None, (fault.finding,))
    others = [t for t in main.init.tracks if t.handler == "soun" and t is not header]
    measured, wrong = _measure_fragments(parsed, len(others), root)
    if wrong:
        return Survey(parsed, None, tuple(wrong))
    tracks = [
        _of_init(parsed, main, h, segments) for h, segments in zip((header, *others), measured, strict=True)
    ]
    track = replace(tracks[0], codecs=codecs, sounds=tuple(tracks[1:]))
    if tracks[1:]:
        track = replace(track, channels=tracks[1].channels, sample_rate=tracks[1].sample_rate)
    return _finished(parsed, track, (), root)


def _finished(parsed: MediaPlaylist, track: Track | None, faults: Sequence[Finding], root: Path) -> Survey:
    if faults or track is None:
        return Survey(parsed, None, tuple(faults))
    if track.duration <= 0:
        place = place_of(parsed.path, root)
        return Survey(parsed, None, (Finding(f"{OURS} duration", "MUST", place, "no sample lasts", "media"),))
    return Survey(parsed, track, ())


def _measure_fragments(
    parsed: MediaPlaylist, sounds: int, root: Path
) -> tuple[list[tuple[Segment, ...]], list[Finding]]:
    """The segments of the main track and of so many sound tracks beside it, and what stood in the way."""
    faults: list[Finding] = []
    rows: list[list[Segment]] = [[] for _ in range(1 + sounds)]
    parts: dict[tuple[str, ByteRange | None], InitPart] = {}
    real_root = root.resolve()
    listed = place_of(parsed.path, root)
    for entry in parsed.entries:
        try:
            key = (entry.map.uri, entry.map.byterange) if entry.map else ("", None)
            if key not in parts:
                parts[key] = read_init_of(parsed, entry.map, root)
            part = parts[key]
            path = resolve(entry.uri, parsed.path.parent, root, listed)
            place = place_of(path, real_root)
            header = main_track(part.init, place_of(part.path, real_root))
            others = [t for t in part.init.tracks if t.handler == "soun" and t is not header]
            if len(others) != sounds:
                found = f"{len(others)} sound tracks beside the first"
                raise FaultError(f"{RFC} 4.4.4.3", place, found, f"{sounds} as in the first segment")
            media = read_segment(path, entry.byterange, part.init, place)
            for row, track in zip(rows, (header, *others), strict=True):
                row.append(measure_segment(entry, path, media, part, track, place))
        except FaultError as fault:
            faults.append(fault.finding)
    return ([in_line(row) for row in rows], faults) if not faults else ([], faults)


def _of_init(
    parsed: MediaPlaylist, part: InitPart, header: TrackInit, segments: tuple[Segment, ...]
) -> Track:
    sound = header.handler == "soun"
    aac = audio_config(header) if sound else None
    return Track(
        kind="audio" if sound else "video",
        playlist=parsed.path,
        folder=parsed.path.parent,
        init=part.init,
        init_path=part.path,
        header=header,
        codecs=(rfc6381(header),),
        timescale=header.timescale,
        width=header.width,
        height=header.height,
        channels=(aac.channels if aac and aac.channels else header.channels) if sound else None,
        sample_rate=(aac.sample_rate if aac else header.sample_rate) if sound else None,
        playlist_target=parsed.target_duration,
        segments=segments,
    )


def _of_streams(parsed: MediaPlaylist, streams: Sequence[MeasuredStream]) -> Track:
    """The track of streams without an initialization segment: the picture, or the first sound."""
    from ingest.packaging.transport import TICKS

    headers = tuple(s.header for s in streams)
    tracks = [
        Track(
            kind="audio" if s.header.handler == "soun" else "video",
            playlist=parsed.path,
            folder=parsed.path.parent,
            init=Init((), TICKS, headers),
            init_path=None,
            header=s.header,
            codecs=(rfc6381(s.header),),
            timescale=TICKS,
            width=s.header.width,
            height=s.header.height,
            channels=s.header.channels,
            sample_rate=s.header.sample_rate,
            playlist_target=parsed.target_duration,
            segments=in_line(s.segments),
            container=s.segments[0].container,
        )
        for s in streams
    ]
    main, sounds = tracks[0], tuple(tracks[1:])
    codecs = tuple(dict.fromkeys(c for t in tracks for c in t.codecs))
    main = replace(main, codecs=codecs, sounds=sounds)
    if main.kind == "video" and sounds:
        main = replace(main, channels=sounds[0].channels, sample_rate=sounds[0].sample_rate)
    return main


def clock_origin(tracks: Sequence[Track]) -> Fraction:
    """What a player takes as 0 where segments say times of their own: the first picture's, else the first sound's.

    Fragmented MP4 is presented from the 0 of its own timeline.
    """
    own = [t for t in tracks if t.container != "mp4"]
    first = next((t for t in own if t.kind == "video"), own[0] if own else None)
    return first.first_presentation if first else Fraction(0)


def on_one_clock(tracks: Sequence[Track]) -> list[Track]:
    """The renditions of one package, with the times of transport streams and packed audio counted from its 0."""
    origin = clock_origin(tracks)
    return [t if t.container == "mp4" else t.shifted(-origin) for t in tracks]


def peak_rate(runs: list[tuple[int, Fraction]], target: int) -> int:
    """Largest bit rate of a run of (bytes, seconds) of 0.5 to 1.5 targets, rounded up; 0 where none is so long."""
    # In whole ticks of one clock for all: there are many sums, and those of fractions are slow.
    ticks = lcm(*(seconds.denominator for _, seconds in runs))
    lengths = [seconds.numerator * (ticks // seconds.denominator) for _, seconds in runs]
    most, during = 0, 1
    for first in range(len(runs)):
        size, length = 0, 0
        for step in range(first, min(first + _LONGEST_RUN, len(runs))):
            size += runs[step][0]
            length += lengths[step]
            if 2 * length > 3 * target * ticks:
                break
            if 2 * length >= target * ticks and length > 0 and size * during > most * length:
                most, during = size, length
    return ceil(Fraction(most * 8 * ticks, during))
