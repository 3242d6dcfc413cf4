"""What becomes of a job whose process has ended: it has ended too, or goes back to the queue."""

from __future__ import annotations

import shutil
import signal
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update

from ingest.engine.deliveries import tell_ended
from ingest.engine.model import BY
from ingest.engine.places import job_folder
from ingest.engine.queue import record_columns
from ingest.engine.rows import JOB_COLUMNS, J, job_of
from ingest.job import codes
from ingest.job.errors import Cancelled, ProcessingError, ResourceError
from ingest.job.record import utc_now
from ingest.job.status import Status
from ingest.pipeline.closing import close_in_folder, closed
from ingest.pipeline.published import finish_published
from ingest.store.tables import JOBS

if TYPE_CHECKING:
    from sqlalchemy import Row

    from ingest.engine.queue import JobQueue
    from ingest.job.errors import IngestError
    from ingest.job.record import Record

MOST_DEATHS = 3
MOST_LOST = 10  # servers are killed for reasons of their own as well


@dataclass(frozen=True, slots=True)
class End:
    """How a process ended: `died` by itself, with its last words; `overdue`: ended because its time was up.

    `lost`: nobody saw it, for the server was killed with it, perhaps because of it.
    `error`: why there could be none, ever. `seconds` that it ran; None where nobody has counted.
    """

    died: bool = False
    overdue: bool = False
    lost: bool = False
    words: str = ""
    error: IngestError | None = None
    seconds: float | None = None


def settle(queue: JobQueue, job_id: str, end: End) -> None:
    """Write down what follows. For who holds the job's lock; does nothing where the job is not `running`.

    Raises:
        IngestError: the store cannot be written.
    """
    query = select(*JOB_COLUMNS, J.submission, J.deleting, J.deaths, J.lost, J.ran).where(
        J.job_id == job_id, J.queue == "running"
    )
    with queue.database.read() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        return
    # Published, and killed before its record could say so: this says it.
    finish_published(Path(row.output))
    with queue.database.write() as connection:
        row = connection.execute(query).one_or_none()
        if row is None:
            return
        record = job_of(row).record
        error = _error(row, end)
        ran = row.ran + (_seconds(record) if end.seconds is None else end.seconds)
        if record.status.final or error is not None:
            last = record if error is None else closed(record, error)
            values = {"queue": "ended", "ended": last.times.ended or utc_now(), "ran": ran}
            values |= record_columns(last)
            tell_ended(connection, row, last)
        else:
            last = record.resumed(None)
            counted = {"deaths": row.deaths + end.died, "lost": row.lost + end.lost, "ran": ran}
            values = {"queue": "queued"} | counted | record_columns(last)
        connection.execute(update(JOBS).where(J.job_id == job_id).values(values))
    if last.status.final:
        if not record.status.final:
            close_in_folder(Path(row.output), last)
        if last.status is Status.COMPLETED:
            # A name of the source that was fetched or linked for this job alone.
            shutil.rmtree(job_folder(queue.home, job_id) / "source", ignore_errors=True)
    if row.deleting:
        queue.remove(job_id)


def _error(row: Row[*tuple[Any, ...]], end: End) -> IngestError | None:
    """Why a job ends whose process has not said how; None where it may go on."""
    if row.cancelling:
        return Cancelled(signal.SIGTERM, BY)
    if end.error is not None:
        return end.error
    if end.overdue:
        return ResourceError(
            codes.TIME_LIMIT, "the job has run longer than it was allowed to, and was ended", detail=end.words
        )
    if end.died and row.deaths + 1 >= MOST_DEATHS:
        return ProcessingError(
            codes.PROCESS_DIED,
            f"the job's process died {MOST_DEATHS} times without a word",
            remedy="is there memory enough?",
            detail=end.words,
        )
    if end.lost and row.lost + 1 >= MOST_LOST:
        return ProcessingError(
            codes.PROCESS_DIED,
            f"the server was killed {MOST_LOST} times while the job ran",
            remedy="is there memory enough?",
        )
    return None


def _seconds(record: Record) -> float:
    """How long the last attempt ran, as far as its record knows."""
    if record.times.started is None or record.process is None:
        return 0.0
    began, seen = datetime.fromisoformat(record.times.started), datetime.fromisoformat(record.times.updated)
    return max(0.0, (seen - began).total_seconds())
