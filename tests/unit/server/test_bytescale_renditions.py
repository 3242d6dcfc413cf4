"""Parameters of the video API and the presets that they become."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.media import preset_schema
from ingest.server.dialects.bytescale.renditions import MAX_SIDE, Rendition, Video, crf, preset, video
from ingest.server.dialects.bytescale.transformation import parse, with_extended
from ingest.server.refusals import Refusal


def asked(query: str, extended: object = None) -> Video:
    return video(with_extended(parse("video/e.mp4", query), extended).groups)


@pytest.mark.parametrize(
    ("query", "renditions"),
    [
        ("f=hls-h264", [Rendition()]),
        ("h=480&h=1080", [Rendition(height=480), Rendition(height=1080)]),
        ("w=640&h=480&h=1080", [Rendition(640, 480), Rendition(height=1080)]),
        ("w=640&h=480&w=1280", [Rendition(640, 480), Rendition(1280)]),
        ("h=480&q=60&mute=true&h=1080&q=80", [Rendition(None, 480, 60), Rendition(None, 1080, 80)]),
        ("q=60&h=480&q=80&h=1080", [Rendition(None, 480, 60), Rendition(None, 1080, 80)]),
        ("h=481&h=480", [Rendition(height=480)]),
    ],
)
def test_a_rendition_begins_where_a_parameter_is_said_again(query: str, renditions: list[Rendition]) -> None:
    assert asked(query).renditions == tuple(renditions)


def test_a_rendition_begins_where_json_begins_an_object() -> None:
    extended = [{"w": 640}, {"h": 480}, {"fps": 25}, {"w": 320, "h": 240, "q": 5}]
    assert asked("f=mp4-h264", extended) == Video(
        "mp4-h264", (Rendition(640), Rendition(height=480), Rendition(320, 240, 5)), 25
    )


def test_the_defaults_are_bytescales() -> None:
    assert asked("") == Video("html", (Rendition(),), 30, mute=False, start=None, end=None)


def test_a_large_customers_url_is_taken() -> None:
    query = (
        "f=mp4-h264&w=1920&hp=1920&sh=100&mute=true&p=mhq&q=73&gop=300&sd=false&rf=6&bf=7&qz=-1&if=0&bo=-1"
    )
    assert asked(query) == Video("mp4-h264", (Rendition(1920, None, 73),), 30, mute=True)


def test_a_part_is_asked_for_in_seconds() -> None:
    assert asked("ts=1.25&te=3") == Video("html", (Rendition(),), start=Fraction(5, 4), end=Fraction(3))


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("f=webm", "unknown_format"),
        ("hh=1", "unknown_parameter"),
        ("h=0", "invalid_parameter"),
        ("h=15", "invalid_parameter"),
        ("h=4098", "invalid_parameter"),
        ("w=-640", "invalid_parameter"),
        ("q=0", "invalid_parameter"),
        ("q=101", "invalid_parameter"),
        ("q=8.5", "invalid_parameter"),
        ("fps=61", "invalid_parameter"),
        ("mute=si", "invalid_parameter"),
        ("ts=one", "invalid_parameter"),
        ("ts=3&te=3", "invalid_parameter"),
        ("&".join(f"h={h}" for h in range(100, 122, 2)), "too_many_renditions"),
    ],
)
def test_what_cannot_be_made_is_refused(query: str, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        asked(query)
    assert (caught.value.kind, caught.value.code) == ("invalid", code)


def test_a_preset_whole() -> None:
    assert preset(Rendition(None, 480, 73), 25) == (
        """\
name = "h480q73"
title = "anyx480, quality 73"
box = [4096, 480]
max_height = 480

[video]
codec = "h264"
profile = "high"
speed = "veryfast"
crf = 22
max_bitrate = "2600k"
buffer = "5200k"
gop = "2s"
segment = "6s"
max_frame_rate = 25

[audio]
stereo_bitrate = "128k"
surround_bitrate = "320k"
"""
    )


@pytest.mark.parametrize(
    ("rendition", "limits"),
    [
        (Rendition(), ((4096, 2160), None, None, 22_000_000)),
        (Rendition(640), ((4096, 640), 640, None, 1_800_000)),
        (Rendition(height=720), ((4096, 720), None, 720, 4_500_000)),
        (Rendition(height=1080), ((4096, 1080), None, 1080, 7_800_000)),
        (Rendition(3840, 2160), ((4096, 2160), 3840, 2160, 20_000_000)),
        (Rendition(16, 16), ((4096, 16), 16, 16, 100_000)),
    ],
)
def test_a_preset_holds_the_picture_that_is_asked_for(rendition: Rendition, limits: tuple[Any, ...]) -> None:
    table = preset_schema.parse(Path(f"{rendition.name}.toml"), preset(rendition, 30))
    assert (table.box, table.max_width, table.max_height, table.video.max_bitrate) == limits


_SIDE = st.none() | st.integers(8, MAX_SIDE // 2).map(lambda n: 2 * n)


@given(_SIDE, _SIDE, st.none() | st.integers(1, 100), st.integers(1, 60))
def test_every_preset_is_a_good_one(
    width: int | None, height: int | None, quality: int | None, rate: int
) -> None:
    rendition = Rendition(width, height, quality)
    table = preset_schema.parse(Path(f"{rendition.name}.toml"), preset(rendition, rate))
    assert (table.max_width, table.max_height, table.video.max_frame_rate) == (width, height, rate)
    assert table.video.crf == (22 if quality is None else crf(quality))


@given(st.integers(1, 99))
def test_more_quality_is_never_less(quality: int) -> None:
    assert crf(quality + 1) <= crf(quality)
