"""Measures one rendition from its files: what a playlist declares is only used to find them.

Times are exact: fractions of a second, from the track's timescale.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from typing import TYPE_CHECKING, Literal

from ingest.packaging.codecs import audio_config
from ingest.packaging.findings import OURS, FaultError, Finding
from ingest.packaging.playlists import ByteRange, MediaPlaylist, place_of, read_media_playlist
from ingest.packaging.segments import (
    AccessPoint,
    Segment,
    codecs_of,
    edit_shift,
    main_track,
    measure_segment,
    read_init_of,
    read_segment,
    sample_spans,
)

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.packaging.boxes import Init, TrackInit

__all__ = ["AccessPoint", "Segment", "Survey", "Track", "measure_track", "survey_track"]

_LONGEST_RUN = 256


@dataclass(frozen=True, slots=True)
class Track:
    """One rendition as measured.

    `kind` and `header` are those of the picture where there is one, else of the sound; `codecs` names every
    track of the file, that one first. `width` and `height` are in pixels, `sample_rate` in Hz.
    `playlist_target` is the EXT-X-TARGETDURATION that the playlist declares.
    """

    kind: Literal["video", "audio"]
    playlist: Path
    folder: Path
    init: Init
    init_path: Path
    header: TrackInit
    codecs: tuple[str, ...]
    timescale: int
    width: int | None
    height: int | None
    channels: int | None
    sample_rate: int | None
    playlist_target: int | None
    segments: tuple[Segment, ...]

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
        shift, _ = edit_shift(self.init, self.header)
        times: list[int] = []
        for segment in self.segments:
            byterange = ByteRange(segment.offset, segment.size)
            media = read_segment(segment.path, byterange, self.init, place_of(segment.path, self.folder))
            for fragment in media.fragments:
                if fragment.track_id == self.header.track_id:
                    times += (start for start, _ in sample_spans(fragment))
        return tuple(Fraction(t, self.timescale) + shift for t in sorted(times))


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


def survey_track(playlist: Path, *, root: Path) -> Survey:
    """As `measure_track`, but never raises: every segment that cannot be measured is a finding."""
    parsed: MediaPlaylist | None = None
    try:
        parsed = read_media_playlist(playlist, root)
        init_path, init = read_init_of(parsed, root)
        header = main_track(init, place_of(init_path, root))
        codecs = codecs_of(init, header, place_of(init_path, root))
    except FaultError as fault:
        return Survey(parsed, None, (fault.finding,))
    faults: list[Finding] = []
    segments: list[Segment] = []
    for entry in parsed.entries:
        try:
            segments.append(measure_segment(entry, parsed, init, header, root))
        except FaultError as fault:
            faults.append(fault.finding)
    if faults:
        return Survey(parsed, None, tuple(faults))
    sound = next((t for t in init.tracks if t.handler == "soun"), None)
    aac = audio_config(sound) if sound else None
    track = Track(
        kind="video" if header.handler == "vide" else "audio",
        playlist=playlist,
        folder=playlist.parent,
        init=init,
        init_path=init_path,
        header=header,
        codecs=codecs,
        timescale=header.timescale,
        width=header.width,
        height=header.height,
        channels=(aac.channels if aac and aac.channels else sound.channels) if sound else None,
        sample_rate=(aac.sample_rate if aac else sound.sample_rate) if sound else None,
        playlist_target=parsed.target_duration,
        segments=tuple(segments),
    )
    if track.duration == 0:
        empty = Finding(f"{OURS} duration", "MUST", place_of(playlist, root), "no sample lasts", "media")
        return Survey(parsed, None, (empty,))
    return Survey(parsed, track, ())


def peak_rate(runs: list[tuple[int, Fraction]], target: int) -> int:
    """Largest bit rate of a run of (bytes, seconds) of 0.5 to 1.5 targets, rounded up; 0 where none is so long."""
    best = Fraction(0)
    for first in range(len(runs)):
        size, length = 0, Fraction(0)
        for step in range(first, min(first + _LONGEST_RUN, len(runs))):
            size += runs[step][0]
            length += runs[step][1]
            if length > Fraction(3, 2) * target:
                break
            if length >= Fraction(1, 2) * target and length > 0:
                best = max(best, Fraction(size * 8) / length)
    return ceil(best)
