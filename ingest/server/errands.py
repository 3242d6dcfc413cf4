"""Work on stored files that is no ingest: batches of copies and deletions, and putting a job's files in their place.

An errand is written down before it is acknowledged, and its progress after each thing that it has done: a crash loses
none, and a later start goes on. One thread does them, one after the other. What an errand has made is undone where a
later part of it fails, or where it is cancelled half-way.
"""

from __future__ import annotations

import errno
import json
import logging
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from ingest.job import codes
from ingest.job.errors import IngestError, UsageError
from ingest.job.ids import new_job_id
from ingest.job.public import without_places
from ingest.job.record import utc_now
from ingest.server.refusals import Refusal
from ingest.store.tables import ERRAND_DONE, ERRANDS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from fastapi import Request
    from sqlalchemy import Row

    from ingest.store.database import Database

Status = Literal["Pending", "Running", "Rollback", "Failed", "Succeeded", "Cancelling", "Cancelled"]
OPEN: tuple[Status, ...] = ("Pending", "Running", "Rollback", "Cancelling")
POLL = 0.5  # seconds between two looks at what an errand waits for
E, D = ERRANDS.c, ERRAND_DONE.c
# Without what it is made of, which may be large.
_DONE = select(func.max(D.position) + 1).where(D.job_id == E.job_id).scalar_subquery()
_SHOWN = select(
    *(column for column in E if column.key not in ("position", "acts", "undo")),
    func.coalesce(_DONE, E.position).label("position"),
)
_log = logging.getLogger("ingest.server")


@dataclass(frozen=True, slots=True)
class Errand:
    """One errand as it is written down. Times are ISO 8601 in UTC with milliseconds.

    Attributes:
        kind: says which `Doing` does it.
        asked: what is to be done, JSON.
        position: how many of the single things that there are to do are done.
        error: `code`, `message` and `timestamp` once it has failed.
    """

    job_id: str
    account: str
    kind: str
    status: Status
    created: str
    updated: str
    attempts: int
    position: int
    asked: Mapping[str, Any]
    error: Mapping[str, Any] | None = field(default=None)


@dataclass(frozen=True, slots=True)
class Work:
    """What an errand is made of.

    Attributes:
        acts: the single things that there are to do, JSON; settled when it begins.
        undo: what it has made, in order.
    """

    acts: tuple[Any, ...]
    undo: tuple[str, ...]


class Doing(Protocol):
    """How errands of one kind are done. Each act may be done twice: a crash may hide that it was done."""

    def ready(self, errand: Errand) -> bool:
        """Whether it can begin; False: look again later."""

    def acts(self, errand: Errand) -> Sequence[Any]:
        """What there is to do, as JSON; asked once. Raises IngestError or Refusal."""

    def act(self, errand: Errand, act: Any) -> str | None:
        """Do one; what it has made, to be undone. Raises IngestError or Refusal."""

    def undo(self, errand: Errand, made: str) -> None:
        """Take back what an act has made, which may be gone already."""


class Errands:
    """The errands of one server; safe to share among threads."""

    def __init__(self, database: Database, doings: Mapping[str, Doing]) -> None:
        self._database = database
        self._doings = dict(doings)
        self._awake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._beginning = threading.Lock()

    # -- asking --

    def post(self, account: str, kind: str, asked: Mapping[str, Any], *, job_id: str | None = None) -> Errand:
        """A new errand, written down; `job_id`: of the job that it belongs to."""
        now = utc_now()
        values = {
            "job_id": job_id or new_job_id(),
            "account": account,
            "kind": kind,
            "status": "Pending",
            "created": now,
            "updated": now,
            "asked": json.dumps(asked),
        }
        with self._database.write() as db:
            db.execute(insert(ERRANDS).values(values))
        self._awake.set()
        return self.get(account, values["job_id"])

    def find(self, account: str | None, job_id: str) -> Errand | None:
        query = _SHOWN.where(E.job_id == job_id)
        if account is not None:
            query = query.where(E.account == account)
        with self._database.read() as db:
            row = db.execute(query).one_or_none()
        return _errand(row) if row is not None else None

    def get(self, account: str | None, job_id: str) -> Errand:
        """Raises UsageError JOB_NOT_FOUND."""
        found = self.find(account, job_id)
        if found is None:
            raise _missing(job_id)
        return found

    def recent(self, account: str | None, kinds: Collection[str], limit: int) -> tuple[Errand, ...]:
        """The newest of these kinds, newest first."""
        query = _SHOWN.where(E.kind.in_(sorted(kinds)))
        if account is not None:
            query = query.where(E.account == account)
        query = query.order_by(E.created.desc(), E.job_id.desc()).limit(limit)
        with self._database.read() as db:
            return tuple(_errand(row) for row in db.execute(query))

    def cancel(self, account: str | None, job_id: str) -> Errand:
        """Ask it to stop; one that has not begun is cancelled at once, one that has ended stays as it is.

        Raises:
            UsageError: JOB_NOT_FOUND.
        """
        self.get(account, job_id)
        if not self._change(job_id, ("Pending",), status="Cancelled"):
            self._change(job_id, ("Running",), status="Cancelling")
        self._awake.set()
        return self.get(account, job_id)

    # -- doing --

    def start(self) -> None:
        """Begin to do errands, those first that an earlier server left."""
        with self._beginning:
            if self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(target=self._run, name="errands", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Finish the act that is being done, and no more."""
        self._stop.set()
        self._awake.set()
        with self._beginning:  # another thread calls `start`
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def poke(self) -> None:
        """Look now whether something can begin."""
        self._awake.set()

    def settle(self) -> bool:
        """Do all that can be done now; whether something waits."""
        waiting = False
        for errand in self._open():
            if self._stop.is_set():
                return True
            doing = self._doings.get(errand.kind)
            if doing is None:
                continue  # of a later version of ingest
            try:
                if errand.status == "Pending" and not doing.ready(errand):
                    waiting = True
                    continue
                self._do(errand, doing)
            except Exception:  # noqa: BLE001 - whatever it is, others must not wait for this one
                _log.exception("errand %s could not go on; it is tried again", errand.job_id)
                waiting = True
        return waiting

    def _run(self) -> None:
        while not self._stop.is_set():
            self._awake.clear()
            try:
                waiting = self.settle()
            except IngestError as error:
                # The store cannot be read: errands are taken up again once it can.
                _log.warning("errands: %s", error.line)
                waiting = True
            self._awake.wait(POLL if waiting else None)

    def _open(self) -> tuple[Errand, ...]:
        query = _SHOWN.where(E.status.in_(OPEN)).order_by(E.created, E.job_id)
        with self._database.read() as db:
            return tuple(_errand(row) for row in db.execute(query))

    def _do(self, errand: Errand, doing: Doing) -> None:
        if errand.status == "Pending":
            errand = self._begin(errand, doing)
        if errand.status == "Running":
            errand = self._forward(errand, doing)
        if errand.status in ("Rollback", "Cancelling"):
            self._back(errand, doing)

    def _begin(self, errand: Errand, doing: Doing) -> Errand:
        attempts = errand.attempts + 1
        try:
            acts = json.dumps(list(doing.acts(errand)))
        except (IngestError, Refusal, OSError) as error:
            failure = _failure(error)
            self._change(errand.job_id, ("Pending",), status="Failed", attempts=attempts, error=failure)
        else:
            self._change(errand.job_id, ("Pending",), status="Running", attempts=attempts, acts=acts)
        return self.get(None, errand.job_id)

    def _forward(self, errand: Errand, doing: Doing) -> Errand:
        acts = self.work(errand.job_id).acts
        try:
            for position in range(errand.position, len(acts)):
                if self._stop.is_set():
                    return errand
                made = doing.act(errand, acts[position])
                if self._note(errand.job_id, position, made) != "Running":
                    return self.get(None, errand.job_id)
        except (IngestError, Refusal, OSError) as error:
            failure = _failure(error)
            self._change(errand.job_id, ("Running", "Cancelling"), status="Rollback", error=failure)
            return self.get(None, errand.job_id)
        self._change(errand.job_id, ("Running",), status="Succeeded", position=len(acts))
        return self.get(None, errand.job_id)

    def _back(self, errand: Errand, doing: Doing) -> None:
        for made in reversed(self.work(errand.job_id).undo):
            if self._stop.is_set():
                return
            try:
                doing.undo(errand, made)
            except (IngestError, Refusal, OSError) as error:
                _log.warning("errand %s: %s was not undone: %s", errand.job_id, made, error)
        last: Status = "Failed" if errand.status == "Rollback" else "Cancelled"
        self._change(errand.job_id, (errand.status,), status=last, position=errand.position, undo="[]")

    def work(self, job_id: str) -> Work:
        """Raises UsageError JOB_NOT_FOUND."""
        made = select(D.made).where(D.job_id == job_id, D.made.is_not(None)).order_by(D.position)
        with self._database.read() as db:
            row = db.execute(select(E.acts, E.undo).where(E.job_id == job_id)).one_or_none()
            if row is None:
                raise _missing(job_id)
            # An earlier ingest wrote what was made beside the acts.
            undo = (*json.loads(row.undo), *db.execute(made).scalars())
        return Work(tuple(json.loads(row.acts or "[]")), undo)

    def _note(self, job_id: str, position: int, made: str | None) -> Status:
        """Write down that an act is done; the errand's status, for another thread may have cancelled it.

        A row of its own: to write, or to read, all acts after each of them takes a time that grows with their square.
        Another server that took this one for dead may have done the same act, or all of them.
        """
        row = upsert(ERRAND_DONE).values(job_id=job_id, position=position, made=made)
        # Who did it first has made it: the other one found it there, and has nothing to undo.
        row = row.on_conflict_do_update(set_={"made": func.coalesce(D.made, row.excluded.made)})
        with self._database.write() as db:
            status = db.execute(select(E.status).where(E.job_id == job_id)).scalar_one()
            if status in OPEN:
                db.execute(row)
        return cast("Status", status)

    def _change(self, job_id: str, where: tuple[Status, ...], *, status: Status, **values: Any) -> bool:
        """Whether the errand was in one of these statuses and has this one now."""
        with self._database.write() as db:
            done = db.execute(
                update(ERRANDS)
                .where(E.job_id == job_id, E.status.in_(where))
                .values(updated=utc_now(), status=status, **values)
            )
            if done.rowcount == 1 and status not in OPEN:
                db.execute(delete(ERRAND_DONE).where(D.job_id == job_id))
        return done.rowcount == 1


def _missing(job_id: str) -> UsageError:
    return UsageError(codes.JOB_NOT_FOUND, f"there is no job {job_id!r}")


def _failure(error: IngestError | Refusal | OSError) -> str:
    """`code`, `message` and `timestamp`; an OSError's names of files are nobody's business."""
    if isinstance(error, OSError):
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        code, message = "disk_full" if full else "io_error", (error.strerror or "input/output error").lower()
    elif isinstance(error, IngestError):
        code, message = error.code.text.lower().replace(" ", "_"), without_places(error.line)
    else:
        code, message = error.code, error.message
    return json.dumps({"code": code, "message": message, "timestamp": utc_now()})


def get_errands(request: Request) -> Errands:
    """For routes: the application's errands."""
    return cast("Errands", request.app.state.errands)


def _errand(row: Row[*tuple[Any, ...]]) -> Errand:
    return Errand(
        job_id=row.job_id,
        account=row.account,
        kind=row.kind,
        status=row.status,
        created=row.created,
        updated=row.updated,
        attempts=row.attempts,
        position=row.position,
        asked=json.loads(row.asked),
        error=json.loads(row.error) if row.error is not None else None,
    )
