"""Writes HLS playlists, where the m3u8 library's own text is not what Apple asks for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import m3u8

_FRAME_RATE = re.compile(r"^(#EXT-X-STREAM-INF:(?:.*,)?FRAME-RATE=)([0-9.]+)", re.MULTILINE)


def write_playlist(playlist: m3u8.M3U8, path: Path) -> None:
    """Its text as a file."""
    path.write_text(playlist_text(playlist), encoding="utf-8")


def playlist_text(playlist: m3u8.M3U8) -> str:
    """FRAME-RATE with its three decimals (RFC 8216bis 4.4.6.2): the library drops those that are zeros."""
    text = _FRAME_RATE.sub(lambda found: f"{found[1]}{float(found[2]):.3f}", playlist.dumps())
    return text if text.endswith("\n") else text + "\n"
