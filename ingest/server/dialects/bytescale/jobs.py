"""GetJob, ListRecentJobs and CancelJob, in the shape of Bytescale and in the older one of upload.io."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import true

from ingest.engine.ids import from_ulid
from ingest.engine.model import State, moment
from ingest.engine.rows import NAMED
from ingest.job.errors import UsageError
from ingest.server.dialects.bytescale.access import Access, access
from ingest.server.dialects.bytescale.artifacts import MASTER
from ingest.server.dialects.bytescale.documents import (
    BATCH_JOBS,
    JOB_TYPES,
    PRESET_JOB,
    VIDEO_JOB,
    Summary,
    milliseconds,
    result_of,
    summary_of,
    type_of,
)
from ingest.server.errands import OPEN, get_errands
from ingest.server.refusals import Refusal

if TYPE_CHECKING:
    from fastapi import APIRouter

    from ingest.engine.model import Job
    from ingest.server.errands import Errand, Errands

RECENT = 10  # as many as Bytescale lists
SAVE = "Save"  # the errand that puts a job's files in their place
_QUEUED = frozenset({VIDEO_JOB, PRESET_JOB})
Shape = Callable[[Summary, str], dict[str, Any]]
JOBS = "/v2/accounts/{account:bytescale_account}/jobs"


def add_job_routes(router: APIRouter, shape: Shape, prefix: str = "") -> None:
    """The three operations below `prefix`; `shape` writes a job for a base URL."""

    @router.get(f"{prefix}{JOBS}/{{job_type}}/{{job_id}}")
    def get_job(
        job_type: str, job_id: str, access: Annotated[Access, Depends(access)], request: Request
    ) -> JSONResponse:
        access.require("read")
        summary = found(access, get_errands(request), job_type, job_id)
        return JSONResponse(shape(summary, access.base + prefix))

    @router.get(f"{prefix}{JOBS}")
    def list_recent_jobs(access: Annotated[Access, Depends(access)], request: Request) -> JSONResponse:
        access.require("read")
        types = _types(request)
        items = recent(access, get_errands(request), types)
        return JSONResponse({"items": [shape(item, access.base + prefix) for item in items]})

    @router.delete(f"{prefix}{JOBS}/{{job_type}}/{{job_id}}", status_code=204)
    def cancel_job(
        job_type: str, job_id: str, access: Annotated[Access, Depends(access)], request: Request
    ) -> Response:
        access.require("submit")
        errands = get_errands(request)
        summary = found(access, errands, job_type, job_id)
        if summary.job_type in _QUEUED:
            access.core.queue.cancel(access.seen, summary.job_id)
        if errands.find(None, summary.job_id) is not None:
            errands.cancel(None, summary.job_id)
        return Response(status_code=204)


def _types(request: Request) -> frozenset[str]:
    """`jobType=A&jobType=B` as documented, or `0=A&1=B` as @bytescale/sdk 3 sends it."""
    types = frozenset(v for k, v in request.query_params.multi_items() if k == "jobType" or k.isdecimal())
    if not types:
        raise Refusal("invalid", "jobType is missing", code="job_type_missing")
    for unknown in sorted(types - JOB_TYPES):
        raise Refusal("invalid", f"there is no job type {unknown[:60]!r}", code="unknown_job_type")
    return types


def found(access: Access, errands: Errands, job_type: str, text: str) -> Summary:
    """The job of this id and type. Raises Refusal not_found."""
    missing = Refusal("not_found", f"there is no {job_type[:60]} {text[:60]!r}", code="job_not_found")
    try:
        job_id = from_ulid(text)
    except ValueError:
        raise missing from None
    if job_type in BATCH_JOBS:
        errand = errands.find(access.account, job_id)
        if errand is None or errand.kind != job_type:
            raise missing
        return errand_summary(errand)
    if job_type not in _QUEUED:
        raise missing
    try:
        job = access.core.queue.job(access.seen, job_id)
    except UsageError:
        raise missing from None
    if job.account not in access.owners or type_of(job) != job_type:
        raise missing
    return job_summary(job, access, errands)


def recent(access: Access, errands: Errands, types: frozenset[str]) -> list[Summary]:
    """The newest jobs of these types, newest first."""
    items = [errand_summary(e) for e in errands.recent(access.account, types & set(BATCH_JOBS), RECENT)]
    wanted = types & _QUEUED
    if wanted:
        for account in access.owners:
            items += [job_summary(job, access, errands) for job in _newest(access, account, wanted)]
    return sorted(items, key=lambda s: (s.created, s.job_id), reverse=True)[:RECENT]


def _newest(access: Access, account: str, types: frozenset[str]) -> tuple[Job, ...]:
    """The store finds them by an index of the rule of `type_of`: jobs of another type are not read."""
    if types >= _QUEUED:
        return access.core.queue.newest(account, true(), RECENT)
    return access.core.queue.newest(account, NAMED.is_not_distinct_from(int(PRESET_JOB in types)), RECENT)


def job_summary(job: Job, access: Access, errands: Errands) -> Summary:
    """One job of the queue, with what became of its files where they were to be saved."""
    save = errands.find(None, job.job_id) if "save" in job.asked and job.dialect == "bytescale" else None
    saving = save is not None and save.status in OPEN
    summary = summary_of(job, access.account, _result(job, access), saving=saving)
    if save is not None and save.status in ("Failed", "Cancelled") and job.state is State.COMPLETED:
        return failed_save(summary, save)
    if save is not None and not saving:
        return replace(summary, updated=max(summary.updated, _epoch(save.updated)))
    return summary


def failed_save(summary: Summary, save: Errand) -> Summary:
    """The files were made and could not be put in their place, or nobody wanted them there any more."""
    return Summary(
        job_id=summary.job_id,
        job_type=summary.job_type,
        account=summary.account,
        created=summary.created,
        updated=max(summary.updated, _epoch(save.updated)),
        status=save.status,
        summary={},
        error=save.error,
        attempts=summary.attempts,
    )


def _result(job: Job, access: Access) -> dict[str, Any]:
    """Where the result is: what the request was told, or where any job's package is served."""
    told = job.asked.get("result") if job.dialect == "bytescale" else None
    if isinstance(told, dict):
        return {key: access.base + value if key.endswith("Url") else value for key, value in told.items()}
    return result_of(MASTER, f"{access.base}/api/jobs/{job.job_id}/files/ABR.m3u8")


def errand_summary(errand: Errand) -> Summary:
    """A batch. Its summary says what it does, from its beginning on."""
    return Summary(
        job_id=errand.job_id,
        job_type=errand.kind,
        account=errand.account,
        created=_epoch(errand.created),
        updated=_epoch(errand.updated),
        status=errand.status,
        summary=errand.asked.get("summary", {}),
        error=errand.error if errand.status == "Failed" else None,
        attempts=errand.attempts - (errand.status in OPEN and errand.attempts > 0),
    )


def _epoch(stamp: str) -> int:
    when = moment(stamp)
    return milliseconds(when) if when is not None else 0
