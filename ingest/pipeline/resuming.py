"""Takes up a job that was stopped: what was asked for, and the record to go on with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ingest.job import codes
from ingest.job.errors import BusyError, UsageError
from ingest.job.record import Record
from ingest.job.status import Status
from ingest.pipeline.finding import find_job, job_in
from ingest.pipeline.first_record import file_url, folder_url, request_of, this_process
from ingest.pipeline.published import finish_published
from ingest.store import is_alive, open_store, store_path

if TYPE_CHECKING:
    from ingest.job.record import Asked
    from ingest.pipeline.request import Request
    from ingest.store import StoredJob


@dataclass(frozen=True, slots=True)
class Stopped:
    """A job that can go on: `was` is the status that it was left in."""

    request: Request
    record: Record
    was: Status


def stopped_job(job: str, home: Path, *, held: bool = False) -> Stopped | Record:
    """The job called `job` (id, beginning of an id, output folder), to be run again.

    A record where there is nothing left to do: its package was published, and only the record did not say so. `held`:
    the caller knows that no process runs the job, wherever its record says that one does.

    Raises:
        UsageError: JOB_NOT_FOUND; JOB_NOT_RESUMABLE: it is complete, or nobody can say what was asked for.
        BusyError: it runs, or the job server has it.
    """
    stored = _newest(find_job(job, home))
    if (done := _finished(stored, home)) is not None:
        return done
    summary = stored.summary
    if summary.status == Status.COMPLETED:
        raise _refused(stored, "is complete", "run it again with --force to make it anew")
    if not held and _in_queue(summary.job_id, home):
        raise BusyError(
            codes.OUTPUT_BUSY,
            f"job {summary.job_id} is the job server's, which goes on with it",
            remedy="start the server, or stop the job with `ingest cancel`",
        )
    alive = is_alive(summary) if not (held or _ended(summary.status)) else False
    if alive:
        raise BusyError(
            codes.OUTPUT_BUSY,
            f"job {summary.job_id} is running (process {summary.pid})",
            remedy="wait for it to end, or stop it with `ingest cancel`",
        )
    if alive is None:
        raise _refused(stored, f"runs on {summary.host or 'a machine that it does not name'}")
    try:
        record = Record.from_json(stored.record_json)
    except ValidationError as error:
        raise _refused(stored, "was written by another version of ingest") from error
    if record.request is None:
        raise _refused(stored, "does not say what was asked for")
    request = _request(stored, record.request)
    moved = record.evolve(
        output=summary.output,
        inputs=record.inputs.model_copy(update={"service_url": folder_url(request.folder)}),
        request=record.request.model_copy(update={"output": file_url(request.folder)}),
    )
    return Stopped(request, moved.resumed(this_process()), record.status)


def _finished(stored: StoredJob, home: Path) -> Record | None:
    """The job's record, completed, where only that was missing."""
    output = Path(stored.summary.output)
    own = job_in(output)
    if own is None or own.summary.job_id != stored.summary.job_id or is_alive(own.summary):
        return None
    with open_store(home) as store:
        return finish_published(output, store)


def _in_queue(job_id: str, home: Path) -> bool:
    if not store_path(home).exists():
        return False
    with open_store(home) as store:
        return store.in_queue(job_id)


def _ended(status: str) -> bool:
    return status in {Status.FAILED, Status.CANCELLED}


def _newest(found: StoredJob) -> StoredJob:
    """As its own folder has it, which is newer than the store."""
    own = job_in(Path(found.summary.output))
    return own if own is not None and own.summary.job_id == found.summary.job_id else found


def _request(stored: StoredJob, kept: Asked) -> Request:
    """Into the folder where the record was found: it may have been moved."""
    try:
        request = request_of(kept)
    except (TypeError, ValueError) as error:
        raise _refused(stored, f"cannot be taken up: {error}") from error
    own = job_in(Path(stored.summary.output))
    found_there = own is not None and own.summary.job_id == stored.summary.job_id
    return replace(request, output=Path(stored.summary.output)) if found_there else request


def _refused(
    stored: StoredJob, why: str, remedy: str = "run `ingest run` with its source again"
) -> UsageError:
    return UsageError(codes.JOB_NOT_RESUMABLE, f"job {stored.summary.job_id} {why}", remedy=remedy)
