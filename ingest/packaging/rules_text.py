"""Rules for subtitles and captions (Apple section 5, RFC 8216bis 3.1.4 and 4.4.6, W3C WebVTT)."""

from __future__ import annotations

import re
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from ingest.packaging.findings import APPLE, OURS, RFC, FaultError
from ingest.packaging.measure import peak_rate
from ingest.packaging.playlists import place_of, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ingest.packaging.findings import Checks
    from ingest.packaging.measure import Track
    from ingest.packaging.playlists import Master, MediaPlaylist
    from ingest.packaging.webvtt_reader import TextTrack

_MAX_TEXT = 16 << 20
_TICK = Fraction(1, 1000)  # the finest that a WebVTT time can say
_FIRST_BYTES = 1 << 16
# ATSC A/53 part 4, 6.2.3, in a T.35 message: the ATSC's caption data, with its flag that there is some. The same
# bytes in H.264, HEVC and AV1, and none that an emulation prevention byte could stand between.
_CAPTION_DATA = re.compile(rb"\xb5\x00\x31GA94\x03[\x40-\x7f\xc0-\xff]")


def check_subtitles(
    master: Master,
    texts: Mapping[Path, tuple[MediaPlaylist, Mapping[str, Path]]],
    videos: Sequence[Track],
    root: Path,
    checks: Checks,
    *,
    origin: Fraction = Fraction(0),
) -> None:
    """The SUBTITLES groups and each of their renditions; `texts` by the playlist, with the files that it names.

    `origin` is the media's own time, in seconds, where the film begins: 0 but for MPEG-TS.
    """
    place = place_of(master.path, root)
    subtitles = [m for m in master.media if m.attributes.get("TYPE") == "SUBTITLES"]
    for media in subtitles:
        where = f"{place} {media.attributes.get('NAME', '')}"
        checks.must(media.uri is not None, f"{RFC} 4.4.6.1", where, "no URI", "a URI for each SUBTITLES")
    if subtitles:
        for variant in master.variants:
            named = variant.attributes.get("SUBTITLES")
            where = f"{place} {variant.uri}"
            checks.must(
                named is not None, f"{RFC} 4.4.6.2.1", where, "no SUBTITLES", "the group of subtitles"
            )
    for playlist, files in texts.values():
        _check_rendition(playlist, files, videos[0] if videos else None, origin, root, checks)


def text_rates(texts: Mapping[Path, tuple[MediaPlaylist, Mapping[str, Path]]]) -> tuple[int, int]:
    """Peak and average bit rate of the costliest text rendition (RFC 8216bis 4.1), bit/s."""
    peaks, averages = [0], [0]
    for playlist, files in texts.values():
        runs = [(files[e.uri].stat().st_size, e.duration) for e in playlist.entries if e.uri in files]
        total = sum((length for _, length in runs), Fraction(0))
        average = ceil(Fraction(8 * sum(size for size, _ in runs)) / total) if total else 0
        averages.append(average)
        peaks.append(peak_rate(runs, playlist.target_duration or 1) or average)
    return max(peaks), max(averages)


def _check_rendition(
    playlist: MediaPlaylist,
    files: Mapping[str, Path],
    video: Track | None,
    origin: Fraction,
    root: Path,
    checks: Checks,
) -> None:
    from ingest.packaging.webvtt_reader import WebvttError, read_webvtt

    place = place_of(playlist.path, root)
    ends_with_vtt = [e for e in playlist.entries if e.uri.lower().endswith((".vtt", ".webvtt"))]
    if playlist.maps or len(ends_with_vtt) < len(playlist.entries):
        checks.should(False, f"{OURS} measure", place, "not measured: no WebVTT files", "WebVTT segments")
        return
    if video is not None:
        _check_cover(playlist, video, place, checks)
    if len(files) < len({e.uri for e in playlist.entries}):
        return  # what is missing was said before
    start = Fraction(0)
    earlier: dict[tuple[object, ...], Fraction] = {}
    for entry in playlist.entries:
        path = files[entry.uri]
        where = place_of(path, root)
        end = start + entry.duration
        try:
            track = read_webvtt(read_text(path, where, _MAX_TEXT))
        except WebvttError as error:
            checks.must(False, f"{APPLE} 5.2", where, str(error), "valid WebVTT (W3C)")
        except FaultError as fault:
            checks.fault(fault.finding)
        else:
            _check_segment(track, (start + origin, end + origin), earlier, where, checks)
        start = end


def _check_cover(playlist: MediaPlaylist, video: Track, place: str, checks: Checks) -> None:
    covered = sum((e.duration for e in playlist.entries), Fraction(0))
    wanted = video.last_presentation
    found = f"covers {float(covered):.4f} s"
    near = abs(covered - wanted) <= video.frame_duration
    checks.must(near, f"{APPLE} 5.5", place, found, f"{float(wanted):.4f} s as the video")
    count, as_video = len(playlist.entries), len(video.segments)
    if count == as_video:
        error = worst = Fraction(0)
        for entry, presented in zip(playlist.entries, video.presented_durations, strict=True):
            error += entry.duration - presented
            worst = max(worst, abs(error))
        found = f"segment boundaries up to {float(worst):.4f} s off those of the video"
        wanted_text = f"within {float(video.frame_duration):.4f} s"
        checks.should(worst <= video.frame_duration, f"{APPLE} 8.22", place, found, wanted_text)
    elif count > 1:  # one file for the whole film is allowed (Apple 5.7)
        checks.should(False, f"{APPLE} 8.22", place, f"{count} segments", f"{as_video} as the video")


def _check_segment(
    track: TextTrack,
    span: tuple[Fraction, Fraction],
    earlier: dict[tuple[object, ...], Fraction],
    where: str,
    checks: Checks,
) -> None:
    """Its cues are on show in it, and those that crossed the edge before are there again with the same times."""
    start, end = span
    shift = track.shift
    if not checks.must(shift is not None, f"{APPLE} 5.3", where, "no X-TIMESTAMP-MAP", "it in every segment"):
        return
    moved = {(c.start + (shift or 0), c.end + (shift or 0), c.settings, c.text) for c in track.cues}
    outside = [c for c in moved if c[1] <= start - _TICK or c[0] >= end + _TICK]
    found = f"a cue from {float(outside[0][0]):.3f} to {float(outside[0][1]):.3f} s" if outside else ""
    wanted = f"cues on show between {float(start):.3f} and {float(end):.3f} s"
    checks.must(not outside, f"{RFC} 3.1.4", where, found, wanted)
    crossing = {key: until for key, until in earlier.items() if until > start + _TICK}
    lost = [key for key in crossing if key not in moved]
    found = f"without the cue from {float(crossing[lost[0]]):.3f} s's segment before" if lost else ""
    checks.must(not lost, f"{RFC} 3.1.4", where, found, "cues that cross a boundary in both segments")
    earlier.clear()
    earlier.update({key: key[1] for key in moved})


def check_captions(master: Master, tracks: Mapping[str, Track], root: Path, checks: Checks) -> None:
    """CLOSED-CAPTIONS says what the picture carries (RFC 8216bis 4.4.6.2), looked at where each segment begins."""
    place = place_of(master.path, root)
    declared = {v.attributes.get("CLOSED-CAPTIONS") for v in master.variants}
    mixed = "NONE" in declared and len(declared) > 1
    checks.must(not mixed, f"{RFC} 4.4.6.2", place, "CLOSED-CAPTIONS=NONE on some variants", "on all or none")
    groups = {
        m.attributes.get("GROUP-ID") for m in master.media if m.attributes.get("TYPE") == "CLOSED-CAPTIONS"
    }
    for variant in master.variants:
        track = tracks.get(variant.uri or "")
        if track is None or track.kind != "video":
            continue
        named = variant.attributes.get("CLOSED-CAPTIONS")
        where = f"{place} {variant.uri}"
        there = _captions_in(track)
        # The attribute is optional; without it Apple's players offer captions whether there are some or not.
        if there:
            found, wanted = f"CLOSED-CAPTIONS {named} with captions in the picture", "a group of its TYPE"
            checks.must(named != "NONE", f"{RFC} 4.4.6.2", where, found, wanted)
            checks.should(named is not None, f"{OURS} captions", where, found, wanted)
        else:
            found = f"CLOSED-CAPTIONS {named}, no captions at the start of any segment"
            checks.should(named == "NONE", f"{OURS} captions", where, found, "CLOSED-CAPTIONS=NONE")
        if named not in (None, "NONE"):
            found = f"CLOSED-CAPTIONS group {named!r} is not defined"
            checks.must(named in groups, f"{RFC} 4.4.6.2.1", where, found, "a group of EXT-X-MEDIA")


def _captions_in(track: Track) -> bool:
    for segment in track.segments:
        for point in segment.access_points[:1]:
            with segment.path.open("rb") as file:
                file.seek(point.moof_start)
                head = file.read(min(point.end - point.moof_start, _FIRST_BYTES))
            if _CAPTION_DATA.search(head):
                return True
    return False
