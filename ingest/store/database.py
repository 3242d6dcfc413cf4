"""Connections to the store's SQLite file for SQLAlchemy: all transactions of the queue and of the server."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import URL, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ingest.store.faults import store_error
from ingest.store.schema import BUSY_SECONDS
from ingest.store.sqlite import open_store, store_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine

_CONNECTIONS = 64  # at most; as many as the server has threads, and some


def open_database(home: Path) -> Database:
    """The database in `home`, made or brought up to date where needed.

    Raises:
        OutputError: STORE_UNUSABLE.
        ResourceError: DISK_FULL.
    """
    open_store(home).close()
    return Database(store_path(home))


class Database:
    """One SQLite file. Safe to share among threads; each transaction has a connection of its own."""

    def __init__(self, path: Path) -> None:
        """`path` must be a database that `migrate` has made."""
        self.path = path
        self._reader = _engine(path)
        self._writer = self._reader.execution_options(immediate=True)
        self._hasty = self._reader.execution_options(immediate=True, hasty=True)

        self._watcher: sqlite3.Connection | None = None
        self._watching = threading.Lock()

    def close(self) -> None:
        self._reader.dispose()
        with self._watching:
            if self._watcher is not None:
                self._watcher.close()
                self._watcher = None

    def version(self) -> int | None:
        """A number that is another one once anybody, in whichever process, has changed anything.

        It is in memory that all processes share: this waits for no disk, and for nobody who writes. None where it
        cannot be had now. (SQLite, PRAGMA data_version.)
        """
        with self._watching:
            try:
                if self._watcher is None:
                    self._watcher = sqlite3.connect(
                        self.path, timeout=0, isolation_level=None, check_same_thread=False
                    )
                found = self._watcher.execute("PRAGMA data_version").fetchall()
            except sqlite3.Error:
                return None
        return int(found[0][0])

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database and changes nothing.

        Raises:
            OutputError: STORE_UNUSABLE.
        """
        with self._translated(), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def write(self, *, wait: bool = True) -> Iterator[Connection]:
        """A transaction that nobody else writes beside; on the disk when the block is left, undone where it raises.

        `wait`: for others who write; else it fails at once where there are some.

        Raises:
            OutputError: STORE_UNUSABLE.
            ResourceError: DISK_FULL.
        """
        with self._translated(), (self._writer if wait else self._hasty).begin() as connection:
            yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise store_error(self.path, error.orig or error) from error
        except PoolTimeoutError as error:
            raise store_error(self.path, error) from error


def _engine(path: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(path)),
        connect_args={"timeout": BUSY_SECONDS},
        pool_size=8,
        max_overflow=_CONNECTIONS - 8,
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver shall not begin transactions; `_begin` does
        connection.execute("PRAGMA synchronous=FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        hasty = options.get("hasty", False)
        if hasty:
            connection.exec_driver_sql("PRAGMA busy_timeout = 0")
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("immediate", False) else "BEGIN")
        finally:
            if hasty:  # the connection goes back to those who wait
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {round(BUSY_SECONDS * 1000)}")

    return engine
