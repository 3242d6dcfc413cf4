"""What went wrong with the job store, in words of ours."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import IngestError, OutputError, ResourceError
from ingest.store.schema import BUSY_SECONDS, NewerSchemaError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Faults of the database at `path`, and of its folder, become `store_error`."""
    try:
        yield
    except (sqlite3.Error, OSError, NewerSchemaError) as error:
        raise store_error(path, error) from error


def store_error(path: Path, cause: BaseException) -> IngestError:
    """OutputError STORE_UNUSABLE, or ResourceError DISK_FULL."""
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
