"""Rules for the text of playlists (RFC 8216bis, Apple sections 8 and 9), before any media is read."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

from ingest.packaging.findings import APPLE, RFC
from ingest.packaging.playlists import place_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ingest.packaging.findings import Checks
    from ingest.packaging.playlists import Master, MediaPlaylist

_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s]+)(?:,|$)')
_ONCE = (
    *("#EXT-X-VERSION", "#EXT-X-TARGETDURATION", "#EXT-X-PLAYLIST-TYPE", "#EXT-X-MEDIA-SEQUENCE"),
    *(
        "#EXT-X-ENDLIST",
        "#EXT-X-I-FRAMES-ONLY",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        "#EXT-X-DISCONTINUITY-SEQUENCE",
    ),
)
_WITH_ATTRIBUTES = (
    "#EXT-X-STREAM-INF:",
    "#EXT-X-I-FRAME-STREAM-INF:",
    "#EXT-X-MEDIA:",
    "#EXT-X-MAP:",
)
_MASTER_ONLY = ("#EXT-X-STREAM-INF:", "#EXT-X-I-FRAME-STREAM-INF:", "#EXT-X-MEDIA:", "#EXT-X-SESSION-DATA:")


def check_master_text(master: Master, root: Path, checks: Checks) -> None:
    """Rules for the multivariant playlist's own text."""
    place = place_of(master.path, root)
    _common(master.lines, master.version, place, checks)
    checks.must(bool(master.variants), f"{RFC} 4.4.6.2", place, "no variant", "at least one EXT-X-STREAM-INF")
    mixed = [line for line in master.lines if line.startswith(("#EXTINF:", "#EXT-X-TARGETDURATION:"))]
    checks.must(
        not mixed, f"{RFC} 4.1", place, "tags of a media playlist", "only those of a multivariant one"
    )
    checks.should(
        master.independent,
        f"{APPLE} 9.11",
        place,
        "no EXT-X-INDEPENDENT-SEGMENTS",
        "it in the master playlist",
    )


def check_media_text(playlist: MediaPlaylist, root: Path, checks: Checks) -> None:
    """Rules for the text of a media playlist of any kind."""
    place = place_of(playlist.path, root)
    _common(playlist.lines, playlist.version, place, checks)
    mixed = [line for line in playlist.lines if line.startswith(_MASTER_ONLY)]
    checks.must(
        not mixed, f"{RFC} 4.1", place, "tags of a multivariant playlist", "only those of a media one"
    )
    checks.must(
        playlist.kind == "VOD", f"{APPLE} 8.6", place, f"type {playlist.kind}", "EXT-X-PLAYLIST-TYPE:VOD"
    )
    checks.must(playlist.ended, f"{RFC} 4.4.3.4", place, "no EXT-X-ENDLIST", "EXT-X-ENDLIST")
    target = playlist.target_duration
    if (
        checks.must(bool(target), f"{RFC} 4.4.3.1", place, "no EXT-X-TARGETDURATION", "it, above 0")
        and target
    ):
        longest = max(entry.duration for entry in playlist.entries)
        checks.must(
            floor(longest + Fraction(1, 2)) <= target,
            f"{RFC} 4.4.3.1",
            place,
            f"EXTINF of {float(longest):.3f} s with a target of {target}",
            "EXTINF, rounded, not above the target",
        )


def _common(lines: Sequence[str], version: int | None, place: str, checks: Checks) -> None:
    checks.must(lines[0] == "#EXTM3U", f"{RFC} 4.4.1.1", place, f"first line {lines[0][:40]!r}", "#EXTM3U")
    tags = Counter(line.split(":", 1)[0] for line in lines if line.startswith("#EXT"))
    repeated = sorted(tag for tag in _ONCE if tags[tag] > 1)
    checks.must(not repeated, f"{RFC} 4.1", place, f"repeated: {', '.join(repeated)}", "each at most once")
    needed, reason = needed_version(lines)
    checks.must(
        (version or 1) >= needed,
        f"{RFC} 8",
        place,
        f"EXT-X-VERSION {version or 'absent (1)'}",
        f"at least {needed} for {reason}",
    )
    for line in lines:
        if line.startswith(_WITH_ATTRIBUTES):
            _attributes(line, place, checks)


def _attributes(line: str, place: str, checks: Checks) -> None:
    """The attribute list grammar and the uniqueness of names (RFC 8216bis 4.2)."""
    tag, text = line.split(":", 1)
    names: list[str] = []
    position = 0
    while position < len(text) and (match := _ATTRIBUTE.match(text, position)):
        names.append(match[1])
        position = match.end()
    whole = position == len(text) and not text.endswith(",")
    checks.must(
        whole, f"{RFC} 4.2", place, f"{tag} malformed at {text[position : position + 30]!r}", "NAME=value"
    )
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    checks.must(not twice, f"{RFC} 4.2", place, f"{tag} repeats {', '.join(twice)}", "each name once")


def needed_version(lines: Sequence[str]) -> tuple[int, str]:
    """The protocol version that the tags in use need (RFC 8216bis section 8), and the tag that needs it.

    >>> needed_version(["#EXTM3U", "#EXTINF:6.000,"])
    (3, 'a decimal EXTINF')
    """
    iframes = "#EXT-X-I-FRAMES-ONLY" in lines
    best = (1, "plain tags")
    for line in lines:
        if re.match(r"#EXTINF:[0-9]*\.", line):
            best = max(best, (3, "a decimal EXTINF"))
        elif line.startswith(("#EXT-X-BYTERANGE:", "#EXT-X-I-FRAMES-ONLY")):
            best = max(best, (4, line.split(":", 1)[0][1:]))
        elif line.startswith("#EXT-X-MAP:"):
            best = max(best, (5, "EXT-X-MAP in an I-frame playlist") if iframes else (6, "EXT-X-MAP"))
        elif line.startswith("#EXT-X-KEY:"):
            best = max(best, (5, "EXT-X-KEY") if "KEYFORMAT" in line else (2, "EXT-X-KEY"))
        elif line.startswith("#EXT-X-DEFINE:"):
            best = max(best, (8, "EXT-X-DEFINE"))
        elif line.startswith("#EXT-X-SKIP:"):
            best = max(best, (9, "EXT-X-SKIP"))
    return best
