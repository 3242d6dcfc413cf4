"""Streams that are neither picture, sound, text nor telemetry: what cameras and broadcasters put beside them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.job.errors import one_line
from ingest.media.document import klv_streams
from ingest.media.facts import LeftOut

if TYPE_CHECKING:
    from ingest.media.document import Document

GOPRO = "gpmd"
"""The tag of GoPro's telemetry (GPMF) in MP4."""
DRONE_TEXT = "DJI text"
"""The tag that we give a text track in which DJI's drones have their telemetry."""
_KNOWN_KINDS = frozenset({"video", "audio", "subtitle"})
_MEANING = {
    "tmcd": "a timecode",
    "fdsc": "GoPro's frame data",
    "text": "the titles of its chapters",
    "rtmd": "Sony's camera data",
    "camm": "camera motion",
    "mebx": "Apple's timed metadata",
    "scte_35": "splice points (SCTE 35)",
    "timed_id3": "ID3 tags",
    "epg": "a programme guide",
    "bin_data": "private data",
    "dvd_nav_packet": "DVD navigation",
    "ttf": "a font",
    "otf": "a font",
}


def other_streams(document: Document) -> tuple[LeftOut, ...]:
    """Each of them, named by its tag where its codec has no name."""
    telemetry = {k.index for k in klv_streams(document)}
    return tuple(
        _left_out(s)
        for s in document.get("streams", ())
        if isinstance(s, dict)
        and "index" in s
        and s.get("codec_type") not in _KNOWN_KINDS
        and int(s["index"]) not in telemetry
        and s.get("codec_tag_string") not in {GOPRO, DRONE_TEXT}
    )


def _left_out(stream: Document) -> LeftOut:
    codec = str(stream.get("codec_name", "unknown"))
    tag = str(stream.get("codec_tag_string", ""))
    name = tag if codec in {"unknown", "none", "bin_data"} and tag and not tag.startswith("[") else codec
    meaning = _MEANING.get(name, "data that a player does not show")
    return LeftOut(int(stream["index"]), str(stream.get("codec_type", "data")), one_line(name)[:32], meaning)
