"""The options of each encoder: whole, on a constant grid and on uneven times."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from made_facts import HD, clip, constant, portrait_vfr

from ingest.media.command.encoders import encoder_options
from ingest.media.options import Options
from ingest.media.plan import Plan, make_plan

if TYPE_CHECKING:
    from ingest.media.facts import VideoFacts

FORCED = "expr:isnan(prev_forced_t)+gte(t+0.000001,(floor((prev_forced_t+0.000001)/2)+1)*2)"


def planned(video: VideoFacts) -> Plan:
    options = Options(codecs=("h264", "hevc", "av1"))
    return make_plan(video, (), (HD,), preview_interval=Fraction(1), tile=(160, 90), options=options)


def ntsc() -> VideoFacts:
    return clip(1280, 720, timing=constant(Fraction(30000, 1001), 300, Fraction(1, 30000)))


CONSTANT = {
    "h264": {
        "c:v": "libx264",
        "maxrate": 4_500_000,
        "bufsize": 9_000_000,
        "flags:v": "+cgop",
        "g": 60,
        "preset": "veryfast",
        "partitions": "i8x8,i4x4",
        "trellis": 1,
        "subq": 3,
        "rc-lookahead": 20,
        "profile:v": "high",
        "level:v": "3.1",
        "crf": 22.0,
        "sc_threshold": 0,
        "a53cc": 0,
        "keyint_min": 60,
    },
    "hevc": {
        "c:v": "libx265",
        "maxrate": 3_150_000,
        "bufsize": 6_300_000,
        "flags:v": "+cgop",
        "g": 60,
        "preset": "veryfast",
        "profile:v": "main",
        "crf": 25.0,
        "forced-idr": 1,
        "x265-params": (
            "log-level=error:fps=30000/1001:level-idc=3.1:high-tier=0:scenecut=0:open-gop=0:min-keyint=60"
        ),
        "tag:v": "hvc1",
    },
    "av1": {
        "c:v": "libsvtav1",
        "maxrate": 2_700_000,
        "bufsize": 5_400_000,
        "flags:v": "+cgop",
        "g": 60,
        "preset": "9",
        "crf": 33,
        "svtav1-params": "fps-num=30000:fps-denom=1001:level=31:tier=0:scd=0",
    },
}
UNEVEN = {
    "h264": {
        "c:v": "libx264",
        "maxrate": 4_500_000,
        "bufsize": 9_000_000,
        "flags:v": "+cgop",
        "g": 100_000,
        "force_key_frames": FORCED,
        "preset": "veryfast",
        "partitions": "i8x8,i4x4",
        "trellis": 1,
        "subq": 3,
        "rc-lookahead": 20,
        "profile:v": "high",
        "level:v": "3.1",
        "crf": 22.0,
        "sc_threshold": 0,
        "a53cc": 0,
        "forced-idr": 1,
    },
    "hevc": {
        "c:v": "libx265",
        "maxrate": 3_150_000,
        "bufsize": 6_300_000,
        "flags:v": "+cgop",
        "g": 100_000,
        "force_key_frames": FORCED,
        "preset": "veryfast",
        "profile:v": "main",
        "crf": 25.0,
        "forced-idr": 1,
        "x265-params": (
            "log-level=error:fps=144/5:level-idc=3.1:high-tier=0:scenecut=0:open-gop=0:min-keyint=1"
        ),
        "tag:v": "hvc1",
    },
    "av1": {
        "c:v": "libsvtav1",
        "maxrate": 2_700_000,
        "bufsize": 5_400_000,
        "flags:v": "+cgop",
        "g": 100_000,
        "force_key_frames": FORCED,
        "preset": "9",
        "crf": 33,
        "svtav1-params": "fps-num=144:fps-denom=5:level=31:tier=0:scd=0",
    },
}


@pytest.mark.parametrize(
    ("video", "expected"), [(ntsc(), CONSTANT), (portrait_vfr(), UNEVEN)], ids=["constant", "uneven"]
)
def test_whole_options(video: VideoFacts, expected: dict[str, dict[str, object]]) -> None:
    plan = planned(video)
    assert {r.codec: encoder_options(r, plan.video.grid) for r in plan.rungs} == expected


def test_across_a_long_gap_nothing_is_reordered() -> None:
    """MP4 gives each picture the time to the next one in decoding order; AV1 in MP4 has no such times."""
    grid = replace(planned(portrait_vfr()).video.grid, reorder=False)
    options = {r.codec: encoder_options(r, grid) for r in planned(portrait_vfr()).rungs}
    assert options["h264"]["bf"] == 0
    assert options["hevc"]["x265-params"].endswith(":min-keyint=1:bframes=0")
    assert options["av1"] == UNEVEN["av1"]


def test_pictures_that_are_groups_of_their_own_make_no_intra_profile() -> None:
    """x265 declares `main` with an interval of 1 as an intra profile of the range extensions."""
    slides = clip(1280, 720, timing=constant(Fraction(1, 2), 10, Fraction(1, 16384)))
    plan = planned(slides)
    options = {r.codec: encoder_options(r, plan.video.grid) for r in plan.rungs}
    assert plan.video.grid.gop_frames == 1
    assert {codec: (o["g"], o.get("force_key_frames")) for codec, o in options.items()} == {
        "h264": (1, None),
        "hevc": (2, "expr:1"),
        "av1": (1, None),
    }
    assert options["hevc"]["x265-params"].endswith(":min-keyint=1")


def test_the_high_tier_is_said() -> None:
    plan = planned(ntsc())
    high = {r.codec: encoder_options(replace(r, tier="high"), plan.video.grid) for r in plan.rungs}
    assert ":high-tier=1:" in high["hevc"]["x265-params"]
    assert ":tier=1:" in high["av1"]["svtav1-params"]


@pytest.mark.parametrize("speed", ["superfast", "faster", "slow"])
def test_other_presets_of_x264_are_taken_as_they_are(speed: str) -> None:
    plan = planned(ntsc())
    (rung,) = (r for r in plan.rungs if r.codec == "h264")
    beside = {"partitions", "trellis", "subq", "rc-lookahead"}
    assert beside < encoder_options(rung, plan.video.grid).keys()
    assert not beside & encoder_options(replace(rung, speed=speed), plan.video.grid).keys()
