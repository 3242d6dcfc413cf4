"""The numbered steps that make the store's tables and bring a database of any earlier version up to date."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

from ingest.store.attempt_schema import ATTEMPTS
from ingest.store.count_schema import COUNTS
from ingest.store.errand_schema import ERRANDS
from ingest.store.filter_schema import FILTERS
from ingest.store.progress_schema import PROGRESS
from ingest.store.resource_schema import RESOURCES
from ingest.store.server_schema import SERVER

if TYPE_CHECKING:
    from pathlib import Path

BUSY_SECONDS = 30.0

# Version n is reached by the statements at position n - 1. A released version is never edited: add one.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE jobs (
            job_id TEXT NOT NULL PRIMARY KEY,
            status TEXT NOT NULL,
            source TEXT NOT NULL,
            output TEXT NOT NULL,
            resolutions TEXT NOT NULL,
            created TEXT NOT NULL,
            updated TEXT NOT NULL,
            percent REAL NOT NULL,
            step TEXT NOT NULL,
            pid INTEGER,
            host TEXT,
            pid_started INTEGER,
            record TEXT NOT NULL
        )
        """,
        "CREATE INDEX jobs_created ON jobs (created)",
    ),
    SERVER,
    ERRANDS,
    RESOURCES,
    FILTERS,
    ATTEMPTS,
    COUNTS,
    PROGRESS,
)
VERSION = len(MIGRATIONS)


class NewerSchemaError(Exception):
    """The database was made by a later version of ingest."""


def migrate(path: Path, migrations: tuple[tuple[str, ...], ...] = MIGRATIONS) -> None:
    """Put the database in WAL mode and bring it up to date, all missing versions in one transaction.

    Several processes may do this at once.

    Raises:
        sqlite3.Error: the file is no database, or cannot be written.
        NewerSchemaError: its version is above what this program knows.
    """
    with closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)) as db:
        _use_wal(db)
        db.execute("PRAGMA synchronous=FULL")
        if _version(db) == len(migrations):
            return
        db.execute("BEGIN IMMEDIATE")
        # Read again: another process may have migrated while this one waited for the lock.
        version = _version(db)
        if version > len(migrations):
            raise NewerSchemaError(f"schema version {version}, this ingest knows {len(migrations)}")
        db.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL PRIMARY KEY)")
        for number, statements in enumerate(migrations[version:], version + 1):
            for statement in statements:
                db.execute(statement)
            db.execute("INSERT INTO schema_version VALUES (?)", (number,))
        db.execute("COMMIT")


def _use_wal(db: sqlite3.Connection) -> None:
    """Switch to WAL. SQLite does not wait for its busy timeout here, so the waiting is ours."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _version(db: sqlite3.Connection) -> int:
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'schema_version'").fetchone():
        return 0
    return int(db.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchone()[0])
