"""Stops a job that another process runs, and puts right the record of one whose process is gone."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ingest.files import write_atomic
from ingest.job import codes
from ingest.job.errors import BusyError, Cancelled, OutputError, ResourceError, UsageError
from ingest.job.record import Record
from ingest.job.status import Status
from ingest.media.source import display_name
from ingest.pipeline.closing import closed
from ingest.pipeline.finding import find_job, job_in
from ingest.pipeline.leftovers import mended
from ingest.pipeline.output_folder import JOB_FILE, MASTERS, WORK_PREFIX, not_writable
from ingest.pipeline.published import complete
from ingest.pipeline.wish import BY, wish_file, write_wish
from ingest.store import JobSummary, is_alive, open_store, store_path

if TYPE_CHECKING:
    from ingest.store import StoredJob

INTERVAL = 0.05  # seconds between two looks at a job that is to stop
PATIENCE = 30.0  # seconds; a running job needs at most two, one that is suspended any number


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What became of a wish to cancel: the job's status, and how long it took in seconds.

    Status CANCELLING where nobody waited. `interrupted`: the job's process was gone, and only its record was left.
    """

    job_id: str
    output: str
    status: Status
    seconds: float
    interrupted: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "jobId": self.job_id,
            "output": self.output,
            "status": self.status.value,
            "interrupted": self.interrupted,
            "seconds": self.seconds,
        }


def cancel_job(job: str, home: Path, *, wait: bool = True, patience: float = PATIENCE) -> Cancellation:
    """Ask the job called `job` (id, beginning of an id, output folder) to stop, and wait until it has.

    A job that is cancelled already is fine as it is.

    Args:
        home: the data folder whose store is looked into.
        wait: return only when the job has ended; else as soon as it was asked to.
        patience: seconds to wait for it.

    Raises:
        UsageError: JOB_NOT_FOUND; JOB_NOT_CANCELLABLE: it has ended in another way, or another machine runs it.
        OutputError: the wish, or the record of a job whose process is gone, cannot be written.
        ResourceError: JOB_NOT_STOPPED, it has not ended in time.
    """
    began = time.monotonic()
    found = find_job(job, home)
    asked = False
    while True:
        now = _now(found.summary, home)
        status, seconds = now.status, round(time.monotonic() - began, 3)
        if status == Status.CANCELLED:
            return Cancellation(now.job_id, now.output, Status.CANCELLED, seconds)
        if status in (Status.COMPLETED, Status.FAILED):
            raise _not_cancellable(now, f"has ended: it is {status}")
        alive = is_alive(now)
        if alive is None:
            where = f"runs on {now.host}" if now.host else "names no process that runs it"
            raise _not_cancellable(now, where, f"cancel it on {now.host}" if now.host else "")
        if not alive:
            _close(now, home)
            return Cancellation(now.job_id, now.output, Status.CANCELLED, seconds, interrupted=True)
        asked = asked or _ask(now)
        if asked and not wait:
            return Cancellation(now.job_id, now.output, Status.CANCELLING, seconds)
        if seconds > patience:
            raise ResourceError(
                codes.JOB_NOT_STOPPED,
                f"job {now.job_id} has not stopped within {patience:g} s (process {now.pid})",
                remedy="it will when it can; is it suspended?",
            )
        time.sleep(INTERVAL)


def _now(job: JobSummary, home: Path) -> JobSummary:
    """The job as it is now: by its own file, which is newest, else by the store, else as it was."""
    stored = job_in(Path(job.output))
    if stored is not None and stored.summary.job_id == job.job_id:
        return stored.summary
    stored = _in_store(job, home)
    return stored.summary if stored is not None else job


def _in_store(job: JobSummary, home: Path) -> StoredJob | None:
    if not store_path(home).exists():
        return None
    try:
        with open_store(home) as store:
            return store.get(job.job_id)
    except UsageError:
        return None


def _ask(job: JobSummary) -> bool:
    assert job.pid is not None  # noqa: S101 - it lives
    try:
        return write_wish(
            wish_file(Path(job.output) / f"{WORK_PREFIX}{job.job_id}", job.pid, job.pid_started)
        )
    except OSError as error:
        raise not_writable(Path(job.output), error) from error


def _not_cancellable(job: JobSummary, why: str, remedy: str = "") -> UsageError:
    return UsageError(codes.JOB_NOT_CANCELLABLE, f"job {job.job_id} {why}", remedy=remedy)


def _close(job: JobSummary, home: Path) -> None:
    """Let the record of a job whose process is gone say so, in its folder and in the store.

    Raises:
        UsageError: its package is published.
    """
    folder = Path(job.output)
    if folder.is_dir():
        try:
            with mended(folder) as output:
                _close_in_folder(job, output)
        except BusyError:
            pass  # the folder is another run's now, with that one's record
    stored = _in_store(job, home)
    if stored is not None:
        record = _closed(stored)
        with open_store(home) as store:
            store.save(record.to_json(), summary=JobSummary.of(record))


def _close_in_folder(job: JobSummary, output: Path) -> None:
    stored = job_in(output)
    if stored is None or stored.summary.job_id != job.job_id:
        return
    if complete(output) is not None:
        raise _not_cancellable(job, "has ended: it is COMPLETED")
    if (output / MASTERS[-1]).exists():
        raise _not_cancellable(
            job,
            "has published its package; only the end of its record is missing",
            "run it again with --force",
        )
    write_atomic(output / JOB_FILE, _closed(stored).to_json().encode())


def _closed(stored: StoredJob) -> Record:
    """The record as it is when nobody runs the job any more."""
    try:
        record = Record.from_json(stored.record_json)
    except ValidationError as error:
        raise OutputError(
            codes.STORE_UNUSABLE,
            f"the record of {stored.summary.job_id} was written by another version of ingest",
            remedy=f"remove {display_name(stored.summary.output)}, or use that version",
        ) from error
    return closed(record, Cancelled(signal.SIGTERM, f"{BY}, after its process had ended"))
