"""The engine with a child that does no media work: whose turn it is, what becomes of each end, and who runs what."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import engine_child
import pytest
from engine_asking import open_queue, wanted
from sqlalchemy import event, select, update

from ingest.engine import spawning
from ingest.engine.ends import MOST_DEATHS, MOST_LOST, End, settle
from ingest.engine.local import Engine
from ingest.engine.model import State
from ingest.engine.places import job_folder, lock_file
from ingest.engine.rows import J
from ingest.job.status import Status
from ingest.store import JobSummary, open_store
from ingest.store.tables import DELIVERIES, JOBS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ingest.engine.model import Job
    from ingest.engine.queue import JobQueue

CHILD = (sys.executable, engine_child.__file__)


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[JobQueue]:
    made = open_queue(tmp_path)
    yield made
    made.close()


@contextlib.contextmanager
def running(queue: JobQueue, slots: int = 1, **more: Any) -> Iterator[Engine]:
    engine = Engine(queue, slots=slots, command=CHILD, **more)
    engine.start()
    try:
        yield engine
    finally:
        engine.stop(at_once=True)


def until(true: Callable[[], object], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def ended(queue: JobQueue, *jobs: Job) -> list[State]:
    until(lambda: all(queue.job(None, j.job_id).queue == "ended" for j in jobs))
    return [queue.job(None, j.job_id).state for j in jobs]


def turns(queue: JobQueue) -> list[str]:
    path = queue.home / engine_child.LOG
    return path.read_text().split() if path.exists() else []


def executing(queue: JobQueue, job: Job) -> bool:
    return queue.job(None, job.job_id).record.status is Status.EXECUTING


def told(queue: JobQueue) -> list[str]:
    query = select(DELIVERIES.c.happening).order_by(DELIVERIES.c.created, DELIVERIES.c.happening.desc())
    with queue.database.read() as connection:
        return list(connection.execute(query).scalars())


# -- turns --


def test_priority_then_the_smaller_then_the_older(queue: JobQueue, tmp_path: Path) -> None:
    asked = [("a", 9, 0), ("b", 5, 0), ("c", 7, 0), ("d", 5, 0), ("e", 99, 1), ("f", 1, -1)]
    jobs = [
        queue.submit("x", "u", wanted(tmp_path, f"{name}.mp4", size, priority=priority))
        for name, size, priority in asked
    ]
    with queue.database.write() as connection:  # as yet to be fetched
        connection.execute(update(JOBS).where(J.job_id == jobs[2].job_id).values(size=None))
    with running(queue):
        assert ended(queue, *jobs) == [State.COMPLETED] * 6
    assert turns(queue) == ["e.mp4", "b.mp4", "d.mp4", "a.mp4", "c.mp4", "f.mp4"]


def test_the_turn_is_found_by_an_index(queue: JobQueue) -> None:
    engine = Engine(queue, slots=0)
    statements: list[str] = []
    event.listen(queue.database._reader, "before_cursor_execute", lambda *a: statements.append(a[2]))
    engine._waiting(3)
    asked = next(s for s in statements if s.startswith("SELECT"))
    with queue.database.read() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", ("2026", 3, 0)).all()
    assert [row[3] for row in plan] == ["SCAN jobs USING INDEX jobs_waiting"]


def test_not_before_its_time(queue: JobQueue, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    later = queue.submit("x", "u", wanted(tmp_path, "later.mp4", start_at=now + timedelta(seconds=2.5)))
    never = queue.submit("x", "u", wanted(tmp_path, "never.mp4", start_at=now + timedelta(days=1)))
    with running(queue):
        ended(queue, later)
    job = queue.job("x", later.job_id)
    assert job.begun is not None
    assert job.begun >= now + timedelta(seconds=2.4)
    assert queue.job("x", never.job_id).state is State.SUBMITTED


def test_as_many_at_once_as_there_are_slots(queue: JobQueue, tmp_path: Path) -> None:
    jobs = [queue.submit("x", "u", wanted(tmp_path, f"long-{n}.mp4")) for n in range(3)]
    with running(queue, slots=2) as engine:
        until(lambda: len(turns(queue)) == 2)
        time.sleep(0.3)
        # Which of two that begin together says so first is the scheduler's affair.
        assert (engine.busy, sorted(turns(queue))) == (2, ["long-0.mp4", "long-1.mp4"])
        assert queue.job("x", jobs[2].job_id).state is State.SUBMITTED
        queue.cancel("x", jobs[0].job_id)
        until(lambda: len(turns(queue)) == 3)


# -- ends --


def test_what_each_end_becomes(queue: JobQueue, tmp_path: Path) -> None:
    hooks = dict.fromkeys(("started", "rung_finished", "finished", "failed"), "https://example.org")
    good = queue.submit("x", "u", wanted(tmp_path, "good.mp4", webhooks=hooks))
    with running(queue):
        assert ended(queue, good) == [State.COMPLETED]
        assert told(queue) == ["started", "rung_finished", "finished"]
        bad = queue.submit("x", "u", wanted(tmp_path, "fail.mp4", webhooks=hooks))
        assert ended(queue, bad) == [State.FAILED]
        assert told(queue)[3:] == ["started", "failed"]
        job = queue.job("x", bad.job_id)
        assert job.record.error is not None
        assert (job.record.error.code, job.attempts) == (9318, 1)
        assert job.begun is not None
        assert job.ended is not None
        queue.retry("x", bad.job_id)
        assert ended(queue, bad) == [State.FAILED]
        assert queue.job("x", bad.job_id).attempts == 2


def test_a_process_that_dies_once_is_followed_by_another(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit("x", "u", wanted(tmp_path, "once.mp4"))
    with running(queue):
        assert ended(queue, job) == [State.COMPLETED]
    assert queue.job("x", job.job_id).attempts == 2


def test_a_process_that_always_dies_ends_the_job(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit("x", "u", wanted(tmp_path, "die.mp4"))
    with running(queue):
        assert ended(queue, job) == [State.FAILED]
    found = queue.job("x", job.job_id)
    assert found.record.error is not None
    assert found.record.error.code == 9365
    assert "exit status -9\nout of luck" in found.record.error.detail
    assert (found.attempts, len(turns(queue))) == (MOST_DEATHS, MOST_DEATHS)


def test_a_running_job_is_cancelled(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit("x", "u", wanted(tmp_path, "long.mp4"))
    with running(queue):
        until(lambda: executing(queue, job))
        assert queue.cancel("x", job.job_id).cancelling
        assert ended(queue, job) == [State.CANCELLED]


def test_a_stubborn_child_is_killed(queue: JobQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.engine.local.PATIENCE", 0.2)
    asked = queue.submit("x", "u", wanted(tmp_path, "stubborn-1.mp4"))
    slow = queue.submit("x", "u", wanted(tmp_path, "stubborn-2.mp4", time_limit=timedelta(seconds=0.5)))
    with running(queue, slots=2):
        until(lambda: executing(queue, asked))
        queue.cancel("x", asked.job_id)
        assert ended(queue, asked, slow) == [State.CANCELLED, State.FAILED]
    error = queue.job("x", slow.job_id).record.error
    assert error is not None
    assert error.code == 9362


def test_a_deleted_job_goes_when_it_has_ended(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit("x", "u", wanted(tmp_path, "long.mp4"))
    with running(queue):
        until(lambda: executing(queue, job))
        queue.delete("x", job.job_id)
        until(lambda: not job.folder.exists() and not job_folder(queue.home, job.job_id).exists())
    with queue.database.read() as connection:
        assert connection.execute(select(J.job_id)).all() == []


def test_what_cannot_be_written_down_of_one_job_keeps_no_other_waiting(
    queue: JobQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = queue.submit("x", "u", wanted(tmp_path, "short-1.mp4"))
    good = queue.submit("x", "u", wanted(tmp_path, "short-2.mp4"))

    def settle_but(queue: JobQueue, job_id: str, end: End) -> None:
        if job_id == bad.job_id:
            raise RuntimeError("a fault")
        settle(queue, job_id, end)

    monkeypatch.setattr("ingest.engine.local.settle", settle_but)
    with running(queue, slots=2) as engine:
        assert ended(queue, good) == [State.COMPLETED]
        until(lambda: engine.busy == 1)  # the good one's slot is free a moment after its end
        assert engine.alive
        engine.stop()
        assert not engine.alive
    assert queue.job("x", bad.job_id).queue == "running"
    monkeypatch.undo()
    with running(queue):
        assert ended(queue, bad) == [State.COMPLETED]


def test_an_engine_whose_store_cannot_be_read_stops(
    queue: JobQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.submit("x", "u", wanted(tmp_path, "stubborn.mp4"))
    with running(queue, drain=0.0) as engine:
        until(lambda: turns(queue))
        monkeypatch.setattr(queue.database, "read", None)
        monkeypatch.setattr(queue.database, "write", None)
        engine.stop()
        assert not engine.alive


def test_a_machine_that_can_start_no_process_ends_no_job(
    queue: JobQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [queue.submit("x", "u", wanted(tmp_path, f"good-{n}.mp4")) for n in range(2)]
    spawn, tried = spawning.spawn, []

    def not_at_first(home: Path, job_id: str, *more: Any) -> subprocess.Popen[bytes]:
        tried.append(job_id)
        if len(tried) <= MOST_DEATHS + 1:
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        return spawn(home, job_id, *more)

    monkeypatch.setattr(spawning, "spawn", not_at_first)
    engine = Engine(queue, slots=2)
    for pause in (1.0, 2.0, 4.0, 8.0):
        engine._fill()
        assert engine._pause == pause
    # One try for each pause: what the machine lacks for one job it lacks for all.
    assert (len(tried), [queue.job("x", j.job_id).queue for j in jobs]) == (4, ["queued", "queued"])
    with running(queue, slots=2):
        assert ended(queue, *jobs) == [State.COMPLETED, State.COMPLETED]


def test_a_process_that_can_never_be_started_ends_the_job(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit("x", "u", wanted(tmp_path))
    engine = Engine(queue, slots=1, command=(str(tmp_path / "nothing"),))
    for _ in range(MOST_DEATHS):
        engine._fill()
    error = queue.job("x", job.job_id).record.error
    assert error is not None
    assert (error.code, engine._pause) == (9365, 0.0)


# -- ends of engines --


def test_stopping_gives_jobs_back_when_a_chunk_is_finished(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit("x", "u", wanted(tmp_path, "stubborn.mp4"))
    with running(queue, drain=60.0) as engine:
        until(lambda: list(job.folder.glob(".work-*/temporary/chunks/0001")))
        began = time.monotonic()
        threading.Timer(1.0, (queue.home / "finish").touch).start()
        engine.stop()
    assert 1 < time.monotonic() - began < 30
    back = queue.job("x", job.job_id)
    assert (back.queue, back.state, back.record.process, back.attempts) == (
        "queued",
        State.SUBMITTED,
        None,
        1,
    )
    assert turns(queue) == ["stubborn.mp4"]


def test_stopping_waits_for_what_ends_soon_and_begins_nothing(queue: JobQueue, tmp_path: Path) -> None:
    jobs = [queue.submit("x", "u", wanted(tmp_path, f"short-{n}.mp4")) for n in range(2)]
    with running(queue) as engine:
        until(lambda: turns(queue))
        engine.stop()
        assert not engine.alive
    assert [queue.job("x", j.job_id).state for j in jobs] == [State.COMPLETED, State.SUBMITTED]


def test_the_next_engine_goes_on(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit("x", "u", wanted(tmp_path, "once-then-done.mp4"))
    short = queue.submit("x", "u", wanted(tmp_path, "short.mp4", priority=9))
    with running(queue, drain=0.0):
        until(lambda: turns(queue))
    with running(queue):
        assert ended(queue, job, short) == [State.COMPLETED, State.COMPLETED]


SERVER = """
import sys, time
from pathlib import Path
from ingest.engine.local import Engine
from ingest.engine.queue import JobQueue
queue = JobQueue.open(Path(sys.argv[1]))
Engine(queue, slots=2, command=(sys.executable, sys.argv[2])).start()
time.sleep(600)
"""


def test_a_killed_engine_takes_its_children_along_and_loses_nothing(queue: JobQueue, tmp_path: Path) -> None:
    jobs = [queue.submit("x", "u", wanted(tmp_path, f"{name}.mp4")) for name in ("long-1", "long-2", "good")]
    arguments = [sys.executable, "-c", SERVER, str(queue.home), engine_child.__file__]
    with subprocess.Popen(arguments) as server:
        until(lambda: executing(queue, jobs[0]) and executing(queue, jobs[1]))
        pids = [queue.job(None, j.job_id).record.process for j in jobs[:2]]
        server.send_signal(signal.SIGKILL)
    until(lambda: not any(p is not None and Path(f"/proc/{p.pid}").exists() for p in pids))
    assert [queue.job(None, j.job_id).queue for j in jobs] == ["running", "running", "queued"]
    with running(queue, slots=3):
        until(lambda: len(turns(queue)) == 5)
        for job in jobs[:2]:
            queue.cancel("x", job.job_id)
        assert ended(queue, *jobs) == [State.CANCELLED, State.CANCELLED, State.COMPLETED]
    assert [queue.job(None, j.job_id).attempts for j in jobs] == [2, 2, 1]


def test_a_job_that_takes_its_server_along_each_time_ends(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit("x", "u", wanted(tmp_path))
    engine = Engine(queue, slots=1)
    for time_ in range(MOST_LOST):
        assert queue.job("x", job.job_id).queue == "queued", time_
        assert engine._claim(job.job_id) is not None
        Engine(queue, slots=1)._find_lost()  # of the next server
    last = queue.job("x", job.job_id)
    assert last.record.error is not None
    assert (last.state, last.record.error.code) == (State.FAILED, 9365)
    queue.retry("x", job.job_id)
    engine._claim(job.job_id)
    engine._find_lost()
    assert queue.job("x", job.job_id).queue == "queued"


def test_a_job_whose_process_lives_is_waited_for(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit("x", "u", wanted(tmp_path, "good.mp4"))
    lock = spawning.try_lock(queue.home, job.job_id)  # as if a child of another engine had it
    assert lock is not None
    assert spawning.try_lock(queue.home, job.job_id) is None
    with queue.database.write() as connection:
        connection.execute(update(JOBS).where(J.job_id == job.job_id).values(queue="running"))
    with running(queue) as engine:
        time.sleep(0.5)
        assert (engine.busy, queue.job("x", job.job_id).queue) == (0, "running")
        os.close(lock)
        assert ended(queue, job) == [State.COMPLETED]


def test_two_engines_share_a_queue(queue: JobQueue, tmp_path: Path) -> None:
    jobs = [queue.submit("x", "u", wanted(tmp_path, f"short-{n}.mp4")) for n in range(6)]
    with running(queue, slots=2), running(queue, slots=2):
        assert ended(queue, *jobs) == [State.COMPLETED] * 6
    assert sorted(turns(queue)) == [f"short-{n}.mp4" for n in range(6)]


def test_an_end_that_only_the_folder_knows_is_believed(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit("x", "u", wanted(tmp_path))
    record = job.record.with_status(Status.EXECUTING)
    with queue.database.write() as connection:
        connection.execute(update(JOBS).where(J.job_id == job.job_id).values(queue="running"))
    time.sleep(0.01)
    job.folder.mkdir(parents=True)
    (job.folder / "job.json").write_text(record.with_status(Status.FAILED).to_json())
    settle(queue, job.job_id, End())
    assert (queue.job("x", job.job_id).state, queue.job("x", job.job_id).queue) == (State.FAILED, "ended")
    with open_store(queue.home) as store:
        assert store.list()[0].status == JobSummary.of(queue.job("x", job.job_id).record).status == "FAILED"


def test_folders_of_jobs_that_were_never_written_down_go(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit("x", "u", wanted(tmp_path, "long.mp4", start_at=datetime(2999, 1, 1, tzinfo=UTC)))
    old, new, mine = (job_folder(queue.home, name) for name in ("j-old", "j-new", job.job_id))
    for folder in (old, new, mine):
        folder.mkdir(parents=True)
    for folder in (old, mine):
        os.utime(folder, (1, 1))
    with running(queue):
        until(lambda: not old.exists())
    assert (new.exists(), mine.exists(), lock_file(queue.home, job.job_id).exists()) == (True, True, False)
