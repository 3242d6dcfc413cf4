"""Putting ffprobe's answers and the decoded pictures together."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.media.facts import AudioFacts, Colour, DolbyVision, Timing, VideoFacts
from ingest.media.first_frames import DecodedFrame
from ingest.media.packets import Packet
from ingest.media.video_facts import (
    audio_facts,
    colour_of,
    depth_of,
    field_order,
    language_tag,
    orientation_of,
    video_facts,
)

FRAME = DecodedFrame(
    pts=0, pixel_format="yuv420p", sample_aspect=Fraction(1), width=1280, height=720, field="P"
)
STREAM: dict[str, Any] = {
    "index": 2,
    "codec_name": "h264",
    "profile": "High",
    "codec_type": "video",
    "width": 1280,
    "height": 720,
    "level": 31,
    "r_frame_rate": "25/1",
    "avg_frame_rate": "25/1",
    "time_base": "1/12800",
    "sample_aspect_ratio": "1:1",
    "bit_rate": "1500000",
}


def packets(count: int = 50, step: int = 512) -> list[Packet]:
    return [Packet(step * i, step * i, step, 1000, key=i % 25 == 0, discard=False) for i in range(count)]


def facts(frame: DecodedFrame = FRAME, **changes: Any) -> VideoFacts:
    return video_facts(STREAM | changes, (frame,) * 8, packets())


def test_whole_facts() -> None:
    assert facts() == VideoFacts(
        index=2,
        codec="h264",
        profile="High",
        level=31,
        pixel_format="yuv420p",
        bit_depth=8,
        width=1280,
        height=720,
        sample_aspect=Fraction(1),
        rotation=0,
        display_width=1280,
        display_height=720,
        field_order="progressive",
        colour=Colour(),
        timing=Timing(
            time_base=Fraction(1, 12800),
            start=Fraction(0),
            duration=Fraction(2),
            frames=50,
            rate=Fraction(25),
            mean_rate=Fraction(25),
            longest_gap=Fraction(1, 25),
            key_frames=2,
            longest_key_distance=Fraction(1),
            bytes=50_000,
            key_bytes=2_000,
            last=Fraction(1, 25),
        ),
        bit_rate=200_000,
    )


def test_sizes_are_the_decoded_ones() -> None:
    """A header may claim any size."""
    found = facts(width=64, height=64)
    assert (found.width, found.height, found.display_width, found.display_height) == (1280, 720, 1280, 720)


@pytest.mark.parametrize(
    ("aspect", "decoded", "display"),
    [
        ("16:11", None, (1862, 720)),
        ("1:1", Fraction(16, 11), (1862, 720)),  # ffmpeg's pictures have the container's already
        (None, Fraction(16, 11), (1862, 720)),
        ("0:1", Fraction(16, 11), (1862, 720)),
        ("N/A", None, (1280, 720)),
        ("1:100", None, (1280, 720)),  # absurd: taken for square
        ("100:1", None, (1280, 720)),
        ("-4:3", None, (1280, 720)),
    ],
)
def test_anamorphic_pictures(aspect: str | None, decoded: Fraction | None, display: tuple[int, int]) -> None:
    found = facts(replace(FRAME, sample_aspect=decoded), sample_aspect_ratio=aspect)
    assert (found.display_width, found.display_height) == display


@pytest.mark.parametrize(
    ("rotation", "turned", "display"),
    [
        (None, 0, (1280, 720)),
        (0, 0, (1280, 720)),
        (-90, 90, (720, 1280)),
        (90, 270, (720, 1280)),
        (180, 180, (1280, 720)),
        (-180, 180, (1280, 720)),
        (-270, 270, (720, 1280)),
        (-89.6, 90, (720, 1280)),
        (360, 0, (1280, 720)),
        ("nan", 0, (1280, 720)),
    ],
)
def test_rotation(rotation: object, turned: int, display: tuple[int, int]) -> None:
    side_data = [{"side_data_type": "CPB properties"}, {"rotation": rotation}]
    found = facts(side_data_list=side_data)
    assert (found.rotation, found.display_width, found.display_height) == (turned, *display)


def test_rotation_turns_the_anamorphic_picture() -> None:
    found = facts(replace(FRAME, sample_aspect=Fraction(4, 3)), side_data_list=[{"rotation": -90}])
    assert (found.display_width, found.display_height) == (720, 1707)


@pytest.mark.parametrize(
    ("side_data", "hidden"),
    [
        ([], (0, 0)),
        ([{"rotation": 90}], (0, 0)),
        ([{"side_data_type": "Frame Cropping", "crop_left": 4, "crop_right": 6, "crop_top": 1}], (10, 1)),
        ([{"side_data_type": "Frame Cropping", "crop_left": -4, "crop_right": "x"}], (0, 0)),
    ],
)
def test_what_the_container_hides(side_data: list[dict[str, object]], hidden: tuple[int, int]) -> None:
    assert facts(side_data_list=side_data).cropped == hidden


def test_rotation_without_side_data() -> None:
    assert orientation_of({}) == (0, False)
    assert orientation_of({"side_data_list": [{"displaymatrix": "nonsense", "rotation": 90}]}) == (270, False)


@pytest.mark.parametrize(
    ("a", "b", "c", "d", "turned"),
    [
        (1, 0, 0, 1, (0, False)),
        (0, 1, -1, 0, (90, False)),
        (-1, 0, 0, -1, (180, False)),
        (0, -1, 1, 0, (270, False)),
        (-1, 0, 0, 1, (0, True)),
        (1, 0, 0, -1, (180, True)),
        (0, 1, 1, 0, (90, True)),
        (0, -1, -1, 0, (270, True)),
        (0, 0, 0, 0, (0, False)),
    ],
)
def test_orientation_by_the_display_matrix(a: int, b: int, c: int, d: int, turned: tuple[int, bool]) -> None:
    one = 65536
    text = f"""
00000000: {a * one:11d} {b * one:11d} {0:11d}
00000001: {c * one:11d} {d * one:11d} {0:11d}
00000002: {0:11d} {0:11d} {1 << 30:11d}
"""
    side_data = [{"side_data_type": "Display Matrix", "displaymatrix": text, "rotation": 17}]
    assert orientation_of({"side_data_list": side_data}) == turned


@pytest.mark.parametrize("declared", [None, "N/A", "1000", "900000000"])
def test_bit_rate_is_measured_whatever_is_declared(declared: str | None) -> None:
    assert facts(bit_rate=declared).bit_rate == 50_000 * 8 // 2


def test_a_time_base_that_is_missing_is_90_khz() -> None:
    found = video_facts(STREAM | {"time_base": None}, (FRAME,), packets(step=3600))
    assert (found.timing.time_base, found.timing.rate) == (Fraction(1, 90000), Fraction(25))


def test_what_decodes_first_is_where_the_picture_starts() -> None:
    found = video_facts(STREAM, (replace(FRAME, pts=5120),), packets())
    assert (found.timing.start, found.timing.frames) == (Fraction(2, 5), 40)


def test_no_picture_shown() -> None:
    with pytest.raises(ValueError, match="no pictures to show"):
        video_facts(STREAM, (replace(FRAME, pts=10**9),), packets())


@pytest.mark.parametrize(
    ("name", "depth"),
    [
        ("yuv420p", 8),
        ("yuvj420p", 8),
        ("nv12", 8),
        ("rgb24", 8),
        ("bgra", 8),
        ("gray", 8),
        ("pal8", 8),
        ("yuv420p9le", 9),
        ("yuv420p10le", 10),
        ("yuv422p10be", 10),
        ("yuv444p12le", 12),
        ("yuva444p16le", 16),
        ("gbrp14le", 14),
        ("gray10le", 10),
        ("gray12be", 12),
        ("p010le", 10),
        ("p210le", 10),
        ("p016le", 16),
        ("y210le", 10),
        ("rgb48le", 16),
        ("rgba64be", 16),
        ("xyz12le", 12),
    ],
)
def test_depth_of(name: str, depth: int) -> None:
    assert depth_of(name) == depth


@pytest.mark.parametrize(
    ("fields", "declared", "order"),
    [
        ("PPPPPPPP", "tt", "progressive"),
        ("TTTTTTTT", "progressive", "tff"),
        ("BBBBBBBB", None, "bff"),
        ("TTTTPPPP", None, "tff"),
        ("TTTPPPPP", "tt", "progressive"),
        ("TTTTTBBB", "bb", "tff"),
        ("TTTTBBBB", "bb", "bff"),
        ("TTTTBBBB", "tb", "bff"),
        ("TTTTBBBB", "tt", "tff"),
        ("TTTTBBBB", None, "tff"),
    ],
)
def test_field_order(fields: str, declared: str | None, order: str) -> None:
    assert field_order({"field_order": declared}, [replace(FRAME, field=f) for f in fields]) == order


def test_colour_from_the_decoded_picture_first() -> None:
    frame = replace(FRAME, range="tv", matrix="bt2020nc", primaries="bt2020", transfer="smpte2084")
    stream = {
        "color_range": "pc",
        "color_space": "bt709",
        "color_primaries": "bt709",
        "color_transfer": "bt709",
    }
    assert colour_of(stream, frame) == Colour("bt2020", "smpte2084", "bt2020nc", full_range=False)
    assert colour_of(stream, FRAME) == Colour("bt709", "bt709", "bt709", full_range=True)


def test_colour_that_nobody_states() -> None:
    assert colour_of({"color_space": "reserved", "color_primaries": "unspecified"}, FRAME) == Colour()


def test_a_reserved_value_is_known_as_one() -> None:
    frame = replace(FRAME, matrix="bt709", primaries="reserved", transfer="reserved")
    assert colour_of({"color_primaries": "bt709"}, frame) == Colour("bt709", matrix="bt709", reserved=True)


def test_full_range_by_its_pixel_format() -> None:
    assert colour_of({}, replace(FRAME, pixel_format="yuvj420p")).full_range


@pytest.mark.parametrize(
    ("transfer", "hdr"),
    [("smpte2084", "pq"), ("arib-std-b67", "hlg"), ("bt709", "none"), ("unknown", "none")],
)
def test_hdr(transfer: str, hdr: str) -> None:
    assert Colour(transfer=transfer).hdr == hdr


RECORD = {
    "side_data_type": "DOVI configuration record",
    "dv_version_major": 1,
    "dv_version_minor": 0,
    "dv_level": 6,
    "rpu_present_flag": 1,
    "el_present_flag": 0,
    "bl_present_flag": 1,
    "dv_md_compression": "none",
}


@pytest.mark.parametrize(
    ("profile", "compatibility", "tagged", "transfer"),
    [
        (5, 0, "unknown", "smpte2084"),
        (8, 1, "smpte2084", "smpte2084"),
        (8, 1, "unknown", "smpte2084"),
        (8, 4, "unknown", "arib-std-b67"),
        (8, 4, "arib-std-b67", "arib-std-b67"),
        (8, 2, "bt709", "bt709"),
        (9, 2, "unknown", "unknown"),
        (7, 6, "unknown", "smpte2084"),
        (10, 0, "unknown", "smpte2084"),
        (10, 1, "smpte2084", "smpte2084"),
        (10, 4, "unknown", "arib-std-b67"),
    ],
)
def test_dolby_vision(profile: int, compatibility: int, tagged: str, transfer: str) -> None:
    record = RECORD | {"dv_profile": profile, "dv_bl_signal_compatibility_id": compatibility}
    found = facts(replace(FRAME, transfer=tagged), side_data_list=[{"side_data_type": "x"}, record])
    assert found.dolby_vision == DolbyVision(profile, compatibility)
    assert found.colour.transfer == transfer


# --- audio ---


@pytest.mark.parametrize(
    ("disposition", "title", "role"),
    [
        ({}, "", "main"),
        ({"comment": 1}, "", "commentary"),
        ({"visual_impaired": 1}, "", "description"),
        ({"hearing_impaired": 1}, "", "clear-speech"),
        ({"visual_impaired": 1, "comment": 1}, "", "description"),
        ({}, "Director's Commentary", "commentary"),
        ({}, "English Audio Description", "description"),
        ({}, "Descriptive Audio", "description"),
        ({}, "Documentary", "main"),
    ],
)
def test_what_a_track_is_for(disposition: dict[str, int], title: str, role: str) -> None:
    stream = {"index": 1, "codec_type": "audio", "disposition": disposition, "tags": {"title": title}}
    (found,) = audio_facts({"streams": [stream]})
    assert found.role == role


def test_whole_audio_facts() -> None:
    document = {
        "streams": [
            {"index": 0, "codec_type": "video", "codec_name": "h264"},
            {
                "index": 1,
                "codec_type": "audio",
                "codec_name": "aac",
                "profile": "LC",
                "sample_rate": "44100",
                "channels": 2,
                "channel_layout": "stereo",
                "start_time": "0.023220",
                "duration": "5.28",
                "bit_rate": "128000",
                "disposition": {"default": 1},
                "tags": {"language": "deu", "title": "  Director's cut  "},
            },
            {"index": 2, "codec_type": "audio"},
        ]
    }
    assert audio_facts(document) == (
        AudioFacts(
            index=1,
            codec="aac",
            profile="LC",
            sample_rate=44100,
            channels=2,
            layout="stereo",
            language="de",
            title="Director's cut",
            start=Fraction(2322, 100000),
            duration=Fraction(132, 25),
            bit_rate=128_000,
            default=True,
        ),
        AudioFacts(
            index=2,
            codec="unknown",
            profile=None,
            sample_rate=0,
            channels=0,
            layout=None,
            language="und",
            title=None,
            start=None,
            duration=None,
            bit_rate=None,
            default=False,
        ),
    )


def test_titles_are_bounded() -> None:
    stream = {"index": 0, "codec_type": "audio", "tags": {"title": "x" * 500}}
    assert audio_facts({"streams": [stream]})[0].title == "x" * 80


# --- languages ---


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("eng", "en"),
        ("ger", "de"),  # ISO 639-2/B
        ("deu", "de"),  # ISO 639-2/T
        ("fre", "fr"),
        ("chi", "zh"),
        ("fil", "fil"),
        ("en", "en"),
        ("EN_us", "en-US"),
        ("pt-BR", "pt-BR"),
        ("zh-Hant-TW", "zh-Hant-TW"),
        (" fra\n", "fr"),
        ("und", "und"),
        ("", "und"),
        ("   ", "und"),
        ("???", "und"),
        ("\x00\x00\x00", "und"),
        ("english", "und"),
        ("en,hls_name=x", "und"),
        ("en/../../etc", "und"),
        ("日本語", "und"),
        ("x-private", "und"),
        (None, "und"),
        (7, "und"),
        (["eng"], "und"),
    ],
)
def test_language_tag(text: object, tag: str) -> None:
    assert language_tag(text) == tag


ODD = st.sampled_from("\udcff\x00\n,=/.\\-_'\";:$% ")


@given(st.text() | st.lists(ODD | st.sampled_from("enguxdtwh0129"), max_size=40).map("".join))
def test_whatever_a_container_says_becomes_a_harmless_tag(text: str) -> None:
    """It becomes a part of file names and of the packager's descriptors."""
    assert re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{1,8})*", language_tag(text))
