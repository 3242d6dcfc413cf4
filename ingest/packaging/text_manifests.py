"""Text renditions in the master playlist and in the DASH manifest."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING

import m3u8

from ingest.packaging.packager import GROUP_KLV, GROUP_TEXT
from ingest.packaging.playlist_text import write_playlist

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_MPD = "urn:mpeg:dash:schema:mpd:2011"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_ROLES = "urn:mpeg:dash:role:2011"
# Apple's authoring specification, 5.8 and 5.9: subtitles for the deaf and hard of hearing.
SDH = "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound"


@dataclass(frozen=True, slots=True)
class TextEntry:
    """One text rendition as manifests tell of it; `playlist` and `whole` are URIs, bandwidths in bit/s."""

    playlist: str
    whole: str
    language: str
    label: str
    forced: bool
    hearing_impaired: bool
    default: bool
    selectable: bool
    peak_bandwidth: int
    average_bandwidth: int


@dataclass(frozen=True, slots=True)
class KlvEntry:
    """The rendition of KLV cues, as `TextEntry`."""

    playlist: str
    peak_bandwidth: int
    average_bandwidth: int


KLV_NAME = "KLV"
NO_LANGUAGE = "zxx"
"""BCP 47 (ISO 639-2): no linguistic content."""


def add_subtitles(path: Path, texts: Sequence[TextEntry], klv: KlvEntry | None = None) -> None:
    """One group of EXT-X-MEDIA TYPE=SUBTITLES for all variants of the master playlist `path`.

    With KLV the group is called `klv` and the KLV rendition stands first, ordinary ones after it: a variant names one
    group, and several groups of a TYPE must have the same members (RFC 8216bis 4.4.6.1.1, 4.4.6.2). No player chooses
    the KLV by itself: Esri's client takes the first text track and shows it whatever DEFAULT says.
    """
    if not texts and klv is None:
        return
    playlist = m3u8.loads(path.read_text(encoding="utf-8"))
    group = GROUP_TEXT if klv is None else GROUP_KLV
    first = [] if klv is None else [_klv_media(klv)]
    media = first + [
        m3u8.Media(
            type="SUBTITLES",
            group_id=group,
            name=text.label,
            language=text.language,
            default="YES" if text.default else "NO",
            autoselect="YES" if text.selectable else "NO",
            forced="YES" if text.forced else "NO",
            characteristics=SDH if text.hearing_impaired else None,
            uri=text.playlist,
        )
        for text in texts
    ]
    playlist.media += media
    for variant in playlist.playlists:
        info = variant.stream_info
        variant.media += media[:1]  # where the library takes the group's name from
        costs = (*texts, *(() if klv is None else (klv,)))
        info.bandwidth += max(t.peak_bandwidth for t in costs)
        info.average_bandwidth += max(t.average_bandwidth for t in costs)
    write_playlist(playlist, path)


def _klv_media(klv: KlvEntry) -> m3u8.Media:
    return m3u8.Media(
        type="SUBTITLES",
        group_id=GROUP_KLV,
        name=KLV_NAME,
        language=NO_LANGUAGE,
        default="NO",
        autoselect="NO",
        forced="NO",
        uri=klv.playlist,
    )


def add_text_sets(path: Path, texts: Sequence[TextEntry]) -> None:
    """One AdaptationSet for each text, as a whole WebVTT file beside the media (DASH-IF IOP 4.3, 6.4.5).

    Its roles are those of ISO/IEC 23009-1, 5.8.5.5.
    """
    if not texts:
        return
    ET.register_namespace("", _MPD)
    ET.register_namespace("xsi", _XSI)
    tree = ET.parse(path)  # noqa: S314 - our own output
    for period in tree.getroot().iter(f"{{{_MPD}}}Period"):
        for number, text in enumerate(texts):
            period.append(_text_set(text, f"text{number}"))
    ET.indent(tree)
    tree.write(path, encoding="utf-8", xml_declaration=True)


def _text_set(text: TextEntry, name: str) -> ET.Element:
    attributes = {"id": name, "contentType": "text", "mimeType": "text/vtt", "lang": text.language}
    found = ET.Element(f"{{{_MPD}}}AdaptationSet", attributes)
    ET.SubElement(found, f"{{{_MPD}}}Label").text = text.label
    kind = "forced-subtitle" if text.forced else "caption" if text.hearing_impaired else "subtitle"
    for role in (kind, *(["main"] if text.default else [])):
        ET.SubElement(found, f"{{{_MPD}}}Role", {"schemeIdUri": _ROLES, "value": role})
    representation = ET.SubElement(
        found, f"{{{_MPD}}}Representation", {"id": f"{name}-vtt", "bandwidth": str(text.average_bandwidth)}
    )
    ET.SubElement(representation, f"{{{_MPD}}}BaseURL").text = text.whole
    return found
