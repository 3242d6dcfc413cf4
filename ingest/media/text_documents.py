"""Collects the documents of a text track that ffmpeg does not decode, from ffprobe's lines as they arrive. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction


def question(index: int) -> tuple[str, ...]:
    """What to ask ffprobe for: every packet of the stream, its times and its bytes."""
    return (
        *("-select_streams", str(index), "-show_data"),
        *("-show_entries", "packet=pts_time,duration_time,data:packet_side_data=block_additional_data"),
        *("-of", "default"),
    )


# Beside the digits stand the characters themselves: whatever they are, no line of a dump is taken for another.
HEX_LINE = re.compile(r"[0-9a-f]{8,16}: ([0-9a-f ]{39})  ")


@dataclass(frozen=True, slots=True)
class TextDocument:
    """One sample; times in seconds of the source's clock, `end` is None where nobody states it.

    `side` is what Matroska has beside it (its BlockAdditional).
    """

    start: Fraction
    end: Fraction | None
    data: bytes
    side: bytes = b""


@dataclass(slots=True)
class DocumentReader:
    """Takes ffprobe's lines; `cut` is whether there was more than `most_bytes`."""

    most_bytes: int
    documents: list[TextDocument] = field(default_factory=list)
    cut: bool = False
    _values: dict[str, str] = field(default_factory=dict)
    _data: bytearray = field(default_factory=bytearray)
    _side: bytearray = field(default_factory=bytearray)
    _beside: bool = False
    _held: int = 0

    def line(self, text: str) -> int:
        """Take one line; returns how many bytes there are, as the watchdog's measure of progress."""
        if found := HEX_LINE.match(text):
            part = self._side if self._beside else self._data
            part += bytes.fromhex(found[1])
            if self._held + len(self._data) + len(self._side) > self.most_bytes:
                self.cut = True
                self._data.clear()
                self._side.clear()
        elif text in {"[SIDE_DATA]", "[/SIDE_DATA]"}:
            self._beside = text == "[SIDE_DATA]"
        elif text == "[/PACKET]":
            self._close()
        else:
            name, _, value = text.partition("=")
            self._values[name] = value
        return self._held + len(self._data)

    def _close(self) -> None:
        start, duration = _seconds(self._values.get("pts_time")), _seconds(self._values.get("duration_time"))
        if start is not None and self._data and not self.cut:
            end = start + duration if duration else None
            self.documents.append(TextDocument(start, end, bytes(self._data), bytes(self._side)))
            self._held += len(self._data) + len(self._side)
        self._values.clear()
        self._data.clear()
        self._side.clear()
        self._beside = False


def _seconds(text: str | None) -> Fraction | None:
    return Fraction(text) if text and re.fullmatch(r"-?[0-9]{1,13}(?:\.[0-9]{1,9})?", text) else None
