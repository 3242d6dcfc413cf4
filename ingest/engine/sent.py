"""Files of an account that were sent for one job alone: they go with it, whoever deletes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, select

from ingest.job.ids import uuid_of
from ingest.store.tables import FILES

if TYPE_CHECKING:
    from sqlalchemy import Connection

# A key of `asked`: a file is, or was, to be sent for the job; what came stands right in its `sent_folder`.
AWAITED: Final = "_uploadDigest"


def sent_folder(dialect: str, job_id: str) -> str:
    """Among the files of the job's account."""
    return f"/{dialect}/{uuid_of(job_id)}"


def forget_sent(connection: Connection, account: str, dialect: str, job_id: str) -> tuple[Path, ...]:
    """Let the files be none, within a transaction; their bytes may go once it is on the disk."""
    top = f"{sent_folder(dialect, job_id)}/"
    # A range, for the index: `0` follows `/` in the order of characters.
    query = select(FILES.c.file_id, FILES.c.path, FILES.c.stored).where(
        FILES.c.account == account, FILES.c.path > top, FILES.c.path < f"{top[:-1]}0"
    )
    # What stands deeper is not of our making.
    sent = [row for row in connection.execute(query) if "/" not in row.path[len(top) :]]
    for row in sent:
        connection.execute(delete(FILES).where(FILES.c.file_id == row.file_id))
    return tuple(Path(row.stored) for row in sent)
