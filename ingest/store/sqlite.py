"""The job store in one SQLite file, written by as many processes as there are runs.

WAL with synchronous=FULL: a commit survives a power cut (NORMAL lost commits in a simulated one). A job is saved by
one statement through Python's own driver, whatever else is asked goes through SQLAlchemy: see `queries`.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sqlite3
import threading
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Self

from ingest.job.ids import is_job_id, object_id
from ingest.store.faults import translated
from ingest.store.model import JobSummary, StoredJob, storable
from ingest.store.schema import BUSY_SECONDS, migrate

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from ingest.store.queries import Queries

FILE_NAME = "jobs.sqlite3"
_COLUMNS = (*(f.name for f in dataclasses.fields(JobSummary)), "record")
_INSERTED = (*_COLUMNS, "short_id", "search")
_SAVE = (  # nothing but names of our own
    f"INSERT INTO jobs ({', '.join(_INSERTED)}) VALUES ({', '.join(f':{c}' for c in _INSERTED)})"  # noqa: S608
    f" ON CONFLICT (job_id) DO UPDATE SET {', '.join(f'{c} = excluded.{c}' for c in _COLUMNS[1:])}"
)
_UPDATE = f"UPDATE jobs SET {', '.join(f'{c} = :{c}' for c in _COLUMNS[1:])} WHERE job_id = :job_id"  # noqa: S608


def store_path(home: Path) -> Path:
    """The database's file in the data folder; it need not exist."""
    return home / FILE_NAME


def open_store(home: Path, *, known_only: bool = False) -> JobStore:
    """The store in `home`, made (0700, the file 0600) or brought up to date where needed.

    `known_only`: what is saved of a job that is not there is not kept: somebody has deleted it meanwhile.

    Raises:
        OutputError: STORE_UNUSABLE: the folder cannot be made or written, the file is no database, or a newer
            ingest made it.
        ResourceError: DISK_FULL.
    """
    path = store_path(home)
    with translated(path):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Only a new file is opened: closing a second descriptor of a database in use drops SQLite's locks.
        if not path.exists():
            _create(path)
        migrate(path)
    return JobStore(path, known_only=known_only)


class JobStore:
    """All jobs of one data folder. Safe to share among threads; close it, or use it in a `with`."""

    def __init__(self, path: Path, *, known_only: bool = False) -> None:
        """`known_only` is as of `open_store`."""
        self.path = path
        self._save = _UPDATE if known_only else _SAVE
        # Two, so that a question is answered while a job waits to be saved.
        self._saving, self._asking = threading.Lock(), threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._queries: Queries | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        with self._saving:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
        with self._asking:
            if self._queries is not None:
                self._queries.close()

    def save(self, record_json: str, *, summary: JobSummary) -> None:
        """Put a job in, or replace what is kept of it. On return it is on the disk.

        Raises:
            OutputError: STORE_UNUSABLE.
            ResourceError: DISK_FULL.
        """
        row = row_of(summary) | {"record": storable(record_json)}
        with translated(self.path), self._saving:
            self._writer().execute(self._save, row)

    def get(self, job_id: str) -> StoredJob:
        """The job of this id, or of the only id that begins so.

        Raises:
            UsageError: JOB_NOT_FOUND, no such job or more than one.
            OutputError: STORE_UNUSABLE.
        """
        return self._asked().get(job_id)

    def list(self, status: str | None = None, limit: int | None = 50) -> tuple[JobSummary, ...]:
        """The newest `limit` jobs (None: all), newest first; with `status`, only those that have it.

        Raises:
            OutputError: STORE_UNUSABLE.
        """
        return self._asked().list(status, limit)

    def delete(self, job_id: str) -> None:
        """Forget a job, named as in `get`. Its files stay.

        Raises:
            UsageError: JOB_NOT_FOUND, no such job or more than one.
            OutputError: STORE_UNUSABLE.
        """
        self._asked().delete(job_id)

    def find(self, job_id: str) -> StoredJob | None:
        """The job of this very id; None where there is none.

        Raises:
            OutputError: STORE_UNUSABLE.
        """
        query = f"SELECT {', '.join(_COLUMNS)} FROM jobs WHERE job_id = ?"  # noqa: S608 - names of our own
        with translated(self.path), self._saving:
            row = self._writer().execute(query, (storable(job_id),)).fetchone()
        if row is None:
            return None
        *values, record = row
        found = dict(zip(_COLUMNS, values, strict=False))
        return StoredJob(
            JobSummary(**found | {"resolutions": tuple(json.loads(found["resolutions"]))}), record
        )

    def in_queue(self, job_id: str) -> bool:
        """Whether a job of this very id waits for the job server, or is run by it.

        Raises:
            OutputError: STORE_UNUSABLE.
        """
        query = "SELECT queue IN ('draft', 'queued', 'running') FROM jobs WHERE job_id = ?"
        with translated(self.path), self._saving:
            row = self._writer().execute(query, (storable(job_id),)).fetchone()
        return row is not None and bool(row[0])

    def _writer(self) -> sqlite3.Connection:
        """In autocommit: one statement is one transaction, which waits for the other writers' to end."""
        if self._connection is None:
            self._connection = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA synchronous=FULL")
        return self._connection

    def _asked(self) -> Queries:
        from ingest.store.queries import Queries

        with self._asking:
            if self._queries is None:
                self._queries = Queries(self.path)
            return self._queries


def _create(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return


def row_of(summary: JobSummary) -> dict[str, Any]:
    """The columns that follow from a summary; what only the queue knows is not among them, nor the record."""
    values = {f.name: getattr(summary, f.name) for f in dataclasses.fields(summary)}
    values["resolutions"] = json.dumps(summary.resolutions)
    values["short_id"] = object_id(summary.job_id) if is_job_id(summary.job_id) else None
    values["search"] = PurePath(summary.source).name.casefold()
    return {name: storable(v) if isinstance(v, str) else v for name, v in values.items()}
