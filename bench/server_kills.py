"""Kills the job server with SIGKILL at random moments of upload, submit and run, and looks whether anything was lost.

One home; again and again a server is started on it, films are uploaded by tus and in Bytescale's parts
(`server_uploads`), jobs are submitted over HTTP and over the queue, some are cancelled, and the server is killed,
sometimes together with the submitting process, sometimes one of its jobs' processes alone. At the end a last server
runs until all has ended. Every job whose submission was answered must be there and have ended as it should, what was
acknowledged of an upload must be there, and each file be what was sent; no job may ever have had two processes at
once; nothing may be left of work folders, processes or locks. Ends with 1 where that is not so.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from server_uploads import Uploads
from tiny_preset import PRESET

from ingest.engine.model import State
from ingest.engine.places import JOBS, PACKAGES
from ingest.engine.queue import JobQueue
from ingest.engine.spawning import try_lock
from ingest.job.codes import PROCESS_DIED
from ingest.job.errors import IngestError
from ingest.media.toolchain import find
from ingest.server.core import make_core
from ingest.server.settings import ServerSettings

# Answers a submission on stdout only after the queue has: what it printed must be there for ever.
SUBMITTER = """
import random, sys, time
from pathlib import Path
from ingest.engine.model import LocalSource, Submission
from ingest.engine.queue import JobQueue
home, film, preset = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
queue = JobQueue.open(home, allowed=[film.parent])
while True:
    job = queue.submit("acc0001", "bench", Submission(("tiny",), LocalSource(film), presets={"tiny": preset}))
    print(job.job_id, flush=True)
    time.sleep(random.uniform(0.5, 4))
"""


@dataclass
class Seen:
    """What the trial knows, whatever the server forgets."""

    answered: set[str] = field(default_factory=set)
    cancelled: set[str] = field(default_factory=set)
    twice: list[str] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most", type=int, default=8, help="jobs that wait before no more are submitted")
    given = parser.parse_args()
    random.seed(given.seed)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        film = folder / "films" / "film.mp4"
        make(film)
        home = folder / "home"
        queue = JobQueue.open(home, allowed=[film.parent])
        seen = Seen()

        def room() -> bool:
            return queue.counts(None).get(State.SUBMITTED, 0) < given.most

        uploads = Uploads(film.read_bytes(), PRESET, room)
        uploads.start()
        with watching(home, seen):
            for number in range(given.kills):
                trial(queue, film, seen, uploads, slots=given.slots, submit=room())
                states = {s.value: n for s, n in queue.counts(None).items()}
                done = f"{len(seen.answered | uploads.jobs):4} jobs answered, {len(uploads.stored):3} films uploaded"
                print(f"{number + 1:4} kills, {done}, {states}", flush=True)
            finish(queue, seen, uploads, given.slots)
        seen.answered |= uploads.jobs
        faults = look(queue, seen) + uploads.look(make_core(queue, ServerSettings(home)))
        attempts = [queue.job(None, j).attempts for j in seen.answered]
        queue.close()
    print(f"\nkilled: {dict(seen.kills)}")
    print(
        f"{len(uploads.stored)} films uploaded: {dict(uploads.counts)}; {len(uploads.jobs)} jobs of them over HTTP"
    )
    print(f"{len(seen.answered)} jobs, {sum(attempts)} attempts, most {max(attempts, default=0)}")
    if not seen.kills["in an upload"] or not uploads.stored:
        faults.append("no upload was broken off, or none came to its end: nothing was shown")
    if not attempts:
        faults.append("no submission was answered: nothing was shown")
    for fault in faults:
        print(f"FAULT {fault}")
    print(f"{len(faults)} faults")
    return 1 if faults else 0


def make(film: Path) -> None:
    film.parent.mkdir(parents=True)
    command = [find().ffmpeg.path, "-nostdin", "-v", "error", "-f", "lavfi"]
    command += ["-i", "testsrc2=size=640x360:rate=25:duration=12", "-c:v", "libx264", "-preset", "ultrafast"]
    subprocess.run([*map(str, command), "-pix_fmt", "yuv420p", str(film)], check=True)


@contextlib.contextmanager
def server(home: Path, slots: int) -> Any:
    environment = dict(os.environ) | {"INGEST_HOME": str(home), "INGEST_CHUNK_SECONDS": "2"}
    command = [
        sys.executable,
        "-m",
        "ingest",
        "serve",
        "--port",
        "0",
        "--no-auth",
        "--json",
        "--slots",
        str(slots),
    ]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def trial(queue: JobQueue, film: Path, seen: Seen, uploads: Uploads, *, slots: int, submit: bool) -> None:
    """One life of a server, from its start to a moment of which nobody knows what it is in the middle of."""
    with server(queue.home, slots) as process:
        submitter = None
        if submit:
            command = [sys.executable, "-c", SUBMITTER, str(queue.home), str(film), PRESET]
            submitter = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            reader = threading.Thread(target=read, args=(submitter, seen))
            reader.start()
        if random.random() < 0.8 and process.stdout is not None:  # else it is killed while it starts
            uploads.url = json.loads(process.stdout.readline())["url"]
        until = len(seen.answered) + (1 if submitter and random.random() < 0.8 else 0)
        while len(seen.answered) < until and submitter and submitter.poll() is None:
            time.sleep(0.01)
        end = time.monotonic() + random.uniform(0, 12)
        while time.monotonic() < end:
            time.sleep(random.uniform(0, 2))
            if seen.answered and random.random() < 0.1:
                job_id = random.choice(sorted(seen.answered))
                with contextlib.suppress(IngestError):
                    if queue.cancel(None, job_id).cancelling:
                        seen.cancelled.add(job_id)
            if random.random() < 0.1:
                kill_a_child(queue, seen)
        if uploads.url is not None and random.random() < 0.7:
            patience = time.monotonic() + 20
            while not uploads.on_their_way and time.monotonic() < patience:
                time.sleep(0.01)
            time.sleep(random.uniform(0, 0.1))
        victim = random.choice(["server", "both"]) if submitter else "server"
        if submitter is not None and victim == "both":
            submitter.kill()
        seen.kills["in an upload"] += uploads.on_their_way > 0
        process.send_signal(signal.SIGKILL)
        uploads.url = None
        seen.kills[victim] += 1
        if submitter is not None:
            submitter.kill()
            submitter.wait()
            reader.join()


def read(submitter: subprocess.Popen[str], seen: Seen) -> None:
    assert submitter.stdout is not None
    for line in submitter.stdout:
        if line.endswith("\n"):
            seen.answered.add(line.strip())


def kill_a_child(queue: JobQueue, seen: Seen) -> None:
    children = [pid for pids in runners(queue.home).values() for pid in pids]
    if children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(random.choice(children), signal.SIGKILL)
            seen.kills["child"] += 1


def runners(home: Path) -> dict[str, list[int]]:
    """The live processes that hold each job's lock file open, but for the servers, which do for an instant."""
    found: dict[str, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            if b"ingest.engine.child" not in (entry / "cmdline").read_bytes():
                continue
            for descriptor in (entry / "fd").iterdir():
                with contextlib.suppress(OSError):
                    target = descriptor.readlink()
                    if target.name == "lock" and target.is_relative_to(home / JOBS):
                        found.setdefault(target.parent.name, []).append(int(entry.name))
    return found


@contextlib.contextmanager
def watching(home: Path, seen: Seen) -> Any:
    """Looks all the time whether a job has two processes that work."""
    over = threading.Event()

    def look_on() -> None:
        while not over.wait(0.05):
            for job_id, pids in runners(home).items():
                if len(pids) > 1:
                    # One that is dying still has its descriptors: it counts only where it lives on.
                    time.sleep(0.2)
                    if len(runners(home).get(job_id, [])) > 1:
                        seen.twice.append(f"{job_id} was run by {pids} at once")

    thread = threading.Thread(target=look_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def finish(queue: JobQueue, seen: Seen, uploads: Uploads, slots: int) -> None:
    """Until all that was answered has ended, or nothing has changed for three minutes."""
    before, since = None, time.monotonic()
    with server(queue.home, slots) as process:
        assert process.stdout is not None
        uploads.url = json.loads(process.stdout.readline())["url"]
        uploads.finish(180)
        while True:
            counts = queue.counts(None)
            if not any(n for s, n in counts.items() if not s.final):
                break
            now = json.dumps([(j.job_id, str(j.updated)) for j in running(queue)])
            if now != before:
                before, since = now, time.monotonic()
            if time.monotonic() - since > 180:
                seen.twice.append(f"nothing moves any more: {counts}")
                break
            time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        if process.wait(timeout=90) != 0:
            seen.twice.append(f"the last server ended with {process.returncode}")


def running(queue: JobQueue) -> Any:
    from ingest.engine.model import Filter

    return queue.jobs(
        Filter(None, states=frozenset({State.SUBMITTED, State.EXECUTING, State.CANCELLING}), limit=100)
    ).jobs


def look(queue: JobQueue, seen: Seen) -> list[str]:
    faults = list(seen.twice)
    for job_id in sorted(seen.answered):
        try:
            job = queue.job(None, job_id)
        except IngestError:
            faults.append(f"{job_id} is lost")
            continue
        done = job.state is State.COMPLETED
        # A job whose process was killed alone three times ends so: that is said, not lost.
        said = job.record.error is not None and job.record.error.code == PROCESS_DIED.number
        if not (done or said or (job.state is State.CANCELLED and job_id in seen.cancelled)):
            faults.append(f"{job_id} has ended as {job.state}: {job.record.error}")
        if done and not (job.folder / "ABR.m3u8").is_file():
            faults.append(f"{job_id} has no package")
        if done and (left := list(job.folder.glob(".work-*"))):
            faults.append(f"{job_id} has left {left}")
        lock = try_lock(queue.home, job_id)
        if lock is None:
            faults.append(f"{job_id} is locked still")
        else:
            os.close(lock)
    packages = {p.name for p in (queue.home / PACKAGES).glob("*/*")}
    known = {j.job_id for j in every(queue)}
    faults += [f"a package of no job: {name}" for name in sorted(packages - known)]
    faults += [f"a process is left: {pids}" for pids in runners(queue.home).values()]
    return faults


def every(queue: JobQueue) -> Any:
    from ingest.engine.model import Filter

    return queue.jobs(Filter(None, limit=100_000)).jobs


if __name__ == "__main__":
    sys.exit(main())
