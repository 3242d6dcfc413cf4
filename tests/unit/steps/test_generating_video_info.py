"""info/video.json, whole."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from made_facts import clip, container, hdr10, portrait_vfr, track

from ingest.media.facts import Judged, KlvFacts, Scan
from ingest.media.text_facts import Chapter, TextFacts
from ingest.steps import generating_video_info
from ingest.steps.generating_video_info import document, scan


def test_whole_document_of_a_constant_clip() -> None:
    audio = (track(1, language="en", title="Director's cut"),)
    klv = (KlvFacts(2, "mpegts", "0x101"),)
    text = (TextFacts(3, "subrip", "text", "de", False, True, False),)
    chapters = (Chapter(Fraction(1), None, "One"),)
    assert document(container(), clip(), audio, klv, text, chapters) == {
        "containerFormat": "mov,mp4,m4a,3gp,3g2,mj2",
        "sizeBytes": 25_000_000,
        "durationMs": 10_000,
        "startSeconds": Fraction(0),
        "frameCount": 300,
        "frameRate": "30/1",
        "meanFrameRate": Fraction(30),
        "variableFrameRate": False,
        "longestGapSeconds": Fraction(1, 30),
        "gop": {"keyFrames": 5, "longestSeconds": Fraction(2)},
        "codec": "h264",
        "profile": "High",
        "level": 40,
        "pixelFormat": "yuv420p",
        "bitDepth": 8,
        "bitRate": 20_000_000,
        "codedWidth": 1920,
        "codedHeight": 1080,
        "width": 1920,
        "height": 1080,
        "aspectRatio": "16:9",
        "sampleAspectRatio": "1:1",
        "rotation": 0,
        "mirrored": False,
        "fieldOrder": "progressive",
        "scan": {"sampled": 0, "flaggedTopFirst": 0, "flaggedBottomFirst": 0, "judged": None},
        "colour": {
            "primaries": "bt709",
            "transfer": "bt709",
            "matrix": "bt709",
            "fullRange": False,
            "hdr": "none",
            "dolbyVision": None,
        },
        "light": None,
        "sourceQuality": "fhd",
        "audio": [
            {
                "index": 1,
                "codec": "aac",
                "profile": "LC",
                "sampleRate": 48_000,
                "channels": 2,
                "channelLayout": "stereo",
                "language": "en",
                "title": "Director's cut",
                "role": "main",
                "default": False,
                "startSeconds": Fraction(0),
                "durationSeconds": Fraction(10),
                "bitRate": 128_000,
            }
        ],
        "text": [
            {
                "index": 3,
                "codec": "subrip",
                "kind": "text",
                "language": "de",
                "default": False,
                "forced": True,
                "hearingImpaired": False,
            }
        ],
        "chapters": [{"startSeconds": Fraction(1), "endSeconds": None, "title": "One"}],
        "klv": [{"index": 2, "carriage": "mpegts", "programId": "0x101"}],
    }


def test_what_differs_for_uneven_times() -> None:
    made = document(container(), portrait_vfr(), (), ())
    assert {
        k: made[k]
        for k in ("frameRate", "meanFrameRate", "variableFrameRate", "startSeconds", "audio", "klv")
    } == {
        "frameRate": None,
        "meanFrameRate": Fraction(144, 5),
        "variableFrameRate": True,
        "startSeconds": Fraction(1, 2),
        "audio": [],
        "klv": [],
    }
    assert (made["aspectRatio"], made["sourceQuality"]) == ("86:115", "fhd")


def test_hdr() -> None:
    made = document(container(), hdr10(), (), ())
    assert made["frameRate"] == "30000/1001"
    assert made["durationMs"] == 4004
    assert made["colour"] == {
        "primaries": "bt2020",
        "transfer": "smpte2084",
        "matrix": "bt2020nc",
        "fullRange": False,
        "hdr": "pq",
        "dolbyVision": None,
    }


@pytest.mark.parametrize(
    ("width", "height", "quality"),
    [
        (3840, 2160, "uhd"),
        (2160, 3840, "uhd"),
        (2560, 1440, "qhd"),
        (1920, 1080, "fhd"),
        (1920, 800, "hd"),
        (1280, 720, "hd"),
        (1276, 718, "sd"),
        (2, 2, "sd"),
    ],
)
def test_source_quality(width: int, height: int, quality: str) -> None:
    assert document(container(), clip(width, height), (), ())["sourceQuality"] == quality


def test_the_file(tmp_path: Path) -> None:
    video = replace(clip(), sample_aspect=Fraction(16, 11))
    outcome = generating_video_info.run(tmp_path, container(), video, (), ())
    assert outcome.value == Path("info/video.json")
    written = json.loads((tmp_path / "info/video.json").read_bytes())
    assert (written["longestGapSeconds"], written["sampleAspectRatio"], written["durationMs"]) == (
        0.033333,
        "16:11",
        10_000,
    )


def test_what_was_sampled() -> None:
    judged = Judged(270, top=200, bottom=1, smooth=3, pulldown=True)
    assert scan(Scan(96, top=90, bottom=2, judged=judged)) == {
        "sampled": 96,
        "flaggedTopFirst": 90,
        "flaggedBottomFirst": 2,
        "judged": {"sampled": 270, "topFirst": 200, "bottomFirst": 1, "progressive": 3, "pulldown": True},
    }
