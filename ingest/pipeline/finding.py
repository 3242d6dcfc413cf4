"""Finds a job by what a person calls it: its id, the beginning of its id, or its output folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import UsageError
from ingest.media.source import display_name
from ingest.pipeline.output_folder import JOB_FILE
from ingest.store import JobSummary, StoredJob, open_store, store_path

if TYPE_CHECKING:
    from typing import Any


def find_job(job: str, home: Path) -> StoredJob:
    """The job called `job`.

    A folder is asked for its own record, so it need not be in the store of `home`.

    Raises:
        UsageError: JOB_NOT_FOUND, no such job or more than one.
        OutputError: STORE_UNUSABLE.
    """
    folder = Path(job) if job else None
    if folder is not None and (stored := job_in(folder)) is not None:
        return stored
    try:
        return _in_store(job, home)
    except UsageError as error:
        if folder is None or not folder.is_dir():
            raise
        raise UsageError(
            codes.JOB_NOT_FOUND,
            f"the folder {display_name(folder)} holds no record of a job",
            remedy="name a job's output folder, or its id",
        ) from error


def _in_store(job: str, home: Path) -> StoredJob:
    if not store_path(home).exists():  # looking leaves no folder behind
        raise UsageError(
            codes.JOB_NOT_FOUND,
            f"no job {job!r}: {store_path(home)} does not exist",
            remedy="is INGEST_HOME the one that the job ran with?",
        )
    with open_store(home) as store:
        return store.get(job)


def job_in(folder: Path) -> StoredJob | None:
    """The job whose record is in `folder`, as far as it can be read; None where there is none."""
    try:
        text = (folder / JOB_FILE).read_text("utf-8")
        record = json.loads(text)
    except (OSError, ValueError):  # also a name that can be no path, and bytes that are no text
        return None
    if not isinstance(record, dict) or not isinstance(record.get("jobId"), str):
        return None
    return StoredJob(_summary(record, folder), text)


def _summary(record: dict[str, Any], folder: Path) -> JobSummary:
    """Of a record that an older or newer ingest may have written. The folder may have been moved since."""
    process, times, progress = (_table(record.get(k)) for k in ("process", "times", "progress"))
    outputs = record.get("outputs")
    pid, started, host = process.get("pid"), process.get("started"), process.get("host")
    percent = progress.get("percent")
    return JobSummary(
        job_id=record["jobId"],
        status=str(record.get("status", "")),
        source=str(_table(record.get("source")).get("path", "")),
        output=str(folder.absolute()),
        resolutions=tuple(
            str(_table(o).get("resolution", "")) for o in (outputs if isinstance(outputs, list) else ())
        ),
        created=str(times.get("submitted", "")),
        updated=str(times.get("updated", "")),
        percent=float(percent) if isinstance(percent, int | float) else 0.0,
        step=str(progress.get("step") or ""),
        pid=pid if isinstance(pid, int) else None,
        host=host if isinstance(host, str) else None,
        pid_started=started if isinstance(started, int) else None,
    )


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
