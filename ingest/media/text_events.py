"""Reads the list of events that `command.text.packets_arguments` asks ffprobe for. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

# "00000010: 2c30 2c2c 7b5c 6931 7d48 656c 6c6f 7b5c  ,0,,{\\i1}Hello{\\"; the text beside the digits may hold anything.
_HEX_LINE = re.compile(r"^[0-9a-f]{8}: ([0-9a-f ]{39})", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class TextEvent:
    """One event as ffmpeg's `ass` encoder writes it; times in milliseconds, no `duration` where none was stated.

    `text` is `ReadOrder,Layer,Style,Name,MarginL,MarginR,MarginV,Effect,Text` (as in Matroska).
    """

    start: int
    duration: int | None
    text: str


@dataclass(slots=True)
class TextTrack:
    """One track of the file: its header (a script's styles) and its events."""

    header: str = ""
    events: list[TextEvent] = field(default_factory=list)


def read_tracks(answer: bytes) -> tuple[TextTrack, ...]:
    """The tracks by their number. Raises ValueError when the answer is not ffprobe's."""
    document: dict[str, Any] = json.loads(answer)
    tracks = [TextTrack(_text(s.get("extradata", ""))) for s in document.get("streams", [])]
    for packet in document.get("packets", []):
        duration = packet.get("duration")
        tracks[packet["stream_index"]].events.append(
            TextEvent(int(packet["pts"]), int(duration) if duration else None, _text(packet.get("data", "")))
        )
    return tuple(tracks)


def _text(dump: str) -> str:
    """What a hexadecimal dump shows, as UTF-8."""
    digits = "".join(part.replace(" ", "") for part in _HEX_LINE.findall(dump))
    return bytes.fromhex(digits).decode("utf-8", "replace")
