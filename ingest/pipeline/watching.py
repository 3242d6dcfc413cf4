"""Tells of a job that another process runs, in the events of the run itself, from what its record says."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ingest.job import codes
from ingest.job.errors import OutputError, ProcessingError
from ingest.job.record import Record
from ingest.pipeline.events import Ended, JobStarted, Message, Progressed
from ingest.pipeline.finding import find_job, job_in
from ingest.store import is_interrupted, open_store, store_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.pipeline.events import Event
    from ingest.store import StoredJob

INTERVAL = 0.25  # seconds between two looks


class Watcher:
    """Follows one job; `record` is the newest that was seen."""

    def __init__(self, job: str, home: Path) -> None:
        """`job` is its id, the beginning of its id, or its output folder.

        Raises:
            UsageError: JOB_NOT_FOUND.
            OutputError: another version of ingest has written its record.
        """
        found = find_job(job, home)
        self._home = home
        self._job = found
        self.record = _record(found)

    def events(self) -> Iterator[Event]:
        """What has happened, then what happens, until the job has ended.

        Raises:
            ProcessingError: PROCESS_DIED, its process is gone, and no server will go on with it.
            OutputError: as `__init__`, or the store cannot be read.
        """
        record = self._look()
        yield JobStarted(
            job_id=record.job_id,
            source=record.source.path,
            output=record.output,
            resolutions=tuple(o.resolution for o in record.outputs),
            at=record.times.started or record.times.submitted,
        )
        told = record.model_copy(update={"messages": (), "warnings": (), "progress": None})
        while True:
            yield from changes(told, record)
            if record.status.final:
                yield ended(record)
                return
            told = record
            self._check_alive()
            time.sleep(INTERVAL)
            record = self._look()

    def _look(self) -> Record:
        """The record in the job's folder, or the store's where that is newer: one that waits has no folder yet."""
        found = [self._job]
        own = job_in(Path(self._job.summary.output))
        if own is not None and own.summary.job_id == self._job.summary.job_id:
            found.append(own)
        if store_path(self._home).exists():
            with open_store(self._home) as store:
                found += [j for j in (store.find(self._job.summary.job_id),) if j is not None]
        self._job = max(found, key=lambda j: j.summary.updated)
        self.record = _record(self._job)
        return self.record

    def _check_alive(self) -> None:
        summary = self._job.summary
        if not is_interrupted(summary):
            return
        if store_path(self._home).exists():
            with open_store(self._home) as store:
                if store.in_queue(summary.job_id):
                    return
        raise ProcessingError(
            codes.PROCESS_DIED,
            f"the process of job {summary.job_id} is gone",
            remedy=f"go on with `ingest resume {summary.job_id}`",
        )


def changes(before: Record, now: Record) -> Iterator[Event]:
    """What `now` says that `before` did not: messages, warnings and progress, in this order."""
    at = now.times.updated
    numbers = now.custom_attributes.message_codes
    for number, text in list(zip(numbers, now.messages, strict=True))[len(before.messages) :]:
        yield Message(number, text, codes.BY_NUMBER[number].kind, _resolution(now, number, text), at)
    for warned in now.warnings[len(before.warnings) :]:
        yield Message(warned.code, warned.message, "warning", None, at)
    shown = [o.percent for o in now.outputs]
    if (before.progress, [o.percent for o in before.outputs]) != (now.progress, shown):
        yield Progressed(
            percent=now.progress.percent,
            code=now.progress.code,
            step=now.progress.step,
            speed=now.progress.speed,
            remaining_seconds=now.progress.remaining_seconds,
            resolutions={o.resolution: o.percent for o in now.outputs if o.status != "LEFT_OUT"},
        )


def ended(record: Record) -> Ended:
    """The last event of a job whose record is final."""
    failure = record.error
    return Ended(
        job_id=record.job_id,
        status=record.status.value,
        exit_code=failure.exit_code if failure else 0,
        seconds=record.times.seconds or 0.0,
        error=failure.model_dump(by_alias=True) if failure else None,
        at=record.times.ended or record.times.updated,
    )


def _resolution(record: Record, number: int, text: str) -> str | None:
    """Whose message it is, where it is a note of one resolution's alone."""
    if codes.BY_NUMBER[number].kind == "step":
        return None
    named = [o.resolution for o in record.outputs if text in o.messages]
    return named[0] if len(named) == 1 else None


def _record(job: StoredJob) -> Record:
    try:
        return Record.from_json(job.record_json)
    except ValidationError as error:
        raise OutputError(
            codes.STORE_UNUSABLE,
            f"the record of {job.summary.job_id} was written by another version of ingest",
        ) from error
