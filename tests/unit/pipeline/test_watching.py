"""What is told of a job that another process runs: each message once, in order, and how it ended."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ingest.job import codes
from ingest.job.errors import ProcessingError, SourceError, UsageError
from ingest.job.record import Process, Progress, Record
from ingest.job.status import Status
from ingest.pipeline.closing import closed
from ingest.pipeline.events import Ended, JobStarted, Message, Progressed
from ingest.pipeline.first_record import first_record
from ingest.pipeline.request import Request
from ingest.pipeline.watching import Watcher, changes
from ingest.store import JobSummary, open_store

if TYPE_CHECKING:
    from ingest.pipeline.events import Event


def first(tmp_path: Path) -> Record:
    return first_record(Request(Path("/films/one.mp4"), ("sd", "hd"), tmp_path / "out"))


def save(tmp_path: Path, record: Record) -> None:
    with open_store(tmp_path) as store:
        store.save(record.to_json(), summary=JobSummary.of(record))


def plain(event: Event) -> Event:
    return dataclasses.replace(event, at="") if hasattr(event, "at") else event


def test_changes_are_told_once_and_in_order(tmp_path: Path) -> None:
    before = first(tmp_path).with_message(codes.STARTING_INGEST)
    now = (
        before.with_message(codes.RESOLUTION_LEFT_OUT, "hd", resolutions=("hd",))
        .with_message(codes.TRANSCODING_WITH_CPU, resolutions=("sd",))
        .with_warning(codes.SOURCE_DAMAGED, "a little")
        .with_output("hd", status="LEFT_OUT")
        .with_output("sd", percent=10.0)
        .evolve(progress=Progress(percent=5.0, step="Transcoding with CPU", code=9001, speed=2.0))
    )
    assert [plain(e) for e in changes(before, now)] == [
        Message(9101, "Resolution Left Out: hd", "note", "hd", ""),
        Message(9001, "Transcoding with CPU", "step", None, ""),
        Message(9202, "Source Damaged: a little", "warning", None, ""),
        Progressed(5.0, 9001, "Transcoding with CPU", 2.0, None, {"sd": 10.0}),
    ]
    assert list(changes(now, now)) == []


def test_a_job_that_has_ended_is_told_from_its_beginning(tmp_path: Path) -> None:
    record = first(tmp_path).with_message(codes.STARTING_INGEST)
    record = closed(record, SourceError(codes.SOURCE_NOT_MEDIA, "no film"))
    save(tmp_path, record)
    watcher = Watcher(record.job_id[:12], tmp_path)
    events = list(watcher.events())
    assert [type(e) for e in events] == [JobStarted, Message, Progressed, Ended]
    assert events[0] == JobStarted(
        record.job_id, "/films/one.mp4", str(tmp_path / "out"), ("sd", "hd"), record.times.submitted
    )
    last = events[-1]
    assert isinstance(last, Ended)
    assert (last.status, last.exit_code, last.error and last.error["code"]) == ("FAILED", 3, 9306)
    assert watcher.record == record


def test_the_newer_of_folder_and_store_is_told(tmp_path: Path) -> None:
    record = first(tmp_path)
    save(tmp_path, record)
    (tmp_path / "out").mkdir()
    later = closed(record, SourceError(codes.SOURCE_NOT_MEDIA, "no film"))
    later = later.model_copy(
        update={"times": later.times.model_copy(update={"updated": "2999-01-01T00:00:00.000Z"})}
    )
    (tmp_path / "out" / "job.json").write_text(later.to_json())
    assert Watcher(record.job_id, tmp_path).events() is not None
    assert list(Watcher(record.job_id, tmp_path).events())[-1].as_json()["status"] == "FAILED"


def test_a_job_whose_process_is_gone(tmp_path: Path) -> None:
    here = first(tmp_path).process
    assert here is not None
    dead = Process(pid=here.pid, host=here.host, started=1)
    record = first(tmp_path).with_status(Status.EXECUTING).evolve(process=dead)
    save(tmp_path, record)
    with pytest.raises(ProcessingError) as caught:
        list(Watcher(record.job_id, tmp_path).events())
    assert caught.value.line == (
        f"the process of job {record.job_id} is gone; go on with `ingest resume {record.job_id}`"
    )


def test_a_job_that_nobody_knows(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        Watcher("j404", tmp_path)
