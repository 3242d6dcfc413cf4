"""What ByteNite's customer API answers about jobs, made of our jobs. Pure.

Shapes: docs.bytenite.com, api-reference/customer-api/jobs (read, manage, update, logs). Where they end,
docs/dialects.md says what is ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ingest.engine.ids import uuid_of
from ingest.engine.model import State, moment
from ingest.job import codes
from ingest.job.status import Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from ingest.engine.model import Job, Page
    from ingest.job.record import StepRecord

NEW = "JOB_STATE_NEW"
PARTITIONING = "JOB_STATE_PARTITIONING"
RUNNING = "JOB_STATE_RUNNING"
ASSEMBLING = "JOB_STATE_ASSEMBLING"
COMPLETE = "JOB_STATE_COMPLETE"
FAILED = "JOB_STATE_FAILED"
ABORTED = "JOB_STATE_ABORTED"

# NEW, PARTITIONING and COMPLETE are ByteNite's own words; the others are not published.
STATES: dict[State, frozenset[str]] = {
    State.DRAFT: frozenset({NEW}),
    State.SUBMITTED: frozenset({NEW}),
    State.EXECUTING: frozenset({PARTITIONING, RUNNING, ASSEMBLING}),
    State.CANCELLING: frozenset({PARTITIONING, RUNNING, ASSEMBLING}),  # it works until it has stopped
    State.CANCELLED: frozenset({ABORTED}),
    State.FAILED: frozenset({FAILED}),
    State.COMPLETED: frozenset({COMPLETE}),
}
WORKING = frozenset({State.EXECUTING, State.CANCELLING})
_RUN = {c.number for c in (codes.COPYING, codes.TRANSCODING_WITH_GPU, codes.TRANSCODING_WITH_CPU)}
_ASSEMBLE = codes.GENERATING_HLS.number

TEMPLATE = {
    "id": "video-transcoding@v0.2",
    "name": "video-transcoding",
    "owner": "ingest",
    "description": "Any video file into renditions, packaged for HLS and DASH and as MP4.",
    "app": "ingest",
    "partitioner": "ingest-chunks",
    "assembler": "ingest-package",
}


def one(job: Job) -> dict[str, Any]:
    """The answer to GET jobs/{id} and to every change of one."""
    return {"job": document(job), "templateInfo": dict(TEMPLATE)}


def page(found: Page[Job], offset: int) -> dict[str, Any]:
    """A page of the list."""
    return {
        "pagination": {
            "total": found.total,
            "offset": offset,
            "hasPrevious": offset > 0,
            "hasNext": found.more,
        },
        "data": [document(job) for job in found.jobs],
    }


def document(job: Job) -> dict[str, Any]:
    """A job: times are null where not reached, what has no meaning here has ByteNite's empty value."""
    asked, record = job.asked, job.record
    config = asked.get("config", {})
    regions = asked.get("regions") or {}
    reached = timestamps(job)
    begun = _begun(job)
    return {
        "id": str(uuid_of(job.job_id)),
        "templateId": asked.get("templateId", TEMPLATE["id"]),
        "name": asked.get("name") or record.results.service_name,
        "config": {
            "taskTimeout": int(config.get("taskTimeout") or 0),
            "jobTimeout": int(config.get("jobTimeout") or 0),
            "isTestJob": bool(config.get("isTestJob", False)),
        },
        "priority": asked.get("priority", "EXECUTION_PRIORITY_UNDEFINED"),
        "startAt": _text(job.start_at),
        "submittedAt": _text(job.queued),
        "startedAt": reached.get(RUNNING) or (_text(begun) if job.state is State.COMPLETED else None),
        "endedAt": _text(job.ended),
        "regions": {
            "blacklist": list(regions.get("blacklist", ())),
            "whitelist": list(regions.get("whitelist", ())),
        },
        "state": state(job),
        "dataSource": asked.get("dataSource"),
        "params": asked.get("params"),
        "dataDestination": asked.get("dataDestination"),
        "duration": round((job.ended - begun).total_seconds()) if job.ended and begun else None,
        "deletedAt": None,
        "createdAt": _text(job.created),
        "paymentAmount": 0,
        "numUnitsEstimation": "0",
        "numChunks": record.chunks or 0,
        "errorMessage": error_message(job),
        "description": asked.get("description", ""),
        "stateTimestamps": reached,
        "appId": asked.get("appId", ""),
        # The names of 2023, which its notebooks read.
        "completedAt": reached.get(COMPLETE),
        "deadline": None,
    }


def state(job: Job) -> str:
    """Which part of the work is done: our chunk plan is the partitioner, encoding the app, packaging the assembler."""
    if job.state not in WORKING:
        (only,) = STATES[job.state]
        return only
    reached = {step.code for step in _this_attempt(job)}
    if _ASSEMBLE in reached:
        return ASSEMBLING
    return RUNNING if reached & _RUN else PARTITIONING


def timestamps(job: Job) -> dict[str, str]:
    """When each state was reached, for those that were."""
    found: dict[str, str | None] = {NEW: _text(job.created)}
    steps = _this_attempt(job)
    found[PARTITIONING] = _text(_begun(job))
    found[RUNNING] = next((_text_of(s.started) for s in steps if s.code in _RUN), None)
    found[ASSEMBLING] = next((_text_of(s.started) for s in steps if s.code == _ASSEMBLE), None)
    if job.state.final:
        (last,) = STATES[job.state]
        found[last] = _text(job.ended)
    return {name: at for name, at in found.items() if at is not None}


def error_message(job: Job) -> str:
    """One line; empty where nothing went wrong."""
    error = job.shown.error
    if error is None or not job.state.final:
        return ""
    return f"{error.message}; {error.remedy}" if error.remedy else error.message


def source_info(name: str, path: str, size: int | None, *, listed: bool) -> dict[str, Any]:
    """What a data source holds; of one file where there is one. A size that is not known is 0."""
    said = str(size or 0)
    files = [{"id": "", "name": name, "path": path, "size": said}] if listed and path else []
    return {
        "filename": name,
        "path": path,
        "size": said,
        "properties": {},
        "tempUrl": "",
        "files": {"name": "", "path": "", "directories": [], "files": files},
    }


def templates(limit: int, offset: int) -> dict[str, Any]:
    """A page of what can be run: of the one template."""
    shown = [dict(TEMPLATE)][offset : offset + limit]
    pagination = {"total": 1, "offset": offset, "hasPrevious": offset > 0, "hasNext": False}
    return {"pagination": pagination, "data": shown, "templates": shown}


def user(account: str, name: str) -> dict[str, Any]:
    """The answer to GET auth/user; what is not known of an account has ByteNite's empty value."""
    return {
        "user": {
            "id": account,
            "createdAt": None,
            "lastLogin": None,
            "displayName": name,
            "email": "",
            "phoneNumber": "",
            "photoUrl": "",
            "providerId": "",
            "emailVerified": False,
            "customClaims": {},
        }
    }


def results(files: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The answer to GET jobs/{id}/results: name and link of each output."""
    return {"results": [{"name": name, "link": link} for name, link in files]}


def logs(job: Job, levels: frozenset[str], notes: Sequence[str] = ()) -> dict[str, Any]:
    """The job's steps as log lines of the part that made them; empty `levels` means all.

    The task of the app has the job's own id: its chunks share one log. `notes`: what is made otherwise than it was
    asked for, which was known when the job was.
    """
    record = job.record
    parts: dict[str, list[dict[str, Any]]] = {"partitioner": [], "taskrunner": [], "assembler": []}
    part = "partitioner"
    parts[part] += [_line(note, _text(job.created), "WARN", part) for note in notes]
    for step in record.steps:
        if step.code in _RUN:
            part = "taskrunner"
        elif step.code == _ASSEMBLE:
            part = "assembler"
        parts[part].append(_line(step.message, _text_of(step.started), "INFO", part))
    # When a warning was given is not written down; clients make a date of what stands there, whatever it is.
    last = _text(job.ended or job.updated)
    parts[part] += [_line(warning.message, last, "WARN", part) for warning in job.shown.warnings]
    if message := error_message(job):
        parts[part].append(_line(message, _text(job.ended), "ERROR", part))
    kept = {
        name: [line for line in lines if not levels or line["level"] in levels]
        for name, lines in parts.items()
    }
    tasks = {str(uuid_of(job.job_id)): {"logs": kept["taskrunner"]}} if kept["taskrunner"] else {}
    return {"partitioner": kept["partitioner"], "assembler": kept["assembler"], "taskrunner": tasks}


def event(job: Job) -> dict[str, Any]:
    """One message of the stream of events: the job as it is now."""
    return {
        "result": {
            "event": state(job),
            "data": {
                "@type": "type.googleapis.com/bytenite.job.Job",
                "id": str(uuid_of(job.job_id)),
                "state": state(job),
                "numChunks": job.record.chunks or 0,
                "percent": job.record.progress.percent,
                "errorMessage": error_message(job),
            },
        }
    }


def done(request_id: str, message: str) -> dict[str, Any]:
    """The answer of what starts or stops something."""
    return {"ok": True, "requestId": request_id, "message": message, "error": None}


def status(code: int, message: str, details: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """google.rpc.Status, the body of every failure; `code` is gRPC's."""
    return {"code": code, "message": message, "details": [dict(d) for d in details]}


def _this_attempt(job: Job) -> tuple[StepRecord, ...]:
    """The steps since the job was begun last; none while it waits, and until it has said the first.

    A record that is to be worked on again keeps its steps, and is SUBMITTED until then. One that was tried again and
    cancelled before its turn came has steps of before it was queued only.
    """
    steps = job.record.steps
    if job.record.status is Status.SUBMITTED or not steps:
        return ()
    first = max((i for i, s in enumerate(steps) if s.code == codes.STARTING_INGEST.number), default=0)
    begun = moment(steps[first].started)
    return () if job.queued and begun and begun < job.queued else steps[first:]


def _begun(job: Job) -> datetime | None:
    """When the last attempt was begun; `Job.begun` is the first."""
    if job.queue in ("draft", "queued"):
        return None
    if steps := _this_attempt(job):
        return moment(steps[0].started)
    if job.begun and (job.queued is None or job.begun >= job.queued):
        return job.begun
    return job.updated if job.queue == "running" else None  # that it was begun is its last change


def _line(text: str, at: str | None, level: str, container: str) -> dict[str, Any]:
    return {"log": text, "timestamp": at, "level": level, "container": container}


def _text(at: datetime | None) -> str | None:
    """`2026-11-26T12:00:00.500000Z`, as its answers have it."""
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z") if at else None


def _text_of(stated: str) -> str | None:
    """The record's own spelling in ByteNite's."""
    return _text(moment(stated))
