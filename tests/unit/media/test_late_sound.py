"""Sound of which the beginning of a file does not tell the form."""

from __future__ import annotations

import pytest

from ingest.media.late_sound import SoundForm, parse_sound_form, with_forms, without_form

MARK = "6b1f0c9d2a7e4835"
LINE = (
    f"[ashowinfo@{MARK} @ 0x7fb528001a40] n:0 pts:0 pts_time:0 fmt:fltp "
    "channels:1 chlayout:mono rate:44100 nb_samples:1024 "
)
STREAMS = [
    {"index": 0, "codec_type": "video", "codec_name": "h264"},
    {"index": 1, "codec_type": "audio", "codec_name": "aac", "channels": 0, "sample_rate": "0"},
    {"index": 2, "codec_type": "audio", "codec_name": "ac3", "channels": 2, "sample_rate": "48000"},
    {"index": 3, "codec_type": "audio", "codec_name": "unknown"},
]


def test_which_streams_are_looked_for() -> None:
    assert without_form({"streams": STREAMS}) == (1,)
    assert len(without_form({"streams": [STREAMS[1]] * 20})) == 8


@pytest.mark.parametrize(
    ("log", "form"),
    [
        (f"x\n{LINE}\n", SoundForm(44100, 1, "mono")),
        (
            LINE.replace("channels:1 chlayout:mono", "channels:6 chlayout:5.1(side)"),
            SoundForm(44100, 6, "5.1(side)"),
        ),
        (
            LINE.replace("channels:1 chlayout:mono", "channels:3 chlayout:3 channels"),
            SoundForm(44100, 3, None),
        ),
        (LINE.replace(MARK, "0000"), None),
        (f"title : {LINE}", None),
        (LINE.replace("channels:1", "channels:0"), None),
        ("", None),
    ],
)
def test_the_line_of_the_filter(log: str, form: SoundForm | None) -> None:
    assert parse_sound_form(log, MARK) == form


def test_the_document_says_what_was_found() -> None:
    document = with_forms({"streams": STREAMS, "format": {}}, {1: SoundForm(44100, 1, "mono")})
    assert document["streams"][1] == STREAMS[1] | {
        "channels": 1,
        "sample_rate": "44100",
        "channel_layout": "mono",
    }
    assert [document["streams"][n] for n in (0, 2, 3)] == [STREAMS[n] for n in (0, 2, 3)]
    assert document["format"] == {}
