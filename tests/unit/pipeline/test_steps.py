"""The list of steps: what it makes, in an order in which everything is there when it is needed."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from made_facts import HD, clip

from ingest.job import codes
from ingest.klv import Stream
from ingest.media.hardware import Hardware
from ingest.media.plan import make_plan
from ingest.media.plan.encoders import in_hardware
from ingest.pipeline.steps import STEPS, Made, cues_of
from ingest.steps.context import Note
from ingest.steps.probing_video_klv import FoundKlv


def test_percentages_rise_to_a_hundred() -> None:
    taken = [s.until for s in STEPS if s.run is not None]
    assert all(a <= b for a, b in pairwise(taken))
    assert taken[0] > 0
    assert taken[-1] == 100


def test_every_step_that_runs_makes_something_of_its_own() -> None:
    """Save 9001, which makes what 9004 and 159 make where these do not."""
    others = (codes.COPYING, codes.TRANSCODING_WITH_GPU)
    made = [s.makes for s in STEPS if s.run is not None and s.code not in others]
    assert len(set(made)) == len(made)
    assert set(made) - {"complete"} <= set(Made.__annotations__)


def test_a_step_that_does_not_run_says_why() -> None:
    silent = [s for s in STEPS if s.run is None]
    assert [s.code.number for s in silent] == [206]
    assert all(s.left_out is not None for s in silent)


def test_steps_of_the_outputs() -> None:
    """Their messages stand in each resolution's own list too."""
    assert [s.code.number for s in STEPS if s.per_resolution] == [9004, 159, 9001, 161, 9013, 162, 9003]


def test_one_of_the_two_transcodings_runs_unless_the_first_fails() -> None:
    copying, gpu, cpu = (s for s in STEPS if s.makes == "encoded")
    made = Made()
    software = make_plan(clip(), (), (HD,), preview_interval=Fraction(1), tile=(160, 90))
    made.plan = software
    assert [s.applies(made) for s in (copying, gpu, cpu)] == [False, False, True]
    made.plan = in_hardware(software, Hardware("nvenc", ("h264",)))
    assert gpu.applies(made)
    setattr(made, gpu.makes, None)
    assert cpu.applies(made)
    setattr(made, gpu.makes, "encoded")
    assert not cpu.applies(made)


def test_klv_is_extracted_where_there_is_some_and_left_out_with_a_note_where_not() -> None:
    (step,) = (s for s in STEPS if s.code is codes.EXTRACTING_KLV_METADATA)
    made = Made()
    made.klv = FoundKlv()
    assert not step.applies(made)
    assert step.left_out is not None
    assert step.left_out(made) == (Note(codes.NO_KLV_FOUND),)
    stream = Stream(pid=257)
    stream.framing.bad = 1
    made.klv = FoundKlv(streams=(stream,))
    assert step.applies(made)
    assert step.left_out(made) == ()


def test_cues_are_made_where_step_160_made_some() -> None:
    (step,) = (s for s in STEPS if s.code is codes.GENERATING_KLV_CUES)
    assert not step.applies(Made())
    with pytest.raises(LookupError):
        cues_of(Made())


def test_a_storage_that_was_not_asked_for() -> None:
    step = next(s for s in STEPS if s.code is codes.SAVING_TO_STORAGE)
    assert step.left_out is not None
    assert step.left_out(Made()) == (Note(codes.KEPT_IN_OUTPUT_FOLDER),)
