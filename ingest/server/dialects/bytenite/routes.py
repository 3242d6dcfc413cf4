"""The routes of ByteNite's customer API, in both spellings of its URLs and below both of its base paths."""

import hashlib
import hmac
import json
import re
import secrets
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from ingest.engine.ids import uuid_of
from ingest.engine.model import Filter, Job, State
from ingest.server.core import Core, get_core
from ingest.server.dialect import Dialect
from ingest.server.dialects.bytenite import documents, requests
from ingest.server.dialects.bytenite.bodies import (
    AccessToken,
    AskLogs,
    ChangeConfig,
    ChangeName,
    ChangeSources,
    CreateJob,
    FilterJobs,
    Pagination,
    RunJob,
)
from ingest.server.dialects.bytenite.params import safe_name
from ingest.server.filestore import About
from ingest.server.keys import Principal
from ingest.server.refusals import Kind, Refusal
from ingest.server.routing import dialect_router, stream, upload_body

Route = TypeVar("Route", bound=Callable[..., Any])
BASES = ("/v1/customer", "/v1/computing")
TOKEN_LIFETIME = timedelta(hours=1)
EVENT_SECONDS = 0.5
# google.rpc.Code, and the HTTP status that gRPC's gateway gives each.
_CODES: dict[Kind, tuple[int, int]] = {
    "missing_credentials": (16, 401),
    "bad_credentials": (16, 401),
    "expired": (16, 401),
    "forbidden": (7, 403),
    "not_found": (5, 404),
    "method": (12, 405),
    "invalid": (3, 400),
    "conflict": (9, 400),
    "too_large": (3, 413),
    "too_many": (8, 429),
    "unavailable": (14, 503),
    "internal": (13, 500),
}


def refuse(refusal: Refusal, request: Request) -> Response:  # noqa: ARG001 - every dialect is given it
    """google.rpc.Status; each faulty field is a google.rpc.BadRequest's field violation."""
    code, status = _CODES[refusal.kind]
    details = (
        [
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [
                    {"field": d.partition(":")[0], "description": refusal.message} for d in refusal.details
                ],
            }
        ]
        if refusal.details
        else []
    )
    return JSONResponse(documents.status(code, refusal.message, details), status)


CoreOf = Annotated[Core, Depends(get_core)]


def _principal(core: CoreOf, authorization: Annotated[str, Header()] = "") -> Principal:
    """The token stands bare in the header; clients that put `Bearer` before it are understood as well."""
    scheme, _, rest = authorization.strip().partition(" ")
    return core.keys.principal(rest if scheme.lower() == "bearer" else authorization)


def _reader(who: Annotated[Principal, Depends(_principal)]) -> Principal:
    who.require("read")
    return who


def _submitter(who: Annotated[Principal, Depends(_principal)]) -> Principal:
    who.require("submit")
    return who


Reader = Annotated[Principal, Depends(_reader)]
Submitter = Annotated[Principal, Depends(_submitter)]
router = dialect_router(refuse)


def _route(method: str, *paths: str) -> Callable[[Route], Route]:
    """A route below both base paths, in each spelling."""

    def register(function: Route) -> Route:
        for base in BASES:
            for path in paths:
                router.add_api_route(base + path, function, methods=[method], response_model=None)
        return function

    return register


@router.post("/v1/auth/access_token")
def access_token(body: AccessToken, core: CoreOf) -> dict[str, Any]:
    """A token for an API key."""
    who = core.keys.principal(body.api_key)
    token = core.keys.issue_token(who, TOKEN_LIFETIME, kind="access_token")
    return {
        "token": token.text,
        "expiresIn": round(token.lifetime.total_seconds()),
        "scope": " ".join(sorted(token.scopes)),
    }


@_route("GET", "/info")
def info(who: Reader) -> dict[str, Any]:
    """Who asks."""
    return {"account": who.account, "name": who.name, "scopes": sorted(who.scopes)}


# -- questions --


@_route("GET", "/jobs")
def listed(
    core: CoreOf,
    who: Reader,
    limit: Annotated[int | None, Query(ge=1, le=1000)] = None,
    offset: Annotated[int | None, Query(ge=0)] = None,
    paged_limit: Annotated[int | None, Query(alias="pagination.limit", ge=1, le=1000)] = None,
    paged_offset: Annotated[int | None, Query(alias="pagination.offset", ge=0)] = None,
    order_by: Annotated[str, Query(alias="orderBy")] = "",
) -> dict[str, Any]:
    """The account's jobs, the newest first."""
    pagination = Pagination(limit=paged_limit or limit or 50, offset=paged_offset or offset or 0)
    return _filtered(core, who, FilterJobs(pagination=pagination, order_by=order_by))


@_route("POST", "/jobs/filter")
def filtered(body: FilterJobs, core: CoreOf, who: Reader) -> dict[str, Any]:
    """Those that every filter lets through."""
    return _filtered(core, who, body)


def _filtered(core: Core, who: Principal, body: FilterJobs) -> dict[str, Any]:
    wanted, names = requests.filter_of(body, who.seen)
    if names is None or wanted.states != frozenset({State.EXECUTING}):
        return documents.page(core.queue.jobs(wanted), wanted.offset)
    # The parts of a running job's work are not in the store; there are no more running jobs than slots.
    running = core.queue.jobs(replace(wanted, offset=0, limit=1000))
    kept = tuple(j for j in running.jobs if documents.state(j) in names)
    shown = kept[wanted.offset : wanted.offset + wanted.limit]
    more = len(kept) > wanted.offset + len(shown)
    return documents.page(replace(running, jobs=shown, total=len(kept), more=more), wanted.offset)


@_route("GET", "/jobs/templates")
def templates(who: Reader) -> dict[str, Any]:  # noqa: ARG001 - who may ask
    """What can be run."""
    return {"templates": [documents.TEMPLATE]}


@_route("GET", "/jobs/estimation/{job_id}", "/jobs/{job_id}/estimation")
def estimation(job_id: str, core: CoreOf, who: Reader) -> dict[str, Any]:
    """What it will cost: nothing, there are no ByteChips here."""
    _job(core, who, job_id)
    return {"estimation": {"totalEstimation": "0"}}


@_route("POST", "/jobs/runningTasks")
def running_tasks(core: CoreOf, who: Reader) -> dict[str, Any]:
    """One task for each job that runs."""
    page = core.queue.jobs(Filter(account=who.seen, states=frozenset({State.EXECUTING}), limit=1000))
    return {
        "tasks": [
            {
                "taskId": str(uuid_of(j.job_id)),
                "jobId": str(uuid_of(j.job_id)),
                "state": documents.state(j),
                "percent": j.record.progress.percent,
            }
            for j in page.jobs
        ]
    }


@_route("GET", "/jobs/{job_id}/results")
def results(job_id: str, request: Request, core: CoreOf, who: Reader) -> dict[str, Any]:
    """Name and link of each output; none until the job is complete."""
    job = _job(core, who, job_id)
    found = requests.outputs(job)
    if not found:
        return documents.results(())
    url = core.media_url(job, request)
    return documents.results([(name, url + path) for name, path in found])


@_route("GET", "/jobs/{job_id}")
def read(job_id: str, core: CoreOf, who: Reader) -> dict[str, Any]:
    """One job."""
    return documents.one(_job(core, who, job_id))


@_route("POST", "/logs")
def logs(body: AskLogs, core: CoreOf, who: Reader) -> dict[str, Any]:
    """What a job has said."""
    found = documents.logs(_job(core, who, body.job_id), frozenset(body.levels))
    if body.task_ids:
        found["taskrunner"] = {k: v for k, v in found["taskrunner"].items() if k in body.task_ids}
    if body.services:
        kept: dict[str, Any] = {"partitioner": [], "assembler": [], "taskrunner": {}}
        found = {name: found[name] if name in body.services else kept[name] for name in kept}
    return found


@_route("GET", "/events")
@stream
def events(
    core: CoreOf,
    who: Reader,
    job_id: Annotated[str, Query(alias="jobId")] = "",
    accept: Annotated[str, Header()] = "",
) -> Response:
    """Every change of the account's jobs, or of one until it has ended: server-sent events, or lines of JSON."""
    job = _job(core, who, job_id) if job_id else None
    as_events = "text/event-stream" in accept

    def lines() -> Iterator[str]:
        for changed in _changes(core, who, job):
            if changed is None:
                yield ":\n\n" if as_events else "\n"
                continue
            text = json.dumps(documents.event(changed))
            yield f"data: {text}\n\n" if as_events else f"{text}\n"

    return StreamingResponse(lines(), media_type="text/event-stream" if as_events else "application/x-ndjson")


def _changes(core: Core, who: Principal, job: Job | None) -> Iterator[Job | None]:
    if job is not None:
        yield from core.queue.events(who.seen, job.job_id)
        return
    told: dict[str, Any] = {}
    while True:
        page = core.queue.jobs(Filter(account=who.seen, sort="updated", limit=100))
        for found in reversed(page.jobs):
            if told.get(found.job_id) != found.updated:
                if told:
                    yield found
                told[found.job_id] = found.updated
        told.setdefault("", None)  # from now on everything is news
        yield None
        time.sleep(EVENT_SECONDS)


# -- changes --


@_route("POST", "/jobs")
def create(body: CreateJob, core: CoreOf, who: Submitter, request: Request) -> dict[str, Any]:
    """A draft; nothing runs before `run`."""
    document = requests.created(body)
    secret = requests.secrets_of(document)
    job = core.draft(who, requests.submission(document, secret))
    return documents.one(_with_upload(core, job, request))


@_route("PATCH", "/jobs/{job_id}/datasource")
@_route("POST", "/jobs/datasource/{job_id}")
def set_sources(
    job_id: str, body: ChangeSources, core: CoreOf, who: Submitter, request: Request
) -> dict[str, Any]:
    """Where it reads from, and where it writes to."""
    sources = body.model_dump(by_alias=True)
    job = _job(core, who, job_id)
    asked = requests.with_sources(job.asked, sources["dataSource"], sources["dataDestination"])
    changed = _changed(core, who, job, asked, new_source=sources["dataSource"] is not None)
    return documents.one(_with_upload(core, changed, request))


@_route("PATCH", "/jobs/{job_id}/params")
@_route("POST", "/jobs/params/{job_id}")
def set_params(job_id: str, body: dict[str, Any], core: CoreOf, who: Submitter) -> dict[str, Any]:
    """What the app, the partitioner and the assembler are told; with or without `params` around it."""
    job = _job(core, who, job_id)
    params = body["params"] if isinstance(body.get("params"), dict) else body
    return documents.one(_changed(core, who, job, {**job.asked, "params": params}))


@_route("PATCH", "/jobs/{job_id}/jobname")
@_route("POST", "/jobs/jobname/{job_id}")
def set_name(job_id: str, body: ChangeName, core: CoreOf, who: Submitter) -> dict[str, Any]:
    """What it is called."""
    job = _job(core, who, job_id)
    return documents.one(_changed(core, who, job, {**job.asked, "name": body.name}))


@_route("PATCH", "/jobs/{job_id}/configs")
@_route("POST", "/jobs/configs/{job_id}")
def set_config(job_id: str, body: ChangeConfig, core: CoreOf, who: Submitter) -> dict[str, Any]:
    """Its time limits."""
    job = _job(core, who, job_id)
    return documents.one(_changed(core, who, job, requests.with_config(job.asked, body.config)))


@_route("POST", "/jobs/{job_id}/run", "/jobs/run/{job_id}")
def run(job_id: str, core: CoreOf, who: Submitter, body: RunJob | None = None) -> dict[str, Any]:
    """Let the draft run."""
    job = _job(core, who, job_id)
    if body is not None and body.config is not None:
        job = _changed(core, who, job, requests.with_config(job.asked, body.config))
    core.run(who, job.job_id)
    return documents.done(str(uuid.uuid4()), "Job started")


@_route("POST", "/jobs/{job_id}/abort", "/jobs/abort/{job_id}")
def abort(job_id: str, core: CoreOf, who: Submitter) -> dict[str, Any]:
    """Stop it; a draft is deleted."""
    job = _job(core, who, job_id)
    if job.state is State.DRAFT:
        core.queue.delete(who.seen, job.job_id)
        return documents.done(str(uuid.uuid4()), "Job deleted")
    core.queue.cancel(who.seen, job.job_id)
    return documents.done(str(uuid.uuid4()), "Job aborted")


@_route("DELETE", "/jobs/{job_id}")
def delete(job_id: str, core: CoreOf, who: Submitter) -> dict[str, Any]:
    """The job and its results are gone."""
    core.queue.delete(who.seen, _job(core, who, job_id).job_id)
    return documents.done(str(uuid.uuid4()), "Job deleted")


# -- the file that a `file` source waits for --


@_route("PUT", "/jobs/{job_id}/upload/{ticket}")
@upload_body
async def upload(job_id: str, ticket: str, request: Request, core: CoreOf) -> Response:
    """The `tempUrl` of a source: its bytes, without a token."""
    from starlette.concurrency import run_in_threadpool

    job = await run_in_threadpool(_job_of_ticket, core, job_id, ticket)
    name = str(job.asked["dataSource"]["params"].get("name") or "source")
    about = About(path=f"/bytenite/{uuid_of(job.job_id)}/{safe_name(name)}", name=name, replace=True)
    with core.files.writer(job.account, about) as writer:
        async for block in request.stream():
            await run_in_threadpool(writer.write, block)
        stored = await run_in_threadpool(writer.commit)
    await run_in_threadpool(_take_file, core, job, stored.file_id)
    return Response(status_code=200, headers={"ETag": f'"{stored.etag}"'})


@_route("POST", "/jobs/uploadcompleted/{job_id}", "/jobs/{job_id}/uploadcompleted")
def upload_completed(job_id: str, core: CoreOf, who: Submitter) -> dict[str, Any]:
    """Say that the file is there."""
    job = _job(core, who, job_id)
    if requests.FILE_ID not in job.asked:
        raise Refusal("conflict", "nothing was uploaded to the source's tempUrl yet")
    return documents.done(str(uuid.uuid4()), "Upload completed")


def _job_of_ticket(core: Core, job_id: str, ticket: str) -> Job:
    job = core.queue.job(None, _internal(job_id))
    expected = str(job.asked.get(requests.UPLOAD_DIGEST, ""))
    if not expected or not hmac.compare_digest(expected, _digest(ticket)):
        raise _no_job(job_id)
    return job


def _take_file(core: Core, job: Job, file_id: str) -> None:
    asked = {**job.asked, requests.FILE_ID: file_id}
    core.queue.change(None, job.job_id, submission=requests.submission(asked))


def _with_upload(core: Core, job: Job, request: Request) -> Job:
    """For a source that is a file to come: an address to send it to, shown in this answer only.

    Each answer of this kind makes a new address; the one before ends.
    """
    source = job.asked.get("dataSource")
    if not source or source["dataSourceDescriptor"] != "file" or requests.FILE_ID in job.asked:
        return job
    ticket = secrets.token_urlsafe(32)
    core.queue.asked(job.job_id, {**job.asked, requests.UPLOAD_DIGEST: _digest(ticket)})
    url = f"{core.base_url(request)}{BASES[0]}/jobs/{uuid_of(job.job_id)}/upload/{ticket}"
    shown = {**source, "params": {**source["params"], "tempUrl": url}}
    return replace(job, asked={**job.asked, "dataSource": shown})


def _changed(core: Core, who: Principal, job: Job, asked: dict[str, Any], *, new_source: bool = False) -> Job:
    """A draft with another document; the source's password is not in it, and stays with an unchanged source."""
    submission = requests.submission(asked, requests.secrets_of(asked))
    if not new_source and job.state is State.DRAFT:
        submission = replace(submission, source=core.queue.submission(job).source)
    return core.change(who, job.job_id, submission)


def _job(core: Core, who: Principal, job_id: str) -> Job:
    return core.queue.job(who.seen, _internal(job_id))


def _internal(job_id: str) -> str:
    try:
        return f"j{uuid.UUID(job_id)}"
    except ValueError:
        raise _no_job(job_id) from None


def _no_job(job_id: str) -> Refusal:
    return Refusal("not_found", f"there is no job {job_id[:60]!r}")


def _digest(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()


DIALECT = Dialect("bytenite", router, refuse, re.compile(r"/v1/(?:customer|computing|auth)(?:/|$)"))
