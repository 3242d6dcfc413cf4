"""Two accounts, every route of every dialect: what is one's own, the other neither sees nor changes.

The routes are read from the dialects, so one that is added is tried by itself. The other account asks for everything
by its right ids, in each manner of showing a credential; a control shows that the owner, asking so, is told.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from asking import Answer, Route, ask, routes_of
from made_core import key_of, made_core
from made_jobs import brought_to
from sqlalchemy import select, update

from ingest.engine.ids import object_id, ulid, uuid_of
from ingest.engine.model import StoredSource, Submission
from ingest.job import codes
from ingest.job.errors import OutputError
from ingest.job.record import Warned
from ingest.job.status import Status
from ingest.server.app import create_app
from ingest.server.dialects import DIALECTS
from ingest.server.filestore import About
from ingest.server.folders import Folders
from ingest.server.native import NATIVE
from ingest.server.pages import PAGES
from ingest.store.tables import FILES, JOBS, KEYS, RESOURCES, UPLOADS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fastapi import FastAPI

    from ingest.engine.model import Job
    from ingest.server.core import Core

MARK = "onlyforalpha"
EVERYTHING = (*DIALECTS, PAGES, NATIVE)
# A HEAD is its GET without the body.
ROUTES = tuple(r for r in routes_of(EVERYTHING) if r.method != "HEAD")
MOST = 8  # combinations of ids for one route, drawn at random where there are more
PATH = "/uploads/common.mp4"


class Alpha:
    """An account with one of each: jobs that wait, wait for `run`, are done; a file, an upload. All have `MARK`."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.app = create_app(core)
        self.stranger = manners(core, key_of(core, "beta"))
        self.key = key_of(core, "alpha")
        asking = core.keys.principal(self.key)
        self.account = asking.account
        about = About(PATH, name=f"{MARK}.mp4", mime="video/mp4", metadata={"note": MARK}, tags=(MARK,))
        self.file = core.files.put(asking.account, about, MARK.encode())
        self.upload = core.uploads.begin(
            asking.account,
            About("/uploads/b", metadata={"filename": MARK}),
            kind="parts",
            size=8,
            part_size=4,
        )
        Folders(core.files).put(asking.account, "/uploads", {"description": MARK})
        submission = Submission(("sd",), StoredSource(self.file.file_id), label=MARK)
        self.jobs = [core.submit(asking, submission), core.draft(asking, submission)]
        self.home = str(core.settings.home)
        for dialect in EVERYTHING:
            made = Submission(("sd",), StoredSource(self.file.file_id), dialect=dialect.name, label=MARK)
            self.jobs.append(core.submit(asking, made))
            self._finish(self.jobs[-1])
        self.failed = {
            dialect.name: self._fail(
                core.submit(
                    asking,
                    Submission(("sd",), StoredSource(self.file.file_id), dialect=dialect.name, label=MARK),
                )
            )
            for dialect in EVERYTHING
        }

    def _fail(self, job: Job) -> Job:
        """It ends with words that name folders wherever a step may have put some."""
        record = job.record
        told = f"{job.folder} and {record.source.path}, {job.folder.as_uri()}: full"
        error = OutputError(
            codes.DISK_FULL, told, remedy=f"look into {self.home}", detail=f"{self.home}/x: y"
        )
        return brought_to(
            self.core,
            job,
            Status.FAILED,
            messages=(*record.messages, told),
            custom_attributes=record.custom_attributes.model_copy(
                update={
                    "message_codes": (*record.custom_attributes.message_codes, codes.NO_AUDIO_FOUND.number)
                }
            ),
            warnings=(Warned(code=codes.NO_AUDIO_FOUND.number, message=told),),
            error=record.with_error(error, None).error,
        )

    def _finish(self, job: Job) -> None:
        job.folder.mkdir(parents=True)
        for name in ("ABR.m3u8", "manifest.mpd", "poster.jpg"):
            (job.folder / name).write_text(MARK)
        record = job.record.with_status(Status.EXECUTING).with_status(Status.COMPLETED)
        text = record.evolve(files=("ABR.m3u8", "manifest.mpd", "poster.jpg")).to_json()
        values = {"queue": "ended", "status": "COMPLETED", "record": text, "percent": 100.0}
        with self.core.queue.database.write() as db:
            db.execute(update(JOBS).where(JOBS.c.job_id == job.job_id).values(values))

    def names(self, job: Job) -> tuple[str, ...]:
        """One job in every spelling."""
        uuid = str(uuid_of(job.job_id))
        return (job.job_id, uuid, ulid(job.job_id), object_id(job.job_id))

    def values(self, name: str, job: Job) -> tuple[str, ...]:
        """What may stand for a parameter of a path, by what its name says."""
        jobs, things = self.names(job), (self.file.file_id, self.upload.upload_id)
        match name.lower():
            case word if "account" in word:
                return (self.account,)
            case word if "type" in word:
                return ("ProcessVideoJob",)
            case word if "file" in word or "upload" in word:
                return things
            case word if "job" in word:
                return jobs
            case word if word.endswith("id"):
                return (*jobs, *things)
            case word if "path" in word or "name" in word:
                return (PATH[1:], "ABR.m3u8")
            case "rest":
                return (f"raw{PATH}", f"video{PATH}", f"image{PATH}")
            case _:
                return (*jobs[:1], *things, "raw", "video", "0", "hls.m3u8")

    def state(self) -> dict[str, Any]:
        with self.core.queue.database.read() as db:
            jobs = select(
                JOBS.c.job_id, JOBS.c.state, JOBS.c.queue, JOBS.c.label, JOBS.c.asked, JOBS.c.submission
            )
            tables = {
                "jobs": jobs.where(JOBS.c.account == self.account),
                "files": select(FILES).where(FILES.c.account == self.account),
                "resources": select(RESOURCES).where(RESOURCES.c.account == self.account),
                "uploads": select(UPLOADS).where(UPLOADS.c.account == self.account),
                "keys": select(KEYS.c.key_id, KEYS.c.revoked).where(KEYS.c.account == self.account),
            }
            return {name: sorted(map(repr, db.execute(query))) for name, query in tables.items()} | {
                "content": self.file.stored.read_bytes()
            }


@pytest.fixture(scope="module")
def alpha(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alpha]:
    home: Path = tmp_path_factory.mktemp("leak") / "home"
    with made_core(home, max_body=100_000, max_queued=None) as core:
        yield Alpha(core)


def manners(core: Core, key: str) -> list[dict[str, Any]]:
    """The ways in which the dialects are shown a credential."""
    token = core.keys.issue_token(core.keys.principal(key), timedelta(hours=1)).text
    return [
        {"headers": {"authorization": f"Bearer {key}"}, "query": {}},
        {"headers": {"authorization": f"Bearer {token}"}, "query": {}},
        {"headers": {"authorization": token}, "query": {}},
        {"headers": {}, "query": {"token": token, "access_token": token, "f": "json"}},
        {"headers": {"cookie": f"ingest_session={token}", "origin": "http://server.example"}, "query": {}},
    ]


def combinations(route: Route, alpha: Alpha, job: Job) -> list[tuple[str, ...]]:
    every = list(itertools.product(*(alpha.values(name, job) for name in route.names)))
    return every if len(every) <= MOST else random.Random(route.pattern).sample(every, MOST)


def requests(route: Route, alpha: Alpha, jobs: list[Job]) -> Iterator[tuple[str, dict[str, str], bytes]]:
    """Path, query and body of each request to be tried on a route; every other one without the query."""
    for job in jobs:
        uuid, ulid_, short = alpha.names(job)[1:]
        query = {
            "job_id": short,
            "jobId": ulid_,
            "id": uuid,
            "file_id": alpha.file.file_id,
            "fileId": alpha.file.file_id,
            "filePath": PATH,
            "folderPath": "/uploads",
            "account": alpha.account,
            "jobType": "ProcessVideoJob",
        }
        body = {
            "source": {"file": alpha.file.file_id},
            "resolutions": ["sd"],
            "filePath": PATH,
            "files": [PATH],
            "folderPath": "/uploads",
            "folders": [{"folderPath": "/uploads", "source": "/uploads", "destination": "/taken"}],
            "jobId": job.job_id,
            "id": uuid,
            "destination": "/taken.mp4",
        }
        content = json.dumps(body).encode() if route.method not in ("GET", "OPTIONS") else b""
        for number, values in enumerate(combinations(route, alpha, job)):
            yield route.path(values), {} if number % 2 else query, content


def told(app: FastAPI, route: Route, alpha: Alpha, jobs: list[Job], manner: dict[str, Any]) -> list[Answer]:
    """The answers on a route to whoever asks in this manner."""
    headers = {"content-type": "application/json"} | manner["headers"]

    async def all_of_them() -> list[Answer]:
        return [
            await ask(app, route.method, path, query=manner["query"] | query, headers=headers, body=body)
            for path, query, body in requests(route, alpha, jobs)
        ]

    return asyncio.run(all_of_them())


@pytest.fixture(scope="module")
def understood(alpha: Alpha) -> dict[str, int]:
    """For each dialect the first manner in which its owner is told something; where there is none, it is missing.

    Only its own words show that the other account was kept out by its name, and not by its manners.
    """
    ways = manners(alpha.core, alpha.key)
    found: dict[str, int] = {}
    for dialect in EVERYTHING:
        mine = [r for r in ROUTES if r.dialect == dialect.name and r.method == "GET"]
        done = [job for job in alpha.jobs[2:] if job.dialect == dialect.name]
        for (number, way), route in itertools.product(enumerate(ways), mine):
            if any(MARK in answer.text for answer in told(alpha.app, route, alpha, done, way)):
                found[dialect.name] = number
                break
    return found


def test_owners_are_told(understood: dict[str, int]) -> None:
    assert set(understood) == {dialect.name for dialect in EVERYTHING}


def test_nobody_is_told_where_files_are(alpha: Alpha, understood: dict[str, int]) -> None:
    ways = manners(alpha.core, alpha.key)
    # One spelling of each.
    once = [
        r for r in ROUTES if not r.pattern.startswith(("/video/", "/v1/computing/")) and r.pattern[-1] != "/"
    ]
    read = [r for r in once if r.method == "GET" and (not r.names or any("job" in n for n in r.names))]
    words = ""
    for route in read:
        for answer in told(
            alpha.app, route, alpha, [alpha.failed[route.dialect]], ways[understood[route.dialect]]
        ):
            assert alpha.home not in answer.text, (route, answer)
            words += answer.text
    # Not for want of words: each dialect that has a job's error has told it.
    assert words.count("look into …/home") > len(EVERYTHING)


@pytest.mark.parametrize("route", ROUTES, ids=lambda r: f"{r.method} {r.pattern}")
def test_another_account_neither_sees_nor_changes(
    alpha: Alpha, understood: dict[str, int], route: Route
) -> None:
    before = alpha.state()
    waiting, draft = alpha.jobs[:2]
    done = next(job for job in alpha.jobs[2:] if job.dialect == route.dialect)
    for manner in (alpha.stranger[understood[route.dialect]], {"headers": {}, "query": {}}):
        for answer in told(alpha.app, route, alpha, [waiting, draft, done], manner):
            assert MARK not in answer.text, answer
            assert answer.status < 500, answer
    alpha.app.state.errands.settle()
    assert alpha.state() == before
