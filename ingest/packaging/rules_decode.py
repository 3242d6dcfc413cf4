"""Decoding: the first picture of every segment, the last group of pictures, all sound; on demand everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.packaging.findings import OURS, FaultError
from ingest.packaging.playlists import place_of
from ingest.packaging.rules_source import check_levels, check_pictures

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ingest.packaging.decode import Decoder
    from ingest.packaging.findings import Checks
    from ingest.packaging.measure import Segment, Track
    from ingest.packaging.reference import SourceReference

_WANTED = "every frame decoded without an error"


def check_decoding(
    tracks: Sequence[Track],
    decoder: Decoder,
    reference: SourceReference | None,
    root: Path,
    checks: Checks,
    *,
    full: bool,
) -> int:
    """Decode the renditions and hold them to the source, where `reference` has it.

    A file that was cut short, or an encoder that died, shows at the end; a segment of another film or another
    place, or one of nothing, shows in its first picture. Returns in how many segments something was decoded.
    """
    decoded = 0
    for track in tracks:
        try:
            if track.kind == "video":
                decoded += _check_video(track, decoder, reference, root, checks, full=full)
            else:
                decoded += _check_sound(track, decoder, reference, root, checks)
        except FaultError as fault:
            checks.fault(fault.finding)
    return decoded


def _check_video(
    track: Track,
    decoder: Decoder,
    reference: SourceReference | None,
    root: Path,
    checks: Checks,
    *,
    full: bool,
) -> int:
    shown = decoder.first_pictures(track.segments, last_group=True)
    last = track.segments[-1:]

    def wrong_of(segments: Sequence[Segment]) -> str | None:
        return decoder.first_pictures(segments, last_group=segments[-1:] == last).wrong

    _report(track, shown.wrong, wrong_of, root, checks)
    if reference is not None and shown.wrong is None:
        check_pictures(track, shown.segments, shown.pictures, reference, root, checks)
    if not full:
        return len(shown.segments)
    _report(track, decoder.count(track.segments), decoder.count, root, checks)
    return len(track.segments)


def _check_sound(
    track: Track, decoder: Decoder, reference: SourceReference | None, root: Path, checks: Checks
) -> int:
    if track.container == "packed":
        # Each segment begins with a tag of its own, and is a file of its own to a decoder.
        return _check_packed(track, decoder, root, checks)
    heard = decoder.sound(track.segments, levels=reference is not None)
    _report(track, heard.wrong, lambda s: decoder.sound(s).wrong, root, checks)
    if reference is not None and heard.wrong is None:
        check_levels(track, heard.levels, reference, root, checks)
    return len(track.segments)


def _check_packed(track: Track, decoder: Decoder, root: Path, checks: Checks) -> int:
    ends = dict.fromkeys((track.segments[0], track.segments[-1]))
    for segment in ends:
        wrong = decoder.sound([segment]).wrong
        checks.must(wrong is None, f"{OURS} decode", place_of(segment.path, root), wrong or "", _WANTED)
    return len(ends)


def _report(
    track: Track,
    wrong: str | None,
    wrong_of: Callable[[Sequence[Segment]], str | None],
    root: Path,
    checks: Checks,
) -> None:
    """Note what is wrong, at the first segment that is wrong by itself; found by halves, else the playlist."""
    segments: Sequence[Segment] = track.segments
    path = track.playlist
    while wrong is not None and len(segments) > 1:
        half = len(segments) // 2
        for part in (segments[:half], segments[half:]):
            if said := wrong_of(part):
                segments, wrong = part, said
                break
        else:
            break
    if len(segments) == 1:
        path = segments[0].path
    checks.must(wrong is None, f"{OURS} decode", place_of(path, root), wrong or "", _WANTED)
