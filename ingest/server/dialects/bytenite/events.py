"""`/events`: what becomes of an account's jobs, or of one, for as long as somebody listens."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated

from fastapi import Header, Query, Response
from starlette.concurrency import run_in_threadpool

from ingest.engine.model import Filter, Job
from ingest.job.errors import IngestError
from ingest.server.core import Core
from ingest.server.dialects.bytenite import documents
from ingest.server.dialects.bytenite.manner import CoreOf, Reader, job_of
from ingest.server.keys import Principal
from ingest.server.refusals import Refusal
from ingest.server.routing import stream

if TYPE_CHECKING:
    from datetime import datetime

LOOK_SECONDS = 0.5
HEARTBEAT_SECONDS = 15.0
_NEWEST = 100  # jobs that change between two looks


@stream
async def events(
    core: CoreOf,
    who: Reader,
    job_id: Annotated[str, Query(alias="jobId")] = "",
    accept: Annotated[str, Header()] = "",
) -> Response:
    """Every change of the account's jobs, or of one until it has ended: server-sent events, or lines of JSON."""
    if job_id:
        job = await run_in_threadpool(job_of, core, who, job_id)
        changed = changes_of(core, who.seen, job)
    else:
        changed = changes(core, who.seen)
    as_events = "text/event-stream" in accept
    kind = "text/event-stream" if as_events else "application/x-ndjson"
    # What proxies must not hold back.
    return core.streams.answer(
        who.account, lines(core, who, changed, as_events=as_events), kind, {"x-accel-buffering": "no"}
    )


async def lines(
    core: Core, who: Principal, changed: AsyncIterator[Job | None], *, as_events: bool
) -> AsyncIterator[str]:
    """What is sent; nothing more once the key has ended that was shown."""
    async for job in changed:
        try:
            await run_in_threadpool(core.keys.check, who)
        except (Refusal, IngestError):
            return
        if job is None:
            yield ":\n\n" if as_events else "\n"
            continue
        text = json.dumps(documents.event(job))
        yield f"data: {text}\n\n" if as_events else f"{text}\n"


async def changes_of(
    core: Core, account: str | None, job: Job, every: float = LOOK_SECONDS
) -> AsyncIterator[Job | None]:
    """The job now and after each change until it has ended; None as a sign of life where nothing changes."""
    told: datetime | None = None
    quiet = time.monotonic()
    while True:
        if job.updated != told:
            told, quiet = job.updated, time.monotonic()
            yield job
        elif time.monotonic() - quiet >= HEARTBEAT_SECONDS:
            quiet = time.monotonic()
            yield None
        if job.state.final:
            return
        await asyncio.sleep(every)
        try:
            job = await run_in_threadpool(core.queue.job, account, job.job_id)
        except IngestError:  # deleted meanwhile, or the store fails: the client asks again and is told
            return


async def changes(core: Core, account: str | None, every: float = LOOK_SECONDS) -> AsyncIterator[Job | None]:
    """The account's jobs that change from now on; None at the beginning and as a sign of life."""
    wanted = Filter(account=account, sort="updated", limit=_NEWEST)
    told: dict[str, datetime] | None = None
    since: datetime | None = None
    quiet = -HEARTBEAT_SECONDS
    while True:
        try:
            page = await run_in_threadpool(core.queue.jobs, wanted)
        except IngestError:
            return
        if told is None:  # what was there before is no news
            told = {job.job_id: job.updated for job in page.jobs}
            since = max(told.values(), default=None)
        for job in reversed(page.jobs):
            before = told.get(job.job_id)
            told[job.job_id] = job.updated
            # An old job that was not among the newest is, once another is deleted.
            if before != job.updated and (before or since is None or job.updated >= since):
                quiet = time.monotonic()
                yield job
        if time.monotonic() - quiet >= HEARTBEAT_SECONDS:
            quiet = time.monotonic()
            yield None
        await asyncio.sleep(every)
