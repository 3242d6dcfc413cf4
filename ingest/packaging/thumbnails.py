"""The sprite sheets as players of HLS and of DASH know them: an image playlist, and an image AdaptationSet.

HLS: `EXT-X-IMAGE-STREAM-INF`, `EXT-X-IMAGES-ONLY` and `EXT-X-TILES` of the Image Media Playlist specification 0.4
(Roku, Shaka Player). DASH: tiled thumbnails of DASH-IF Interoperability Points 4.3, 6.2.6.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import m3u8.model

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path

PLAYLIST = "images.m3u8"
CODEC = "jpeg"
TILE_SCHEME = "http://dashif.org/guidelines/thumbnail_tile"
_MPD = "urn:mpeg:dash:schema:mpd:2011"


@dataclass(frozen=True, slots=True)
class TiledSheets:
    """Sheets of equal tiles, one every `interval` seconds from 0 on, row by row; sizes in pixels and bytes."""

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    columns: int
    rows: int
    tile_width: int
    tile_height: int
    interval: Fraction
    duration: Fraction

    @property
    def per_sheet(self) -> Fraction:
        """Seconds that a whole sheet covers."""
        return self.columns * self.rows * self.interval

    def length(self, index: int) -> Fraction:
        """Seconds that sheet `index` covers before the film ends."""
        return min(self.per_sheet, self.duration - index * self.per_sheet)

    @property
    def bandwidth(self) -> int:
        """Bits a second of the dearest sheet, rounded up."""
        return ceil(max(size * 8 / self.length(i) for i, size in enumerate(self.sizes)))


def image_playlist(sheets: TiledSheets) -> str:
    """The media playlist of the sheets, which lie beside it."""
    tiles = (
        f"#EXT-X-TILES:RESOLUTION={sheets.tile_width}x{sheets.tile_height},"
        f"LAYOUT={sheets.columns}x{sheets.rows},DURATION={float(sheets.interval):.6f}"
    )
    target = max(1, *(ceil(sheets.length(i)) for i in range(len(sheets.names))))
    lines = [
        *("#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{target}", "#EXT-X-MEDIA-SEQUENCE:1"),
        *("#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-IMAGES-ONLY"),
    ]
    for index, name in enumerate(sheets.names):
        lines += [f"#EXTINF:{float(sheets.length(index)):.6f},", tiles, name]
    return "\n".join((*lines, "#EXT-X-ENDLIST", ""))


def image_stream(sheets: TiledSheets, uri: str) -> m3u8.model.ImagePlaylist:
    """The entry of the master playlist."""
    return m3u8.model.ImagePlaylist(
        None,
        uri,
        {
            "bandwidth": sheets.bandwidth,
            "resolution": f"{sheets.tile_width}x{sheets.tile_height}",
            "codecs": CODEC,
        },
    )


def add_image_set(path: Path, sheets: TiledSheets, folder: str) -> None:
    """Add the sheets, which lie in `folder` beside the manifest at `path`, as an AdaptationSet of its own.

    The tile at a time is found from the length of a whole sheet, so that is what each lasts. Their number is told: the
    sound's last frame may be a little longer than the picture, and would ask for one more.
    """
    ET.register_namespace("", _MPD)
    ET.register_namespace("xsi", "http://www.w3.org/2001/XMLSchema-instance")
    tree = ET.parse(path)  # noqa: S314 - the packager's own output
    period = next(tree.getroot().iter(f"{{{_MPD}}}Period"))
    added = ET.SubElement(
        period, f"{{{_MPD}}}AdaptationSet", {"id": "images", "contentType": "image", "mimeType": "image/jpeg"}
    )
    added.set(
        "id", str(1 + max((int(a.get("id", "0")) for a in period if a.get("id", "").isdigit()), default=0))
    )
    scale = sheets.per_sheet.denominator
    ET.SubElement(
        added,
        f"{{{_MPD}}}SegmentTemplate",
        {
            "media": f"{folder}/sheet-$Number%03d$.jpg"
            if len(sheets.names) > 1
            else f"{folder}/{sheets.names[0]}",
            "timescale": str(scale),
            "duration": str(int(sheets.per_sheet * scale)),
            "startNumber": "1",
            "endNumber": str(len(sheets.names)),
        },
    )
    representation = ET.SubElement(
        added,
        f"{{{_MPD}}}Representation",
        {
            "id": "thumbnails",
            "bandwidth": str(sheets.bandwidth),
            "width": str(sheets.columns * sheets.tile_width),
            "height": str(sheets.rows * sheets.tile_height),
        },
    )
    ET.SubElement(
        representation,
        f"{{{_MPD}}}EssentialProperty",
        {"schemeIdUri": TILE_SCHEME, "value": f"{sheets.columns}x{sheets.rows}"},
    )
    ET.indent(tree)
    tree.write(path, encoding="utf-8", xml_declaration=True)
