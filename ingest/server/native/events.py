"""`/api/jobs/<id>/events`: a job as it goes on, as server-sent events (HTML standard, section 9.2)."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated

from fastapi import Header, Request, Response
from starlette.concurrency import run_in_threadpool

from ingest.engine.model import stamp
from ingest.job.errors import IngestError
from ingest.server.native import examples
from ingest.server.native.manner import Asking, Inside, shown
from ingest.server.native.shapes import job_document
from ingest.server.refusals import Refusal
from ingest.server.routing import stream

if TYPE_CHECKING:
    from fastapi import APIRouter

    from ingest.engine.model import Job
    from ingest.server.core import Core
    from ingest.server.keys import Principal

LOOK_SECONDS = 0.5
CHECK_SECONDS = 5.0  # after which a key that was revoked gets nothing more
HEARTBEAT_SECONDS = 15.0
RETRY_MILLISECONDS = 2000


def add_routes(router: "APIRouter") -> None:
    @router.get(
        "/api/jobs/{job_id}/events",
        responses=shown(examples.EVENTS, media="text/event-stream", text="`job` at each change, to the end.")
        | {204: {"description": "It has ended, and that was told: do not connect again."}},
        summary="Follow a job",
    )
    @stream
    async def events(
        request: Request,
        job_id: str,
        core: Inside,
        asking: Asking,
        last_event_id: Annotated[str, Header(max_length=64)] = "",
    ) -> Response:
        asking.require("read")
        job = await run_in_threadpool(core.queue.job, asking.seen, job_id)
        if job.state.final and last_event_id == stamp(job.updated):
            return Response(status_code=204)
        stream = _events(core, asking, job, last_event_id, core.base_url(request))
        # What proxies must not hold back.
        return core.streams.answer(asking.account, stream, "text/event-stream", {"x-accel-buffering": "no"})


async def _events(core: "Core", asking: "Principal", job: "Job", told: str, base: str) -> AsyncIterator[str]:
    yield f"retry: {RETRY_MILLISECONDS}\n\n"
    quiet = checked = time.monotonic()
    while True:
        changed = stamp(job.updated)
        if changed != told:
            told, quiet = changed, time.monotonic()
            document = job_document(job.line, base) | {
                "messages": list(job.shown.messages),
                "outputs": [
                    {"resolution": o.resolution, "status": o.status, "percent": o.percent}
                    for o in job.record.outputs
                ],
            }
            yield f"id: {changed}\nevent: job\ndata: {json.dumps(document)}\n\n"
        elif time.monotonic() - quiet >= HEARTBEAT_SECONDS:
            quiet = time.monotonic()
            yield ": still there\n\n"
        if job.state.final:
            return
        await asyncio.sleep(LOOK_SECONDS)
        try:
            if time.monotonic() - checked >= CHECK_SECONDS:
                checked = time.monotonic()
                await run_in_threadpool(core.keys.check, asking)
            job = await run_in_threadpool(core.queue.job, asking.seen, job.job_id)
        except (Refusal, IngestError):
            return  # the key has ended, the job was deleted, or the store fails: who asks again is told
