"""The job store in one SQLite file, written by as many processes as there are runs.

WAL with synchronous=FULL: a commit survives a power cut (NORMAL lost commits in a simulated one). Writes
begin with BEGIN IMMEDIATE, so that they wait for each other instead of failing half-way.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import URL, create_engine, delete, event, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DBAPIError

from ingest.job import codes
from ingest.job.errors import IngestError, OutputError, ResourceError, UsageError
from ingest.store.model import JobSummary, StoredJob
from ingest.store.schema import BUSY_SECONDS, JOBS, NewerSchemaError, migrate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from sqlalchemy import Connection, Engine, Row

FILE_NAME = "jobs.sqlite3"
_SUMMARY_COLUMNS = [c for c in JOBS.c if c.name != "record"]


def store_path(home: Path) -> Path:
    """The database's file in the data folder; it need not exist."""
    return home / FILE_NAME


def open_store(home: Path) -> JobStore:
    """The store in `home`, made (0700, the file 0600) or brought up to date where needed.

    Raises:
        OutputError: STORE_UNUSABLE: the folder cannot be made or written, the file is no database, or a newer
            ingest made it.
        ResourceError: DISK_FULL.
    """
    path = store_path(home)
    with _translated(path):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Only a new file is opened: closing a second descriptor of a database in use drops SQLite's locks.
        if not path.exists():
            _create(path)
        migrate(path)
    return JobStore(path)


class JobStore:
    """All jobs of one data folder. Safe to share among threads; close it, or use it in a `with`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader = _engine(path)
        self._writer = self._reader.execution_options(immediate=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._reader.dispose()

    def save(self, record_json: str, *, summary: JobSummary) -> None:
        """Put a job in, or replace what is kept of it. On return it is on the disk.

        Raises:
            OutputError: STORE_UNUSABLE.
            ResourceError: DISK_FULL.
        """
        row = _row(summary) | {"record": _storable(record_json)}
        statement = insert(JOBS).values(row)
        changes = {name: statement.excluded[name] for name in row if name != "job_id"}
        with _translated(self.path), self._writer.begin() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["job_id"], set_=changes))

    def get(self, job_id: str) -> StoredJob:
        """The job of this id, or of the only id that begins so.

        Raises:
            UsageError: JOB_NOT_FOUND, no such job or more than one.
            OutputError: STORE_UNUSABLE.
        """
        with _translated(self.path), self._reader.begin() as connection:
            row = connection.execute(
                select(JOBS).where(JOBS.c.job_id == self._one_id(connection, job_id))
            ).one()
        return StoredJob(_summary(row), row.record)

    def list(self, status: str | None = None, limit: int | None = 50) -> tuple[JobSummary, ...]:
        """The newest `limit` jobs (None: all), newest first; with `status`, only those that have it.

        Raises:
            OutputError: STORE_UNUSABLE.
        """
        query = select(*_SUMMARY_COLUMNS).order_by(JOBS.c.created.desc(), JOBS.c.job_id).limit(limit)
        if status is not None:
            query = query.where(JOBS.c.status == status)
        with _translated(self.path), self._reader.begin() as connection:
            return tuple(_summary(row) for row in connection.execute(query))

    def delete(self, job_id: str) -> None:
        """Forget a job, named as in `get`. Its files stay.

        Raises:
            UsageError: JOB_NOT_FOUND, no such job or more than one.
            OutputError: STORE_UNUSABLE.
        """
        with _translated(self.path), self._writer.begin() as connection:
            connection.execute(delete(JOBS).where(JOBS.c.job_id == self._one_id(connection, job_id)))

    def _one_id(self, connection: Connection, wanted: str) -> str:
        key = _storable(wanted)
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
    except (DBAPIError, sqlite3.Error, OSError, NewerSchemaError) as error:
        raise _store_error(path, error) from error


def _store_error(path: Path, error: Exception) -> IngestError:
    cause = error.orig if isinstance(error, DBAPIError) else error
    number = getattr(cause, "sqlite_errorcode", None)
    if number == sqlite3.SQLITE_FULL:
        return ResourceError(codes.DISK_FULL, f"job store {path}: no space left", remedy="free some space")
    if isinstance(cause, OSError):
        reason = (cause.strerror or str(cause)).lower()
    elif number == sqlite3.SQLITE_BUSY:
        reason = f"held by another program for {BUSY_SECONDS:g} s"
    else:
        reason = str(cause)
    if number in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        remedy = "move the file away, or set INGEST_HOME to another folder"
    elif isinstance(cause, NewerSchemaError):
        remedy = "upgrade ingest, or set INGEST_HOME to another folder"
    else:
        remedy = "set INGEST_HOME to a folder on a local disk that you may write"
    return OutputError(codes.STORE_UNUSABLE, f"job store {path}: {reason}", remedy=remedy)


def _create(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return


def _storable(text: str) -> str:
    """`text` without lone surrogates (file names that are not UTF-8), which SQLite refuses.

    In JSON, the only place where they stand is inside strings, where `\\udcff` is what JSON itself writes.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _row(summary: JobSummary) -> dict[str, Any]:
    values = {f.name: getattr(summary, f.name) for f in dataclasses.fields(summary)}
    values["resolutions"] = json.dumps(summary.resolutions)
    return {name: _storable(v) if isinstance(v, str) else v for name, v in values.items()}


def _summary(row: Row[Any]) -> JobSummary:
    values = {c.name: getattr(row, c.name) for c in _SUMMARY_COLUMNS}
    return JobSummary(**values | {"resolutions": tuple(json.loads(row.resolutions))})
