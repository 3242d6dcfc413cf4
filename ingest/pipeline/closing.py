"""The last record of a job that nobody runs, or that could not begin: what was wished or went wrong, and its ends."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ingest.files import write_atomic
from ingest.job.errors import Cancelled, IngestError
from ingest.job.record import utc_now
from ingest.job.status import Status
from ingest.pipeline.finding import job_in
from ingest.pipeline.leftovers import mended
from ingest.pipeline.output_folder import JOB_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.job.record import Record


def closed(record: Record, error: IngestError) -> Record:
    """CANCELLED for a `Cancelled`, else FAILED; a record that is final already stays as it is."""
    if record.status.final:
        return record
    status = Status.CANCELLED if isinstance(error, Cancelled) else Status.FAILED
    now = utc_now()
    last = record.steps[-1] if record.steps else None
    if last is not None and last.ended is None:
        last = last.model_copy(
            update={"ended": now, "result": "cancelled" if status is Status.CANCELLED else "failed"}
        )
        record = record.evolve(steps=(*record.steps[:-1], last))
    for output in record.outputs:
        if output.status in {"WAITING", "EXECUTING"}:
            record = record.with_output(output.resolution, status=status.value)
    progress = record.progress.model_copy(update={"speed": None, "remaining_seconds": None})
    return (
        record.with_error(error, last)
        .with_status(status)
        .evolve(times=record.times.model_copy(update={"ended": now}), progress=progress)
    )


def close_in_folder(output: Path, record: Record) -> None:
    """Let the folder's own record say the same, where it is this job's and nobody is at work there."""
    with contextlib.suppress(IngestError), mended(output) as folder:
        found = job_in(folder)
        if found is not None and found.summary.job_id == record.job_id:
            write_atomic(folder / JOB_FILE, record.to_json().encode())
