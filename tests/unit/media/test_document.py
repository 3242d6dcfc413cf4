"""What is read from ffprobe's answer, whole values; nothing a stranger writes there raises."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.media.document import (
    choose_video,
    fraction,
    integer,
    klv_streams,
    length_of,
    of_kind,
    parse_container,
    shapeless,
    time_base_of,
)
from ingest.media.facts import Container, KlvFacts, LeftOut


def picture(
    index: int, width: int, height: int, *, codec: str = "h264", **disposition: int
) -> dict[str, Any]:
    return {
        "index": index,
        "codec_type": "video",
        "codec_name": codec,
        "width": width,
        "height": height,
        "disposition": {"default": 0, "attached_pic": 0, **disposition},
    }


def other(index: int, kind: str, codec: str) -> dict[str, Any]:
    return {"index": index, "codec_type": kind, "codec_name": codec, "disposition": {"default": 1}}


# Two pictures, two sounds, two subtitles, all flagged default: nasa-2video-2audio-2subs.mp4.
NASA = {
    "streams": [
        picture(0, 320, 180, default=1),
        other(1, "audio", "aac"),
        other(2, "subtitle", "mov_text"),
        picture(3, 480, 270, default=1),
        other(4, "audio", "aac"),
        other(5, "subtitle", "mov_text"),
    ],
    "format": {
        "format_name": "mov,mp4,m4a,3gp,3g2,mj2",
        "start_time": "0.000000",
        "duration": "16.570000",
        "bit_rate": "324905",
    },
}


def chosen_index(*streams: dict[str, Any]) -> int | None:
    stream, _ = choose_video({"streams": list(streams)})
    return None if stream is None else int(stream["index"])


def test_choose_video_of_two_tracks() -> None:
    assert choose_video(NASA) == (
        NASA["streams"][3],
        (LeftOut(0, "video", "h264", "another picture, 320x180; stream 3 is larger or comes first"),),
    )


def test_the_default_track_wins_among_equals_then_the_first() -> None:
    assert chosen_index(picture(0, 640, 360), picture(1, 640, 360, default=1)) == 1
    assert chosen_index(picture(0, 640, 360), picture(1, 640, 360)) == 0
    assert chosen_index(picture(4, 360, 640, default=1), picture(1, 640, 360, default=1)) == 1


def test_size_comes_before_the_default_flag() -> None:
    assert chosen_index(picture(0, 320, 180, default=1), picture(1, 640, 360)) == 1


def test_covers_are_never_chosen() -> None:
    cover = picture(0, 4000, 4000, codec="mjpeg", attached_pic=1, default=1)
    still = picture(1, 4000, 4000, codec="png", still_image=1)
    clip = picture(2, 16, 16)
    assert choose_video({"streams": [cover, still, clip]}) == (
        clip,
        (LeftOut(0, "video", "mjpeg", "a cover picture"), LeftOut(1, "video", "png", "a cover picture")),
    )
    assert choose_video({"streams": [cover]}) == (None, (LeftOut(0, "video", "mjpeg", "a cover picture"),))


@pytest.mark.parametrize(
    "codec", ["h264", "hevc", "av1", "vp9", "mpeg2video", "prores", "dvvideo", "mjpeg", "flv1"]
)
def test_codecs_that_are_accepted(codec: str) -> None:
    assert chosen_index(picture(0, 640, 360, codec=codec)) == 0


def test_codecs_that_are_not_accepted_and_sizes_that_are_missing() -> None:
    odd = picture(0, 640, 360, codec="ansi")
    empty = picture(1, 0, 0)
    nameless = {"index": 2, "codec_type": "video", "width": 8, "height": 8}
    assert choose_video({"streams": [odd, empty, nameless]}) == (
        None,
        (
            LeftOut(0, "video", "ansi", "its codec is not accepted"),
            LeftOut(1, "video", "h264", "its size cannot be told"),
            LeftOut(2, "video", "unknown", "its codec is not accepted"),
        ),
    )


@pytest.mark.parametrize("document", [{}, {"streams": []}, {"streams": [None, 3, {"codec_type": "video"}]}])
def test_documents_without_a_picture(document: dict[str, Any]) -> None:
    assert choose_video(document) == (None, ())


def test_of_kind_takes_only_streams_with_an_index() -> None:
    assert [s["index"] for s in of_kind(NASA, "subtitle")] == [2, 5]


# --- KLV ---


def test_klv_streams() -> None:
    document = {
        "format": {"format_name": "mpegts"},
        "streams": [
            picture(0, 352, 288),
            {
                "index": 1,
                "codec_type": "data",
                "codec_name": "klv",
                "codec_tag_string": "KLVA",
                "id": "0x101",
            },
            {"index": 2, "codec_type": "data", "codec_tag_string": "KLVA"},
            {"index": 3, "codec_type": "data", "codec_name": "klv", "codec_tag_string": "[6][0][0][0]"},
            {"index": 4, "codec_type": "data", "codec_name": "bin_data", "codec_tag_string": "gpmd"},
            {"index": 5, "codec_type": "subtitle", "codec_name": "klv"},
        ],
    }
    assert klv_streams(document) == (
        KlvFacts(1, "mpegts", "0x101"),
        KlvFacts(2, "mpegts", None),
        KlvFacts(3, "mpegts", None),
    )
    assert klv_streams(NASA) == ()


# --- numbers and the container ---


def test_whole_container() -> None:
    assert parse_container(NASA, 672_981) == Container(
        format="mov,mp4,m4a,3gp,3g2,mj2",
        declared_duration=Fraction(1657, 100),
        start=Fraction(0),
        bit_rate=324_905,
        streams=6,
        size=672_981,
    )


@pytest.mark.parametrize("duration", ["0.000000", "-5", "N/A", None])
def test_a_container_that_does_not_say_how_long_it_is(duration: str | None) -> None:
    found = parse_container({"format": {"duration": duration}, "streams": []}, 5)
    assert found == Container("unknown", None, None, None, 0, 5)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("30000/1001", Fraction(30000, 1001)),
        ("16:9", Fraction(16, 9)),
        ("5.280000", Fraction(132, 25)),
        (-90, Fraction(-90)),
        (0.5, Fraction(1, 2)),
        ("0/0", None),
        ("1/0", None),
        ("N/A", None),
        ("", None),
        ("inf", None),
        (float("nan"), None),
        (None, None),
        ([1], None),
    ],
)
def test_fraction(text: object, value: Fraction | None) -> None:
    assert fraction(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("128000", 128_000), (7, 7), ("-3", -3), ("1.5", None), ("N/A", None), (None, None), ("9" * 9999, None)],
)
def test_integer(text: object, value: int | None) -> None:
    assert integer(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("1001/30000", Fraction(1001, 30000)), *((t, Fraction(1, 90000)) for t in ("0/1", "-1/5", ""))],
)
def test_time_base_of(text: str, value: Fraction) -> None:
    assert time_base_of({"time_base": text}) == value


@given(st.text() | st.integers() | st.floats() | st.none() | st.booleans())
def test_numbers_never_raise(value: object) -> None:
    number, whole = fraction(value), integer(value)
    assert number is None or str(value)[:1] in "-0123456789"
    assert whole is None or whole == int(str(value))


@pytest.mark.parametrize(
    ("stream", "seconds"),
    [
        ({"duration": "12.5"}, Fraction(25, 2)),
        ({"duration": "N/A", "tags": {"DURATION": "01:02:03.500000000"}}, Fraction("3723.5")),
        ({"start_time": "1.5", "tags": {"DURATION-eng": "00:00:06"}}, Fraction(9, 2)),
        ({"start_time": "-0.5", "tags": {"DURATION": "00:00:06"}}, Fraction(6)),
        ({"start_time": "7", "tags": {"DURATION": "00:00:06"}}, None),
        ({"tags": {"DURATION": "00:60:00"}}, None),
        ({"tags": {"DURATION": "99999999999:00:00"}}, None),
        ({"tags": {"DURATION": "00:00:01e9"}}, None),
        ({"tags": {"DURATION": 7}}, None),
        ({"tags": None}, None),
        ({}, None),
    ],
)
def test_how_long_a_stream_is(stream: dict[str, Any], seconds: Fraction | None) -> None:
    assert length_of(stream) == seconds


@pytest.mark.parametrize(
    ("told", "still"),
    [
        ({"nb_frames": "1"}, True),
        ({"codec_name": "h264", "nb_frames": "1"}, True),
        ({"nb_frames": "2", "avg_frame_rate": "0/0"}, False),
        ({"tags": {"DURATION": "00:00:00.040000000"}}, True),
        ({"tags": {"DURATION": "00:00:00.500000000"}}, False),
        ({"tags": {"DURATION": "00:00:01.000000000"}}, False),
        ({"avg_frame_rate": "0/0"}, True),
        ({"codec_name": "h264", "avg_frame_rate": "0/0"}, False),
        ({}, False),
    ],
)
def test_a_still_beside_a_film_is_not_the_picture(told: dict[str, object], still: bool) -> None:
    film = {
        "index": 1,
        "codec_type": "video",
        "codec_name": "h264",
        "width": 320,
        "height": 180,
        "nb_frames": "25",
    }
    other = {"index": 0, "codec_type": "video", "codec_name": "mjpeg", "width": 800, "height": 800} | told
    chosen, (left,) = choose_video({"streams": [other, film]})
    assert chosen is (film if still else other)
    assert (left.reason == "a single picture") is still
    assert choose_video({"streams": [other]}) == (other, ())


def test_pictures_of_which_none_has_a_size() -> None:
    sound = {"index": 9, "codec_type": "audio"}
    cover, unknown = picture(0, 64, 64, attached_pic=1), picture(1, 0, 0)
    assert shapeless({"streams": [sound, unknown, cover]})
    assert not shapeless({"streams": [sound, unknown, picture(2, 64, 64)]})
    assert not shapeless({"streams": [sound, cover]})
