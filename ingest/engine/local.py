"""The engine of this machine: runs the queue's jobs, a process for each, as many at once as it has slots.

Whose turn it is: higher priority first, then the smaller source (its size in bytes stands for its length, which only
probing would tell; one that is yet to be fetched comes last), then the oldest; none before its `start_at`. All state
is in the store and in the jobs' locks (see `spawning`), so that an engine that is killed is followed by another one
as if nothing had been: rows that say `running` and whose lock is free go back to the queue.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select, update

from ingest.engine import spawning
from ingest.engine.deliveries import tell_begun
from ingest.engine.ends import End, settle
from ingest.engine.model import UrlSource
from ingest.engine.places import JOBS as JOB_FOLDERS
from ingest.engine.rows import DELETING, RUNNING, TURN, WAITING, J
from ingest.engine.submissions import loaded
from ingest.job.errors import IngestError
from ingest.job.record import utc_now
from ingest.pipeline.output_folder import TEMPORARY, WORK_PREFIX
from ingest.steps.checkpoints import CHUNK, CHUNKS
from ingest.store.tables import JOBS

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Row

    from ingest.engine.queue import JobQueue

TICK = 0.1  # seconds between two looks at the children; each look costs microseconds
IDLE = 1.0  # seconds between two looks at the store, which other processes write too
LOST = 5.0  # seconds between two looks for jobs that nobody runs
DRAIN = 30.0  # seconds that running jobs have to come to the end of a chunk
PATIENCE = 30.0  # seconds that a cancelled child has to tidy up, and one whose time is up
SCARCE_FROM, SCARCE_TO = (
    1.0,
    60.0,
)  # seconds in which no job is begun after one could not be: doubled each time
_SCARCE = frozenset(  # what the machine lacks for the moment; that is no fault of the job
    (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT)
)
_ORPHANED = 3600.0  # seconds after which a folder that no job has is one that was never written down
_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class _Running:
    """One child; `chunks`: how many of its job's chunks were finished when draining began.

    `reaped`: when it was last tried to write down how it ended; None while it runs.
    """

    job_id: str
    output: Path
    process: subprocess.Popen[bytes]
    began: float
    limit: float | None
    told: float | None = None
    killed: bool = False
    overdue: bool = False
    chunks: int | None = None
    reaped: float | None = None


class Engine:
    """Start it once; `stop` waits until nothing of it runs any more."""

    def __init__(
        self,
        queue: JobQueue,
        *,
        slots: int = 1,
        command: Sequence[str] = spawning.CHILD,
        drain: float = DRAIN,
    ) -> None:
        """`slots`: jobs at once, none for 0; `command`: what starts a child; `drain`: seconds, see `stop`."""
        self._queue = queue
        self._slots = slots
        self._command = tuple(command)
        self._drain = drain
        self._running: dict[str, _Running] = {}
        self._awake = threading.Event()
        self._stopping = threading.Event()
        self._at_once = threading.Event()
        self._looked = self._sought = -LOST  # when for changes in the store, when for lost jobs
        self._until: float | None = None  # draining ends then
        self._pause = 0.0  # seconds, see `SCARCE_FROM`
        self._resting = -LOST  # no job is begun before
        # Children are bound to the life of the thread that starts them: all are started, and waited for, in this one.
        self._thread = threading.Thread(target=self._run, name="engine")

    def start(self) -> None:
        """Raises OutputError STORE_UNUSABLE."""
        self._queue.home.mkdir(parents=True, exist_ok=True)
        self._remove_left()
        self._queue.listen(self._awake.set)
        self._thread.start()

    def stop(self, *, at_once: bool = False, wait: bool = True) -> None:
        """Begin no more jobs; return when those that run have ended, or were given back to the queue.

        Each may come to the end of its chunk, if it does within the drain time; then its process is killed and the
        job waits for the next engine, which goes on from its finished chunks. `at_once`: they are given back now;
        may be called while another `stop` waits. Not `wait`: return at once, as signal handlers must.
        """
        self._stopping.set()
        if at_once:
            self._at_once.set()
        self._awake.set()
        if wait and self._thread.is_alive():
            self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether it begins jobs, or waits for those that run."""
        return self._thread.is_alive()

    @property
    def busy(self) -> int:
        """How many jobs run here now."""
        return len(self._running)

    def _run(self) -> None:
        while not (self._stopping.is_set() and not self._running):
            self._turn()
            self._awake.wait(TICK if self._running else IDLE)

    def _turn(self) -> None:
        """Each part by itself: what cannot be done now for one job keeps no other from its turn, nor `stop` waiting."""
        for running in list(self._running.values()):
            if running.process.poll() is not None:
                self._reap(running)
        now = time.monotonic()
        due = now - self._looked >= IDLE or self._awake.is_set()
        self._awake.clear()
        if due:
            self._looked = now
            with _going_on("look for cancelled jobs"):
                self._stop_cancelled(now)
        self._stop_overdue(now)
        if self._stopping.is_set():
            self._give_back(now)
            return
        if now - self._sought >= LOST:
            self._sought = now
            with _going_on("look for lost jobs"):
                self._find_lost()
        if due and now >= self._resting:
            with _going_on("look for waiting jobs"):
                self._fill()

    # -- beginning --

    def _fill(self) -> None:
        free = self._slots - len(self._running)
        if free <= 0:
            return
        for row in self._waiting(free):
            with _going_on(f"begin job {row.job_id}"):
                self._begin(row.job_id)
            if self._pause:
                return

    def _waiting(self, limit: int) -> Sequence[Row[*tuple[Any, ...]]]:
        query = (
            select(J.job_id)
            .where(WAITING, ~DELETING, or_(J.start_at.is_(None), J.start_at <= utc_now()))
            .order_by(J.priority.desc(), TURN, J.queued, J.job_id)
            .limit(limit)
        )
        with self._queue.database.read() as connection:
            return connection.execute(query).all()

    def _begin(self, job_id: str) -> None:
        lock = spawning.try_lock(self._queue.home, job_id)
        if lock is None:  # another engine is about to
            return
        try:
            row = self._claim(job_id)
            if row is None:
                return
            limit = max(0.0, row.time_limit - row.ran) if row.time_limit is not None else None
            try:
                orders = _orders(row, limit)
                process = spawning.spawn(self._queue.home, job_id, lock, orders, self._command)
            except IngestError as error:
                settle(self._queue, job_id, End(error=error, seconds=0.0))
                return
            except Exception as error:
                self._rest(error)
                # Also what is our own fault counts as the job's: it must not be tried for ever.
                settle(self._queue, job_id, End(died=not _scarce(error), words=str(error), seconds=0.0))
                raise
            self._pause = 0.0
            self._running[job_id] = _Running(job_id, Path(row.output), process, time.monotonic(), limit)
        finally:
            os.close(lock)

    def _rest(self, error: Exception) -> None:
        """Begin no job for a while where the machine lacks what it takes."""
        if _scarce(error):
            self._pause = min(SCARCE_TO, max(SCARCE_FROM, 2 * self._pause))
            self._resting = time.monotonic() + self._pause

    def _claim(self, job_id: str) -> Row[*tuple[Any, ...]] | None:
        """The job's row, now `running`; None where it waits no more."""
        columns = (J.job_id, J.account, J.submission, J.record, J.output, J.time_limit, J.ran, J.attempts)
        with self._queue.database.write() as connection:
            row = connection.execute(
                select(*columns).where(J.job_id == job_id, WAITING, ~DELETING)
            ).one_or_none()
            if row is None:
                return None
            now = utc_now()
            connection.execute(
                update(JOBS)
                .where(J.job_id == job_id)
                .values(
                    queue="running", attempts=row.attempts + 1, begun=func.coalesce(J.begun, now), updated=now
                )
            )
            if row.attempts == 0:
                tell_begun(connection, row)
            return row

    # -- ending --

    def _reap(self, running: _Running) -> None:
        """The child has ended: the lock is ours again at once, unless another engine has just taken it to do this.

        Where its end cannot be written down now, that is tried again; while stopping, it is left to the next engine.
        """
        now = time.monotonic()
        if running.reaped is not None and now - running.reaped < IDLE and not self._stopping.is_set():
            return
        running.reaped = now
        settled = False
        with _going_on(f"write down how job {running.job_id} ended"):
            with spawning.locked(self._queue.home, running.job_id) as free:
                if free:
                    settle(self._queue, running.job_id, self._end_of(running))
            settled = True
        if settled or self._stopping.is_set():
            del self._running[running.job_id]
            self._awake.set()

    def _end_of(self, running: _Running) -> End:
        code = running.process.returncode
        words = spawning.last_words(self._queue.home, running.job_id)
        died = not running.killed and code != 0
        return End(
            died=died,
            overdue=running.overdue,
            words=f"exit status {code}\n{words}" if died else words,
            seconds=time.monotonic() - running.began,
        )

    def _find_lost(self) -> None:
        """Jobs whose engine was killed, and what was to be deleted then."""
        with self._queue.database.read() as connection:
            said = connection.execute(select(J.job_id).where(RUNNING)).scalars().all()
            gone = connection.execute(select(J.job_id).where(DELETING, J.queue != "running")).scalars().all()
        for job_id in said:
            if job_id in self._running:
                continue
            with _going_on(f"take over job {job_id}"), spawning.locked(self._queue.home, job_id) as free:
                if free:  # else its process lives, or another engine does this
                    settle(self._queue, job_id, End(lost=True))
                    self._awake.set()
        for job_id in gone:
            with _going_on(f"delete job {job_id}"), spawning.locked(self._queue.home, job_id) as free:
                if free:
                    self._queue.remove(job_id)

    def _stop_cancelled(self, now: float) -> None:
        if not self._running:
            return
        query = select(J.job_id).where(J.job_id.in_(list(self._running)), J.cancelling == 1)
        with self._queue.database.read() as connection:
            wanted = connection.execute(query).scalars().all()
        for job_id in wanted:
            running = self._running[job_id]
            if running.told is None:
                running.told = now
                running.process.terminate()

    def _stop_overdue(self, now: float) -> None:
        """The child ends itself when it is cancelled or its time is up; where it cannot, it is ended."""
        for running in self._running.values():
            late = running.limit is not None and now - running.began > running.limit + PATIENCE
            stuck = running.told is not None and now - running.told > PATIENCE
            if (late or stuck) and not running.killed:
                running.killed, running.overdue = True, late
                spawning.kill(running.process)

    def _give_back(self, now: float) -> None:
        """While stopping: each child is killed when another of its chunks is finished, or when time is up."""
        if self._until is None:
            self._until = now + self._drain
        for running in self._running.values():
            if running.killed:
                continue
            chunks = _finished_chunks(running)
            if running.chunks is None:
                running.chunks = chunks
            if chunks > running.chunks or now >= self._until or self._at_once.is_set():
                running.killed = True
                spawning.kill(running.process)

    def _remove_left(self) -> None:
        """Folders of jobs that were never written down: the server was killed while it took them."""
        folders = self._queue.home / JOB_FOLDERS
        if not folders.is_dir():
            return
        with self._queue.database.read() as connection:
            known = set(connection.execute(select(J.job_id)).scalars())
        before = time.time() - _ORPHANED
        for folder in folders.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if folder.name not in known and folder.stat().st_mtime < before:
                    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _going_on(what: str) -> Iterator[None]:
    """Nothing that goes wrong within ends the engine's thread; it is said, and tried again in a later turn."""
    try:
        yield
    except Exception:  # noqa: BLE001 - whatever it is, other jobs must not wait for it
        _LOG.exception("the engine could not %s; it tries again", what)


def _scarce(error: Exception) -> bool:
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in _SCARCE)


def _finished_chunks(running: _Running) -> int:
    return sum(1 for _ in running.output.glob(f"{WORK_PREFIX}*/{TEMPORARY}/{CHUNKS}/*/{CHUNK}"))


def _orders(row: Row[*tuple[Any, ...]], limit: float | None) -> dict[str, Any]:
    """What the child's `Orders` reads."""
    source = loaded(row.submission, {}).source
    return {
        "record": row.record,
        "source": {name: getattr(source, name) for name in ("url", "name", "username", "password")}
        if isinstance(source, UrlSource)
        else None,
        "seconds": limit,
    }
