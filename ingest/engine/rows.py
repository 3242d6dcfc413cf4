"""Between the store's rows and the queue's words: a row as a `Job`."""

from __future__ import annotations

import json
from collections import namedtuple
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from sqlalchemy import and_, literal_column

from ingest.engine.model import Job, Line, State, moment
from ingest.job.public import public_error
from ingest.job.record import (
    Brief,
    CustomAttributes,
    Inputs,
    Output,
    Progress,
    Record,
    Results,
    SourceFile,
    Times,
)
from ingest.job.status import Status
from ingest.media.source import display_name
from ingest.pipeline.finding import job_in
from ingest.pipeline.first_record import folder_url
from ingest.store import attempt_schema, server_schema
from ingest.store.tables import JOBS

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Row

    from ingest.engine.model import Queue

LINES_KEPT = 1024  # jobs as lists show them, each with its record
LARGEST_KEPT = 32 * 1024  # characters of a record that is kept: those of long films name thousands of files
J = JOBS.c
JOB_COLUMNS = (
    *(
        J.job_id,
        J.account,
        J.dialect,
        J.queue,
        J.status,
        J.cancelling,
        J.created,
        J.updated,
        J.percent,
        J.step,
    ),
    *(J.source, J.output, J.resolutions, J.asked, J.label, J.priority, J.attempts, J.queued, J.start_at),
    *(J.begun, J.ended, J.record),
)
LINE_COLUMNS = (*JOB_COLUMNS, J.state)
_NAMES = [column.key for column in LINE_COLUMNS]
_Stored: Any = namedtuple("_Stored", _NAMES)  # type: ignore[misc]  # noqa: PYI024 - the columns are its fields
# As the partial indexes have them: SQLite takes no parameter for the constant.
WAITING = J.queue == literal_column("'queued'")
RUNNING = J.queue == literal_column("'running'")
DELETING: ColumnElement[bool] = literal_column("deleting")
TURN: ColumnElement[int] = literal_column(server_schema.TURN)
NAMED: ColumnElement[int] = literal_column(attempt_schema.NAMED)


def job_of(row: Row[*tuple[Any, ...]]) -> Job:
    """The job of a row of `JOB_COLUMNS`; of a running one with the record in its folder, which is newer."""
    record = _newest(row)
    created, updated = moment(row.created), moment(max(row.updated, record.times.updated))
    assert created is not None  # noqa: S101 - never empty
    assert updated is not None  # noqa: S101
    return Job(
        record=record,
        account=row.account,
        dialect=row.dialect,
        queue=_queue(row, record),
        asked=json.loads(row.asked),
        label=row.label,
        priority=row.priority,
        attempts=row.attempts,
        created=created,
        updated=updated,
        queued=moment(row.queued),
        start_at=moment(row.start_at),
        begun=moment(row.begun or record.times.started),
        ended=moment(row.ended or record.times.ended),
        cancelling=bool(row.cancelling),
    )


def line_of(row: Row[*tuple[Any, ...]]) -> Line:
    """The job of a row of `LINE_COLUMNS` as lists show it: `job_of(row).line`, for less."""
    if _goes_on(row) or row.state is None:
        return job_of(row).line
    stored: Any = _Stored(*row)  # a tuple, which is compared many times faster than SQLAlchemy's rows
    return _kept_line(stored) if len(row.record) <= LARGEST_KEPT else _stored_line(stored)


def _stored_line(row: Row[*tuple[Any, ...]]) -> Line:
    """Of the row alone."""
    try:
        brief = Brief.from_json(row.record)
    except ValidationError:
        return job_of(row).line
    return Line(
        job_id=brief.job_id,
        state=State(row.state),
        percent=brief.progress.percent,
        step=brief.progress.step,
        source=brief.source.name,
        resolutions=tuple(o.resolution for o in brief.outputs),
        account=row.account,
        username=brief.username,
        dialect=row.dialect,
        label=row.label,
        priority=row.priority,
        attempts=row.attempts,
        created=row.created,
        updated=max(row.updated, brief.times.updated),
        queued=row.queued,
        start_at=row.start_at,
        begun=row.begun or brief.times.started,
        ended=row.ended or brief.times.ended,
        error=public_error(brief),
    )


# Whoever looks at a list again and again sees the same jobs, and few of them have changed.
_kept_line = lru_cache(maxsize=LINES_KEPT)(_stored_line)


def _goes_on(row: Row[*tuple[Any, ...]]) -> bool:
    """Whether somebody may be at work on the job, whose folder then has a newer record than the store."""
    return row.queue == "running" or (not row.queue and not Status(row.status).final)


def _queue(row: Row[*tuple[Any, ...]], record: Record) -> Queue:
    if row.queue:
        queue: Queue = row.queue
        return queue
    return "ended" if record.status.final else "running"


def _newest(row: Row[*tuple[Any, ...]]) -> Record:
    if _goes_on(row):
        found = job_in(Path(row.output))
        if found is not None and found.summary.job_id == row.job_id and found.summary.updated > row.updated:
            try:
                return Record.from_json(found.record_json)
            except ValidationError:
                pass
    try:
        return Record.from_json(row.record)
    except ValidationError:
        return _of_columns(row)


def _of_columns(row: Row[*tuple[Any, ...]]) -> Record:
    """As much as the columns say of a job whose record another version of ingest wrote."""
    name = Path(row.source).name
    return Record(
        job_id=row.job_id,
        inputs=Inputs(
            service_item_id="",
            requested_resolutions=",".join(json.loads(row.resolutions)),
            file_ids="",
            service_url=folder_url(Path(row.output)),
        ),
        results=Results(layer_id=0, layer_name=display_name(Path(name).stem), service_name=Path(name).stem),
        status=Status(row.status),
        username="",
        custom_attributes=CustomAttributes(),
        source=SourceFile(path=row.source, name=name),
        output=row.output,
        times=Times(submitted=row.created, updated=row.updated),
        progress=Progress(percent=row.percent, step=row.step or None),
        outputs=tuple(Output(resolution=r) for r in json.loads(row.resolutions)),
    )


def owned(account: str | None) -> ColumnElement[bool]:
    """What an account may see; all of it for None. What is being deleted, nobody sees."""
    seen = J.state.is_not(None)
    return seen if account is None else and_(J.account == account, seen)
