"""A film of one picture is shown to the end of its sound."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from made_facts import SD, clip, constant, track

from ingest.media.command import EncodeInput, encode_arguments
from ingest.media.facts import AudioFacts, Timing
from ingest.media.plan import Plan, make_plan
from ingest.media.plan.still import MOST_SECONDS, RATE, held

F = Fraction
ONE = replace(constant(F(25), 1, F(1, 12800), start=F(2)), rate=None)


def planned(timing: Timing, *audio: AudioFacts) -> Plan:
    return make_plan(clip(timing=timing), audio, (SD,), preview_interval=F(1), tile=(160, 90))


def test_it_is_shown_five_times_a_second_to_the_end_of_the_longest_sound() -> None:
    sounds = (track(1, duration=F(3)), track(2, start=F(1), duration=F(113, 10)), track(3, start=None))
    assert held(ONE, sounds) == Timing(
        time_base=F(1, 12800),
        start=F(2),
        duration=F(52, 5),  # from 2 s to 12.3 s, in whole pictures
        frames=52,
        rate=RATE,
        mean_rate=RATE,
        longest_gap=F(1, 5),
        key_frames=1,
        longest_key_distance=F(52, 5),
        bytes=ONE.bytes,
        last=F(1, 5),
    )


@pytest.mark.parametrize(
    "audio",
    [
        (),
        (track(start=F(2), duration=F(1, 2)),),
        (track(duration=F(2)),),  # over before the picture begins
        (track(duration=None),),
        (track(duration=F(MOST_SECONDS + 3)),),
    ],
)
def test_it_ends_with_itself_where_no_sound_is_longer(audio: tuple[AudioFacts, ...]) -> None:
    assert held(ONE, audio) is None
    assert not planned(ONE, *audio).video.grid.held


def test_two_pictures_are_not_held() -> None:
    assert held(replace(ONE, frames=2), (track(),)) is None


def test_the_plan_is_that_of_a_steady_film() -> None:
    plan = planned(ONE, track(duration=F(123, 10)))
    grid = plan.video.grid
    assert (grid.held, grid.rate, grid.frames, grid.duration) == (True, RATE, 52, F(52, 5))
    assert (grid.gop_frames, grid.segment) == (10, 6)
    assert plan.audio[0].frames == round(F(52, 5) * 48_000 / 1024)
    # Its bytes in each group: the rung may cost what one such picture each two seconds does.
    assert plan.rungs[0].max_bitrate == 2_000_000


def test_the_picture_is_repeated_before_anything_else_is_made_of_it() -> None:
    plan = planned(ONE, track(duration=F(123, 10)))
    found = encode_arguments("/f", plan, EncodeInput("file:/proc/self/fd/7", 36_000_000, 128))
    graph = found[found.index("-filter_complex") + 1]
    steps = [part.split("]", 1)[1].split("[")[0] for part in graph.split(";")]
    at = steps.index("trim=end_frame=1")
    assert steps[at - 1 : at + 5] == [
        *("setpts=PTS-(25600)", "trim=end_frame=1", "settb=1/5", "loop=loop=51:size=1", "setpts=N"),
        "split=5",
    ]
