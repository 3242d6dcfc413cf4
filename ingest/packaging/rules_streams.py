"""Rules for segments without an initialization segment, and for sound that shares a picture's segments."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from ingest.packaging.findings import APPLE, RFC
from ingest.packaging.playlists import place_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ingest.packaging.findings import Checks
    from ingest.packaging.measure import Track
    from ingest.packaging.segments import StreamFacts

TRANSPORT = "ISO/IEC 13818-1"

# Rule, level, what is wrong (a number of faults, or whether there is one), what is found, what is wanted.
_RULES: tuple[tuple[str, str, Callable[[StreamFacts], int], str, str], ...] = (
    (
        f"{RFC} 3.1.1",
        "SHOULD",
        lambda f: not f.tables_first,
        "PAT and PMT are not the first two packets",
        "PAT and PMT first",
    ),
    (f"{RFC} 3.1.1", "MUST", lambda f: f.programs != 1, "several programs", "one program"),
    (f"{RFC} 3", "MUST", lambda f: f.gaps, "continuity counters jump", "no packet missing"),
    (f"{TRANSPORT} 2.4.4", "MUST", lambda f: f.broken_tables, "tables with a wrong CRC", "whole tables"),
    (f"{RFC} 3", "MUST", lambda f: f.orphans, "media that began in another segment", "whole PES packets"),
    (f"{TRANSPORT} 2.4.3.7", "MUST", lambda f: f.cut_off, "PES packets lack bytes", "as many as they say"),
    (
        f"{RFC} 3.1.1",
        "MUST",
        lambda f: not f.parameter_sets,
        "no SPS and PPS before the first picture",
        "both, so that the segment decodes by itself",
    ),
    (
        f"{TRANSPORT} 2.14.1",
        "MUST",
        lambda f: f.undelimited,
        "pictures without an access unit delimiter",
        "a delimiter before each",
    ),
    (
        f"{RFC} 3.1.3",
        "MUST",
        lambda f: not f.timestamped,
        "no ID3 tag with the time of the first sample",
        "a PRIV frame with it in each segment",
    ),
)


def check_streams(track: Track, root: Path, checks: Checks) -> None:
    """Transport streams (RFC 8216bis 3.1.1), packed audio (3.1.3) and muxed sound of one rendition."""
    facts = [(s, s.stream) for s in track.segments if s.stream]
    for rule, level, fault, found, wanted in _RULES if facts else ():
        broken = [(s, fault(f)) for s, f in facts if fault(f)]
        place = place_of(broken[0][0].path if broken else track.playlist, root)
        count = sum(number for _, number in broken)
        text = f"{found} ({count} times in {len(broken)} of {len(facts)} segments)"
        (checks.must if level == "MUST" else checks.should)(not broken, rule, place, text, wanted)
    place = place_of(track.playlist, root)
    if track.kind == "audio":
        found = f"{1 + len(track.sounds)} sounds in each segment"
        checks.must(not track.sounds, f"{APPLE} 2.17", place, found, "one")
        return
    found = "sound in the picture's segments"
    checks.should(not track.sounds, f"{APPLE} 2.1", place, found, "renditions of its own")
    for sound in track.sounds:
        _check_muxed(sound, track, place, checks)


def _check_muxed(sound: Track, track: Track, place: str, checks: Checks) -> None:
    """Sound beside a picture: it ends with it, and has no holes."""
    apart = sound.last_presentation - track.last_presentation
    allowed = track.frame_duration + sound.frame_duration
    found = f"sound ends {float(apart) * 1000:.1f} ms after the picture"
    checks.must(abs(apart) <= allowed, f"{APPLE} 8.3", place, found, f"within {float(allowed) * 1000:.1f} ms")
    for before, after in pairwise(sound.segments):
        if not after.discontinuity:
            apart = after.start - before.end
            found = f"sound goes on {float(apart) * 1000:.1f} ms after it stopped, in {after.uri}"
            checks.must(apart == 0, f"{APPLE} 7.3", place, found, "without a hole")
    whole = all(s.continuous for s in sound.segments)
    checks.must(whole, f"{APPLE} 7.3", place, "sound times with gaps or overlaps", "times in line")
