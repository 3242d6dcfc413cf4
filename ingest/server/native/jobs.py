"""`/api/jobs`: make, look, list, change, delete; `/api/presets`, `/api/me`, `/api/token`."""

import json
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from ingest.engine.cursors import LIMIT
from ingest.engine.model import Filter, State, stamp
from ingest.engine.rows import LINES_KEPT
from ingest.media.presets import load, shipped_dir
from ingest.server.keys import Principal
from ingest.server.native import examples
from ingest.server.native.manner import Asking, Inside, shown
from ingest.server.native.shapes import NewJob, Shape, job_document
from ingest.server.refusals import Refusal
from ingest.server.webhooks import account_secret, deliveries_of

if TYPE_CHECKING:
    from fastapi import APIRouter

    from ingest.engine.model import Job, Line
    from ingest.server.core import Core

MOST = 500
TOKEN_SECONDS, LONGEST_TOKEN = 3600, 30 * 86400
JOBS_PATH, JOB_PATH = "/api/jobs", "/api/jobs/{job_id}"


class ListQuery(BaseModel):
    """Which jobs a list shows, in which order."""

    model_config = ConfigDict(frozen=True)

    state: Annotated[list[State] | None, Field(description="Any of these.")] = None
    dialect: Annotated[str | None, Field(max_length=32, description="Jobs that were asked for in it.")] = None
    label: Annotated[str | None, Field(max_length=255)] = None
    text: Annotated[str | None, Field(max_length=255, description="Part of the source's name.")] = None
    created_from: Annotated[datetime | None, Field(alias="createdFrom")] = None
    created_until: Annotated[datetime | None, Field(alias="createdUntil")] = None
    sort: Literal["created", "updated", "status", "percent", "source"] = "created"
    order: Literal["asc", "desc"] = "desc"
    limit: Annotated[int, Field(ge=1, le=MOST)] = 50
    cursor: Annotated[str | None, Field(max_length=LIMIT, description="`next` of the page before.")] = None
    account: Annotated[str | None, Field(max_length=32, description="For administrators.")] = None


class TokenBody(Shape):
    """How long the token is to be good for."""

    seconds: int = TOKEN_SECONDS
    scopes: list[Literal["read", "submit", "admin"]] | None = None


def job_response(
    core: "Core", request: Request, asking: Principal, job: "Job", status: int = 200
) -> Response:
    """One job with its record, and where players find its package once that is there."""
    document = job_document(job.line, core.base_url(request))
    if job.state is State.COMPLETED:
        media = core.media_url(job, request, asking)
        manifests = {"hls": "ABR.m3u8", "dash": "manifest.mpd", "poster": "poster.jpg"}
        there = set(job.record.files)
        document["links"] |= {kind: media + name for kind, name in manifests.items() if name in there}
    # The record is written as text at once: it is not made into objects once more.
    text = json.dumps(document, ensure_ascii=False)
    body = f'{text[:-1]}, "record": {job.shown.model_dump_json(by_alias=True)}}}'
    headers = {"location": document["links"]["self"]} if status in (201, 202) else {}
    return Response(body.encode("utf-8", "backslashreplace"), status, headers, "application/json")


def job_answer(core: "Core", request: Request, asking: Principal, job_id: str) -> Response:
    asking.require("read")
    return job_response(core, request, asking, core.queue.job(asking.seen, job_id))


def list_answer(core: "Core", request: Request, asking: Principal, query: ListQuery) -> Response:
    asking.require("read")
    for when in (query.created_from, query.created_until):
        if when is not None and when.tzinfo is None:
            raise Refusal("invalid", "a time needs a zone, for example 2026-11-22T00:00:00Z")
    page = core.queue.lines(
        Filter(
            account=asking.seen or query.account,
            states=frozenset(query.state) if query.state else None,
            dialect=query.dialect,
            label=query.label,
            text=query.text,
            created_from=query.created_from,
            created_until=query.created_until,
            sort=query.sort,
            descending=query.order == "desc",
            limit=query.limit,
            after=query.cursor,
        )
    )
    base = core.base_url(request)
    jobs = ", ".join(_line_text(line, base) for line in page.jobs)
    rest = json.dumps({"total": page.total, "next": page.next}, ensure_ascii=False)
    return _text(f'{{"jobs": [{jobs}], {rest[1:]}')


@lru_cache(maxsize=LINES_KEPT)
def _line_text(line: "Line", base: str) -> str:
    return json.dumps(job_document(line, base), ensure_ascii=False)


def add_routes(router: "APIRouter") -> None:
    @router.post(
        JOBS_PATH,
        status_code=201,
        responses=shown(examples.JOB, status=201, text="The job; `Location` is its URL."),
        summary="Make a job",
    )
    def create(request: Request, body: NewJob, core: Inside, asking: Asking) -> Response:
        submission = body.submission()
        job = core.draft(asking, submission) if body.draft else core.submit(asking, submission)
        return job_response(core, request, asking, job, 201)

    @router.get(JOBS_PATH, responses=shown(examples.JOBS), summary="List jobs, a page at a time")
    def listed(
        request: Request, core: Inside, asking: Asking, query: Annotated[ListQuery, Query()]
    ) -> Response:
        return list_answer(core, request, asking, query)

    @router.get(JOB_PATH, responses=shown(examples.JOB), summary="A job and its record")
    def one(request: Request, job_id: str, core: Inside, asking: Asking) -> Response:
        return job_answer(core, request, asking, job_id)

    @router.post(
        "/api/jobs/{job_id}/cancel",
        status_code=202,
        responses=shown(examples.JOB, status=202, text="It was asked to stop, or has ended."),
        summary="Stop a job",
    )
    def cancel(request: Request, job_id: str, core: Inside, asking: Asking) -> Response:
        asking.require("submit")
        return job_response(core, request, asking, core.queue.cancel(asking.seen, job_id), 202)

    @router.post(
        "/api/jobs/{job_id}/retry",
        status_code=202,
        responses=shown(examples.JOB, status=202, text="It is queued again."),
        summary="Try a failed or cancelled job again, from its last finished piece",
    )
    def retry(request: Request, job_id: str, core: Inside, asking: Asking) -> Response:
        return job_response(core, request, asking, core.retry(asking, job_id), 202)

    @router.post(
        "/api/jobs/{job_id}/run",
        status_code=202,
        responses=shown(examples.JOB, status=202, text="It is queued."),
        summary="Run a draft",
    )
    def run(request: Request, job_id: str, core: Inside, asking: Asking) -> Response:
        return job_response(core, request, asking, core.run(asking, job_id), 202)

    @router.delete(
        "/api/jobs/{job_id}",
        status_code=204,
        responses=shown(None, status=204, text="It is gone; one that runs goes when it has stopped."),
        summary="Delete a job, its record and its package",
    )
    def delete(job_id: str, core: Inside, asking: Asking) -> Response:
        asking.require("submit")
        core.queue.delete(asking.seen, job_id)
        return Response(status_code=204)

    @router.get("/api/presets", responses=shown(examples.PRESETS), summary="What can be asked for")
    def presets(core: Inside, asking: Asking) -> Response:
        asking.require("read")
        shipped = shipped_dir()
        found = [
            {
                "name": preset.name,
                "title": preset.title,
                "box": [preset.box.long, preset.box.short],
                "maxBitrate": preset.video.max_bitrate,
                "shipped": preset.origin.parent == shipped,
            }
            for preset in load(core.settings.preset_dir).values()
        ]
        return _json({"presets": found})

    @router.get("/api/me", responses=shown(examples.ME), summary="Who the key is, and what it may use")
    def me(core: Inside, asking: Asking) -> Response:
        limits = core.settings
        return _json(
            {
                "account": asking.account,
                "name": asking.name,
                "scopes": sorted(asking.scopes),
                "filesBytes": core.files.used(asking.account),
                "limits": {
                    "uploadBytes": limits.max_upload,
                    "filesBytes": limits.max_stored,
                    "queuedJobs": limits.max_queued,
                    "requestsPerSecond": limits.rate,
                },
            }
        )

    @router.get(
        "/api/webhooks",
        responses=shown(examples.WEBHOOKS),
        summary="What webhooks are signed with, and the latest of them",
    )
    def webhooks(core: Inside, asking: Asking) -> Response:
        asking.require("submit")  # who has the secret can write in our name
        secret = account_secret(core.tickets.secret, asking.account)
        return _json({"secret": secret, "deliveries": deliveries_of(core.queue.database, asking.account)})

    @router.post(
        "/api/token",
        status_code=201,
        responses=shown(examples.TOKEN, status=201),
        summary="Make a token that stands for the key for a while",
    )
    def token(body: TokenBody, core: Inside, asking: Asking) -> Response:
        if not 1 <= body.seconds <= LONGEST_TOKEN:
            raise Refusal("invalid", f"seconds: from 1 to {LONGEST_TOKEN}")
        lifetime = timedelta(seconds=body.seconds)
        made = core.keys.issue_token(asking, lifetime, kind="native", scopes=body.scopes)
        scopes: list[str] = sorted(made.scopes)
        return _json({"token": made.text, "expires": stamp(made.expires), "scopes": scopes}, 201)


def _json(document: Any, status: int = 200) -> Response:
    return _text(json.dumps(document, ensure_ascii=False), status)


def _text(text: str, status: int = 200) -> Response:
    return Response(text.encode("utf-8", "backslashreplace"), status, media_type="application/json")
