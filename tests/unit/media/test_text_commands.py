"""The commands that take the text out of a source, and the reading of what they give."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from ingest.media.command import EncodeInput
from ingest.media.command.text import packets_arguments, text_arguments
from ingest.media.text_events import TextEvent, TextTrack, read_tracks
from ingest.media.whitelists import CODEC_WHITELIST, FORMAT_WHITELIST, PROTOCOL_WHITELIST


def test_all_tracks_in_one_pass() -> None:
    source = EncodeInput("file:/proc/self/fd/7", 36_000_000, 128)
    assert text_arguments("/f", source, (2, 5), Fraction(3, 2), "text/streams.mkv") == (
        "/f",
        *("-codec_whitelist", CODEC_WHITELIST, "-copyts", "-format_whitelist", FORMAT_WHITELIST),
        *("-itsoffset", "86398.500000", "-max_streams", "128", "-protocol_whitelist", PROTOCOL_WHITELIST),
        *("-i", "file:/proc/self/fd/7", "-map", "0:2", "-map", "0:5"),
        *("-f", "matroska", "-avoid_negative_ts", "disabled", "-c:s", "ass", "-fs", "8388608"),
        *("-map_chapters", "-1", "-map_metadata", "-1", "text/streams.mkv"),
        *("-nostdin", "-hide_banner", "-v", "error", "-y"),
    )


def test_the_listing() -> None:
    assert packets_arguments("/p", "text/streams.mkv") == (
        *("/p", "-v", "error", "-hide_banner", "-show_data"),
        *("-show_entries", "stream=index,extradata:packet=stream_index,pts,duration,data"),
        *("-of", "json", "-i", "text/streams.mkv"),
    )


def dump(data: bytes) -> str:
    """As ffprobe writes it."""
    lines = [""]
    for at in range(0, len(data), 16):
        part = data[at : at + 16]
        digits = part.hex()
        words = " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))
        shown = "".join(chr(b) if 32 <= b < 127 else "." for b in part)
        lines.append(f"{at:08x}: {words:<39}  {shown}")
    return "\n".join([*lines, ""])


def test_reading_the_listing() -> None:
    text = "0,0,Default,,0,0,0,,00000010: 2c30 äöü\n"
    answer = {
        "packets": [
            {"stream_index": 1, "pts": 86_400_210, "duration": 4050, "data": dump(text.encode())},
            {"stream_index": 0, "pts": -5, "data": dump(b"\xff")},
        ],
        "streams": [{"index": 0}, {"index": 1, "extradata": dump(b"[Script Info]\n")}],
    }
    assert read_tracks(json.dumps(answer).encode()) == (
        TextTrack("", [TextEvent(-5, None, "\ufffd")]),
        TextTrack("[Script Info]\n", [TextEvent(86_400_210, 4050, text)]),
    )


def test_what_is_no_listing() -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        read_tracks(b"")
