"""Sources that are encrypted, and how: what a program would show of them is noise, and no damage of the file."""

from __future__ import annotations

import os
from itertools import chain, islice
from typing import TYPE_CHECKING

from ingest.media.document import number_of, of_kind
from ingest.packaging.boxes import Box, BoxError, read_header

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.media.document import Document
    from ingest.media.source import Source

_TO_ENTRIES = ("moov", "trak", "mdia", "minf", "stbl", "stsd")
_COUNTED = 8  # bytes in front of the entries: version, flags, how many there are
_MOST_BOXES, _MOST_ENTRIES, _ENTRY = 1024, 16, 4096  # of one box, of a track; bytes looked at of an entry
_MOST_FRAGMENTS = 100_000
_TO_TABLES = _TO_ENTRIES[:-1]
# What says of samples how they are encrypted, by how the box goes on (ISO/IEC 23001-7, 6 and 7; PIFF 1.1, 5.3.2).
_OF_SAMPLES = {
    "senc": b"",
    "saiz": b"",
    "uuid": bytes.fromhex("a2394f525a9b4f14a2446c427c648df4"),
    "sgpd": b"seig",
    "sbgp": b"seig",
}
# Sample entries (ISO/IEC 14496-12 8.12.1); the last two are of films and music of the iTunes store.
_ENCRYPTED = {"encv": "its picture", "enca": "its sound", "drmi": "its picture", "drms": "its sound"}
# Stream types of Apple's MPEG-2 Stream Encryption Format for HLS.
_SAMPLE_AES = frozenset({0xDB, 0xCF, 0xC1, 0xC2})
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
    number = number_of(stream)
    return dict(source.scrambled).get(number, 0) if number is not None else 0


def _of_entries(source: Source) -> str | None:
    found: dict[str, str] = {}
    free = True
    for listed in _boxes_on_path(source, _TO_ENTRIES):
        entries = _boxes(source, listed.body + _COUNTED, listed.end)
        for entry in islice(entries, _MOST_ENTRIES):
            if what := _ENCRYPTED.get(entry.kind):
                data = os.pread(source.descriptor, min(_ENTRY, entry.end - entry.body), entry.body)
                scheme = data[place + 8 : place + 12] if (place := data.find(b"schm")) >= 0 else b""
                found.setdefault(what, scheme.decode("ascii", "replace") or "DRM")
                free = free and _may_be_free(data)
    if found and free and not _of_samples(source):
        return None
    words = " and ".join(sorted(found))
    return f"{words} ({', '.join(sorted(set(found.values())))})" if found else None


def _may_be_free(entry: bytes) -> bool:
    """Whether an encrypted entry leaves it to each sample whether it is (`tenc`, ISO/IEC 23001-7 8.2), or says no.

    Packagers give an entry of this kind to the free beginning of a film as well.
    """
    place = entry.find(b"tenc")
    if place < 0 or len(entry) < place + 12:
        return False
    protected, vector = entry[place + 10], entry[place + 11]
    return not protected or vector > 0


def _of_samples(source: Source) -> bool:
    """Whether there is anything that samples could be decrypted with: without it a player takes them as they are."""
    tracks = (*_boxes_on_path(source, _TO_TABLES[:2]), *_boxes_on_path(source, _TO_TABLES))
    fragments = (box for box in _boxes(source, 0, source.size, _MOST_FRAGMENTS) if box.kind == "moof")
    runs = (
        box
        for fragment in fragments
        for box in _boxes(source, fragment.body, fragment.end)
        if box.kind == "traf"
    )
    return any(
        (mark := _OF_SAMPLES.get(box.kind)) is not None and mark in os.pread(source.descriptor, 16, box.body)
        for outer in chain(tracks, runs)
        for box in _boxes(source, outer.body, outer.end)
    )


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


def _boxes_on_path(source: Source, path: tuple[str, ...]) -> list[Box]:
    """Every box on the path."""
    found = [Box("", 0, 0, source.size)]
    for kind in path:
        found = [box for outer in found for box in _boxes(source, outer.body, outer.end) if box.kind == kind]
    return found


def _boxes(source: Source, start: int, end: int, most: int = _MOST_BOXES) -> Iterator[Box]:
    """The boxes between the two places, up to what is none."""
    for _ in range(most):
        try:
            box = read_header(os.pread(source.descriptor, 16, start), start, end)
        except BoxError:
            return
        yield box
        start = box.end
