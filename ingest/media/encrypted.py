"""Sources that are encrypted, and how: what a program would show of them is noise, and no damage of the file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ingest.media.document import of_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.media.document import Document
    from ingest.media.source import Source

_TO_ENTRIES = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
_MOST_BOXES, _MOST_ENTRIES, _ENTRY = 1024, 16, 4096  # of one box, of a track; bytes looked at of an entry
_ENCRYPTED = {
    b"encv": "its picture",
    b"enca": "its sound",
    b"drmi": "its picture",
    b"drms": "its sound",
}
"""Sample entries (ISO/IEC 14496-12 8.12.1); the last two are of films and music of the iTunes store."""
_SAMPLE_AES = frozenset(
    {0xDB, 0xCF, 0xC1, 0xC2}
)  # stream types of Apple's MPEG-2 Stream Encryption Format for HLS
_SECTOR, _SECTORS = 2048, 8192
_CSS = 0x30  # PES_scrambling_control (ISO/IEC 13818-1 2.4.3.7)


def encryption_of(source: Source, document: Document) -> str | None:
    """What is encrypted and how, in words; None where nothing is."""
    forms = set(str(document.get("format", {}).get("format_name")).split(","))
    if "mp4" in forms:
        return _of_entries(source)
    if "matroska" in forms:
        return _of_tags(document)
    if "mpegts" in forms:
        return _of_stream_types(document)
    return _of_sectors(source) if "mpeg" in forms else None


def scrambled(source: Source, stream: Document) -> int:
    """How many packets of a stream of a transport stream are scrambled (2.4.3.3), as far as they were counted."""
    try:
        return dict(source.scrambled).get(int(str(stream.get("id")), 16), 0)
    except ValueError:
        return 0


def _of_entries(source: Source) -> str | None:
    found: dict[str, str] = {}
    for start, end in _boxes_on_path(source, _TO_ENTRIES):
        entries = _boxes(source, start + 8, end)
        for (kind, at, stop), _ in zip(entries, range(_MOST_ENTRIES), strict=False):
            if kind in _ENCRYPTED:
                data = os.pread(source.descriptor, min(_ENTRY, stop - at), at)
                scheme = data[place + 8 : place + 12] if (place := data.find(b"schm")) >= 0 else b""
                found.setdefault(_ENCRYPTED[kind], scheme.decode("ascii", "replace") or "DRM")
    words = " and ".join(sorted(found))
    return f"{words} ({', '.join(sorted(set(found.values())))})" if found else None


def _of_tags(document: Document) -> str | None:
    kinds = {"video": "its picture", "audio": "its sound"}
    found = [
        what
        for kind, what in kinds.items()
        if any("enc_key_id" in s.get("tags", {}) for s in of_kind(document, kind))
    ]
    return " and ".join(found) or None


def _of_stream_types(document: Document) -> str | None:
    types = {str(s.get("codec_tag_string")) for kind in ("video", "audio") for s in of_kind(document, kind)}
    return "its streams (SAMPLE-AES)" if types & {f"[{n}][0][0][0]" for n in _SAMPLE_AES} else None


def _of_sectors(source: Source) -> str | None:
    """A DVD's file with the disc's encryption (CSS), of which the first sectors may be free."""
    for at in range(0, min(source.size, _SECTOR * _SECTORS), _SECTOR):
        head = os.pread(source.descriptor, 21, at)
        if head[:4] != b"\0\0\1\xba" or head[14:17] != b"\0\0\1":
            return None
        if 0xC0 <= head[17] <= 0xEF and len(head) == 21 and head[20] & 0xC0 == 0x80 and head[20] & _CSS:
            return "its sectors (CSS)"
    return None


def _boxes_on_path(source: Source, path: tuple[bytes, ...]) -> Iterator[tuple[int, int]]:
    """Begin and end of the content of every box on the path."""
    places = [(0, source.size)]
    for name in path:
        places = [
            (at, stop)
            for start, end in places
            for kind, at, stop in _boxes(source, start, end)
            if kind == name
        ]
    yield from places


def _boxes(source: Source, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, begin and end of the content of each box between the two places (ISO/IEC 14496-12 4.2)."""
    for _ in range(_MOST_BOXES):
        head = os.pread(source.descriptor, 16, start)
        if len(head) < 8 or start + 8 > end:
            return
        size, begin = int.from_bytes(head[:4], "big"), start + 8
        if size == 1:
            size, begin = int.from_bytes(head[8:16], "big"), start + 16
        stop = end if size == 0 else start + size
        if stop < begin or stop > end:
            return
        yield head[4:8], begin, stop
        start = stop
