"""Media types of files by their names: those that we make first, then what Python knows."""

from __future__ import annotations

import mimetypes
import re
from pathlib import PurePosixPath
from typing import Final

OCTETS: Final = "application/octet-stream"
_TYPES: Final = {
    ".aac": "audio/aac",
    ".csv": "text/csv",
    ".geojson": "application/geo+json",
    ".gpx": "application/gpx+xml",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".kml": "application/vnd.google-earth.kml+xml",
    ".m3u8": "application/vnd.apple.mpegurl",  # RFC 8216, section 4
    ".m4s": "video/iso.segment",
    ".mkv": "video/matroska",  # RFC 9559
    ".mov": "video/quicktime",
    ".mp4": "video/mp4",
    ".mpd": "application/dash+xml",  # ISO/IEC 23009-1, annex C
    ".mxf": "application/mxf",
    ".ndjson": "application/x-ndjson",
    ".png": "image/png",
    ".ts": "video/mp2t",
    ".ttml": "application/ttml+xml",
    ".vtt": "text/vtt",
    ".webm": "video/webm",
    ".webp": "image/webp",
    ".zip": "application/zip",
}
# RFC 6838, section 4.2, with parameters that are tokens or quoted plain text.
_MIME = re.compile(
    r'[\w!#$&^.+-]{1,127}/[\w!#$&^.+-]{1,127}( *; *[\w.-]{1,64}=([\w.+-]{1,64}|"[\w .,+-]{0,64}")){0,4}',
    re.ASCII,
)


def mime_of(name: str) -> str:
    """The media type of a file of this name; `application/octet-stream` where nobody knows."""
    return _TYPES.get(PurePosixPath(name).suffix.lower()) or mimetypes.guess_type(name)[0] or OCTETS


def checked_mime(text: str | None, name: str) -> str:
    """A client's own word for it where it has the form of one; else by the name."""
    if text and _MIME.fullmatch(text.strip()):
        return text.strip()
    return mime_of(name)
