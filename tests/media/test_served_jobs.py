"""Jobs of the queue with real media: run, given up in the middle, gone on with, watched and cancelled elsewhere."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from engine_asking import preset
from helpers_media import X264, picture

from ingest.engine.child import Deadline, run_job
from ingest.engine.model import LocalSource, State, Submission, UrlSource
from ingest.engine.orders import Orders
from ingest.engine.places import job_folder
from ingest.engine.queue import JobQueue
from ingest.job import codes
from ingest.job.errors import SourceError
from ingest.job.status import Status
from ingest.settings import Settings
from ingest.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from helpers_media import Clips

    from ingest.engine.child import Fetch
    from ingest.engine.model import Job
    from ingest.job.record import Record
    from ingest.media.cancel import CancelToken

pytestmark = pytest.mark.media

PRESETS = {"tiny": preset("tiny").replace("[320, 180]", "[128, 72]")}


@pytest.fixture
def queue(tmp_path: Path, clips: Clips) -> Iterator[JobQueue]:
    made = JobQueue.open(tmp_path / "home", allowed=[clips.folder])
    yield made
    made.close()


def wanted(film: Path, **changes: Any) -> Submission:
    return Submission(**{"resolutions": ("tiny",), "source": LocalSource(film), "presets": PRESETS} | changes)


def until(true: Callable[[], object], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


# -- one job, in this process --


def no_fetch(_source: UrlSource, _target: Path, _cancel: CancelToken) -> None:
    raise SourceError(codes.SOURCE_NOT_FETCHED, "it is not there")


def run(queue: JobQueue, job: Job, fetch: Fetch = no_fetch, seconds: float | None = None) -> Record:
    """What the job's process does."""
    source = queue.submission(job).source
    orders = Orders(
        queue.job(None, job.job_id).record, source if isinstance(source, UrlSource) else None, seconds
    )
    with open_store(queue.home) as store:
        return run_job(orders, Settings(home=queue.home), store, Deadline(seconds), fetch)


def stored(queue: JobQueue, job: Job) -> Record:
    with open_store(queue.home) as store:
        found = store.find(job.job_id)
    assert found is not None
    from ingest.job.record import Record

    return Record.from_json(found.record_json)


def test_a_source_is_fetched_before_the_job_begins(queue: JobQueue, clips: Clips) -> None:
    def fetch(source: UrlSource, target: Path, _cancel: CancelToken) -> None:
        assert source.url == "https://user@example.org/a/tiny.mp4"
        shutil.copy(clips.tiny(), target)

    source = UrlSource("https://user@example.org/a/tiny.mp4", "")
    job = queue.submit("a", "maria", wanted(clips.tiny(), source=source))
    record = run(queue, job, fetch)
    assert (record.status, record.job_id, record.username) == (Status.COMPLETED, job.job_id, "maria")
    size = clips.tiny().stat().st_size
    assert record.messages[0] == f"Source Fetched: {size} bytes from example.org"
    assert (record.source.name, record.source.size) == ("tiny.mp4", size)
    assert (job.folder / "video" / "tiny" / "playlist.m3u8").exists() or list(
        job.folder.glob("video/tiny/*.m3u8")
    )
    assert stored(queue, job) == record


def test_a_source_that_cannot_be_fetched_fails_the_job(queue: JobQueue, clips: Clips) -> None:
    job = queue.submit("a", "u", wanted(clips.tiny(), source=UrlSource("https://example.org/x.mp4", "")))
    record = run(queue, job)
    assert record.error is not None
    assert (record.status, record.error.code, record.error.exit_code) == (Status.FAILED, 9363, 3)
    assert [o.status for o in record.outputs] == ["FAILED"]
    assert stored(queue, job) == record
    assert not job.folder.exists()


def test_a_job_whose_time_is_up_fails_and_can_be_tried_again(queue: JobQueue, clips: Clips) -> None:
    job = queue.submit("a", "u", wanted(clips.tiny()))
    record = run(queue, job, seconds=0.0)
    assert record.error is not None
    assert (record.status, record.error.code, record.error.exit_code) == (Status.FAILED, 9362, 6)
    again = run(queue, job)
    assert (again.status, again.error) == (Status.COMPLETED, None)
    assert run(queue, job) == again  # complete: nothing is done again


# -- the server --


@dataclass
class Served:
    """`ingest serve` in a process of its own, and the command line beside it."""

    home: Path
    films: Path

    def environment(self) -> dict[str, str]:
        return dict(os.environ) | {"INGEST_HOME": str(self.home), "INGEST_CHUNK_SECONDS": "2"}

    @contextlib.contextmanager
    def server(self, *options: str) -> Iterator[subprocess.Popen[str]]:
        command = [
            sys.executable,
            "-m",
            "ingest",
            "serve",
            "--port",
            "0",
            "--json",
            "--allow",
            str(self.films),
        ]
        with subprocess.Popen(
            [*command, *options], env=self.environment(), stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                assert process.stdout is not None
                self.said = json.loads(process.stdout.readline())
                yield process
            finally:
                process.kill()

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "ingest", *arguments]
        return subprocess.run(command, env=self.environment(), capture_output=True, text=True, timeout=120)


def test_a_job_goes_on_after_kill_9_and_after_sigterm(queue: JobQueue, clips: Clips) -> None:
    served = Served(queue.home, clips.folder)
    film = clips.make("served.mp4", *picture("640x360", 16), *X264)
    job = queue.submit("a", "u", wanted(film))
    waiting = queue.submit("a", "u", wanted(film, start_at=datetime(2999, 1, 1, tzinfo=UTC)))

    def finished() -> int:
        return len(list(job.folder.glob(".work-*/temporary/chunks/?????/chunk.json")))

    with served.server() as server:
        assert served.said["key"].startswith("secret_")
        until(finished)
        server.send_signal(signal.SIGKILL)
        server.wait()
    assert queue.job(None, job.job_id).queue == "running"
    kept = finished()
    with served.server("--no-auth") as server:
        assert served.said["key"] is None
        until(lambda: queue.job(None, job.job_id).attempts == 2)
        until(lambda: finished() > kept or queue.job(None, job.job_id).queue == "ended")
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=60) == 0
    back = queue.job(None, job.job_id)
    assert back.state in (State.SUBMITTED, State.COMPLETED)
    with served.server():
        watched = served.call("watch", job.job_id, "--progress", "json")
        assert watched.returncode == 0, watched.stderr
        events = [json.loads(line) for line in watched.stdout.splitlines()]
        assert (events[0]["event"], events[0]["jobId"]) == ("job", job.job_id)
        assert (events[-1]["event"], events[-1]["status"]) == ("end", "COMPLETED")
        told = [e["message"] for e in events if e["event"] == "message" and e["kind"] != "warning"]
        record = queue.job(None, job.job_id).record
        assert told == list(record.messages)
        cancelled = served.call("cancel", waiting.job_id)
        assert cancelled.stdout == f"job {waiting.job_id} is CANCELLED\n"
        until(lambda: queue.job(None, job.job_id).queue == "ended")
    assert record.messages.count("Ingest Resumed: it was EXECUTING") == back.attempts - 1 + (
        back.queue == "queued"
    )
    assert any(m.startswith("Work Taken Up") for m in record.messages), record.messages
    assert not list(job.folder.glob(".work-*"))
    assert not (job_folder(queue.home, job.job_id) / "source").exists()
    listed = json.loads(served.call("jobs", "--json").stdout)
    assert {j["jobId"]: j["status"] for j in listed} == {
        job.job_id: "COMPLETED",
        waiting.job_id: "CANCELLED",
    }
    shown = served.call("watch", waiting.job_id)
    assert shown.returncode == 143
    assert shown.stderr.splitlines()[-1] == "ingest: error: cancelled by a request"


def test_an_address_that_is_taken_or_open(tmp_path: Path) -> None:
    served = Served(tmp_path / "home", tmp_path)
    with served.server() as server:
        port = served.said["url"].rpartition(":")[2]
        taken = served.call("serve", "--port", port)
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=60) == 0
    assert (taken.returncode, taken.stderr) == (
        7,
        f"ingest: error: cannot listen on 127.0.0.1 port {port}: address already in use; give another --port\n",
    )
    open_to_all = served.call("serve", "--host", "0.0.0.0", "--no-auth")
    assert (open_to_all.returncode, open_to_all.stdout) == (2, "")
    assert "--no-auth would let everybody" in open_to_all.stderr
