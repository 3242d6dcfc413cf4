"""Writes one text rendition: segments and playlist for HLS, one whole file for DASH."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

from ingest.packaging import webvtt
from ingest.packaging.measure import peak_rate
from ingest.packaging.packager import MEDIA_PLAYLIST

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ingest.packaging.webvtt import Cue

WHOLE = "whole.vtt"


def write_rendition(
    folder: Path, cues: Sequence[Cue], edges: Sequence[Fraction], target_duration: int, *, mpegts: int = 0
) -> tuple[int, int]:
    """Write `folder`, on the segment grid `edges` (seconds) of the video; returns peak and average bandwidth.

    The playlist covers the whole film, with a segment also where nothing is said (Apple 5.5).

    Args:
        target_duration: that of the video, in seconds.
        mpegts: see `webvtt.segments`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = [text.encode() for text in webvtt.segments(cues, edges, mpegts=mpegts)]
    for number, content in enumerate(files, 1):
        (folder / segment_name(number)).write_bytes(content)
    (folder / WHOLE).write_text(webvtt.whole(cues), encoding="utf-8")
    (folder / MEDIA_PLAYLIST).write_text(playlist(edges, target_duration), encoding="utf-8")
    lengths = [b - a for a, b in pairwise(edges)]
    average = ceil(Fraction(8 * sum(map(len, files))) / sum(lengths))
    runs = [(len(content), length) for content, length in zip(files, lengths, strict=True)]
    return peak_rate(runs, target_duration) or average, average


def segment_name(number: int) -> str:
    return f"seg-{number:05d}.vtt"


def playlist(edges: Sequence[Fraction], target_duration: int) -> str:
    """The media playlist (RFC 8216bis 4.4.3); EXTINF to a microsecond, as the video's."""
    head = (
        *("#EXTM3U", "#EXT-X-VERSION:6", f"#EXT-X-TARGETDURATION:{target_duration}"),
        *("#EXT-X-MEDIA-SEQUENCE:1", "#EXT-X-PLAYLIST-TYPE:VOD"),
    )
    entries = [
        f"#EXTINF:{float(end - start):.6f},\n{segment_name(number)}"
        for number, (start, end) in enumerate(pairwise(edges), 1)
    ]
    return "\n".join((*head, *entries, "#EXT-X-ENDLIST")) + "\n"
