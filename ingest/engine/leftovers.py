"""What a server that was killed left in the folders of jobs: sources that were used, and folders of no job."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

from sqlalchemy import select

from ingest.engine.places import JOBS as FOLDERS
from ingest.engine.rows import J
from ingest.job.status import Status

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.store.database import Database

AGE_SECONDS = 24 * 3600.0  # a folder is made before the row of its job
_AT_ONCE = 500


def sweep_job_folders(database: Database, home: Path, now: float | None = None) -> int:
    """Remove the sources of completed jobs, and folders that have been no job's for a day; how many those were.

    A source is let go of when its job is completed; whoever is killed between the two leaves it. One of a job that
    failed is kept, for it may be tried again.

    Raises:
        OutputError: STORE_UNUSABLE.
        OSError: the folders cannot be read.
    """
    limit = (time.time() if now is None else now) - AGE_SECONDS
    folders = list((home / FOLDERS).iterdir()) if (home / FOLDERS).is_dir() else []
    gone = 0
    for start in range(0, len(folders), _AT_ONCE):
        some = folders[start : start + _AT_ONCE]
        with database.read() as connection:
            query = select(J.job_id, J.status, J.queue).where(J.job_id.in_([f.name for f in some]))
            found = {row.job_id: row for row in connection.execute(query)}
        for folder in some:
            row = found.get(folder.name)
            if row is None:
                left = folder if _changed(folder) < limit else None
            else:
                done = row.queue == "ended" and row.status == Status.COMPLETED
                left = folder / "source" if done and (folder / "source").is_dir() else None
            if left is not None:
                shutil.rmtree(left, ignore_errors=True)
                gone += 1
    return gone


def _changed(folder: Path) -> float:
    """The latest change of a folder or of what lies in it directly; seconds since the epoch."""
    try:
        return max(path.stat(follow_symlinks=False).st_ctime for path in (folder, *folder.iterdir()))
    except OSError:  # somebody else is at it
        return float("inf")
