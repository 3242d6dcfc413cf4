"""Which pictures are scored, and what their scores come to."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from made_facts import FHD, HD, SD, UHD, clip, constant, hdr10, portrait_vfr

from ingest.media.command import EncodeInput, encode_arguments
from ingest.media.command.quality import quality_arguments
from ingest.media.options import Options
from ingest.media.plan import Plan, make_plan
from ingest.media.quality import Sampling, Scores, plan_sampling, read_scores, scores_of

if TYPE_CHECKING:
    from ingest.media.facts import VideoFacts
    from ingest.media.presets import Preset


def planned(video: VideoFacts, *presets: Preset, options: Options | None = None) -> Plan:
    return make_plan(
        video,
        (),
        presets,
        preview_interval=Fraction(1),
        tile=(160, 90),
        options=options or Options(),
    )


def lasting(seconds: int, rate: Fraction = Fraction(30)) -> Plan:
    return planned(clip(timing=constant(rate, int(seconds * rate), Fraction(1, 90_000))), SD, HD)


def test_two_neighbours_of_each_second_at_the_size_of_the_largest_rung() -> None:
    assert plan_sampling(lasting(60)) == Sampling(
        rungs=((0, "sd"), (1, "hd")), width=1280, height=720, model="vmaf_v0.6.1", every=30
    )


@pytest.mark.parametrize(
    ("seconds", "every", "compared"),
    [(1, 1, 30), (2, 2, 60), (10, 12, 50), (25, 30, 50), (600, 30, 1200), (36_000, 360, 6000)],
)
def test_short_films_are_looked_at_closely_and_long_ones_have_a_bound(
    seconds: int, every: int, compared: int
) -> None:
    sampling = plan_sampling(lasting(seconds))
    assert (sampling.every, sampling.expected(seconds * 30)) == (every, compared)


def test_expected_counts_what_the_filter_selects() -> None:
    for every in (1, 2, 3, 7, 30):
        sampling = replace(plan_sampling(lasting(60)), every=every)
        for frames in range(95):
            selected = sum(n % every < 2 for n in range(frames))
            assert sampling.expected(frames) == selected


def test_the_model_for_4k_is_for_4k() -> None:
    fast = planned(clip(3840, 2160), FHD, UHD)
    assert (plan_sampling(fast).model, plan_sampling(fast).height) == ("vmaf_4k_v0.6.1", 2160)
    tall = planned(clip(2160, 3840), UHD)
    assert plan_sampling(tall).model == "vmaf_4k_v0.6.1"


def test_renditions_that_keep_the_range_are_left_out() -> None:
    plan = planned(hdr10(), HD, options=Options(codecs=("hevc",), hdr="keep"))
    assert [r.video_range for r in plan.rungs] == ["SDR", "PQ"]
    assert plan_sampling(plan).rungs == ((0, "hd"),)


def test_scores_of_a_hundred_pictures() -> None:
    assert scores_of([10.0, *[99.0] * 199]) == Scores(
        frames=200, mean=98.555, harmonic_mean=95.112, lowest=10.0, percentile_1=99.0
    )
    assert scores_of([10.0, 20.0, *[99.0] * 98]).percentile_1 == 10.0


def test_scores_are_read_from_the_log() -> None:
    log = {
        "frames": [
            {"frameNum": n, "metrics": {"vmaf": s, "integer_motion2": 1}} for n, s in ((0, 80), (1, 90))
        ]
    }
    assert read_scores(json.dumps(log)) == Scores(2, 85.0, 84.709, 80.0, 80.0)


@pytest.mark.parametrize("text", ["", "{}", '{"frames": []}', '{"frames": [{}]}', '{"frames": [1]}', "[]"])
def test_a_log_without_scores_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"no scores|no picture|Expecting|indices"):
        read_scores(text)


def graph_of(arguments: tuple[str, ...]) -> list[str]:
    """The filters without the labels of their links."""
    filters = arguments[arguments.index("-filter_complex") + 1].split(";")
    return [re.sub(r"\[s\d+\]", "", f) for f in filters]


@pytest.mark.parametrize("video", [portrait_vfr(), hdr10(), clip()], ids=["uneven", "HDR", "plain"])
def test_both_sides_see_the_same_pictures(video: VideoFacts) -> None:
    """The source passes what it passes in the encode, but most pictures are left out before anything costly."""
    plan = planned(video, SD)
    source = EncodeInput("file:/proc/self/fd/7", 36_000_000, 128)
    sampling = replace(plan_sampling(plan), every=29)
    arguments = quality_arguments("/tools/ffmpeg", plan, source, sampling)
    chosen = r"select=lt(mod(n\,29)\,2)"
    encode = graph_of(encode_arguments("/tools/ffmpeg", plan, source))
    shown = encode[: next(i for i, f in enumerate(encode) if f.startswith("split="))]
    timed = [f.replace("[0:0]", "[1:0]") for f in shown if not f.startswith(TONE_MAPPING)]
    mapped = [f for f in shown if f.startswith(TONE_MAPPING)]
    rung = plan.rungs[0]
    to_size = f"scale={rung.width}:{rung.height}:flags=bicubic"
    upscale, *_ = (f for f in encode if f.startswith(to_size) and "out_range=tv" in f)
    assert graph_of(arguments) == [
        f"[0:v:0]{chosen}",
        to_size,
        *("format=yuv420p", "setsar=1"),
        *(*timed, chosen, *mapped, upscale),
        *("format=yuv420p", "setsar=1", "split=1"),
        "libvmaf=log_fmt=json:log_path=quality/0.json:model=version\\\\=vmaf_v0.6.1:n_threads=2:ts_sync_mode=nearest",
    ]
    assert arguments[arguments.index("-map") + 2 :] == (
        *("-f", "null", "-", "-nostdin", "-hide_banner", "-v", "error", "-nostats"),
        *("-progress", "pipe:1", "-stats_period", "1", "-max_error_rate", "1"),
    )
    assert [a for a in arguments if a.startswith("file:")] == ["file:rungs/sd.mp4", "file:/proc/self/fd/7"]


TONE_MAPPING = ("sidedata", "zscale", "format=gbrpf32le", "tonemap", "format=yuv420p")
