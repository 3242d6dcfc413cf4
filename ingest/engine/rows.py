"""Between the store's rows and the queue's words: a row as a `Job`, a `Filter` as a query that indexes answer."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from sqlalchemy import and_, func, literal, literal_column, or_, select, tuple_

from ingest.engine import cursors
from ingest.engine.model import Filter, Job, State, moment
from ingest.job import codes
from ingest.job.errors import UsageError
from ingest.job.record import CustomAttributes, Inputs, Output, Progress, Record, Results, SourceFile, Times
from ingest.job.status import Status
from ingest.media.source import display_name
from ingest.pipeline.finding import job_in
from ingest.pipeline.first_record import folder_url
from ingest.store import attempt_schema, server_schema
from ingest.store.filter_schema import asked_key
from ingest.store.model import storable
from ingest.store.tables import JOBS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row

    from ingest.engine.model import Queue

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
# As the partial indexes have them: SQLite takes no parameter for the constant.
WAITING = J.queue == literal_column("'queued'")
RUNNING = J.queue == literal_column("'running'")
DELETING: ColumnElement[bool] = literal_column("deleting")
TURN: ColumnElement[int] = literal_column(server_schema.TURN)
NAMED: ColumnElement[int] = literal_column(attempt_schema.NAMED)
_SORTED = {
    "created": J.created,
    "updated": J.updated,
    "ended": J.ended,
    "status": J.state,
    "percent": J.percent,
    "source": J.search,
    "label": J.label,
}


_SOMETIMES = frozenset({"ended", "label"})  # not every job has them


def stamp(at: datetime) -> str:
    """A moment as the store has it: UTC, milliseconds, `Z`.

    Raises:
        UsageError: it is none in UTC, before the year 1 or after 9999.
    """
    try:
        universal = at.astimezone(UTC)
    except OverflowError:
        raise UsageError(codes.USAGE, "a time lies outside of the years 1 to 9999") from None
    return universal.isoformat(timespec="milliseconds").replace("+00:00", "Z")


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


def _queue(row: Row[*tuple[Any, ...]], record: Record) -> Queue:
    if row.queue:
        queue: Queue = row.queue
        return queue
    return "ended" if record.status.final else "running"


def _newest(row: Row[*tuple[Any, ...]]) -> Record:
    if row.queue == "running" or (not row.queue and not Status(row.status).final):
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


def conditions(wanted: Filter) -> ColumnElement[bool]:
    """All of a filter's but its paging."""
    found = [owned(wanted.account)]
    if wanted.job_id is not None:
        found.append(J.job_id == wanted.job_id)
    if wanted.states is not None:
        states = sorted(s.value for s in wanted.states)
        found.append(J.state == states[0] if len(states) == 1 else J.state.in_(states))
    if wanted.dialect is not None:
        found.append(J.dialect == wanted.dialect)
    if wanted.label is not None:
        found.append(J.label == storable(wanted.label))
    if wanted.text:
        found.append(func.instr(J.search, storable(wanted.text.casefold())) > 0)
    if wanted.created_from is not None:
        found.append(J.created >= stamp(wanted.created_from))
    if wanted.created_until is not None:
        found.append(J.created <= stamp(wanted.created_until))
    if wanted.active_since is not None:
        # Two questions that indexes answer; of an OR of both SQLite would look at every job.
        mine = owned(wanted.account)
        running = select(J.job_id).where(mine, J.state == State.EXECUTING.value)
        recent = select(J.job_id).where(mine, J.ended >= stamp(wanted.active_since))
        found.append(J.job_id.in_(running.union(recent)))
    for key, value in wanted.asked.items():
        kept: ColumnElement[str] = literal_column(asked_key(key))
        if isinstance(value, str):
            found.append(kept == storable(value))
        else:
            found.append(kept.is_not(None) if value else kept.is_(None))
    return and_(*found)


def page_ids(connection: Connection, wanted: Filter) -> tuple[Sequence[str], int, str | None]:
    """The ids of a page, how many jobs the filter lets through in all, and the cursor of the page behind this one.

    Raises:
        UsageError: `wanted.after` is no cursor of this order.
    """
    chosen = conditions(wanted)
    total = connection.execute(select(func.count()).select_from(JOBS).where(chosen)).scalar_one()
    key = _SORTED[wanted.sort]
    order = (key.desc(), J.job_id.desc()) if wanted.descending else (key, J.job_id)
    query = select(J.job_id, key).where(chosen).order_by(*order).limit(wanted.limit + 1)
    if wanted.after is None:
        query = query.offset(wanted.offset)
    else:
        query = query.where(_behind(cursors.read(wanted.after, wanted.sort), key, wanted))
    rows = connection.execute(query).all()
    shown = rows[: wanted.limit]
    following = None
    if len(rows) > wanted.limit and shown:
        job_id, value = shown[-1]
        following = cursors.written(wanted.sort, (value, job_id))
    return [row.job_id for row in shown], total, following


def _behind(place: cursors.Place, key: ColumnElement[Any], wanted: Filter) -> ColumnElement[bool]:
    """Behind a place in the order; SQLite sorts what has no value before all that has one."""
    value, job_id = place
    if value is None:
        if wanted.descending:
            return and_(key.is_(None), J.job_id < job_id)
        return or_(key.is_not(None), J.job_id > job_id)
    here, there = tuple_(key, J.job_id), tuple_(literal(value), literal(job_id))
    if not wanted.descending:
        return here > there
    return or_(here < there, key.is_(None)) if wanted.sort in _SOMETIMES else here < there
