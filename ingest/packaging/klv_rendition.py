"""Writes the KLV rendition: WebVTT segments whose cues are JSON, one segment at a time."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

from ingest.packaging.measure import peak_rate
from ingest.packaging.packager import MEDIA_PLAYLIST
from ingest.packaging.text_rendition import playlist, segment_name
from ingest.packaging.webvtt import segment_head, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from ingest.telemetry.cue_store import JsonCue


def write_klv_rendition(
    folder: Path, cues: Iterable[JsonCue], edges: Sequence[Fraction], target_duration: int, *, mpegts: int = 0
) -> tuple[int, int, int]:
    """Write segments and playlist on the segment grid `edges` (seconds) of the video.

    Args:
        cues: in the order of time, none overlapping another; their text is valid cue text of one line.
        target_duration: that of the video, in seconds.
        mpegts: see `webvtt.segments`.

    Returns:
        The number of cues, the peak and the average bandwidth.
    """
    folder.mkdir(parents=True, exist_ok=True)
    head = segment_head(mpegts)
    waiting = iter(cues)
    following = next(waiting, None)
    crossing: list[JsonCue] = []
    count = 0
    sizes: list[int] = []
    for number, (_, end) in enumerate(pairwise(edges), 1):
        until, last = end * 1000, number == len(edges) - 1
        shown = crossing
        while following is not None and (following.start < until or last):
            shown.append(following)
            count += 1
            following = next(waiting, None)
        content = (head + "".join(f"\n{_block(cue)}" for cue in shown)).encode("ascii")
        (folder / segment_name(number)).write_bytes(content)
        sizes.append(len(content))
        crossing = [cue for cue in shown if cue.end > until]
    (folder / MEDIA_PLAYLIST).write_text(playlist(edges, target_duration), encoding="utf-8")
    lengths = [b - a for a, b in pairwise(edges)]
    average = ceil(Fraction(8 * sum(sizes)) / sum(lengths))
    runs = list(zip(sizes, lengths, strict=True))
    return count, peak_rate(runs, target_duration) or average, average


def _block(cue: JsonCue) -> str:
    return f"{timestamp(cue.start)} --> {timestamp(cue.end)}\n{cue.text}\n"
