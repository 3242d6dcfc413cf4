"""A finished package's own playlists with absolute addresses, and only the renditions that were asked for.

Pure.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any, Final

import m3u8

from ingest.packaging.playlist_text import playlist_text

if TYPE_CHECKING:
    from collections.abc import Collection

_MPD: Final = "urn:mpeg:dash:schema:mpd:2011"
_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_BEFORE_BASE: Final = "ProgramInformation"  # what stands before BaseURL (ISO/IEC 23009-1, 5.3.1.2)


def hls(text: str, address: str, renditions: Collection[str] | None) -> str:
    """The master playlist.

    Args:
        text: as the package has it.
        address: where the package is found; ends with a slash.
        renditions: the names of those that are wanted; None: all.
    """
    playlist = m3u8.loads(text)
    for entries in (playlist.playlists, playlist.iframe_playlists):
        entries[:] = [e for e in entries if _wanted(e.uri, renditions)]
    named: list[Any] = [
        *playlist.playlists,
        *playlist.iframe_playlists,
        *playlist.image_playlists,
        *playlist.media,
        *playlist.session_data,
    ]
    for entry in named:
        if entry.uri:
            entry.uri = address + entry.uri
    return playlist_text(playlist)


def dash(text: str, address: str, renditions: Collection[str] | None) -> str:
    """The manifest; arguments as of `hls`."""
    ET.register_namespace("", _MPD)
    ET.register_namespace("xsi", _XSI)
    root = ET.fromstring(text)  # noqa: S314 - a package's own
    for period in root.findall(f"{{{_MPD}}}Period"):
        for group in period.findall(f"{{{_MPD}}}AdaptationSet"):
            pictures = group.get("contentType") == "video"
            for each in group.findall(f"{{{_MPD}}}Representation") if pictures else ():
                if not _wanted(_first_address(each), renditions):
                    group.remove(each)
            if group.find(f"{{{_MPD}}}Representation") is None:
                period.remove(group)
    place = sum(1 for each in root if each.tag == f"{{{_MPD}}}{_BEFORE_BASE}")
    base = ET.Element(f"{{{_MPD}}}BaseURL")
    base.text = address
    root.insert(place, base)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _first_address(representation: ET.Element) -> str:
    """Of what a player reads first, which is beside its segments."""
    templates = representation.iter(f"{{{_MPD}}}SegmentTemplate")
    return next((a for t in templates if (a := t.get("initialization"))), "")


def _wanted(address: str, renditions: Collection[str] | None) -> bool:
    """Whether it is one of the renditions; trick play belongs to all of them."""
    kind, _, rest = address.partition("/")
    return renditions is None or kind != "video" or rest.partition("/")[0] in renditions
