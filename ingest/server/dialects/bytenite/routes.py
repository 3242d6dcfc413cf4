"""The routes of ByteNite's customer API, in both spellings of its URLs and below both of its base paths."""

import hashlib
import hmac
import secrets
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

from fastapi import Query, Request
from fastapi.responses import Response

from ingest.engine.ids import uuid_of
from ingest.engine.model import Filter, Job, State, StoredFile
from ingest.engine.sent import sent_folder
from ingest.job.errors import IngestError
from ingest.server.addresses import without_credentials
from ingest.server.core import Core
from ingest.server.dialect import Dialect
from ingest.server.dialects.bytenite import documents, requests
from ingest.server.dialects.bytenite.bodies import (
    MOST_OFFSET,
    AccessToken,
    AskLogs,
    AskSource,
    ChangeConfig,
    ChangeName,
    ChangeParams,
    ChangeSources,
    CreateJob,
    FilterJobs,
    RunJob,
)
from ingest.server.dialects.bytenite.events import events
from ingest.server.dialects.bytenite.manner import (
    BASES,
    CoreOf,
    Reader,
    Submitter,
    internal,
    job_of,
    no_job,
    refuse,
    route,
    router,
)
from ingest.server.dialects.bytenite.params import safe_name
from ingest.server.filestore import About
from ingest.server.keys import Principal
from ingest.server.refusals import Refusal
from ingest.server.routing import upload_body
from ingest.server.taking import look

TOKEN_LIFETIME = timedelta(hours=1)


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


@router.get("/v1/auth/user")
def user(who: Reader) -> dict[str, Any]:
    """The account that asks."""
    return documents.user(who.account, who.name)


@route("GET", "/wallet/balance")
def balance(who: Reader) -> dict[str, Any]:
    """What is left to spend: nothing costs anything here."""
    return {"accountId": who.account, "totalBalance": "0", "availableBalance": "0"}


@route("GET", "/info")
def info(who: Reader) -> dict[str, Any]:
    """Who asks."""
    return {"account": who.account, "name": who.name, "scopes": sorted(who.scopes)}


# -- questions --


@route("GET", "/jobs")
def listed(
    core: CoreOf,
    who: Reader,
    limit: Annotated[int | None, Query(ge=1, le=1000)] = None,
    offset: Annotated[int | None, Query(ge=0, le=MOST_OFFSET)] = None,
    paged_limit: Annotated[int | None, Query(alias="pagination.limit", ge=1, le=1000)] = None,
    paged_offset: Annotated[int | None, Query(alias="pagination.offset", ge=0, le=MOST_OFFSET)] = None,
    order_by: Annotated[str, Query(alias="orderBy")] = "",
) -> dict[str, Any]:
    """The account's jobs, the newest first."""
    pagination = {"limit": paged_limit or limit or 50, "offset": paged_offset or offset or 0}
    return _filtered(core, who, FilterJobs.model_validate({"pagination": pagination, "orderBy": order_by}))


@route("POST", "/jobs/filter")
def filtered(body: FilterJobs, core: CoreOf, who: Reader) -> dict[str, Any]:
    """Those that every filter lets through."""
    return _filtered(core, who, body)


def _filtered(core: Core, who: Principal, body: FilterJobs) -> dict[str, Any]:
    wanted, names = requests.filter_of(body, who.seen)
    if names is None or not wanted.states or not wanted.states <= documents.WORKING:
        return documents.page(core.queue.jobs(wanted), wanted.offset)
    # The parts of a running job's work are not in the store; there are no more running jobs than slots.
    running = core.queue.jobs(replace(wanted, offset=0, limit=1000))
    kept = tuple(j for j in running.jobs if documents.state(j) in names)
    shown = kept[wanted.offset : wanted.offset + wanted.limit]
    more = len(kept) > wanted.offset + len(shown)
    return documents.page(replace(running, jobs=shown, total=len(kept), more=more), wanted.offset)


@route("GET", "/jobs/templates")
def templates(
    who: Reader,  # noqa: ARG001 - who may ask
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    offset: Annotated[int, Query(ge=0, le=MOST_OFFSET)] = 0,
) -> dict[str, Any]:
    """What can be run."""
    return documents.templates(limit, offset)


@route("GET", "/jobs/estimation/{job_id}", "/jobs/{job_id}/estimation")
def estimation(job_id: str, core: CoreOf, who: Reader) -> dict[str, Any]:
    """What it will cost: nothing, there are no ByteChips here."""
    job_of(core, who, job_id)
    return {"estimation": {"totalEstimation": "0"}}


@route("POST", "/jobs/runningTasks")
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


@route("GET", "/jobs/{job_id}/results")
def results(job_id: str, request: Request, core: CoreOf, who: Reader) -> dict[str, Any]:
    """Name and link of each output; none until the job is complete."""
    job = job_of(core, who, job_id)
    found = requests.outputs(job)
    if not found:
        return documents.results(())
    url = core.media_url(job, request, who)
    return documents.results([(name, url + path) for name, path in found])


@route("GET", "/jobs/{job_id}")
def read(job_id: str, core: CoreOf, who: Reader) -> dict[str, Any]:
    """One job."""
    return documents.one(job_of(core, who, job_id))


@route("POST", "/logs")
def logs(body: AskLogs, core: CoreOf, who: Reader) -> dict[str, Any]:
    """What a job has said."""
    job = job_of(core, who, body.job_id)
    found = documents.logs(job, frozenset(body.levels), requests.notes(job))
    if body.task_ids:
        found["taskrunner"] = {k: v for k, v in found["taskrunner"].items() if k in body.task_ids}
    if body.services:
        kept: dict[str, Any] = {"partitioner": [], "assembler": [], "taskrunner": {}}
        found = {name: found[name] if name in body.services else kept[name] for name in kept}
    return found


route("GET", "/events")(events)


@route("POST", "/datasource/info", "/datasource/test")
def source_info(body: AskSource, core: CoreOf, who: Submitter) -> dict[str, Any]:
    """What there is behind a source, before it is a job's; a file that is to be sent is not there yet."""
    described = body.data_source.model_dump(by_alias=True)
    source = requests.source_of(described)
    if source is None:
        name = (described["params"] or {}).get("name")
        return documents.source_info(name if isinstance(name, str) else "", "", None, listed=False)
    path = unquote(urlsplit(source.url).path)
    url, user, password = without_credentials(source.url)
    asked = replace(source, url=url, username=source.username or user, password=source.password or password)
    return documents.source_info(source.name, path, look(core, who.account, asked), listed=body.list_files)


# -- changes --


@route("POST", "/jobs")
def create(body: CreateJob, core: CoreOf, who: Submitter, request: Request) -> dict[str, Any]:
    """A draft; nothing runs before `run`."""
    document = requests.created(body)
    secret = requests.secrets_of(document)
    job = core.draft(who, requests.submission(document, secret))
    return documents.one(_with_upload(core, job, request))


@route("PATCH", "/jobs/{job_id}/datasource")
@route("POST", "/jobs/datasource/{job_id}", "/jobs/{job_id}/datasource")
def set_sources(
    job_id: str, body: ChangeSources, core: CoreOf, who: Submitter, request: Request
) -> dict[str, Any]:
    """Where it reads from, and where it writes to."""
    sources = body.model_dump(by_alias=True)
    job = job_of(core, who, job_id)
    asked = requests.with_sources(job.asked, sources["dataSource"], sources["dataDestination"])
    changed = _changed(core, who, job, asked, new_source=sources["dataSource"] is not None)
    return documents.one(_with_upload(core, changed, request))


@route("PATCH", "/jobs/{job_id}/params")
@route("POST", "/jobs/params/{job_id}", "/jobs/{job_id}/params")
def set_params(job_id: str, body: ChangeParams, core: CoreOf, who: Submitter) -> dict[str, Any]:
    """What the app, the partitioner and the assembler are told; with or without `params` around it."""
    job = job_of(core, who, job_id)
    return documents.one(_changed(core, who, job, {**job.asked, "params": body.said}))


@route("PATCH", "/jobs/{job_id}/jobname")
@route("POST", "/jobs/jobname/{job_id}")
def set_name(job_id: str, body: ChangeName, core: CoreOf, who: Submitter) -> dict[str, Any]:
    """What it is called."""
    job = job_of(core, who, job_id)
    return documents.one(_changed(core, who, job, {**job.asked, "name": body.name}))


@route("PATCH", "/jobs/{job_id}/configs")
@route("POST", "/jobs/configs/{job_id}")
def set_config(job_id: str, body: ChangeConfig, core: CoreOf, who: Submitter) -> dict[str, Any]:
    """Its time limits."""
    job = job_of(core, who, job_id)
    return documents.one(_changed(core, who, job, requests.with_config(job.asked, body.config)))


@route("POST", "/jobs/{job_id}/run", "/jobs/run/{job_id}")
def run(job_id: str, core: CoreOf, who: Submitter, body: RunJob | None = None) -> dict[str, Any]:
    """Let the draft run."""
    job = job_of(core, who, job_id)
    if job.state is State.DRAFT and core.queue.submission(job).source is None:
        raise Refusal("conflict", f"the job {job_id[:60]} has no source yet")
    if body is not None and body.said is not None:
        job = _changed(core, who, job, requests.with_config(job.asked, body.said))
    core.run(who, job.job_id)
    return documents.done(str(uuid.uuid4()), "Job started")


@route("POST", "/jobs/{job_id}/abort", "/jobs/abort/{job_id}")
def abort(job_id: str, core: CoreOf, who: Submitter) -> dict[str, Any]:
    """Stop it; a draft is deleted. Once more of what was stopped is no error, of what ended otherwise it is."""
    job = job_of(core, who, job_id)
    if job.state in (State.COMPLETED, State.FAILED):
        raise Refusal("conflict", f"the job {job_id[:60]} has ended")
    if job.state is State.DRAFT:
        core.queue.delete(who.seen, job.job_id)
        return documents.done(str(uuid.uuid4()), "Job deleted")
    core.queue.cancel(who.seen, job.job_id)
    return documents.done(str(uuid.uuid4()), "Job aborted")


@route("DELETE", "/jobs/{job_id}")
def delete(job_id: str, core: CoreOf, who: Submitter) -> dict[str, Any]:
    """The job and its results are gone, and the file that was sent for it."""
    core.queue.delete(who.seen, job_of(core, who, job_id).job_id)
    return documents.done(str(uuid.uuid4()), "Job deleted")


# -- the file that a `file` source waits for --


@route("PUT", "/jobs/{job_id}/upload/{ticket}")
@upload_body
async def upload(job_id: str, ticket: str, request: Request, core: CoreOf) -> Response:
    """The `tempUrl` of a source: its bytes, without a token."""
    from starlette.concurrency import run_in_threadpool

    job = await run_in_threadpool(_job_of_ticket, core, job_id, ticket)
    name = str(job.asked["dataSource"]["params"].get("name") or "source")
    about = About(
        path=f"{sent_folder(requests.DIALECT, job.job_id)}/{safe_name(name)}", name=name, replace=True
    )
    with core.files.writer(job.account, about) as writer:
        async for block in request.stream():
            await run_in_threadpool(writer.write, block)
        stored = await run_in_threadpool(writer.commit)
    await run_in_threadpool(_take_file, core, job_id, ticket, stored)
    return Response(status_code=200, headers={"ETag": f'"{stored.etag}"'})


@route("PATCH", "/jobs/{job_id}/uploadcompleted")
@route("POST", "/jobs/uploadcompleted/{job_id}", "/jobs/{job_id}/uploadcompleted")
def upload_completed(job_id: str, core: CoreOf, who: Submitter) -> dict[str, Any]:
    """Say that the file is there."""
    job = job_of(core, who, job_id)
    if requests.FILE_ID not in job.asked:
        raise Refusal("conflict", "nothing was uploaded to the source's tempUrl yet")
    return documents.done(str(uuid.uuid4()), "Upload completed")


def _job_of_ticket(core: Core, job_id: str, ticket: str) -> Job:
    """The draft whose source is the file that is sent to this address. Raises Refusal not_found; conflict."""
    job = core.queue.job(None, internal(job_id))
    expected = str(job.asked.get(requests.UPLOAD_DIGEST, ""))
    source = job.asked.get("dataSource") or {}
    theirs = bool(expected) and hmac.compare_digest(expected, _digest(ticket))
    if not theirs or source.get("dataSourceDescriptor") != "file":
        raise no_job(job_id)
    if job.state is not State.DRAFT:
        raise Refusal("conflict", f"the job {job_id[:60]} is no draft any more")
    return job


def _take_file(core: Core, job_id: str, ticket: str, stored: StoredFile) -> None:
    """The file is the job's source; what else was said of the job while it was on its way stays."""
    try:
        job = _job_of_ticket(core, job_id, ticket)
        asked = {**job.asked, requests.FILE_ID: stored.file_id}
        core.queue.change(None, job.job_id, submission=requests.submission(asked))
    except (Refusal, IngestError):
        core.files.delete(stored.account, stored.file_id)
        raise


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


def _digest(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()


DIALECT = Dialect("bytenite", router, refuse)
