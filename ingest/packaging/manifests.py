"""What the packager cannot say: exact durations, measured bandwidths, the order and names of renditions.

Edits with the m3u8 library; every figure comes from a measured `Track`, none from a target.
"""

from __future__ import annotations

import copy
import xml.etree.ElementTree as ET
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from typing import TYPE_CHECKING

import m3u8.model

from ingest.packaging.measure import peak_rate
from ingest.packaging.packager import GROUP_SURROUND, IFRAME_PLAYLIST, MEDIA_PLAYLIST, UNDETERMINED
from ingest.packaging.playlist_text import write_playlist
from ingest.packaging.thumbnails import image_stream

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from ingest.packaging.measure import Track
    from ingest.packaging.thumbnails import TiledSheets

_MPD = "urn:mpeg:dash:schema:mpd:2011"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
FIRST_VARIANT = 2_000_000  # bit/s; Apple's authoring specification, 1.32


def rewrite_media_playlist(path: Path, track: Track, target_duration: int) -> None:
    """Exact EXTINF (RFC 8216bis 4.4.4.1); `target_duration` is the same for sound and picture (Apple 8.2)."""
    playlist = m3u8.loads(path.read_text(encoding="utf-8"))
    for entry, duration in zip(playlist.segments, track.presented_durations, strict=True):
        entry.duration = seconds(duration)
    playlist.target_duration = target_duration
    write_playlist(playlist, path)


def rewrite_iframe_playlist(path: Path, track: Track, end: Fraction | None = None) -> None:
    """As `rewrite_media_playlist`: each entry lasts from its key picture to the next one that is listed.

    The last one lasts to `end` (seconds), by default that of the track.
    """
    playlist = m3u8.loads(path.read_text(encoding="utf-8"))
    durations = iframe_durations(track, end)
    for entry, duration in zip(playlist.segments, durations, strict=True):
        entry.duration = seconds(duration)
    playlist.target_duration = iframe_target(durations)
    write_playlist(playlist, path)


def rewrite_master(
    path: Path,
    videos: Mapping[str, Track],
    audios: Mapping[str, Track],
    rates: Mapping[str, Fraction],
    default: str | None,
    autoselect: Collection[str],
) -> None:
    """Measured bandwidths, exact frame rates and a first variant that starts fast.

    Args:
        videos, audios: the measured tracks by the URI of their media playlist.
        rates: the frame rate of each video, by the same URI.
        default: URI of the audio rendition that plays unless another is chosen.
        autoselect: URIs of those that a player may choose by itself.
    """
    playlist = m3u8.loads(path.read_text(encoding="utf-8"))
    playlist.media[:] = audio_groups(playlist.media, audios, default, autoselect)
    by_group: dict[str, list[Track]] = {}
    for media in playlist.media:
        by_group.setdefault(media.group_id, []).append(audios[media.uri])
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
    write_playlist(playlist, path)


def add_trick_play(path: Path, track: Track, end: Fraction, uri: str) -> None:
    """Name the trick play rendition's I-frame playlist in the master playlist, before those of the rungs."""
    playlist = m3u8.loads(path.read_text(encoding="utf-8"))
    peak, average = iframe_bandwidths(track, end)
    stream = m3u8.model.IFramePlaylist(
        None,
        uri,
        {
            "bandwidth": peak,
            "average_bandwidth": average,
            "resolution": f"{track.width}x{track.height}",
            "codecs": track.codec,
            "video_range": "SDR",
        },
    )
    playlist.iframe_playlists.insert(0, stream)
    write_playlist(playlist, path)


def add_image_stream(path: Path, sheets: TiledSheets, uri: str) -> None:
    """Name the sprite sheets' playlist in the master playlist."""
    playlist = m3u8.loads(path.read_text(encoding="utf-8"))
    playlist.image_playlists.append(image_stream(sheets, uri))
    write_playlist(playlist, path)


def audio_groups(
    media: list[m3u8.Media], audios: Mapping[str, Track], default: str | None, autoselect: Collection[str]
) -> list[m3u8.Media]:
    """The same members, by NAME, in every group (RFC 8216bis 4.4.6.1.1); only URI and CHANNELS differ.

    A track that has no surround rendition stands in the surround group with its stereo one: a viewer who has
    surround sound can still choose that language.
    """
    names = list(dict.fromkeys(m.name for m in media))
    chosen = next((m.name for m in media if m.uri == default), names[0] if names else None)
    members: list[m3u8.Media] = []
    for group in sorted({m.group_id for m in media}):
        for name in names:
            own = next((m for m in media if (m.group_id, m.name) == (group, name)), None)
            member = copy.copy(own or next(m for m in media if m.name == name))
            member.group_id = group
            member.default = "YES" if name == chosen else "NO"
            member.autoselect = "YES" if name == chosen or member.uri in autoselect else "NO"
            member.language = member.language or UNDETERMINED
            member.channels = str(audios[member.uri].channels)
            members.append(member)
    return members


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
    for representation in root.iter(f"{{{_MPD}}}Representation"):
        template = representation.find(f"{{{_MPD}}}SegmentTemplate")
        track = tracks.get(template.get("initialization", "")) if template is not None else None
        timeline = template.find(f"{{{_MPD}}}SegmentTimeline") if template is not None else None
        if template is None or track is None or timeline is None:
            raise ValueError(f"{path.name} has a representation that was not measured")
        representation.set("bandwidth", str(track.peak_bandwidth))
        scale = int(template.get("timescale", "1"))
        edges = [round(s.presentation_start * scale) for s in track.segments]
        edges.append(round(track.last_presentation * scale))
        timeline[:] = [
            ET.Element(f"{{{_MPD}}}S", {"t": str(start), "d": str(until - start)})
            for start, until in pairwise(edges)
        ]
    for period in root.iter(f"{{{_MPD}}}Period"):
        for found in list(period):
            _split_by_channels(period, found)
    ET.indent(tree)
    tree.write(path, encoding="utf-8", xml_declaration=True)


def _split_by_channels(period: ET.Element, found: ET.Element) -> None:
    """One AdaptationSet for each number of channels: players switch inside a set without asking."""
    path = f"{{{_MPD}}}AudioChannelConfiguration"
    parts: dict[str, list[ET.Element]] = {}
    for representation in found.findall(f"{{{_MPD}}}Representation"):
        configuration = representation.find(path)
        channels = configuration.get("value", "") if configuration is not None else ""
        parts.setdefault(channels, []).append(representation)
    for number, representations in enumerate(list(parts.values())[1:], 1):
        twin = ET.Element(found.tag, {**found.attrib, "id": f"{found.get('id', '')}{number:02d}"})
        twin.extend(e for e in found if e.tag != representations[0].tag)
        twin.extend(representations)
        for representation in representations:
            found.remove(representation)
        period.insert(list(period).index(found) + number, twin)


def ordered(variants: list[m3u8.Playlist]) -> list[m3u8.Playlist]:
    """Codec by codec, each from small to large, but one variant first of all: players begin with it.

    It is the stereo one nearest below 2 Mbit/s of the codec that most players know.
    """
    rising = sorted(variants, key=lambda v: (_family(v), v.stream_info.bandwidth, v.stream_info.audio or ""))
    own = [v for v in rising if _family(v) == _family(rising[0])]
    plain = [v for v in own if v.stream_info.audio != GROUP_SURROUND]
    below = [v for v in plain if v.stream_info.average_bandwidth <= FIRST_VARIANT]
    first = below[-1] if below else (plain or rising)[0]
    return [first, *(v for v in rising if v is not first)]


def _family(variant: m3u8.Playlist) -> int:
    """Where the picture's codec stands in the order in which players learned them."""
    known = ("avc", "hvc", "dvh", "av01")
    return next(
        (i for i, k in enumerate(known) if (variant.stream_info.codecs or "").startswith(k)), len(known)
    )


def iframe_bandwidths(track: Track, end: Fraction | None = None) -> tuple[int, int]:
    """Peak and average bit rate of the I-frame playlist, as RFC 8216bis 4.1 counts those of segments."""
    sizes = [p.end - p.moof_start for s in track.segments for p in s.access_points]
    durations = iframe_durations(track, end)
    average = ceil(Fraction(8 * sum(sizes)) / sum(durations))
    runs = list(zip(sizes, durations, strict=True))
    return peak_rate(runs, iframe_target(durations)) or average, average


def iframe_target(durations: Sequence[Fraction]) -> int:
    return max(1, *(floor(d + Fraction(1, 2)) for d in durations))


def iframe_durations(track: Track, end: Fraction | None = None) -> tuple[Fraction, ...]:
    """Seconds from each key picture that can be fetched by itself to the next one, the last one to the end."""
    times = [p.time for s in track.segments for p in s.access_points]
    return tuple(b - a for a, b in pairwise((*times, track.last_presentation if end is None else end)))


def seconds(value: Fraction) -> float:
    """To a microsecond: a thousand segments add up to less than a millisecond of error."""
    return round(float(value), 6)
