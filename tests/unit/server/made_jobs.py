"""Puts a job of the store into a state that only an engine would bring it to, for tests of what is answered then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import update

from ingest.engine.queue import record_columns
from ingest.job.record import utc_now
from ingest.store.tables import JOBS

if TYPE_CHECKING:
    from ingest.engine.model import Job
    from ingest.job.status import Status
    from ingest.server.core import Core


def brought_to(core: Core, job: Job, status: Status, **changes: Any) -> Job:
    """The job as if an engine had run it so far; `changes` are those of its record."""
    final = status.final
    record = job.record.evolve(status=status, **changes)
    values: dict[str, Any] = {
        "queue": "ended" if final else "running",
        "begun": utc_now(),
        **record_columns(record),
    }
    if final:
        values["ended"] = utc_now()
    with core.queue.database.write() as connection:
        connection.execute(update(JOBS).where(JOBS.c.job_id == job.job_id).values(values))
    return core.queue.job(None, job.job_id)
