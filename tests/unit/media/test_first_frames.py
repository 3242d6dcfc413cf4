"""framecrc's and showinfo's lines, as ffmpeg 9 prints them for real clips."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.media.first_frames import (
    DecodedFrame,
    FirstPicture,
    decoded_frames,
    parse_framecrc,
    parse_showinfo,
)

MARK = "6b1f0c9d2a7e4835"
P = f"[showinfo@{MARK} @ 0x7f9d88002180] "

HDR10 = f"""\
{P}config in time_base: 1/30000, frame_rate: 30000/1001
{P}config out time_base: 0/0, frame_rate: 0/0
{P}n:   0 pts:      0 pts_time:0       duration:   1001 duration_time:0.0333667 fmt:yuv420p10le cl:left \
sar:1/1 s:720x1280 i:P iskey:1 type:I\x20
{P}color_range:tv color_space:bt2020nc color_primaries:bt2020 color_trc:smpte2084
{P}n:   1 pts:   1001 pts_time:0.0333667 duration:   1001 duration_time:0.0333667 fmt:yuv420p10le cl:left \
sar:1/1 s:720x1280 i:P iskey:0 type:P\x20
{P}color_range:tv color_space:bt2020nc color_primaries:bt2020 color_trc:smpte2084
"""

TRANSPORT_STREAM = f"""\
Input #0, mpegts, from 'file:/proc/self/fd/5':
  Stream #0:0[0x100]: Video: h264 (High) ([27][0][0][0] / 0x001B), yuv420p(progressive), 352x288, 25 fps
{P}config in time_base: 1/90000, frame_rate: 25/1
{P}n:   0 pts: 133200 pts_time:1.48    duration:   3600 duration_time:0.04    fmt:yuv420p cl:left \
sar:0/1 s:352x288 i:P iskey:1 type:I\x20
{P}color_range:unknown color_space:unknown color_primaries:unknown color_trc:unknown
Output #0, null, to 'pipe:':
"""

FULL_RANGE = f"""\
{P}n:   0 pts:      0 pts_time:0       duration:   1498 duration_time:0.0166444 fmt:yuvj420p cl:left \
sar:0/1 s:3840x2160 i:P iskey:1 type:I\x20
{P}color_range:pc color_space:bt470bg color_primaries:bt470bg color_trc:smpte170m
"""


HDR10_CRC = """\
#software: Lavf63.1.102
#tb 0: 1/30000
#media_type 0: video
#codec_id 0: rawvideo
#dimensions 0: 720x1280
#sar 0: 1/1
0,          0,          0,     1001,  2764800, 0x5a0ccc8f
0,       1001,       1001,     1001,  2764800, 0xcd833d66
"""

FORGED = "n: 0 pts: 0 pts_time:0 fmt:yuv420p cl:left sar:1/1 s:4000x4000 i:P"


def test_hdr_clip() -> None:
    frame = DecodedFrame(
        pts=0,
        pixel_format="yuv420p10le",
        sample_aspect=Fraction(1),
        width=720,
        height=1280,
        field="P",
        range="tv",
        matrix="bt2020nc",
        primaries="bt2020",
        transfer="smpte2084",
    )
    second = DecodedFrame(
        1001, "yuv420p10le", Fraction(1), 720, 1280, "P", "tv", "bt2020nc", "bt2020", "smpte2084"
    )
    assert parse_showinfo(HDR10, MARK) == (frame, second)


def test_start_of_a_transport_stream_and_an_unknown_aspect() -> None:
    assert parse_showinfo(TRANSPORT_STREAM, MARK) == (DecodedFrame(133200, "yuv420p", None, 352, 288, "P"),)


def test_full_range() -> None:
    assert parse_showinfo(FULL_RANGE, MARK) == (
        DecodedFrame(
            *(0, "yuvj420p", None, 3840, 2160, "P"),
            range="pc",
            matrix="bt470bg",
            primaries="bt470bg",
            transfer="smpte170m",
        ),
    )


def test_interlaced_anamorphic_negative_and_missing_times() -> None:
    text = FULL_RANGE.replace("sar:0/1", "sar:16/11").replace("i:P", "i:T")
    first = text.replace("pts:      0 pts_time:0 ", "pts:  -1024 pts_time:-0.08 ")
    second = text.replace("pts:      0 pts_time:0 ", "pts:  NOPTS pts_time:NOPTS ").replace("i:T", "i:B")
    assert [(f.pts, f.sample_aspect, f.field) for f in parse_showinfo(first + second, MARK)] == [
        (-1024, Fraction(16, 11), "T"),
        (None, Fraction(16, 11), "B"),
    ]


def test_colour_before_any_picture_is_passed_over() -> None:
    assert parse_showinfo(f"{P}color_range:pc color_space:x color_primaries:y color_trc:z\n", MARK) == ()


def test_lines_of_others_are_passed_over() -> None:
    assert parse_showinfo(FULL_RANGE.replace("showinfo", "metadata"), MARK) == ()
    assert parse_showinfo("", MARK) == ()


@pytest.mark.parametrize(
    "line",
    [
        f"[Parsed_showinfo_1 @ 0x7f9d88002180] {FORGED}",
        f"[showinfo@0000000000000000 @ 0x7f9d88002180] {FORGED}",
        f"    title           : {P}{FORGED}",
        f"    title           : x\u2028{P}{FORGED}",
        f"x\x0b{P}{FORGED}\x0c{P}{FORGED}\x85{P}{FORGED}\r{P}{FORGED}",
        f"{P}  title={FORGED}",
        f"{P} {FORGED}",
    ],
)
def test_what_the_source_may_write_into_the_log(line: str) -> None:
    assert parse_showinfo(f"{line}\n{HDR10}{line}\n", MARK) == parse_showinfo(HDR10, MARK)


@given(st.text(), st.integers(0, HDR10.count("\n")))
def test_any_text_between_the_lines(noise: str, at: int) -> None:
    """The source does not know the mark, whatever else it writes."""
    lines = HDR10.splitlines(keepends=True)
    text = "".join((*lines[:at], noise, "\n", *lines[at:]))
    assert parse_showinfo(text, MARK) == parse_showinfo(HDR10, MARK)


# --- framecrc ---


def test_parse_framecrc() -> None:
    assert parse_framecrc(HDR10_CRC) == FirstPicture(720, 1280, 0)
    later = HDR10_CRC.replace("0,          0,          0,", "0,      -1024,      -1024,")
    assert parse_framecrc(later) == FirstPicture(720, 1280, -1024)


@pytest.mark.parametrize("text", ["", "#dimensions 0: 720x1280\n", "0, 0, 0, 1, 5, 0x0\n", HDR10])
def test_no_picture_in_framecrc(text: str) -> None:
    assert parse_framecrc(text) is None


@given(st.text())
def test_any_text_for_framecrc(text: str) -> None:
    assert parse_framecrc(text + "\n" + HDR10_CRC) is not None
    assert decoded_frames("", text + HDR10, MARK) == ()


# --- both ---


def test_both_answers_of_a_clip() -> None:
    assert decoded_frames(HDR10_CRC, HDR10, MARK) == parse_showinfo(HDR10, MARK)


def test_size_and_time_are_those_of_framecrc() -> None:
    """The picture grows after the first one, whose line was lost from the log's end."""
    crc = HDR10_CRC.replace("0,          0,          0,", "0,       -500,       -500,")
    first, second = parse_showinfo(HDR10, MARK)
    grown = HDR10.replace("s:720x1280", "s:1440x2560")
    assert decoded_frames(crc, HDR10 + grown, MARK) == (replace(first, pts=-500), second)
    assert decoded_frames(crc, grown, MARK) == ()


def test_a_picture_without_a_time_is_given_none() -> None:
    log = HDR10.replace("pts:      0 pts_time:0 ", "pts:   NOPTS pts_time:NOPTS ")
    assert decoded_frames(HDR10_CRC, log, MARK) == parse_showinfo(log, MARK)
    assert parse_showinfo(log, MARK)[0].pts is None
