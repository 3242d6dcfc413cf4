"""A hundred thousand jobs in the store: how long a question to the queue takes.

Fills a store of its own with jobs of ten accounts (most COMPLETED, with records as long as a film of ten minutes has
them), then times single jobs and pages, each with a random account, offset or state; the processor's time beside it,
for machines with other work. Ends with 1 where the 95th percentile of any of them is above 20 ms.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from ingest.engine.model import Filter, State, Submission, UrlSource
from ingest.engine.places import package_folder
from ingest.engine.queue import JobQueue
from ingest.engine.rows import J
from ingest.engine.submissions import dumped, record_of
from ingest.job import codes
from ingest.job.ids import new_job_id, object_id
from ingest.job.record import Progress, Record
from ingest.job.status import Status
from ingest.pipeline.steps import STEPS
from ingest.store.model import JobSummary
from ingest.store.sqlite import row_of
from ingest.store.tables import JOBS

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 0.020  # seconds, at the 95th percentile
ACCOUNTS = [f"acc{n:04}" for n in range(10)]
DIALECTS = ("native", "arcgis", "bytescale", "xvid", "bytenite")
ENDS = (Status.COMPLETED,) * 17 + (Status.FAILED, Status.CANCELLED)
SEGMENTS = 100
NAME = "NAME.mp4"
JOB = new_job_id()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=300, help="of each kind")
    parser.add_argument("--home", type=Path, help="an existing store of this bench, or where to make it")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        queue = JobQueue.open(given.home or Path(made))
        fill(queue, given.jobs)
        with queue.database.read() as connection:
            ids = [(r.job_id, r.account) for r in connection.execute(select(J.job_id, J.account))]
        size = queue.database.path.stat().st_size
        print(f"{len(ids)} jobs, {size / 2**20:.0f} MiB\n")
        print(f"{'question':34} {'median':>9} {'p95':>9} {'worst':>9}   {'CPU':>9} {'p95':>9}")
        late = [
            name for name, ask in questions(queue, ids).items() if timed(name, ask, given.questions) > LIMIT
        ]
        queue.close()
    for name in late:
        print(f"above {LIMIT * 1000:.0f} ms: {name}")
    return 1 if late else 0


def fill(queue: JobQueue, wanted: int) -> None:
    with queue.database.read() as connection:
        there = len(connection.execute(select(J.job_id)).all())
    begin = datetime.now(UTC) - timedelta(days=365)
    samples = {status: sample(queue.home, status) for status in {*ENDS, Status.SUBMITTED}}
    while there < wanted:
        rows = [row(samples, there + n, begin, wanted) for n in range(min(2000, wanted - there))]
        with queue.database.write() as connection:
            connection.execute(insert(JOBS), rows)
        there += len(rows)


def sample(home: Path, status: Status) -> Record:
    """As the record of every job that ended so, but for its names."""
    asked = Submission(("sd", "hd"), UrlSource("https://example.org/" + NAME, NAME))
    output = package_folder(home, ACCOUNTS[0], JOB)
    record = record_of(
        asked, job_id=JOB, username="u", source=home / NAME, name=NAME, output=output, preset_dir=None
    )
    if status is Status.SUBMITTED:
        return record
    for step in STEPS:
        record = record.with_message(step.code, resolutions=("sd",))
    files = tuple(f"video/{r}/{n:05}.m4s" for r in ("sd", "hd") for n in range(SEGMENTS))
    record = record.with_warning(codes.SOURCE_DAMAGED, "a little")
    return record.evolve(status=status, files=files, progress=Progress(percent=50.0))


def row(samples: dict[Status, Record], number: int, begin: datetime, of: int) -> dict[str, object]:
    job_id = new_job_id()
    name = f"{random.choice(('Holiday', 'Interview', 'Überflug', 'match'))} {number}.mp4"
    asked = Submission(
        ("sd", "hd"), UrlSource("https://example.org/" + name, name), dialect=random.choice(DIALECTS)
    )
    status = random.choice(ENDS) if random.random() < 0.98 else Status.SUBMITTED
    record = samples[status]
    at = (
        (begin + timedelta(days=365) * (number / of))
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )
    return row_of(JobSummary.of(record)) | {
        "job_id": job_id,
        "created": at,
        "updated": at,
        "percent": random.uniform(0, 100),
        "account": random.choice(ACCOUNTS),
        "dialect": asked.dialect,
        "queue": "ended" if status.final else "queued",
        "label": f"label {number % 50}",
        "size": random.randrange(10**9),
        "queued": at,
        "search": name.casefold(),
        "submission": dumped(asked),
        "record": record.to_json().replace(JOB, job_id).replace(NAME, name),
        "short_id": object_id(job_id),
    }


def questions(queue: JobQueue, ids: list[tuple[str, str]]) -> dict[str, Callable[[], object]]:
    def some() -> tuple[str, str]:
        return random.choice(ids)

    def page(**more: object) -> object:
        return queue.jobs(Filter(some()[1], limit=20, **more))  # type: ignore[arg-type]

    def cursor() -> object:
        return queue.jobs(Filter(None, limit=20, after=random.choice(cursors)))

    pages = (queue.jobs(Filter(None, limit=1, offset=random.randrange(len(ids) // 2))) for _ in range(20))
    cursors = [following for page_ in pages if (following := page_.next)]
    return {
        "a job": lambda: queue.job(None, some()[0]),
        "a job by its short id": lambda: queue.by_short_id(None, object_id(some()[0])),
        "newest 20 of an account": page,
        "newest 20 of all accounts": lambda: queue.jobs(Filter(None, limit=20)),
        "20 of one state": lambda: page(states=frozenset({random.choice([State.FAILED, State.COMPLETED])})),
        "20 of two states": lambda: page(states=frozenset({State.SUBMITTED, State.FAILED})),
        "20 of one state, all accounts": lambda: queue.jobs(
            Filter(None, states=frozenset({State.FAILED}), limit=20)
        ),
        "20 behind a cursor": cursor,
        "20 from a random offset": lambda: page(offset=random.randrange(5000)),
        "20 of a dialect": lambda: page(dialect=random.choice(DIALECTS)),
        "20 of a label": lambda: page(label=f"label {random.randrange(50)}"),
        "20 with a text in the name": lambda: page(text=random.choice(("holiday", "über", "77"))),
        "20 of a month": lambda: page(
            created_until=datetime.now(UTC) - timedelta(days=random.randrange(300))
        ),
        "20 by name": lambda: page(sort="source", descending=False),
        "20 by percent": lambda: page(sort="percent"),
        "20 last changed": lambda: page(sort="updated"),
        "counts of an account": lambda: queue.counts(some()[1]),
    }


def timed(name: str, ask: Callable[[], object], times: int) -> float:
    """The 95th percentile, in seconds."""
    ask()
    took, used = [], []
    for _ in range(times):
        began, spent = time.perf_counter(), time.thread_time()
        ask()
        took.append(time.perf_counter() - began)
        used.append(time.thread_time() - spent)
    late, costly = (statistics.quantiles(x, n=20)[-1] for x in (took, used))
    figures = (statistics.median(took), late, max(took))
    row = " ".join(f"{x * 1000:6.2f} ms" for x in figures)
    print(f"{name:34} {row}   {statistics.median(used) * 1000:6.2f} ms {costly * 1000:6.2f} ms", flush=True)
    return late


if __name__ == "__main__":
    sys.exit(main())
