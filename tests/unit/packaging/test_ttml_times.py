"""Time expressions of TTML."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.packaging.ttml_times import PARAMETER, Clock, read_clock

F = Fraction
NTSC = F(30_000, 1001)


def clock(**parameters: str) -> Clock:
    return read_clock({f"{PARAMETER}{name}": value for name, value in parameters.items()})


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [
        ("00:00:01", F(1)),
        ("01:02:03.25", F(3723) + F(1, 4)),
        ("123:00:00.0", F(442_800)),
        ("00:00:01:15", F(3, 2)),  # 30 pictures a second, where nothing is said
        (" 2.5h ", F(9000)),
        ("1.5m", F(90)),
        ("10s", F(10)),
        ("250ms", F(1, 4)),
        ("45f", F(3, 2)),
        ("7t", F(7)),  # ticks are seconds then
        *((text, None) for text in ("", "1", "1:00", "0:00:01", "00:60:00", "00:00:01,5", "-1s", "1 s", "s")),
        *(
            (text, None)
            for text in ("wallclock(12:00:00)", "00:00:00:", "00:00:61", "1e3s", "9" * 19 + "s", "١s")
        ),
    ],
)
def test_expressions(expression: str, seconds: Fraction | None) -> None:
    assert clock().seconds(expression) == seconds


def test_frames_sub_frames_and_ticks() -> None:
    ntsc = clock(frameRate="30", frameRateMultiplier="1000 1001", subFrameRate="2")
    assert ntsc.seconds("00:00:10:15.1") == 10 + F(31, 2) / NTSC
    assert ntsc.seconds("30f") == F(1001, 1000)
    assert ntsc.seconds("60t") == F(1001, 1000)
    assert clock(tickRate="10000000", frameRate="25").seconds("5000000t") == F(1, 2)
    assert clock(frameRate="24", frameRateMultiplier="1000:1001").frame_rate == F(24_000, 1001)


def test_time_codes() -> None:
    plain = clock(timeBase="smpte", frameRate="30", frameRateMultiplier="1000 1001")
    assert plain.seconds("00:01:00:00") == 1800 / NTSC
    dropped = clock(timeBase="smpte", dropMode="dropNTSC", frameRate="30", frameRateMultiplier="1000 1001")
    assert dropped.seconds("00:01:00:02") == 1800 / NTSC  # the picture after 00:00:59:29
    assert dropped.seconds("00:10:00:00") == 17_982 / NTSC
    pal = clock(timeBase="smpte", dropMode="dropPAL", frameRate="30", frameRateMultiplier="1000 1001")
    assert pal.seconds("00:02:00:04") == 3600 / NTSC


def test_parameters_without_sense_are_the_defaults() -> None:
    odd = clock(frameRate="0", frameRateMultiplier="1 0", subFrameRate="x", tickRate="-1", timeBase="clock")
    assert odd == Clock() == clock()


@given(st.text(alphabet="0123456789:.hmsft ", max_size=24), st.sampled_from([Clock(), Clock(counted=True)]))
def test_any_text_is_a_time_or_none(text: str, any_clock: Clock) -> None:
    found = any_clock.seconds(text)
    assert found is None or found >= 0


@given(st.integers(0, 10**6), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_a_clock_time_is_what_it_says(hours: int, minutes: int, seconds: int, thousandths: int) -> None:
    hours %= 10**6
    text = f"{hours:02d}:{minutes:02d}:{seconds:02d}.{thousandths:03d}"
    assert Clock().seconds(text) == hours * 3600 + minutes * 60 + seconds + F(thousandths, 1000)
