"""What may be asked of the queue without changing it."""

from __future__ import annotations

import time
from datetime import UTC
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select

from ingest.engine import submissions
from ingest.engine.model import Page, State
from ingest.engine.paging import AMONG, among, counting, page_ids
from ingest.engine.rows import JOB_COLUMNS, LINE_COLUMNS, J, job_of, line_of, owned
from ingest.job import codes
from ingest.job.errors import UsageError
from ingest.store.model import storable
from ingest.store.tables import JOB_COUNTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Row

    from ingest.engine.model import Filter, Job, Line, Shown, Submission
    from ingest.store.database import Database

POLL = 0.5  # seconds between two looks of `events`
HEARTBEAT = 15.0  # seconds after which `events` gives a sign of life
# Made once: see `paging`.
_STORED = select(*JOB_COLUMNS, J.submission).where(J.job_id == bindparam("job_id"), owned(None))
_OWN_STORED = _STORED.where(J.account == bindparam("account"))
_AMONG = select(*LINE_COLUMNS).where(AMONG)


class Questions:
    """The jobs of one store, to be looked at. Safe to share among threads."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def job(self, account: str | None, job_id: str) -> Job:
        """The job of this id; account None: whoever owns it.

        Raises:
            UsageError: JOB_NOT_FOUND.
        """
        with self.database.read() as connection:
            return job_of(stored_row(connection, account, job_id))

    def by_short_id(self, account: str | None, short_id: str) -> Job:
        """The job whose `object_id` this is.

        Raises:
            UsageError: JOB_NOT_FOUND.
        """
        return self._one(account, J.short_id == storable(short_id), short_id)

    def by_short_prefix(self, account: str | None, prefix: str) -> Job:
        """The job whose `object_id` begins with `prefix`, hexadecimal digits that only one job's should.

        Raises:
            UsageError: JOB_NOT_FOUND; of several as well.
        """
        # A range, for the index: `g` follows the last digit.
        return self._one(account, J.short_id.between(prefix, prefix + "g"), prefix)

    def submission(self, job: Job) -> Submission:
        """What was asked for.

        Raises:
            UsageError: JOB_NOT_FOUND; JOB_NOT_RESUMABLE, `ingest run` or another version of ingest made it.
        """
        with self.database.read() as connection:
            row = stored_row(connection, None, job.job_id)
        return submissions.loaded(row.submission, job.asked)

    def jobs(self, filter: Filter) -> Page[Job]:  # noqa: A002 (the contract's word)
        """A page of the jobs that `filter` lets through.

        Raises:
            UsageError: a moment that is none in UTC; a cursor of no list, or of another order.
        """
        return self._page(filter, job_of)

    def lines(self, filter: Filter) -> Page[Line]:  # noqa: A002
        """As `jobs`, for a list that shows no more of each job."""
        return self._page(filter, line_of)

    def _page(self, filter: Filter, made: Callable[[Row[*tuple[Any, ...]]], Shown]) -> Page[Shown]:  # noqa: A002
        with self.database.read() as connection:
            wanted, total, following = page_ids(connection, filter)
            rows = connection.execute(_AMONG, among(wanted)).all()
        by_id = {row.job_id: made(row) for row in rows}
        return Page(
            tuple(by_id[i] for i in wanted if i in by_id), total, more=following is not None, next=following
        )

    def newest(self, account: str | None, condition: ColumnElement[bool], limit: int) -> tuple[Job, ...]:
        """The `limit` jobs that were created last of those of which `condition` (of the columns `J`) is true."""
        query = select(*JOB_COLUMNS).where(owned(account), condition)
        query = query.order_by(J.created.desc(), J.job_id.desc()).limit(limit)
        with self.database.read() as connection:
            rows = connection.execute(query).all()
        return tuple(job_of(row) for row in rows)

    def counts(self, account: str | None) -> dict[State, int]:
        """How many jobs are in each state; those that no job is in are left out."""
        names = frozenset[str]() if account is None else frozenset({"account"})
        query = counting(names, JOB_COUNTS.c.state).group_by(JOB_COUNTS.c.state)
        with self.database.read() as connection:
            return {State(state): n for state, n in connection.execute(query, {"account": account}) if n}

    def open_jobs(self, connection: Connection, account: str) -> int:
        """How many jobs of an account have not ended, drafts among them, as a transaction sees it."""
        states = [state.value for state in State if not state.final]
        query = select(func.count()).where(J.account == account, J.state.in_(states))
        return int(connection.execute(query).scalar_one())

    def events(
        self, account: str | None, job_id: str, since: datetime | None = None, *, heartbeat: float = HEARTBEAT
    ) -> Iterator[Job | None]:
        """The job now, where it was updated after `since`, and after each change of it until it has ended.

        None after `heartbeat` seconds without a change, so that a caller can see whether anybody listens still.

        Raises:
            UsageError: JOB_NOT_FOUND, also once it was deleted.
        """
        told = since.astimezone(UTC) if since is not None else None
        quiet = time.monotonic()
        while True:
            job = self.job(account, job_id)
            if told is None or job.updated > told:
                told, quiet = job.updated, time.monotonic()
                yield job
            elif time.monotonic() - quiet >= heartbeat:
                quiet = time.monotonic()
                yield None
            if job.queue == "ended":
                return
            time.sleep(POLL)

    def _one(self, account: str | None, condition: ColumnElement[bool], named: str) -> Job:
        query = select(*JOB_COLUMNS).where(condition, owned(account)).limit(2)
        with self.database.read() as connection:
            rows = connection.execute(query).all()
        if len(rows) != 1:
            raise not_found(named)
        return job_of(rows[0])


def not_found(job_id: str) -> UsageError:
    return UsageError(codes.JOB_NOT_FOUND, f"there is no job {job_id!r}")


def stored_row(connection: Connection, account: str | None, job_id: str) -> Row[*tuple[Any, ...]]:
    """A job's row with its submission. Raises UsageError JOB_NOT_FOUND."""
    query = _STORED if account is None else _OWN_STORED
    row = connection.execute(query, {"job_id": storable(job_id), "account": account}).one_or_none()
    if row is None:
        raise not_found(job_id)
    return row
