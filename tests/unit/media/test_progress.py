"""ffmpeg's -progress blocks."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.media.progress import EncodeProgress, ProgressReader, remaining_seconds

# As ffmpeg 9 prints them: the first block of an encode, one in the middle, one without a size, the last.
BLOCKS = """\
frame=0
fps=0.00
stream_0_0_q=0.0
bitrate=N/A
total_size=N/A
out_time_us=N/A
out_time_ms=N/A
out_time=N/A
dup_frames=0
drop_frames=0
speed=N/A
progress=continue
frame=72
fps=71.85
stream_0_0_q=29.0
bitrate=1250.5kbits/s
total_size=   262192
out_time_us=2400000
out_time_ms=2400000
out_time=00:00:02.400000
dup_frames=0
drop_frames=0
speed=1.44x
progress=continue
frame=300
fps=100.02
stream_0_0_q=-1.0
bitrate= 900.0kbits/s
total_size=1048576
out_time_us=10000000
out_time_ms=10000000
out_time=00:00:10.000000
dup_frames=0
drop_frames=0
speed=1e+03x
progress=end
"""


def test_whole_blocks() -> None:
    told: list[EncodeProgress] = []
    reader = ProgressReader(told.append)
    marks = [mark for line in BLOCKS.splitlines(keepends=True) if (mark := reader.line(line)) is not None]
    assert told == [
        EncodeProgress(frames=0, written=0, speed=None),
        EncodeProgress(frames=72, written=262192, speed=1.44, seconds=2.4),
        EncodeProgress(frames=300, written=1048576, speed=1000.0, seconds=10.0),
    ]
    assert marks == [(0, 0, 0.0), (72, 262192, 2.4), (300, 1048576, 10.0)]
    assert reader.last == told[-1]


def test_a_block_is_told_when_it_ends_and_not_before() -> None:
    told: list[EncodeProgress] = []
    reader = ProgressReader(told.append)
    assert [reader.line(line) for line in ("frame=5", "total_size=9", "speed=2x")] == [None, None, None]
    assert (told, reader.last) == ([], None)
    assert reader.line("progress=continue") == (5, 9, 0.0)
    assert told == [EncodeProgress(5, 9, 2.0)]


def test_an_unknown_figure_keeps_the_last_one() -> None:
    reader = ProgressReader(lambda _: None)
    for line in ("frame=5", "total_size=9", "progress=continue", "frame=N/A", "total_size=N/A"):
        reader.line(line)
    assert reader.line("progress=end") == (5, 9, 0.0)


@pytest.mark.parametrize("speed", ["N/A", "0x", "0.000x", "-1x", "nanx", "", "x"])
def test_a_speed_that_says_nothing(speed: str) -> None:
    reader = ProgressReader(lambda _: None)
    reader.line(f"speed={speed}")
    reader.line("progress=continue")
    assert reader.last == EncodeProgress(0, 0, None)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("frame", "total_size", "speed", "progress", "fps", "")),
            st.sampled_from(["=", "=="]) | st.just(""),
            st.text(st.sampled_from("0123456789-+.exN/A ²٣inf\r")),
        )
    )
)
def test_no_line_stops_the_reader_and_counters_are_never_negative(lines: list[tuple[str, str, str]]) -> None:
    told: list[EncodeProgress] = []
    reader = ProgressReader(told.append)
    for parts in lines:
        reader.line("".join(parts))
    assert all(p.frames >= 0 and p.written >= 0 and (p.speed is None or p.speed > 0) for p in told)


@pytest.mark.parametrize(
    ("done", "total", "speed", "remaining"),
    [
        (Fraction(2), Fraction(10), 2.0, 4.0),
        (Fraction(2), Fraction(10), None, None),
        (Fraction(2), Fraction(10), 0.0, None),
        (Fraction(0), Fraction(10), 2.0, None),
        (Fraction(10), Fraction(10), 2.0, 0.0),
        (Fraction(11), Fraction(10), 2.0, 0.0),
        (Fraction(1), Fraction(2), 3.0, 0.3),
    ],
)
def test_remaining_seconds(
    done: Fraction, total: Fraction, speed: float | None, remaining: float | None
) -> None:
    assert remaining_seconds(done, total, speed) == remaining
