"""Rows of the table `files`: as a StoredFile, under a free path, and what they and the open uploads add up to."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from ingest.engine.model import StoredFile
from ingest.server.filepaths import numbered
from ingest.server.refusals import Refusal
from ingest.store.tables import FILES, UPLOADS

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row


def insert_free(db: Connection, row: dict[str, Any]) -> None:
    """Insert under the path that was asked for, or the first free number behind it.

    Raises:
        Refusal: `conflict`, ten thousand are taken.
    """
    wanted = row["path"]
    for number in range(1, 10_000):
        row["path"] = wanted if number == 1 else numbered(wanted, number)
        try:
            with db.begin_nested():
                db.execute(insert(FILES).values(row))
        except IntegrityError:
            continue
        return
    raise Refusal("conflict", f"there are too many files named {wanted!r}", code="path_taken")


def used_bytes(db: Connection, account: str) -> int:
    """Bytes of an account's files, and of what it is uploading."""
    files = db.execute(select(func.sum(FILES.c.size)).where(FILES.c.account == account)).scalar_one()
    open_ones = (UPLOADS.c.account == account) & UPLOADS.c.file_id.is_(None)
    uploads = db.execute(
        select(func.sum(func.coalesce(UPLOADS.c.size, UPLOADS.c.arrived))).where(open_ones)
    ).scalar_one()
    return int(files or 0) + int(uploads or 0)


def missing() -> Refusal:
    return Refusal("not_found", "there is no such file", code="file_not_found")


def stored_file(row: Row[*tuple[Any, ...]]) -> StoredFile:
    return StoredFile(
        file_id=row.file_id,
        account=row.account,
        path=row.path,
        name=row.name,
        mime=row.mime,
        size=row.size,
        etag=row.etag,
        created=datetime.fromisoformat(row.created),
        stored=Path(row.stored),
        metadata=json.loads(row.metadata),
        tags=tuple(json.loads(row.tags)),
    )
