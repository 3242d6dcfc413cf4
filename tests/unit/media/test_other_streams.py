"""What is beside picture, sound and text."""

from __future__ import annotations

from ingest.media.facts import LeftOut
from ingest.media.other_streams import other_streams

STREAMS = (
    {"index": 0, "codec_type": "video", "codec_name": "h264"},
    {"index": 1, "codec_type": "audio", "codec_name": "aac"},
    {"index": 2, "codec_type": "data", "codec_tag_string": "tmcd"},
    {"index": 3, "codec_type": "data", "codec_name": "bin_data", "codec_tag_string": "gpmd"},
    {"index": 10, "codec_type": "data", "codec_name": "bin_data", "codec_tag_string": "text"},
    {"index": 4, "codec_type": "data", "codec_name": "klv", "codec_tag_string": "KLVA"},
    {"index": 5, "codec_type": "data", "codec_name": "scte_35", "codec_tag_string": "[134][0][0][0]"},
    {"index": 6, "codec_type": "data", "codec_name": "bin_data", "codec_tag_string": "[6][0][0][0]"},
    {"index": 7, "codec_type": "attachment", "codec_name": "ttf"},
    {"index": 8},
    {"index": 9, "codec_type": "data", "codec_tag_string": "a\nb" * 40},
    {"codec_type": "data"},
)


def test_each_is_named() -> None:
    assert other_streams({"streams": list(STREAMS)}) == (
        LeftOut(2, "data", "tmcd", "a timecode"),
        LeftOut(10, "data", "text", "the titles of its chapters"),
        LeftOut(5, "data", "scte_35", "splice points (SCTE 35)"),
        LeftOut(6, "data", "bin_data", "private data"),
        LeftOut(7, "attachment", "ttf", "a font"),
        LeftOut(8, "data", "unknown", "data that a player does not show"),
        LeftOut(9, "data", r"a\nb" * 8, "data that a player does not show"),
    )
    assert other_streams({}) == ()
