"""The commands that take the text out of a source, and the reading of what they give."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from made_facts import SD, clip

from ingest.media.command import EncodeInput, encode_arguments
from ingest.media.command.text import captions_arguments, packets_arguments, text_arguments
from ingest.media.plan import make_plan
from ingest.media.text_events import TextEvent, TextTrack, read_tracks
from ingest.media.text_facts import text_facts
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
        *("-nostdin", "-hide_banner", "-v", "error", "-abort_on", "empty_output", "-y"),
    )


def test_the_captions_of_a_file_of_ours() -> None:
    assert captions_arguments("/f", "text/captions.mkv") == (
        *("/f", "-f", "lavfi", "-copyts", "-itsoffset", "86400", "-i", "movie=text/captions.mp4[out+subcc]"),
        *(
            "-map",
            "0:s:0",
            "-f",
            "matroska",
            "-avoid_negative_ts",
            "disabled",
            "-c:s",
            "ass",
            "-fs",
            "8388608",
        ),
        *("-map_chapters", "-1", "-map_metadata", "-1", "text/captions.mkv"),
        *("-nostdin", "-hide_banner", "-v", "error", "-abort_on", "empty_output", "-y"),
    )


def test_captions_are_put_aside_while_encoding() -> None:
    text = text_facts({}, captions=True)
    made = make_plan(clip(), (), (SD,), preview_interval=Fraction(1), tile=(160, 90), text=text)
    plain = make_plan(clip(), (), (SD,), preview_interval=Fraction(1), tile=(160, 90))
    source = EncodeInput("file:/proc/self/fd/7", 36_000_000, 128)
    with_captions = encode_arguments("/f", made, source)
    assert "text/captions.mp4" not in encode_arguments("/f", plain, source)
    at = with_captions.index("text/captions.mp4")
    begin = at - with_captions[:at][::-1].index("-map") - 1
    label = with_captions[begin + 1]
    assert " ".join(with_captions[begin + 2 : at]) == (
        "-f mp4 -a53cc 1 -bf 0 -c:v libx264 -enc_time_base 1/90000 -fps_mode passthrough -map_chapters -1 "
        "-map_metadata -1 -preset ultrafast -video_track_timescale 90000"
    )
    graph = with_captions[with_captions.index("-filter_complex") + 1].split(";")
    end = next(i for i, f in enumerate(graph) if f.endswith(f"format=yuv420p{label}"))
    assert graph[end - 1].split("]", 1)[1].startswith("scale=32:32:flags=neighbor")
    assert graph[end - 2].startswith("[0:0]setpts=PTS-(0/1)/TB")


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
