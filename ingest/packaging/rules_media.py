"""Rules for the media of the renditions, one by one and against each other (Apple sections 1, 6, 7 and 8)."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from ingest.packaging.findings import APPLE, CMAF, OURS, RFC
from ingest.packaging.playlists import place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from ingest.packaging.findings import Checks, Expected
    from ingest.packaging.measure import Segment, Track
    from ingest.packaging.playlists import MediaPlaylist
    from ingest.packaging.segments import Container

_ROUNDING = Fraction(1, 1000)
_STARTS: dict[Container, str] = {"mp4": "tfdt", "ts": "DTS", "packed": "PTS"}
"""What says when the media of a segment begin."""
SCRAP = Fraction(1, 10)
"""Seconds: a last segment below this is what was left over, not a part of the film."""


def check_track(
    track: Track, playlist: MediaPlaylist, tolerance: Fraction, root: Path, checks: Checks, *, cmaf: bool
) -> None:
    """One rendition on its own.

    Args:
        tolerance: one video frame, in seconds.
        cmaf: the package is to be CMAF's; HLS by itself takes any fragmented MP4, which may start at any time.
    """
    place = place_of(track.playlist, root)
    starts = checks.must if cmaf or track.container != "mp4" else checks.should
    if track.init_path and cmaf:
        init = place_of(track.init_path, root)
        checks.should("cmfc" in track.init.brands, f"{CMAF} 7.2", init, "no cmfc brand", "a CMAF track")
        checks.should(
            len(track.init.tracks) == 1, f"{CMAF} 7.3.1", init, "several tracks", "one track in each file"
        )
    late = track.first_presentation
    kind, allowed = ("picture", Fraction(0)) if track.kind == "video" else ("sound", track.frame_duration)
    found = f"the first {kind} is presented at {float(late):.4f} s"
    starts(abs(late) <= allowed, f"{OURS} start", place, found, "0")
    starts(
        abs(track.segments[0].start) <= _longest_shift(track),
        f"{OURS} start",
        place,
        f"the first {_STARTS[track.container]} is at {float(track.segments[0].start):.4f} s",
        "0",
    )
    for segment in track.segments:
        where = place_of(segment.path, root)
        parts = "fragments" if segment.container == "mp4" else "samples"
        checks.must(
            segment.continuous,
            f"{APPLE} 7.3",
            where,
            f"{parts} with a gap or an overlap",
            f"{_STARTS[segment.container]} in line",
        )
        if track.kind == "video":
            _check_access(segment, where, checks)
    for before, after in pairwise(track.segments):
        if after.discontinuity:
            continue
        start = f"{_STARTS[after.container]} {float(after.start):.4f} s"
        found = f"{start} after an end at {float(before.end):.4f} s"
        where = place_of(after.path, root)
        checks.must(after.start == before.end, f"{APPLE} 7.3", where, found, "the end of the segment before")
    _check_lengths(track, playlist, place, checks)
    _check_extinf(track, tolerance, place, checks)
    if track.kind == "video":
        longest = max(track.sync_distances, default=track.duration)
        found = f"{float(longest):.3f} s between IDR pictures"
        checks.should(longest <= 2 + track.frame_duration, f"{APPLE} 1.13", place, found, "at most 2 s")


def _longest_shift(track: Track) -> Fraction:
    """How far from 0 decoding may start: one audio frame, or the delay of reordered pictures."""
    return track.frame_duration if track.kind == "audio" else Fraction(1)


def _check_access(segment: Segment, where: str, checks: Checks) -> None:
    found = "the first picture is not an IDR"
    if checks.must(
        segment.starts_with_sync, f"{APPLE} 7.4", where, found, "an IDR at the start of each segment"
    ):
        found = "a picture is presented before the segment's IDR"
        first = segment.sync_times[0] <= segment.presentation_start
        checks.must(first, f"{APPLE} 7.4", where, found, "closed groups of pictures")


def _check_lengths(track: Track, playlist: MediaPlaylist, place: str, checks: Checks) -> None:
    target = playlist.target_duration or 0
    last = track.segments[-1]
    found = f"a last segment of {float(last.duration):.3f} s"
    scrap = len(track.segments) > 1 and last.duration < SCRAP
    checks.should(not scrap, f"{OURS} scrap", place, found, "sound or picture worth a request, or none")
    longest = max(s.duration for s in track.segments)
    found = f"a segment of {float(longest):.3f} s with a target of {target}"
    checks.must(
        longest <= target + Fraction(1, 2), f"{APPLE} 7.7", place, found, "at most the target + 0.5 s"
    )
    checks.must(
        track.target_duration <= target,
        f"{RFC} 4.4.3.1",
        place,
        found,
        f"a target of {track.target_duration}",
    )
    checks.should(
        target == 6 or len(track.segments) == 1,
        f"{APPLE} 7.5",
        place,
        f"a target of {target}",
        "a target of 6 s",
    )


def _check_extinf(track: Track, tolerance: Fraction, place: str, checks: Checks) -> None:
    """Apple 8.1: EXTINF of any run of segments sums to its media within a frame.

    The error of a run is the difference of the errors at its two ends, so the extremes bound every run.
    """
    error = low = high = Fraction(0)
    for segment, presented in zip(track.segments, track.presented_durations, strict=True):
        error += segment.extinf - presented
        low, high = min(low, error), max(high, error)
    found = f"EXTINF sums are up to {float(high - low):.4f} s off the media"
    checks.must(high - low <= tolerance, f"{APPLE} 8.1", place, found, f"within {float(tolerance):.4f} s")


def check_together(videos: Sequence[Track], sounds: Sequence[Track], root: Path, checks: Checks) -> None:
    """The renditions against each other: one segment grid, one duration, one target."""
    if not videos:
        return
    first = videos[0]
    for other in videos[1:]:
        place = place_of(other.playlist, root)
        count, wanted = len(other.segments), len(first.segments)
        checks.must(
            count == wanted, f"{OURS} grid", place, f"{count} segments", f"{wanted} as {first.folder.name}"
        )
        for left, right in zip(first.segments, other.segments, strict=False):
            found = f"{right.uri} starts at {float(right.presentation_start):.4f} s"
            wanted_time = f"{float(left.presentation_start):.4f} s as in {first.folder.name}"
            same = left.presentation_start == right.presentation_start
            if not checks.must(same, f"{OURS} grid", place, found, wanted_time):
                break
        _check_duration(other, first, max(first.frame_duration, other.frame_duration), root, checks)
    for sound in sounds:
        place = place_of(sound.playlist, root)
        _check_duration(sound, first, first.frame_duration + sound.frame_duration, root, checks)
        found = f"{len(sound.segments)} segments"
        same_count = len(sound.segments) == len(first.segments)
        checks.should(same_count, f"{APPLE} 8.22", place, found, f"{len(first.segments)} as the video")
    targets = {t.playlist_target for t in (*videos, *sounds)}
    checks.must(
        len(targets) == 1,
        f"{APPLE} 8.2",
        place_of(first.playlist, root),
        f"target durations {sorted(t or 0 for t in targets)}",
        "the same in all renditions",
    )


def _check_duration(track: Track, first: Track, allowed: Fraction, root: Path, checks: Checks) -> None:
    length, wanted = track.last_presentation, first.last_presentation
    found = f"ends at {float(length):.4f} s"
    checks.must(
        abs(length - wanted) <= allowed,
        f"{APPLE} 8.3",
        place_of(track.playlist, root),
        found,
        f"{float(wanted):.4f} s as {first.folder.name}, within {float(allowed):.4f} s",
    )


def check_expected(tracks: Iterable[Track], expected: Expected, root: Path, checks: Checks) -> None:
    """The measured renditions against the plan."""
    by_name = {t.folder.name: t for t in tracks if t.kind == "video"}
    for name, rung in expected.rungs.items():
        track = by_name.get(name)
        if (
            not checks.must(track is not None, f"{OURS} plan", f"video/{name}", "no such rendition", "it")
            or not track
        ):
            continue
        place = place_of(track.playlist, root)
        pairs = (("width", track.width, rung.width), ("height", track.height, rung.height))
        for what, found, wanted in (*pairs, ("frames", track.frames, rung.frames)):
            if wanted is not None:
                rule = f"{OURS} {'frames' if what == 'frames' else 'size'}"
                checks.must(found == wanted, rule, place, f"{what} {found}", f"{what} {wanted} as planned")
        if rung.duration is not None:
            allowed = rung.frame_duration or track.frame_duration
            near = abs(track.last_presentation - rung.duration) <= allowed
            found_time = f"ends at {float(track.last_presentation):.4f} s"
            checks.must(
                near, f"{OURS} duration", place, found_time, f"{float(rung.duration):.4f} s as planned"
            )
    surplus = sorted(by_name.keys() - expected.rungs.keys()) if expected.rungs else []
    checks.must(
        not surplus, f"{OURS} plan", "video", f"{', '.join(surplus)} not planned", "only what was planned"
    )
    for sound in (t for t in tracks if t.kind == "audio" and expected.audio_duration is not None):
        wanted_end = expected.audio_duration or Fraction(0)
        checks.must(
            abs(sound.last_presentation - wanted_end) <= sound.frame_duration,
            f"{OURS} duration",
            place_of(sound.playlist, root),
            f"ends at {float(sound.last_presentation):.4f} s",
            f"{float(wanted_end):.4f} s as planned",
        )


def check_iframes(
    playlist: MediaPlaylist,
    segments: Mapping[Path, Track],
    root: Path,
    files: Mapping[str, Path],
    film: Track | None,
    checks: Checks,
) -> Track | None:
    """An I-frame playlist: each range holds the `moof` and the whole picture of a sync sample, at its time.

    `segments` tells which rendition a segment file belongs to, `files` what the playlist's URIs resolved to,
    `film` is a rendition of the whole picture, where there is one.
    Returns the rendition that it points into.
    """
    place = place_of(playlist.path, root)
    checks.must(playlist.iframes_only, f"{APPLE} 6.8", place, "no EXT-X-I-FRAMES-ONLY", "EXT-X-I-FRAMES-ONLY")
    owners = {segments[files[e.uri]].playlist for e in playlist.entries if files.get(e.uri) in segments}
    checks.must(len(owners) == 1, f"{APPLE} 6.1", place, f"ranges of {len(owners)} renditions", "of one")
    owner = next((segments[files[e.uri]] for e in playlist.entries if files.get(e.uri) in segments), None)
    if owner is None:
        return None
    frame = min(owner.frame_duration, film.frame_duration) if film else owner.frame_duration
    points = {(s.path, p.moof_start): p for s in owner.segments for p in s.access_points}
    clock = Fraction(0)
    for number, entry in enumerate(playlist.entries, 1):
        where = f"{place} entry {number}"
        if checks.must(
            entry.byterange is not None, f"{APPLE} 6.10", where, "no byte range", "EXT-X-BYTERANGE"
        ):
            assert entry.byterange is not None  # noqa: S101 (for the type checker: checked above)
            start, end = entry.byterange.offset, entry.byterange.offset + entry.byterange.length
            point = points.get((files[entry.uri], start)) if entry.uri in files else None
            found = f"the range {start}-{end} does not start at the moof of an IDR"
            if checks.must(point is not None, f"{APPLE} 6.10", where, found, "the moof of an IDR") and point:
                found = f"the range ends at {end}, the picture at {point.end}"
                checks.must(end >= point.end, f"{APPLE} 6.10", where, found, "the whole picture")
                found = f"at {float(clock):.4f} s"
                near = abs(clock - point.time) <= frame + _ROUNDING
                checks.must(near, f"{APPLE} 8.1", where, found, f"{float(point.time):.4f} s as in the media")
        clock += entry.duration
    total = (film or owner).last_presentation
    found = f"covers {float(clock):.4f} s"
    near = abs(clock - total) <= frame + _ROUNDING
    checks.must(near, f"{APPLE} 8.1", place, found, f"{float(total):.4f} s as the media")
    return owner
