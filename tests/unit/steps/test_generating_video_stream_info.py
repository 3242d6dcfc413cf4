"""info/streams.json: every stream of the source as it is declared."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from made_facts import clip, container, track

from ingest.media.facts import KlvFacts
from ingest.media.packets import PacketTable
from ingest.steps.generating_video_stream_info import describe, document
from ingest.steps.probing_video_codec import Probed

VIDEO: dict[str, Any] = {
    "index": 0,
    "codec_name": "h264",
    "codec_type": "video",
    "codec_tag_string": "avc1",
    "profile": "High",
    "width": 1920,
    "height": 1080,
    "pix_fmt": "yuv420p",
    "sample_aspect_ratio": "1:1",
    "level": 40,
    "r_frame_rate": "30/1",
    "avg_frame_rate": "30/1",
    "time_base": "1/15360",
    "start_time": "0.000000",
    "duration": "5.766667",
    "bit_rate": "3800000",
    "disposition": {"forced": 0, "default": 1, "captions": 1},
    "tags": {"language": "eng"},
}


def test_whole_picture() -> None:
    assert describe(VIDEO, used=True, klv=False) == {
        "index": 0,
        "type": "video",
        "codec": "h264",
        "codecTag": "avc1",
        "profile": "High",
        "used": True,
        "language": "en",
        "timeBase": "1/15360",
        "startSeconds": Fraction(0),
        "durationSeconds": Fraction(5_766_667, 1_000_000),
        "bitRate": 3_800_000,
        "dispositions": ["captions", "default"],
        "width": 1920,
        "height": 1080,
        "pixelFormat": "yuv420p",
        "sampleAspectRatio": "1:1",
        "declaredFrameRate": "30/1",
        "averageFrameRate": "30/1",
        "level": 40,
    }


def test_whole_sound() -> None:
    stream = {
        "index": 1,
        "codec_name": "aac",
        "codec_type": "audio",
        "sample_rate": "44100",
        "channels": 2,
        "channel_layout": "stereo",
    }
    assert describe(stream, used=True, klv=False) == {
        "index": 1,
        "type": "audio",
        "codec": "aac",
        "codecTag": "",
        "profile": None,
        "used": True,
        "language": "und",
        "timeBase": None,
        "startSeconds": None,
        "durationSeconds": None,
        "bitRate": None,
        "dispositions": [],
        "sampleRate": 44_100,
        "channels": 2,
        "channelLayout": "stereo",
    }


def test_a_stream_of_which_nothing_is_known() -> None:
    assert describe({"index": 3, "codec_tag_string": "x" * 99}, used=False, klv=False) == {
        "index": 3,
        "type": "unknown",
        "codec": "unknown",
        "codecTag": "x" * 16,
        "profile": None,
        "used": False,
        "language": "und",
        "timeBase": None,
        "startSeconds": None,
        "durationSeconds": None,
        "bitRate": None,
        "dispositions": [],
    }


def test_which_streams_are_used() -> None:
    streams: list[dict[str, Any]] = [
        VIDEO,
        {"index": 1, "codec_type": "audio"},
        {"index": 2, "codec_type": "data", "codec_name": "klv"},
        {"index": 3, "codec_type": "audio"},
    ]
    probed = Probed({"streams": streams}, {"streams": streams}, container(), clip(), (), PacketTable())
    made = document(probed, (track(1),), (KlvFacts(2, "mpegts", None),))
    assert [(s["index"], s["type"], s["used"]) for s in made["streams"]] == [
        (0, "video", True),
        (1, "audio", True),
        (2, "klv", False),
        (3, "audio", False),
    ]
