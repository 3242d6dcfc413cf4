"""What becomes of interlaced pictures, by flags, by what their lines show, and by the preset."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from made_facts import FHD, clip, constant

from ingest.media.facts import Judged, Scan, VideoFacts
from ingest.media.plan import make_plan
from ingest.media.plan.fields import FieldsPlan, after, fields_plan

F = Fraction
NTSC, PAL = F(30000, 1001), F(25)


def film(scan: Scan, rate: Fraction = PAL, **changes: Any) -> VideoFacts:
    return replace(clip(timing=constant(rate, 300, F(1, 90_000))), scan=scan, **changes)


PSF = "flagged as interlaced, but each picture is of one moment"
UNSAID = "not flagged, but its lines show fields of different times"


@pytest.mark.parametrize(
    ("scan", "plan"),
    [
        (Scan(96), FieldsPlan()),
        (Scan(96, top=96), FieldsPlan("field", True)),
        (Scan(96, bottom=96), FieldsPlan("field", False)),
        (Scan(96, top=40, bottom=40), FieldsPlan("field", None)),
        # Mixed flags: by the greater part.
        (Scan(96, top=48), FieldsPlan("field", True)),
        (Scan(96, top=47), FieldsPlan("frame", True)),
        (Scan(96, top=1), FieldsPlan("frame", True)),
        # Each picture of one moment, seen often enough and nowhere else.
        (Scan(96, top=96, judged=Judged(200, smooth=150)), FieldsPlan("keep", why=PSF)),
        (Scan(96, top=96, judged=Judged(200, top=3, smooth=150)), FieldsPlan("keep", why=PSF)),
        (Scan(96, top=96, judged=Judged(200, top=4, smooth=150)), FieldsPlan("field", True)),
        (Scan(96, top=96, judged=Judged(200, smooth=60)), FieldsPlan("field", True)),
        (Scan(96, top=96, judged=Judged(19, smooth=19)), FieldsPlan("field", True)),
        # Without flags only what is beyond doubt.
        (Scan(96, judged=Judged(200, bottom=180, smooth=20)), FieldsPlan("field", False, False, UNSAID)),
        (Scan(96, judged=Judged(200, bottom=179, smooth=21)), FieldsPlan()),
        (Scan(96, judged=Judged(200, top=100, bottom=100)), FieldsPlan()),
        (Scan(96, judged=Judged(19, top=19)), FieldsPlan()),
        # 3:2 pulldown is of NTSC video.
        (Scan(96, top=96, judged=Judged(200, top=80, pulldown=True)), FieldsPlan("field", True)),
    ],
)
def test_by_what_the_pictures_show(scan: Scan, plan: FieldsPlan) -> None:
    assert fields_plan(film(scan), FHD) == plan


@pytest.mark.parametrize("rate", [NTSC, F(30)])
def test_pulldown_becomes_film(rate: Fraction) -> None:
    video = film(Scan(96, top=96, judged=Judged(200, top=80, smooth=100, pulldown=True)), rate)
    assert fields_plan(video, FHD) == FieldsPlan("film", True, why="3:2 pulldown undone")
    assert fields_plan(replace(video, timing=replace(video.timing, rate=None)), FHD).method == "field"
    mixed = replace(video, scan=replace(video.scan, bottom=1))
    assert fields_plan(mixed, FHD).method == "field"


@pytest.mark.parametrize(
    ("order", "plan"),
    [
        ("progressive", FieldsPlan()),
        ("unknown", FieldsPlan()),
        ("tff", FieldsPlan("field", True)),
        ("bff", FieldsPlan("field", False)),
    ],
)
def test_without_a_sample_the_first_pictures_count(order: Any, plan: FieldsPlan) -> None:
    assert fields_plan(film(Scan(), field_order=order), FHD) == plan


@pytest.mark.parametrize(
    ("choice", "plan"),
    [
        ("auto", FieldsPlan("keep", why=PSF)),
        ("field", FieldsPlan("field", True)),
        ("frame", FieldsPlan("frame", True)),
        ("off", FieldsPlan("keep", why="deinterlacing is off in the preset")),
    ],
)
def test_the_preset_decides(choice: Any, plan: FieldsPlan) -> None:
    preset = replace(FHD, video=replace(FHD.video, deinterlace=choice))
    video = film(Scan(96, top=96, judged=Judged(200, smooth=150)))
    assert fields_plan(video, preset) == plan
    assert fields_plan(film(Scan(96)), preset) == FieldsPlan()


def test_too_many_fields_for_the_preset() -> None:
    preset = replace(FHD, video=replace(FHD.video, max_frame_rate=F(30)))
    why = "its 50 fields a second are above the preset's max_frame_rate"
    assert fields_plan(film(Scan(96, top=96)), preset) == FieldsPlan("frame", True, why=why)
    assert fields_plan(film(Scan(96, top=96), NTSC), FHD).method == "field"
    assert fields_plan(film(Scan(96, top=96), F(60)), FHD).method == "frame"


def test_timing_of_what_comes_out() -> None:
    timing = constant(NTSC, 301, F(1, 90_000))
    assert after(timing, FieldsPlan("frame", True)) == timing
    doubled = after(timing, FieldsPlan("field", True))
    assert (doubled.rate, doubled.frames, doubled.duration) == (F(60000, 1001), 602, timing.duration)
    made = after(timing, FieldsPlan("film", True))
    assert (made.rate, made.frames, made.duration) == (F(24000, 1001), 241, 241 / F(24000, 1001))


def test_the_grid_and_the_rungs_are_those_of_the_fields() -> None:
    plan = make_plan(film(Scan(96, top=96)), (), (FHD,), preview_interval=F(1), tile=(160, 90))
    grid = plan.video.grid
    assert (grid.rate, grid.frames, grid.gop_frames, grid.duration) == (F(50), 600, 100, F(12))
    assert plan.rungs[0].level == "4.2"
    uneven = film(Scan(96, top=96))
    uneven = replace(uneven, timing=replace(uneven.timing, rate=None))
    grid = make_plan(uneven, (), (FHD,), preview_interval=F(1), tile=(160, 90)).video.grid
    assert (grid.rate, grid.frames, grid.time_base, grid.duration) == (None, 600, F(1, 180_000), F(12))
