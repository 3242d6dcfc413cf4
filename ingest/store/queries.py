"""What is asked of the job store, in SQLAlchemy Core.

`sqlite` loads this at the first question: a job only ever saves, and SQLAlchemy costs it a quarter of a CPU second.
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select

from ingest.job import codes
from ingest.job.errors import UsageError
from ingest.store.database import Database
from ingest.store.model import JobSummary, StoredJob, storable
from ingest.store.tables import JOBS

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection, Row

_SUMMARY_COLUMNS = [JOBS.c[f.name] for f in dataclasses.fields(JobSummary)]


class Queries:
    """The questions of `JobStore`, which documents them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database = Database(path)

    def close(self) -> None:
        self._database.close()

    def get(self, job_id: str) -> StoredJob:
        with self._database.read() as connection:
            row = connection.execute(
                select(*_SUMMARY_COLUMNS, JOBS.c.record).where(
                    JOBS.c.job_id == self._one_id(connection, job_id)
                )
            ).one()
        return StoredJob(_summary(row), row.record)

    def list(self, status: str | None, limit: int | None) -> tuple[JobSummary, ...]:
        query = select(*_SUMMARY_COLUMNS).order_by(JOBS.c.created.desc(), JOBS.c.job_id).limit(limit)
        if status is not None:
            query = query.where(JOBS.c.status == status)
        with self._database.read() as connection:
            return tuple(_summary(row) for row in connection.execute(query))

    def delete(self, job_id: str) -> None:
        with self._database.write() as connection:
            connection.execute(delete(JOBS).where(JOBS.c.job_id == self._one_id(connection, job_id)))

    def _one_id(self, connection: Connection, wanted: str) -> str:
        key = storable(wanted)
        beginning = func.substr(JOBS.c.job_id, 1, len(key)) == key
        query = select(JOBS.c.job_id).where(beginning).order_by(JOBS.c.job_id).limit(4)
        found = [row.job_id for row in connection.execute(query)] if key else []
        if key in found or len(found) == 1:
            return key if key in found else found[0]
        if found:
            few = f"{', '.join(found[:3])}{' and more' if len(found) > 3 else ''}"
            raise UsageError(
                codes.JOB_NOT_FOUND,
                f"several jobs begin with {wanted!r}: {few}",
                remedy="give more of the id",
            )
        raise UsageError(
            codes.JOB_NOT_FOUND, f"no job {wanted!r} in {self.path}", remedy="`ingest jobs` lists them"
        )


def _summary(row: Row[*tuple[Any, ...]]) -> JobSummary:
    values = {c.name: getattr(row, c.name) for c in _SUMMARY_COLUMNS}
    return JobSummary(**values | {"resolutions": tuple(json.loads(row.resolutions))})
