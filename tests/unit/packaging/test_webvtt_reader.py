"""The strict reader: takes what WebVTT allows, and nothing else."""

from __future__ import annotations

from fractions import Fraction

import pytest

from ingest.packaging.webvtt_reader import ReadCue, WebvttError, read_webvtt

F = Fraction
MAP = "X-TIMESTAMP-MAP=MPEGTS:126000,LOCAL:00:00:00.400"


def test_whole_file() -> None:
    text = (
        f"\ufeffWEBVTT some title\r\n{MAP}\r\n\r\nNOTE a note\r\nof two lines\r\n\r\n"
        "7\r\n00:01.000 --> 00:02.500 line:5% align:left\r\n<v Ann><b>a</b> &amp; b\r\n\r\n\r\n"
        "01:00:01.000  -->\t01:00:02.000\nline <c.red.big>one</c>\n<00:00:01.500>two\n"
    )
    found = read_webvtt(text)
    assert found.shift == 1
    assert found.cues == (
        ReadCue(F(1), F(5, 2), "line:5% align:left", "<v Ann><b>a</b> &amp; b"),
        ReadCue(F(3601), F(3602), "", "line <c.red.big>one</c>\n<00:00:01.500>two"),
    )


def test_without_cues_and_with_the_map_the_other_way_round() -> None:
    assert read_webvtt("WEBVTT") == read_webvtt("WEBVTT\n\n\n")
    assert read_webvtt("WEBVTT").shift is None
    assert read_webvtt("WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00.000,MPEGTS:90000\n").shift == 1


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not WEBVTT"),
        ("WEBVTTX\n", "not WEBVTT"),
        ("webvtt\n", "not WEBVTT"),
        ("WEBVTT\n\0", "NUL"),
        ("WEBVTT\n00:01.000 --> 00:02.000\na", "without an empty line"),
        ("WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:x,LOCAL:00:00.000", "cannot be read"),
        (f"WEBVTT\n{MAP}\n{MAP}", "cannot be read"),
        ("WEBVTT\n\n00:01.00 --> 00:02.000\na", "cannot be read"),
        ("WEBVTT\n\n00:01.000-->00:02.000\na", "cannot be read"),
        ("WEBVTT\n\n00:61.000 --> 01:02.000\na", "cannot be read"),
        ("WEBVTT\n\njust text", "cannot be read"),
        ("WEBVTT\n\nNOTE -->", "an arrow"),
        ("WEBVTT\n\n00:02.000 --> 00:02.000\na", "not after"),
        ("WEBVTT\n\n00:02.000 --> 00:03.000\na\n\n00:01.000 --> 00:03.000\na", "after one at"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000 line:101%\na", "the setting"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000 align:middle\na", "the setting"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000 line:1 line:2\na", "the setting"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\na < b", "cue text"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\na & b", "cue text"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n<font>a</font>", "cue text"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n<b><i>a</b></i>", "closes nothing"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n<b>a", "not closed"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\n<v>a</v>", "annotation"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\na\n00:03.000 --> 00:04.000", "an arrow"),
    ],
)
def test_faults(text: str, complaint: str) -> None:
    with pytest.raises(WebvttError, match=complaint):
        read_webvtt(text)
