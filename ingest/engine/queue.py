"""The queue of jobs: all that may be asked of them. Safe to share among threads; each change is on the disk on return.

It only writes down what is to be done. `ingest.engine.local` does it, in this process or in another one.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from ingest.engine import spawning, submissions
from ingest.engine.deliveries import tell_ended
from ingest.engine.model import BY, stamp
from ingest.engine.places import JOBS as JOB_FOLDERS
from ingest.engine.places import PACKAGES, job_folder, package_folder, presets_folder
from ingest.engine.questions import Questions, stored_row
from ingest.engine.rows import J, job_of
from ingest.engine.sent import AWAITED, forget_sent
from ingest.engine.sources import Sources
from ingest.files import sync_folder
from ingest.job import codes
from ingest.job.errors import Cancelled, UsageError
from ingest.job.ids import new_job_id
from ingest.job.record import Record, utc_now
from ingest.job.status import Status
from ingest.pipeline.cancelling import cancel_job
from ingest.pipeline.closing import close_in_folder, closed
from ingest.pipeline.finding import job_in
from ingest.store.database import open_database
from ingest.store.model import JobSummary, storable
from ingest.store.sqlite import row_of
from ingest.store.tables import DELIVERIES, JOBS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Row

    from ingest.engine.model import Job, Queue, Submission
    from ingest.store.database import Database

    Check = Callable[[Connection, str], None]

PATIENCE = 5.0  # seconds to wait for whoever changes a job just now


class JobQueue(Questions):
    """The jobs of one data folder.

    A `check` is asked last in the transaction that lets an account have one more job that has not ended, with that
    account; what it raises undoes the transaction, so no other request can come between.
    """

    def __init__(
        self, database: Database, home: Path, *, preset_dir: Path | None = None, allowed: Sequence[Path] = ()
    ) -> None:
        """`preset_dir`: the server's own presets; `allowed`: folders that local sources may lie in."""
        super().__init__(database)
        self.home = home
        self._preset_dir = preset_dir
        self._sources = Sources(database, home, tuple(allowed))
        self._listeners: list[Callable[[], object]] = []

    @classmethod
    def open(cls, home: Path, *, preset_dir: Path | None = None, allowed: Sequence[Path] = ()) -> JobQueue:
        """Raises OutputError STORE_UNUSABLE; ResourceError DISK_FULL."""
        return cls(open_database(home), home, preset_dir=preset_dir, allowed=allowed)

    def close(self) -> None:
        self.database.close()

    def listen(self, listener: Callable[[], object]) -> None:
        """From now on call `listener`, in whichever thread, when there is something to do."""
        self._listeners.append(listener)

    # -- new jobs --

    def submit(
        self, account: str, username: str, submission: Submission, *, check: Check | None = None
    ) -> Job:
        """A new job, queued.

        Raises:
            UsageError: a resolution or preset that cannot be; SOURCE_NOT_ALLOWED; no source.
            SourceError: the source is not there, or cannot be read.
        """
        return self._create(account, username, submission, "queued", check)

    def draft(
        self, account: str, username: str, submission: Submission, *, check: Check | None = None
    ) -> Job:
        """A new job that waits for `run`; only then must it have a source that can be read.

        Raises:
            UsageError: a resolution or preset that cannot be; SOURCE_NOT_ALLOWED.
            SourceError: the account has no such file.
        """
        return self._create(account, username, submission, "draft", check)

    def change(self, account: str | None, job_id: str, *, submission: Submission) -> Job:
        """Let a draft be another submission.

        Raises:
            UsageError: JOB_NOT_FOUND; JOB_NOT_CHANGEABLE, it is no draft; as `draft`.
        """
        self._draft(account, job_id)
        with self._held(job_id):
            self._replace(self._draft(account, job_id), submission, "draft")
        return self.job(account, job_id)

    def run(self, account: str | None, job_id: str) -> Job:
        """Queue a draft.

        Raises:
            UsageError: JOB_NOT_FOUND; JOB_NOT_CHANGEABLE, it is no draft; as `submit`.
            SourceError: as `submit`.
        """
        self._draft(account, job_id)
        with self._held(job_id):
            row = self._draft(account, job_id)
            submission = submissions.loaded(row.submission, json.loads(row.asked))
            self._replace(row, submission, "queued")
        self._wake()
        return self.job(account, job_id)

    # -- changes --

    def asked(self, job_id: str, asked: Mapping[str, Any]) -> None:
        """Replace the request's own document."""
        with self.database.write() as connection:
            _update(connection, job_id, asked=json.dumps(asked), updated=utc_now())

    def cancel(self, account: str | None, job_id: str) -> Job:
        """A job that waits is CANCELLED at once, one that runs is asked to stop; one that has ended stays as it is.

        Raises:
            UsageError: JOB_NOT_FOUND; JOB_NOT_CANCELLABLE, another machine's `ingest run` runs it.
        """
        record: Record | None = None
        with self.database.write() as connection:
            row = stored_row(connection, account, job_id)
            if row.queue in ("draft", "queued"):
                record = closed(self._record(row), Cancelled(signal.SIGTERM, BY))
                _update(
                    connection, job_id, queue="ended", cancelling=1, ended=utc_now(), **record_columns(record)
                )
                tell_ended(connection, row, record)
            elif row.queue == "running":
                _update(connection, job_id, cancelling=1, updated=utc_now())
        if record is not None:  # an earlier attempt may have left its own there
            close_in_folder(Path(row.output), record)
        if not row.queue and not Status(row.status).final:
            cancel_job(job_id, self.home, wait=False)
        self._wake()
        return self.job(account, job_id)

    def retry(self, account: str | None, job_id: str, *, check: Check | None = None) -> Job:
        """Queue a failed or cancelled job again; what it has encoded is used where it can be.

        Raises:
            UsageError: JOB_NOT_FOUND; JOB_NOT_CHANGEABLE, it has not failed, or the queue never had it.
        """
        with self.database.read() as connection:
            _retryable(stored_row(connection, account, job_id))
        with self._held(job_id):
            with self.database.write() as connection:
                row = stored_row(connection, account, job_id)
                record = _retryable(row).resumed(None)
                counts = {"deaths": 0, "lost": 0, "ran": 0.0}
                values = {"queue": "queued", "cancelling": 0, "queued": utc_now(), "ended": None}
                _update(connection, job_id, **values, **counts, **record_columns(record))
                if check is not None:
                    check(connection, row.account)
            own = job_in(Path(row.output))
            if own is not None and own.summary.updated > record.times.updated:
                # The clock was put back: the end that the folder tells of would be taken for the next one's.
                close_in_folder(Path(row.output), record)
        self._wake()
        return self.job(account, job_id)

    def delete(self, account: str | None, job_id: str) -> None:
        """Let the job, its record, its package and what was sent for it alone go.

        One that runs is cancelled first, and goes when it has ended.

        Of a job that `ingest run` made, only the entry goes: its folder is a person's own.

        Raises:
            UsageError: JOB_NOT_FOUND; JOB_NOT_CANCELLABLE; JOB_NOT_CHANGEABLE, `ingest run` is at work on it: it was
                asked to stop.
        """
        self.cancel(account, job_id)
        with self.database.write() as connection:
            row = stored_row(connection, account, job_id)
            if not row.queue and not Status(row.status).final:
                raise UsageError(
                    codes.JOB_NOT_CHANGEABLE,
                    f"job {job_id} is run by `ingest run`",
                    remedy="it was asked to stop: try again when it has",
                )
            # Between the two it may have been queued again; from here on nobody can do that.
            values = {"cancelling": 1} if row.queue == "running" else {"queue": "ended"} if row.queue else {}
            _update(connection, job_id, deleting=1, **values)
        if row.queue != "running":
            with spawning.locked(self.home, job_id) as free:
                if free:  # else the engine, which looks for what is to be deleted, lets it go
                    self.remove(job_id)
        self._wake()

    def remove(self, job_id: str) -> None:
        """Let go of what is left of a job that is marked as deleted; for who holds the job's lock."""
        with self.database.read() as connection:
            query = select(J.account, J.dialect, J.asked, J.output, J.deleting).where(J.job_id == job_id)
            row = connection.execute(query).one_or_none()
        if row is None or not row.deleting:
            return
        if Path(row.output).is_relative_to(self.home / PACKAGES):
            shutil.rmtree(row.output, ignore_errors=True)
        shutil.rmtree(job_folder(self.home, job_id), ignore_errors=True)
        sent: tuple[Path, ...] = ()
        with self.database.write() as connection:
            connection.execute(delete(DELIVERIES).where(DELIVERIES.c.job_id == job_id))
            connection.execute(delete(JOBS).where(J.job_id == job_id))
            if AWAITED in json.loads(row.asked):
                sent = forget_sent(connection, row.account, row.dialect, job_id)
        for path in sent:
            with contextlib.suppress(OSError):  # else they are swept, as bytes that nobody names
                path.unlink(missing_ok=True)

    # -- within --

    def _wake(self) -> None:
        for listener in self._listeners:
            listener()

    def _create(
        self, account: str, username: str, submission: Submission, queue: Queue, check: Check | None
    ) -> Job:
        job_id = new_job_id()
        try:
            values = self._values(account, username, submission, job_id, queue)
            with self.database.write() as connection:
                connection.execute(insert(JOBS), values)
                if check is not None:
                    check(connection, account)
        except BaseException:
            shutil.rmtree(job_folder(self.home, job_id), ignore_errors=True)
            raise
        self._wake()
        return self.job(account, job_id)

    def _values(
        self,
        account: str,
        username: str,
        submission: Submission,
        job_id: str,
        queue: Queue,
        *,
        created: str | None = None,
    ) -> dict[str, Any]:
        """The row of a job, new unless it was `created`; what it needs of files is on the disk."""
        submission = self._sources.resolved(submission)
        submissions.check_presets(submission, self._preset_dir)
        found = self._sources.prepare(account, job_id, submission, needed=queue != "draft")
        presets = submissions.write_presets(submission, self._preset_dir, presets_folder(self.home, job_id))
        logos = self._sources.logos(account, job_id, submission)
        if presets is not None or found.linked or submission.logos:
            sync_folder(job_folder(self.home, job_id))
            sync_folder(self.home / JOB_FOLDERS)
            sync_folder(self.home)
        record = submissions.record_of(
            replace(submission, options=replace(submission.options, logos=logos)),
            job_id=job_id,
            username=username,
            source=found.path,
            name=found.name,
            output=package_folder(self.home, account, job_id),
            preset_dir=presets,
        )
        if created is not None:
            record = record.evolve(times=record.times.model_copy(update={"submitted": created}))
        limit = submission.time_limit
        return row_of(JobSummary.of(record)) | {
            "account": account,
            "dialect": submission.dialect,
            "queue": queue,
            "label": storable(submission.label) if submission.label is not None else None,
            "priority": submission.priority,
            "size": found.size,
            "queued": utc_now() if queue == "queued" else None,
            "start_at": stamp(submission.start_at) if submission.start_at else None,
            "time_limit": limit.total_seconds() if limit else None,
            "search": storable(found.name.casefold()),
            "asked": json.dumps(submission.asked),
            "submission": submissions.dumped(submission),
            "record": storable(record.to_json()),
        }

    @contextlib.contextmanager
    def _held(self, job_id: str) -> Iterator[None]:
        """Nobody else changes the job's folder, or begins the job, meanwhile. Raises UsageError JOB_NOT_CHANGEABLE."""
        until = time.monotonic() + PATIENCE
        while True:
            with spawning.locked(self.home, job_id) as free:
                if free:
                    yield
                    return
            if time.monotonic() > until:
                raise UsageError(codes.JOB_NOT_CHANGEABLE, f"job {job_id} is being changed or run")
            time.sleep(0.02)

    def _draft(self, account: str | None, job_id: str) -> Row[*tuple[Any, ...]]:
        with self.database.read() as connection:
            row = stored_row(connection, account, job_id)
        if row.queue != "draft":
            raise UsageError(codes.JOB_NOT_CHANGEABLE, f"job {job_id} is no draft any more")
        return row

    def _replace(self, row: Row[*tuple[Any, ...]], submission: Submission, queue: Queue) -> None:
        """Of a draft that is a draft still, for who holds its lock; it stays created when it was."""
        username = self._record(row).username
        values = self._values(row.account, username, submission, row.job_id, queue, created=row.created)
        with self.database.write() as connection:
            changed = connection.execute(
                update(JOBS).where(J.job_id == row.job_id, J.queue == "draft").values(values)
            )
            if changed.rowcount == 0:
                raise UsageError(codes.JOB_NOT_CHANGEABLE, f"job {row.job_id} is no draft any more")

    @staticmethod
    def _record(row: Row[*tuple[Any, ...]]) -> Record:
        return job_of(row).record


def _retryable(row: Row[*tuple[Any, ...]]) -> Record:
    """The record of a job that can be tried again. Raises UsageError JOB_NOT_CHANGEABLE."""
    record = job_of(row).record
    if row.queue != "ended" or record.status not in (Status.FAILED, Status.CANCELLED):
        raise UsageError(
            codes.JOB_NOT_CHANGEABLE,
            f"job {row.job_id} cannot be tried again: it is {row.status}",
            remedy="only a failed or cancelled job of the server can",
        )
    if record.request is None:
        raise UsageError(codes.JOB_NOT_CHANGEABLE, f"job {row.job_id} was a draft without a source")
    return record


def record_columns(record: Record) -> dict[str, Any]:
    """What a row has of a record, but for what never changes."""
    summary = JobSummary.of(record)
    names = ("status", "updated", "percent", "step", "pid", "host", "pid_started")
    return {n: getattr(summary, n) for n in names} | {"record": storable(record.to_json())}


def _update(connection: Connection, job_id: str, **values: Any) -> None:
    connection.execute(update(JOBS).where(J.job_id == job_id).values(values))
