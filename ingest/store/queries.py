"""What is asked of the job store, in SQLAlchemy Core.

`sqlite` loads this at the first question: a job only ever saves, and SQLAlchemy costs it a quarter of a CPU second.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, create_engine, delete, event, func, select
from sqlalchemy.exc import DBAPIError

from ingest.job import codes
from ingest.job.errors import UsageError
from ingest.store.faults import store_error
from ingest.store.model import JobSummary, StoredJob, storable
from ingest.store.schema import BUSY_SECONDS
from ingest.store.tables import JOBS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine, Row

_SUMMARY_COLUMNS = [c for c in JOBS.c if c.name != "record"]


class Queries:
    """The questions of `JobStore`, which documents them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = _engine(path)
        self._writer = self._reader.execution_options(immediate=True)

    def close(self) -> None:
        self._reader.dispose()

    def get(self, job_id: str) -> StoredJob:
        with _translated(self.path), self._reader.begin() as connection:
            row = connection.execute(
                select(JOBS).where(JOBS.c.job_id == self._one_id(connection, job_id))
            ).one()
        return StoredJob(_summary(row), row.record)

    def list(self, status: str | None, limit: int | None) -> tuple[JobSummary, ...]:
        query = select(*_SUMMARY_COLUMNS).order_by(JOBS.c.created.desc(), JOBS.c.job_id).limit(limit)
        if status is not None:
            query = query.where(JOBS.c.status == status)
        with _translated(self.path), self._reader.begin() as connection:
            return tuple(_summary(row) for row in connection.execute(query))

    def delete(self, job_id: str) -> None:
        with _translated(self.path), self._writer.begin() as connection:
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


def _engine(path: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(path)), connect_args={"timeout": BUSY_SECONDS}
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver shall not begin transactions; `_begin` does
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("immediate", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise store_error(path, error.orig or error) from error


def _summary(row: Row[Any]) -> JobSummary:
    values = {c.name: getattr(row, c.name) for c in _SUMMARY_COLUMNS}
    return JobSummary(**values | {"resolutions": tuple(json.loads(row.resolutions))})
