"""What is cut off of the picture: how much stays, in pixels as seen and in samples, and the filter that does it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from made_facts import FHD, HD, SD, clip

from ingest.job.errors import UsageError
from ingest.media.choices import options_of
from ingest.media.command import EncodeInput, encode_arguments
from ingest.media.options import Options
from ingest.media.plan import Plan, make_plan
from ingest.media.plan.copying import verdict
from ingest.media.plan.crop import CropPlan, crop_plan, cropped
from ingest.media.plan.describe import rows

if TYPE_CHECKING:
    from ingest.media.facts import VideoFacts

SOURCE = EncodeInput("file:/proc/self/fd/7", 36_000_000, 128)


def planned(video: VideoFacts, *sides: int) -> Plan:
    top, right, bottom, left = sides
    crop = crop_plan(video, (top, right, bottom, left))
    return make_plan(
        cropped(video, crop), (), (SD, HD, FHD), preview_interval=Fraction(1), tile=(160, 90), crop=crop
    )


def filters(plan: Plan) -> str:
    arguments = encode_arguments("/f", plan, SOURCE)
    return arguments[arguments.index("-filter_complex") + 1]


def test_a_letterboxed_film() -> None:
    plan = planned(clip(), 140, 0, 140, 0)
    assert plan.video.crop == CropPlan(140, 0, 140, 0, width=1920, height=1080)
    assert (plan.video.display_width, plan.video.display_height) == (1920, 800)
    assert [(r.name, r.width, r.height) for r in plan.rungs] == [
        ("sd", 720, 300),
        ("hd", 1280, 534),
        ("fhd", 1920, 800),
    ]
    assert "settb=1/30[s3];[s3]crop=1920:800:0:140:exact=1[s4];[s4]split=7[" in filters(plan)
    assert rows(plan)[0] == ("picture", "stream 0, 1920x800, a part of what is seen cut off")


def test_samples_that_are_not_square_and_a_picture_that_is_turned() -> None:
    """720x576 in 64:45 is seen as 1024x576, here turned."""
    video = replace(
        clip(720, 576), sample_aspect=Fraction(64, 45), rotation=90, display_width=576, display_height=1024
    )
    plan = planned(video, 100, 26, 24, 50)
    assert (plan.video.display_width, plan.video.display_height) == (500, 900)
    # 576 x 720 samples once it is turned: 24 of 1024 pixels are 17 of 720 samples.
    assert "transpose=dir=clock[s4];[s4]crop=500:633:50:70:exact=1[s5]" in filters(plan)


def test_nothing_is_cut_off_unless_it_is_asked_for() -> None:
    assert crop_plan(clip(), None) is None
    assert crop_plan(clip(), (0, 0, 0, 0)) is None
    assert cropped(clip(), None) == clip()


@pytest.mark.parametrize(
    ("sides", "left"),
    [((540, 0, 525, 0), "1920x15"), ((0, 2000, 0, 0), "0x1080"), ((0, 960, 0, 945), "15x1080")],
)
def test_something_must_be_left(sides: tuple[int, int, int, int], left: str) -> None:
    with pytest.raises(UsageError) as error:
        crop_plan(clip(), sides)
    assert (
        error.value.message == f"--crop {','.join(map(str, sides))} leaves {left} of a picture of 1920x1080"
    )


def test_what_is_written() -> None:
    assert (
        options_of(crop="140,0,140,0") == options_of(crop=(140, 0, 140, 0)) == Options(crop=(140, 0, 140, 0))
    )


@pytest.mark.parametrize(
    "text", ["", "140", "1,2,3", "1,2,3,4,5", "-1,0,0,0", "1.5,0,0,0", "a,b,c,d", "1, 2,3,4"]
)
def test_what_cannot_be_understood(text: str) -> None:
    with pytest.raises(UsageError, match="is not four numbers of pixels"):
        options_of(crop=text)


def test_it_is_not_copied() -> None:
    video = replace(clip(), profile="High")
    plan = planned(video, 140, 0, 140, 0)
    crop = cropped(video, plan.video.crop)
    found = verdict(plan, crop, None, (SD, HD, FHD), Options(), damaged=False)
    assert {r.why for r in found.refusals.values() if r} == {"a part of its picture is cut off"}
