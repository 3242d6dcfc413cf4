"""Who goes on from a run that had given up hardware, or a copy, does not try them again: that would cost its work."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from test_copy_choice import asked
from test_planning_resolutions import ENV

from ingest.job import codes
from ingest.media.hardware import Hardware
from ingest.media.plan.copying import without_copies
from ingest.media.plan.encoders import in_hardware, in_software
from ingest.media.plan.logos import LogoPlan
from ingest.media.plan.space import Beside
from ingest.media.source import Source, open_source
from ingest.media.toolchain import Tool, Toolchain
from ingest.steps import checkpoints, copying, taking_over, transcoding
from ingest.steps.context import Env, Note, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ingest.media.plan import Plan


@pytest.fixture
def film(tmp_path: Path) -> Iterator[Source]:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"film")
    with open_source(path) as opened:
        yield opened


@pytest.fixture
def env(tmp_path: Path) -> Env:
    program = tmp_path / "ffmpeg"
    program.write_bytes(b"")
    tool = Tool("ffmpeg", program, "9.0", "test")
    folders = [tmp_path / name for name in ("temporary", "left")]
    for folder in folders:
        folder.mkdir()
    return replace(ENV, tools=Toolchain(tool, tool, tool), temporary=folders[0], left=(folders[1],))


def copied_plan() -> Plan:
    """`sd` is encoded, `hd` copied."""
    plan, _, _ = asked()
    return plan


@pytest.mark.parametrize("place", ["own", "another job's"])
@pytest.mark.parametrize("copy", ["kept", "given up"])
def test_hardware_where_software_has_begun(place: str, copy: str, env: Env, film: Source) -> None:
    plan = in_hardware(copied_plan(), Hardware("nvenc", ("h264",)))
    then = in_software(plan) if copy == "kept" else without_copies(in_software(plan))
    key = transcoding.key_of(env, film, then)
    checkpoints.begin(env.temporary if place == "own" else env.left[0], key)
    found = transcoding.run_with_gpu(env, film, plan)
    assert (found.value, found.failed) == (None, True)
    why = "the run that this one goes on from encodes in software"
    assert found.warnings == (Note(codes.GPU_NOT_USED, why),)
    assert transcoding.left_by_another(env, film, plan) == (env.left[0] if place != "own" else None)


def test_a_copy_that_was_given_up_for_damage(env: Env, film: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = copied_plan()
    whole = without_copies(plan)
    ran: list[Plan] = []

    def run(_env: Env, _source: Source, given: Plan) -> Outcome[Any]:
        ran.append(given)
        return Outcome("made", warnings=(Note(codes.SOURCE_DAMAGED),), cpu_seconds=2)

    monkeypatch.setattr("ingest.steps.transcoding.run", run)
    first = copying.transcode(env, film, plan)
    assert (ran, first.cpu_seconds, first.plan) == ([plan, whole], 4, whole)
    checkpoints.begin(env.temporary, transcoding.key_of(env, film, whole))
    again = copying.transcode(env, film, plan)
    assert (ran[2:], again.cpu_seconds, again.plan) == ([whole], 2, whole)
    assert again.notes == first.notes == (Note(codes.NOT_COPIED, "some of its pictures are damaged", "hd"),)


def test_other_limits_and_other_telemetry_are_the_same_work(env: Env, film: Source) -> None:
    plan = copied_plan()
    key = transcoding.key_of(env, film, plan)
    limits = replace(env.probe_limits, pixels=9, streams=9, memory_bytes=9, stall_seconds=9)
    assert transcoding.key_of(replace(env, probe_limits=limits), film, plan) == key
    assert transcoding.key_of(env, film, replace(plan, beside=Beside(sets=5))) == key
    assert transcoding.key_of(env, film, replace(plan, rungs=plan.rungs[:1])) != key


def test_another_picture_of_a_logo_is_other_work(env: Env, film: Source) -> None:
    def with_logo(digest: str) -> Plan:
        logo = LogoPlan(digest, 40, 20, "top", Fraction(1, 10), Fraction(1))
        return replace(plan, video=replace(plan.video, logos=(logo,)))

    plan = copied_plan()
    one, other = with_logo("1"), with_logo("2")
    assert transcoding.key_of(env, film, one) == transcoding.key_of(env, film, with_logo("1"))
    assert transcoding.key_of(env, film, one) != transcoding.key_of(env, film, other)
    assert taking_over.recipes(env, film, one).keys() == {"sd"}
    assert taking_over.recipes(env, film, one) != taking_over.recipes(env, film, other)


def test_work_of_another_plan_is_nobody_s(env: Env, film: Source) -> None:
    checkpoints.begin(env.left[0], "other")
    assert transcoding.left_by_another(env, film, copied_plan()) is None
    assert not transcoding.begun(env, film, copied_plan())
