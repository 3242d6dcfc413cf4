"""HLS playlists as plain frozen data, read with the m3u8 library; and the files their URIs name.

A package is read as hostile: playlists are bounded, a URI must stay inside the package folder, and what it
names must be a regular, non-empty file.
"""

from __future__ import annotations

import math
import re
import stat
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import m3u8

from ingest.packaging.findings import OURS, RFC, FaultError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_PLAYLIST_BYTES = 16 << 20
MAX_ENTRIES = 100_000
MAX_LINE = 1 << 16
_MAX_NUMBER = 1 << 53

# What m3u8's parser raises on malformed text: it converts and indexes without checks of its own.
PARSER_ERRORS = (m3u8.ParseError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """`length` bytes from `offset` (EXT-X-BYTERANGE, RFC 8216bis 4.4.4.2)."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One media segment of a playlist; `duration` is EXTINF, exactly as written, in seconds.

    `map` is the EXT-X-MAP that holds for it.
    """

    uri: str
    duration: Fraction
    byterange: ByteRange | None = None
    discontinuity: bool = False
    map: Entry | None = None


@dataclass(frozen=True, slots=True)
class MediaPlaylist:
    """A media playlist (RFC 8216bis 4.4.3); `kind` is EXT-X-PLAYLIST-TYPE, `maps` holds every EXT-X-MAP."""

    path: Path
    lines: tuple[str, ...]
    version: int | None
    target_duration: int | None
    kind: str | None
    ended: bool
    iframes_only: bool
    independent: bool
    maps: tuple[Entry, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """One EXT-X-MEDIA or EXT-X-[I-FRAME-|IMAGE-]STREAM-INF: its URI and its attributes by name."""

    tag: str
    uri: str | None
    attributes: Mapping[str, str]

    def number(self, name: str) -> int | None:
        """A decimal-integer attribute, None where it is absent or not one."""
        text = self.attributes.get(name, "")
        return int(text) if re.fullmatch(r"[0-9]{1,15}", text) else None


@dataclass(frozen=True, slots=True)
class Master:
    """A multivariant playlist (RFC 8216bis 4.4.6)."""

    path: Path
    lines: tuple[str, ...]
    version: int | None
    independent: bool
    variants: tuple[Reference, ...]
    media: tuple[Reference, ...]
    iframes: tuple[Reference, ...]
    images: tuple[Reference, ...] = ()


def place_of(path: Path, root: Path) -> str:
    """The file's name for a person: relative to the package where it lies in it."""
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.name


def resolve(uri: str, base: Path, root: Path, place: str) -> Path:
    """The file that `uri`, written in a playlist of folder `base`, names inside the package `root`.

    Raises `FaultError` when it is a URL, leaves the package (also through a link), or is not a regular file
    with at least one byte.
    """
    rule = f"{OURS} files"
    try:
        parts = urlsplit(uri)
        name = unquote(parts.path, errors="strict")
    except ValueError:
        raise FaultError(rule, place, f"the URI {uri!r} cannot be read", "a relative path") from None
    if parts.scheme or parts.netloc or parts.query or parts.fragment or name.startswith("/"):
        raise FaultError(rule, place, f"the URI {uri!r} is not a relative path", "a path inside the package")
    if not name or "\0" in name or "\\" in name:
        raise FaultError(rule, place, f"the URI {uri!r} names no file", "a path inside the package")
    try:
        path = (base / name).resolve()
        # What is below `root` as it is written has passed no link, and needs no look at the disk for `root`.
        if not path.is_relative_to(root) and not path.is_relative_to(root.resolve()):
            raise FaultError(
                rule, place, f"the URI {uri!r} leads out of the package", "a path inside the package"
            )
        status = path.stat()
    except (OSError, RuntimeError):
        raise FaultError(rule, place, f"{uri!r} is missing", "the file it names") from None
    if not stat.S_ISREG(status.st_mode):
        raise FaultError(rule, place, f"{uri!r} is not a regular file", "a regular file")
    if status.st_size == 0:
        raise FaultError(rule, place, f"{uri!r} is empty", "a file with content")
    return path


def read_text(path: Path, place: str, limit: int = MAX_PLAYLIST_BYTES) -> str:
    """The UTF-8 text of a regular file of at most `limit` bytes; `FaultError` otherwise."""
    try:
        if not path.is_file():
            raise FaultError(f"{OURS} files", place, "the file is missing", "a regular file")
        if path.stat().st_size > limit:
            raise FaultError(f"{OURS} files", place, f"larger than {limit} bytes", f"at most {limit} bytes")
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise FaultError(
            f"{RFC} 4.1", place, "the text is not UTF-8", "UTF-8 without a byte order mark"
        ) from None
    except OSError as error:
        raise FaultError(f"{OURS} files", place, f"unreadable: {error.strerror}", "a readable file") from None


def _parse(path: Path, place: str) -> tuple[tuple[str, ...], dict[str, Any]]:
    text = read_text(path, place)
    if not text.startswith("#EXTM3U"):
        raise FaultError(f"{RFC} 4.4.1.1", place, "the first line is not #EXTM3U", "#EXTM3U first")
    lines = tuple(line.strip() for line in text.splitlines())
    if max(map(len, lines)) > MAX_LINE:
        raise FaultError(f"{OURS} files", place, "a line is too long", f"at most {MAX_LINE} characters")
    try:
        return lines, m3u8.parse(text)
    except PARSER_ERRORS as error:
        raise FaultError(
            f"{RFC} 4.1", place, f"malformed: {type(error).__name__} {error}", "a playlist"
        ) from None


def read_media_playlist(path: Path, root: Path) -> MediaPlaylist:
    """Read a media playlist. Raises `FaultError` when it cannot be read or has no segments."""
    place = place_of(path, root)
    lines, data = _parse(path, place)
    segments = data["segments"]
    if not segments or any("uri" not in s or "duration" not in s for s in segments):
        raise FaultError(f"{RFC} 4.4.4.1", place, "no segments, or one without EXTINF", "a media playlist")
    if len(segments) > MAX_ENTRIES:
        raise FaultError(f"{OURS} files", place, f"{len(segments)} segments", f"at most {MAX_ENTRIES}")
    entries: list[Entry] = []
    for segment in segments:
        previous = entries[-1] if entries else None
        section = segment.get("init_section")
        entries.append(
            Entry(
                segment["uri"],
                _seconds(segment["duration"], place),
                _byterange(segment.get("byterange"), segment["uri"], previous, place),
                bool(segment.get("discontinuity")),
                _map(section, place) if section else None,
            )
        )
    maps = tuple(_map(m, place) for m in data["segment_map"])
    kind = data["playlist_type"]
    return MediaPlaylist(
        path=path,
        lines=lines,
        version=data.get("version"),
        target_duration=data.get("targetduration"),
        kind=kind.upper() if isinstance(kind, str) else None,
        ended=data["is_endlist"],
        iframes_only=data["is_i_frames_only"],
        independent=data["is_independent_segments"],
        maps=maps,
        entries=tuple(entries),
    )


def _map(section: Mapping[str, Any], place: str) -> Entry:
    return Entry(
        str(section.get("uri", "")), Fraction(0), _byterange(section.get("byterange"), "", None, place)
    )


def _seconds(value: float, place: str) -> Fraction:
    """EXTINF as it was written: the shortest text of the double is the text it came from."""
    if not math.isfinite(value) or not 0 <= value < _MAX_NUMBER:
        raise FaultError(f"{RFC} 4.4.4.1", place, f"EXTINF is {value}", "a duration in seconds")
    return Fraction(repr(value))


def _byterange(text: str | None, uri: str, previous: Entry | None, place: str) -> ByteRange | None:
    """`n[@o]`; without an offset the range follows the one before, of the same file."""
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]{1,15})(?:@([0-9]{1,15}))?", text.strip())
    if match and match[2] is not None:
        return ByteRange(int(match[2]), int(match[1]))
    if match and previous and previous.uri == uri and previous.byterange:
        return ByteRange(previous.byterange.offset + previous.byterange.length, int(match[1]))
    raise FaultError(f"{RFC} 4.4.4.2", place, f"the byte range {text!r} cannot be read", "length@offset")


def is_master(path: Path) -> bool:
    """Whether a playlist file has variants; False for what cannot be read."""
    try:
        return "#EXT-X-STREAM-INF" in read_text(path, path.name)
    except FaultError:
        return False


def read_master(path: Path, root: Path) -> Master:
    """Read a multivariant playlist. Raises `FaultError` when it cannot be read."""
    place = place_of(path, root)
    lines, data = _parse(path, place)
    return Master(
        path=path,
        lines=lines,
        version=data.get("version"),
        independent=data["is_independent_segments"],
        variants=tuple(_reference("EXT-X-STREAM-INF", p["stream_info"], p["uri"]) for p in data["playlists"]),
        media=tuple(_reference("EXT-X-MEDIA", m, m.get("uri")) for m in data["media"]),
        iframes=tuple(
            _reference("EXT-X-I-FRAME-STREAM-INF", p["iframe_stream_info"], p["uri"])
            for p in data["iframe_playlists"]
        ),
        images=tuple(
            _reference("EXT-X-IMAGE-STREAM-INF", p["image_stream_info"], p["uri"])
            for p in data["image_playlists"]
        ),
    )


def _reference(tag: str, attributes: Mapping[str, Any], uri: str | None) -> Reference:
    named = {
        name.replace("_", "-").upper(): str(value).strip('"') if isinstance(value, str) else str(value)
        for name, value in attributes.items()
    }
    return Reference(tag, uri, named)
