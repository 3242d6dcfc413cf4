"""Asks for pictures from all over a film: few, at places spread evenly; a long film costs what a short one does.

ffprobe tells the flags, sizes and captions of a few pictures at each place, on two threads: a job waits for nothing
longer before it can encode. Only where these leave a doubt does ffmpeg compare their lines, over more pictures.
"""

from __future__ import annotations

from bisect import bisect_left
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from ingest.media import process
from ingest.media.scan import judge, parse_pictures, scan_of
from ingest.media.text_facts import CAPTIONED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.media.facts import Scan, VideoFacts
    from ingest.media.packets import PacketTable
    from ingest.media.probe import Prober
    from ingest.media.scan import SampledPicture

MOST_PLACES = 12
PICTURES = 96  # in all, for flags and sizes; never more than a quarter of the film
JUDGED_PLACES = 6
JUDGED_PICTURES = 45  # at each place: nine rounds of 3:2 pulldown
THREADS = 2  # in all: of two ffprobes with half of the places each, or of one
BUDGET = 300_000_000  # pixels decoded for flags and sizes, about 0.5 s of one core

# How much more neighbouring pictures must differ than lines for one moment each to be believed. With noise and no
# movement it is 1.0; idet's own 1.5 leaves pictures with fine detail in doubt.
MOVING = "1.1"

# Here a place is looked for by when pictures are decoded: asked for the time at which a key picture is shown, ffmpeg
# begins behind it, and has nothing up to the next one.
_BY_DECODING = frozenset(("mpegts", "mpeg"))

# These have no way to code fields, or none that is in use.
PROGRESSIVE_CODECS = frozenset(
    ("vp8", "vp9", "av1", "theora", "vp6", "vp6a", "vp6f", "flv1", "gif", "h261", "h263", "mpeg1video", "vvc")
)
# Here pictures are not flagged, or rarely rightly.
UNFLAGGED_CODECS = frozenset(
    ("rawvideo", "huffyuv", "ffvhuff", "utvideo", "mjpeg", "ffv1", "v210", "png", "jpeg2000", "cfhd", "mpeg4")
)
# Lines of the formats that are interlaced in practice.
FIELD_LINES = frozenset((480, 486, 512, 576, 608, 1080, 1088))


def sampled(prober: Prober, video: VideoFacts, packets: PacketTable, container: str) -> VideoFacts:
    """`video` with what its pictures all over the film say; `container` is ffprobe's name of the format.

    What cannot be asked is not known: a sample that fails is empty, and no error.
    """
    lead = packets.lead * video.timing.time_base if _BY_DECODING & set(container.split(",")) else Fraction(0)
    scan = _flags(prober, video, places(video, packets, MOST_PLACES), lead)
    if _doubtful(scan, video):
        scan = replace(scan, judged=judge(_logs(prober, video, places(video, packets, JUDGED_PLACES), lead)))
    order = video.field_order
    if scan.pictures:
        order = "progressive" if scan.top == scan.bottom == 0 else "tff" if scan.top >= scan.bottom else "bff"
    return replace(video, scan=scan, field_order=order)


def places(video: VideoFacts, packets: PacketTable, most: int) -> tuple[Fraction, ...]:
    """Source times, in seconds, spread evenly, about one for each two seconds: each that of a key picture.

    Decoding begins at one wherever we ask for; several pictures of one and the same tell less than the next one.
    """
    timing = video.timing
    count = max(1, min(most, ceil(timing.duration / 2)))
    spread = [timing.start + timing.duration * i / count for i in range(count)]
    keys = packets.key_times()
    if keys is None:
        return tuple(spread)
    found: dict[Fraction, None] = {}
    for time in spread:
        index = min(bisect_left(keys, ceil(time / timing.time_base)), len(keys) - 1)
        found[keys[index] * timing.time_base] = None
    return tuple(found)


def _flags(prober: Prober, video: VideoFacts, spread: tuple[Fraction, ...], lead: Fraction) -> Scan:
    """`lead`: so many seconds before its time a key picture may lie."""
    total = min(PICTURES, video.timing.frames // 4, BUDGET // (video.width * video.height))
    if video.codec in PROGRESSIVE_CODECS:
        total = min(total, len(spread))
    each = max(2, total // len(spread)) / video.timing.mean_rate
    spread = spread[:: -(-2 * len(spread) // max(2, total))]
    entries = "frame=width,height,sample_aspect_ratio,interlaced_frame,top_field_first"
    if video.codec in CAPTIONED:
        entries += ":frame_side_data=side_data_type"

    half = -(-len(spread) // 2)
    halves = [times for times in (spread[:half], spread[half:]) if times]

    def ask(times: Sequence[Fraction]) -> tuple[SampledPicture, ...]:
        asked = prober.command(
            *("-threads", str(THREADS // len(halves)), "-max_pixels", str(prober.limits.pixels)),
            *("-select_streams", str(video.index)),
            *("-read_intervals", ",".join(f"{_clock(t - lead)}%{_clock(t + each)}" for t in times)),
            *("-show_entries", entries, "-of", "json=compact=1"),
        )
        answer = process.run(asked, cancel=prober.cancel).stdout.decode("utf-8", "replace")
        return parse_pictures(answer, video.cropped)

    with ThreadPoolExecutor(len(halves)) as pool:
        return scan_of([picture for pictures in pool.map(ask, halves) for picture in pictures])


def _doubtful(scan: Scan, video: VideoFacts) -> bool:
    flagged = scan.top + scan.bottom > 0 or video.field_order in {"tff", "bff"}
    unsaid = video.codec in UNFLAGGED_CODECS and video.height in FIELD_LINES and video.timing.mean_rate <= 31
    return flagged or unsaid


def _logs(prober: Prober, video: VideoFacts, spread: tuple[Fraction, ...], lead: Fraction) -> list[str]:
    printed = r"metadata=mode=print:file='pipe\:1'"
    logs = []
    for time in spread:
        asked = prober.ffmpeg_command(
            *("-v", "error", "-noautorotate", "-max_pixels", str(prober.limits.pixels), "-threads", "1"),
            *("-seek_timestamp", "1", "-noaccurate_seek", "-ss", _clock(time - lead)),
            *("-i", prober.source.url),
            *("-map", f"0:{video.index}", "-frames:v", str(JUDGED_PICTURES)),
            *("-vf", f"sidedata=mode=delete,idet=prog_thres={MOVING},{printed}", "-f", "null", "-"),
        )
        logs.append(process.run(asked, cancel=prober.cancel).stdout.decode("utf-8", "replace"))
    return logs


def _clock(time: Fraction) -> str:
    return f"{float(time):.6f}"
