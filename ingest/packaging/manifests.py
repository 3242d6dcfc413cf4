"""What the packager cannot say: exact durations, measured bandwidths, the order and names of renditions.

Edits with the m3u8 library; every figure comes from a measured `Track`, none from a target.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from typing import TYPE_CHECKING

import m3u8

from ingest.packaging.packager import GROUP_SURROUND, IFRAME_PLAYLIST, MEDIA_PLAYLIST, UNDETERMINED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ingest.packaging.measure import Track

_MPD = "urn:mpeg:dash:schema:mpd:2011"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
FIRST_VARIANT = 2_000_000  # bit/s; Apple's authoring specification, 1.32


def rewrite_media_playlist(path: Path, track: Track, target_duration: int) -> None:
    """Exact EXTINF (RFC 8216bis 4.4.4.1); `target_duration` is the same for sound and picture (Apple 8.2)."""
    playlist = m3u8.loads(path.read_text(encoding="utf-8"))
    for entry, duration in zip(playlist.segments, track.presented_durations, strict=True):
        entry.duration = seconds(duration)
    playlist.target_duration = target_duration
    _dump(playlist, path)


def rewrite_iframe_playlist(path: Path, track: Track) -> None:
    """As `rewrite_media_playlist`: each entry lasts from its key picture to the next one that is listed."""
    playlist = m3u8.loads(path.read_text(encoding="utf-8"))
    durations = iframe_durations(track)
    for entry, duration in zip(playlist.segments, durations, strict=True):
        entry.duration = seconds(duration)
    playlist.target_duration = max(1, *(floor(d + Fraction(1, 2)) for d in durations))
    _dump(playlist, path)


def rewrite_master(
    path: Path,
    videos: Mapping[str, Track],
    audios: Mapping[str, Track],
    rates: Mapping[str, Fraction],
    default: str | None,
) -> None:
    """Measured bandwidths, exact frame rates and a first variant that starts fast.

    Args:
        videos, audios: the measured tracks by the URI of their media playlist.
        rates: the frame rate of each video, by the same URI.
        default: URI of the audio rendition that plays unless another is chosen; its group's twin of the same
            language is the default there.
    """
    playlist = m3u8.loads(path.read_text(encoding="utf-8"))
    by_group: dict[str, list[Track]] = {}
    language = next((m.language for m in playlist.media if m.uri == default), None)
    for group in {m.group_id for m in playlist.media}:
        members = [m for m in playlist.media if m.group_id == group]
        chosen = next((m for m in members if m.uri == default), None) or next(
            (m for m in members if m.language == language), members[0]
        )
        for media in members:
            by_group.setdefault(group, []).append(audios[media.uri])
            media.default = "YES" if media is chosen else "NO"
            media.autoselect = "YES"
            media.language = media.language or UNDETERMINED
            media.channels = str(audios[media.uri].channels)
    for variant in playlist.playlists:
        track, info = videos[variant.uri], variant.stream_info
        sounds = by_group.get(info.audio or "", [])
        info.bandwidth = track.peak_bandwidth + max((a.peak_bandwidth for a in sounds), default=0)
        info.average_bandwidth = track.average_bandwidth + max(
            (a.average_bandwidth for a in sounds), default=0
        )
        info.codecs = ",".join(dict.fromkeys((track.codec, *(a.codec for a in sounds))))
        info.resolution = (track.width, track.height)
        info.frame_rate = round(float(rates[variant.uri]), 3)
    for images in playlist.iframe_playlists:
        track, info = videos[images.uri.replace(IFRAME_PLAYLIST, MEDIA_PLAYLIST)], images.iframe_stream_info
        info.codecs, info.resolution = track.codec, (track.width, track.height)
        info.bandwidth, info.average_bandwidth = iframe_bandwidths(track)
    playlist.playlists[:] = ordered(playlist.playlists)
    playlist.is_independent_segments = True
    playlist.version = "6"
    _dump(playlist, path)


def rewrite_mpd(path: Path, tracks: Mapping[str, Track], rate: Fraction) -> None:
    """Times as presented (ISO/IEC 23009-1, 5.3.1.2 and 5.3.9.6): the packager adds up decoding times.

    Args:
        tracks: the measured tracks by the URI of their initialization segment.
        rate: pictures per second of all rungs; the packager knows only the first picture's.

    Raises:
        ValueError: a representation of the manifest is not among the tracks.
    """
    ET.register_namespace("", _MPD)
    ET.register_namespace("xsi", _XSI)
    tree = ET.parse(path)  # noqa: S314 - the packager's own output
    root = tree.getroot()
    end = max(t.last_presentation for t in tracks.values())
    root.set("mediaPresentationDuration", f"PT{seconds(end):.6f}S")
    for node in root.iter():
        if "frameRate" in node.attrib:
            node.set("frameRate", f"{rate.numerator}/{rate.denominator}")
    for template in root.iter(f"{{{_MPD}}}SegmentTemplate"):
        track = tracks.get(template.get("initialization", ""))
        timeline = template.find(f"{{{_MPD}}}SegmentTimeline")
        if track is None or timeline is None:
            raise ValueError(f"{path.name} has a representation that was not measured")
        scale = int(template.get("timescale", "1"))
        edges = [round(s.presentation_start * scale) for s in track.segments]
        edges.append(round(track.last_presentation * scale))
        timeline[:] = [
            ET.Element(f"{{{_MPD}}}S", {"t": str(start), "d": str(until - start)})
            for start, until in pairwise(edges)
        ]
    ET.indent(tree)
    tree.write(path, encoding="utf-8", xml_declaration=True)


def ordered(variants: list[m3u8.Playlist]) -> list[m3u8.Playlist]:
    """From small to large, but the stereo one nearest below 2 Mbit/s first: players begin with the first."""
    rising = sorted(variants, key=lambda v: (v.stream_info.bandwidth, v.stream_info.audio or ""))
    plain = [v for v in rising if v.stream_info.audio != GROUP_SURROUND]
    below = [v for v in plain if v.stream_info.average_bandwidth <= FIRST_VARIANT]
    first = below[-1] if below else (plain or rising)[0]
    return [first, *(v for v in rising if v is not first)]


def iframe_bandwidths(track: Track) -> tuple[int, int]:
    """Peak and average bit rate of the I-frame playlist: each entry's bytes over its duration."""
    points = [p for s in track.segments for p in s.access_points]
    sizes = [8 * (p.end - p.moof_start) for p in points]
    durations = iframe_durations(track)
    peak = max(
        (size / length for size, length in zip(sizes, durations, strict=True) if length), default=Fraction(0)
    )
    return ceil(peak), ceil(sum(sizes) / sum(durations))


def iframe_durations(track: Track) -> tuple[Fraction, ...]:
    """Seconds from each key picture that can be fetched by itself to the next one, the last one to the end."""
    times = [p.time for s in track.segments for p in s.access_points]
    return tuple(b - a for a, b in pairwise((*times, track.last_presentation)))


def seconds(value: Fraction) -> float:
    """To a microsecond: a thousand segments add up to less than a millisecond of error."""
    return round(float(value), 6)


def _dump(playlist: m3u8.M3U8, path: Path) -> None:
    text = playlist.dumps()
    path.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")
