"""A job whose process died after its package was published and before its record could say so: it is complete."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ingest.files import write_atomic
from ingest.job import codes
from ingest.job.errors import IngestError
from ingest.job.record import Progress, Record, StepRecord, utc_now
from ingest.job.status import Status
from ingest.pipeline.leftovers import left_work, mended
from ingest.pipeline.output_folder import JOB_FILE, MASTERS

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.store import JobStore


def finish_published(output: Path, store: JobStore | None = None) -> Record | None:
    """The record in `output`, completed; None where it is not of that kind, or where a run is at work there."""
    if _published(output) is None:
        return None
    try:
        with mended(output) as folder:
            record = complete(folder)
        if record is not None and store is not None:
            from ingest.store import JobSummary

            store.save(record.to_json(), summary=JobSummary.of(record))
    except IngestError:
        return None
    return record


def complete(output: Path) -> Record | None:
    """As `finish_published`, for who holds the folder's lock. Raises OSError."""
    record = _published(output)
    if record is None:
        return None
    now = utc_now()
    last = record.steps[-1].model_copy(update={"ended": now, "result": "done"})
    code = codes.INGEST_COMPLETE
    end = StepRecord(code=code.number, message=code.text, started=now, ended=now, seconds=0.0, result="done")
    outputs = tuple(
        o if o.status == "LEFT_OUT" else o.model_copy(update={"status": "COMPLETED", "percent": 100.0})
        for o in record.outputs
    )
    record = record.with_message(codes.KEPT_IN_OUTPUT_FOLDER).with_message(code)
    record = record.with_status(Status.COMPLETED).evolve(
        steps=(*record.steps[:-1], last, end),
        outputs=outputs,
        progress=Progress(percent=100.0),
        times=record.times.model_copy(update={"ended": now}),
    )
    write_atomic(output / JOB_FILE, record.to_json().encode())
    for work in left_work(output):
        shutil.rmtree(work)
    return record


def _published(output: Path) -> Record | None:
    """The record of a job that was publishing, where all that it was to publish is there."""
    try:
        if not (output / MASTERS[-1]).is_file():
            return None
        record = Record.from_json((output / JOB_FILE).read_bytes())
    except (OSError, ValidationError):
        return None
    last = record.steps[-1].code if record.steps else None
    if record.status.final or last != codes.VIDEO_FILES_CREATED.number or not record.files:
        return None
    return record if all((output / name).is_file() for name in record.files) else None
