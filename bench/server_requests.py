"""Requests to a server with a hundred thousand jobs while a film is being encoded: how many, and how long each takes.

`ingest serve` on one core, with the data folder of `server_load.py --home`; the clients and an `ingest run` share the
others. Asked are single jobs and pages of one state, each on a connection that stays open. Times are the server's own,
of its /metrics (from a request to the beginning of its answer), and those that the clients see. Ends with 1 where less
than 95 % of the answers begin within 20 ms, or where the server's core could not answer 300 requests a second.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select
from usage import TICK

from ingest.engine.queue import JobQueue
from ingest.engine.rows import J

if TYPE_CHECKING:
    from collections.abc import Iterator

FILM = Path(__file__).resolve().parents[1] / "sample_media" / "park.mp4"
LIMIT = 0.02  # seconds
RATE = 300  # requests a second
INGEST = (sys.executable, "-m", "ingest")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--home", type=Path, required=True, help="a data folder that server_load.py has filled"
    )
    parser.add_argument("--seconds", type=float, default=30, help="of each part")
    parser.add_argument("--clients", type=int, default=4)
    given = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        sys.exit("this wants two cores: one for the server, one for the clients and the encode")
    queue = JobQueue.open(given.home)
    with queue.database.read() as connection:
        ids = list(connection.execute(select(J.job_id)).scalars())
    queue.close()
    missed = []
    with tempfile.TemporaryDirectory() as made, ExitStack() as stack:
        address, server = serve(given.home, cores[0])
        stack.callback(end, server)
        os.sched_setaffinity(0, cores[1:])  # ours, and what is started from here on
        stack.callback(end, encode(Path(made)))
        print(f"{len(ids)} jobs; the server on one core, an encode and {given.clients} clients on the other")
        for kind, paths in questions(ids).items():
            ask(address, paths, given.clients, 2, 0.0)  # the first answers fill caches
            for words, pause in (("as fast as they can", 0.0), ("20 a second each", 0.05)):
                before = (busy(server.pid), within(address))
                took, seconds = ask(address, paths, given.clients, given.seconds, pause)
                spent = busy(server.pid) - before[0]
                share = {
                    route: (quick - q, all_ - a)
                    for route, (quick, all_) in within(address).items()
                    for q, a in [before[1].get(route, (0, 0))]
                    if route.startswith("/api/jobs") and all_ > a
                }
                quick, answers = map(sum, zip(*share.values(), strict=True))
                late = statistics.quantiles(took, n=20)[-1]
                print(
                    f"{kind}, {words}: {len(took) / seconds:.0f} a second; within 20 ms in the server "
                    f"{quick / answers:.1%}; clients saw a median of {statistics.median(took) * 1000:.1f} ms, "
                    f"p95 {late * 1000:.1f} ms; the server's CPU {spent / len(took) * 1000:.2f} ms each, "
                    f"so {len(took) / spent:.0f} a second of a core",
                    flush=True,
                )
                if pause and quick < 0.95 * answers:
                    missed.append(f"{kind}: less than 95 % within 20 ms")
                if not pause and len(took) < RATE * spent:
                    missed.append(f"{kind}: less than {RATE} a second of a core")
    print("\n".join(missed) or "nothing missed")
    return 1 if missed else 0


def questions(ids: list[str]) -> dict[str, Iterator[str]]:
    states = itertools.cycle(("COMPLETED", "FAILED", "CANCELLED"))
    return {
        "a job": (f"/api/jobs/{random.choice(ids)}" for _ in itertools.count()),
        "20 of one state": (f"/api/jobs?state={next(states)}&limit=20" for _ in itertools.count()),
    }


def serve(home: Path, core: int) -> tuple[str, subprocess.Popen[str]]:
    command = [*INGEST, "serve", "--port", "0", "--slots", "0", "--no-auth", "--rate", "100000", "--json"]
    server = subprocess.Popen(
        command,
        env={**os.environ, "INGEST_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    os.sched_setaffinity(server.pid, [core])  # before it has threads
    assert server.stdout is not None
    return urlsplit(json.loads(server.stdout.readline())["url"]).netloc, server


def encode(folder: Path) -> subprocess.Popen[bytes]:
    """`ingest run` of one film again and again."""
    command = (*INGEST, "run", str(FILM), "--res", "hd", "--copy", "never", "--force", "-q")
    again = ("sh", "-c", 'while "$@"; do :; done', "again", *command, "-o", str(folder / "out"))
    environment = {**os.environ, "INGEST_HOME": str(folder / "home")}
    return subprocess.Popen(again, env=environment, start_new_session=True)


def end(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    if os.getpgid(process.pid) == process.pid:
        os.killpg(process.pid, signal.SIGTERM)
    process.terminate()
    process.wait()


def ask(
    address: str, paths: Iterator[str], clients: int, seconds: float, pause: float
) -> tuple[list[float], float]:
    """Seconds of every answer, headers and body read, and those that all of it took."""
    until, lock = time.perf_counter() + seconds, threading.Lock()

    def client() -> list[float]:
        took = []
        connection = http.client.HTTPConnection(address)
        while (began := time.perf_counter()) < until:
            with lock:
                path = next(paths)
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            took.append(time.perf_counter() - began)
            if answer.status != 200:
                sys.exit(f"{answer.status} for {path}")
            time.sleep(pause)
        connection.close()
        return took

    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        asking = [pool.submit(client) for _ in range(clients)]
    return [t for c in asking for t in c.result()], time.perf_counter() - began


def within(address: str) -> dict[str, tuple[float, float]]:
    """Of each route: answers that began within 20 ms, and all."""
    connection = http.client.HTTPConnection(address)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    quick: dict[str, float] = {}
    every: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        if family.name != "ingest_http_request_seconds":
            continue
        for sample in family.samples:
            if sample.name.endswith("_bucket") and sample.labels["le"] == str(LIMIT):
                quick[sample.labels["route"]] = sample.value
            elif sample.name.endswith("_count"):
                every[sample.labels["route"]] = sample.value
    return {route: (quick[route], every[route]) for route in every}


def busy(pid: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK


if __name__ == "__main__":
    sys.exit(main())
