"""What pages show of a record, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from made_core import key_of, submitted
from made_jobs import brought_to

from ingest.engine.model import State
from ingest.job import codes
from ingest.job.record import CustomAttributes, StepRecord
from ingest.job.status import Status
from ingest.server.pages import views

if TYPE_CHECKING:
    from ingest.job.codes import Code
    from ingest.server.core import Core


def step(code: Code, result: str) -> StepRecord:
    return StepRecord(code=code.number, message=code.text, started="2026-11-22T11:14:29.123Z", result=result)


def test_notes_stand_between_the_steps_also_of_a_second_run(core: Core) -> None:
    record = submitted(core, key_of(core)).record
    first, second = step(codes.STARTING_INGEST, "interrupted"), step(codes.STARTING_INGEST, "done")
    probing = step(codes.PROBING_AUDIO, "running")
    order = (
        codes.STARTING_INGEST,
        codes.RESUMED,
        codes.STARTING_INGEST,
        codes.PROBING_AUDIO,
        codes.NO_AUDIO_FOUND,
    )
    changed = record.evolve(
        messages=tuple(code.text for code in order),
        custom_attributes=CustomAttributes(message_codes=tuple(code.number for code in order)),
        steps=(first, second, probing),
    )
    assert [(s.code, s.step) for s in views.said(changed)] == [
        (117, first),
        (9153, None),
        (117, second),
        (155, probing),
        (9103, None),
    ]


def test_what_can_be_done_follows_the_state(core: Core) -> None:
    key = key_of(core)
    waiting = submitted(core, key)
    assert views.allowed(waiting, may_change=True) == {"cancel", "delete"}
    assert views.allowed(waiting, may_change=False) == frozenset()
    draft = core.draft(core.keys.principal(key), core.queue.submission(waiting))
    assert (draft.state, views.allowed(draft, may_change=True)) == (State.DRAFT, {"run", "delete"})
    for status, doing in {
        Status.EXECUTING: {"cancel", "delete"},
        Status.FAILED: {"retry", "delete"},
        Status.CANCELLED: {"retry", "delete"},
        Status.COMPLETED: {"delete"},
    }.items():
        assert views.allowed(brought_to(core, submitted(core, key), status), may_change=True) == doing


def test_files_to_download_are_whole_ones(core: Core) -> None:
    record = submitted(core, key_of(core)).record.evolve(
        files=(
            "video/sd/seg-00001.m4s",
            "audio/en/index.m3u8",
            "text/en/seg-00001.vtt",
            "text/chapters.vtt",
            "trick/init.mp4",
            "previews/sheet-001.jpg",
            "telemetry/index.m3u8",
            "telemetry/seg-00001.vtt",
            "telemetry/klv.json",
            "thumbnails/320x180.zip",
            "mp4/sd.mp4",
            "ABR.m3u8",
        )
    )
    assert views.downloads(record) == (
        "ABR.m3u8",
        "mp4/sd.mp4",
        "telemetry/klv.json",
        "thumbnails/320x180.zip",
    )
