"""Jobs, files and refusals as Bytescale's API writes them. Pure: job -> JSON, keys in the order of its examples.

`JobSummary`, `ProcessFileAndSaveResponseAsync`, `AsyncResponse`, `FileDetails` and `ErrorResponse` of the types page
and of @bytescale/sdk 3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ingest.engine.ids import ulid, uuid_of
from ingest.engine.model import Job, State
from ingest.job import codes
from ingest.server.dialects.bytescale.transformation import encode_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from ingest.engine.model import StoredFile
    from ingest.job.record import Failure, Record
    from ingest.server.folders import Folder
    from ingest.server.refusals import Refusal

INTERNAL_STORAGE: Final = {"type": "InternalStorageV2"}
JOB_DOCS: Final = "https://www.bytescale.com/docs/job-api/GetJob"
VIDEO_JOB: Final = "ProcessVideoJob"
PRESET_JOB: Final = "ProcessFileJob"
BATCH_JOBS: Final = (
    "CopyFileBatchJob",
    "CopyFolderBatchJob",
    "DeleteFileBatchJob",
    "DeleteFolderBatchJob",
    "ResetCacheJob",
)
JOB_TYPES: Final = frozenset(
    {VIDEO_JOB, PRESET_JOB, *BATCH_JOBS, "AntivirusJob", "ProcessAudioJob", "ProcessImageJob"}
)

STATUSES: Final[dict[State, str]] = {
    State.DRAFT: "Created",
    State.SUBMITTED: "Pending",
    State.EXECUTING: "Running",
    State.CANCELLING: "Cancelling",
    State.CANCELLED: "Cancelled",
    State.FAILED: "Failed",
    State.COMPLETED: "Succeeded",
}

_OPTION = re.compile(r"(?<!\S)--([a-z][a-z-]*)")
_PARAMETERS = {"--start": "ts", "--end": "te", "--no-audio": "mute"}
# What Bytescale answers where the input turns out to be no video, word for word.
_NO_VIDEO = ("cannot_determine_input_dimensions", "Unable to determine input video dimensions.")
_NO_VIDEO_CODES = frozenset({codes.SOURCE_NOT_MEDIA.number, codes.SOURCE_HAS_NO_VIDEO.number})


@dataclass(frozen=True, slots=True)
class Summary:
    """One job, whoever ran it: a transformation of the queue or a batch of our own. Times are epoch milliseconds."""

    job_id: str
    job_type: str
    account: str
    created: int
    updated: int
    status: str
    summary: Mapping[str, Any]
    error: Mapping[str, Any] | None = None
    attempts: int = 0

    def document(self, base: str) -> dict[str, Any]:
        """`JobSummary`. `error` is there where there was one, as in real answers."""
        error = {} if self.error is None else {"error": dict(self.error)}
        return {
            **self.reference(base),
            "accountId": self.account,
            "created": self.created,
            **error,
            "lastUpdated": self.updated,
            "status": self.status,
            "summary": dict(self.summary),
        }

    def reference(self, base: str) -> dict[str, Any]:
        """`AsyncResponse`."""
        return {
            "jobUrl": f"{base}/v2/accounts/{self.account}/jobs/{self.job_type}/{ulid(self.job_id)}",
            "jobDocs": JOB_DOCS,
            "jobId": ulid(self.job_id),
            "jobType": self.job_type,
        }

    def saving(self, base: str) -> dict[str, Any]:
        """`ProcessFileAndSaveResponseAsync`."""
        return {"async": True, **self.document(base)}


def summary_of(job: Job, account: str, result: Mapping[str, Any] | None, *, saving: bool = False) -> Summary:
    """A job of the queue.

    Args:
        account: whose path it is asked for at; a job of `ingest run` has none of its own.
        result: what a finished one made; `summary` is empty until then.
        saving: it has finished, but for its files that are still being put in their place.
    """
    state = job.state
    created = created_of(job)
    done = state is State.COMPLETED and not saving
    return Summary(
        job_id=job.job_id,
        job_type=type_of(job),
        account=job.account or account,
        created=created,
        updated=max(changed(job), created),
        status="Running" if state is State.COMPLETED and saving else STATUSES[state],
        summary={"result": dict(result)} if done and result is not None else {},
        error=_error(job.shown) if state is State.FAILED else None,
        attempts=attempts(job),
    )


def changed(job: Job) -> int:
    """When the status last became another, epoch milliseconds: progress is no change. 0 for what was only created."""
    moments = [job.queued, job.begun, job.ended]
    if job.cancelling and job.ended is None:
        moments.append(job.updated)  # nobody notes when it was asked for; it does not take long
    return max((milliseconds(moment) for moment in moments if moment is not None), default=0)


def type_of(job: Job) -> str:
    """A named preset is asked for without saying what it processes, which is Bytescale's ProcessFileJob."""
    asked = job.asked.get("transformation") if job.dialect == "bytescale" else None
    return VIDEO_JOB if asked in (None, "video") else PRESET_JOB


def attempts(job: Job) -> int:
    """Completed ones, failed and successful: the one that runs is not counted."""
    return job.attempts if job.state.final else max(0, job.attempts - 1)


def created_of(job: Job) -> int:
    """Epoch milliseconds: the time in the id, as with Bytescale; older ids of `ingest run` have none."""
    found = uuid_of(job.job_id)
    return found.int >> 80 if found.version == 7 else milliseconds(job.created)


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def result_of(artifact: str, url: str) -> dict[str, Any]:
    """`summary.result` of a transformation that succeeded."""
    return {"type": "Artifact", "artifact": artifact, "artifactUrl": url}


def _error(record: Record) -> dict[str, Any]:
    failure = record.error
    if failure is None:
        # A record can be FAILED without a word only where a person edited it.
        return error("internal_error", codes.INTERNAL.meaning, record.times.ended or record.times.updated)
    code, message = _words(failure)
    told = in_their_words(failure.message)
    remedy = in_their_words(failure.remedy or "")
    details = {"messageCode": failure.code, "message": told, "remedy": remedy or None}
    return error(
        code,
        message,
        record.times.ended or record.times.updated,
        {key: value for key, value in details.items() if value is not None},
    )


def _words(failure: Failure) -> tuple[str, str]:
    if failure.code in _NO_VIDEO_CODES:
        return _NO_VIDEO
    if failure.code == codes.USAGE.number:
        return "invalid_parameter", in_their_words(failure.message)
    known = codes.BY_NUMBER.get(failure.code, codes.INTERNAL)
    return known.text.lower().replace(" ", "_"), in_their_words(failure.message)


def in_their_words(text: str) -> str:
    """A message of the core's: options of the command line as this API calls them.

    >>> in_their_words("--start 9 is not in the film"), in_their_words("leave --start and --end out, or --no-audio")
    ('ts 9 is not in the film', 'leave ts and te out, or mute')
    """
    return _OPTION.sub(lambda option: _PARAMETERS.get(option[0], option[1]), text)


def error(
    code: str, message: str, timestamp: str, details: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """`JobSummaryError`."""
    more = {} if details is None else {"details": dict(details)}
    return {"code": code, "message": message, **more, "timestamp": timestamp}


def error_response(refusal: Refusal) -> dict[str, Any]:
    """`ErrorResponse`: the SDK makes a BytescaleApiError of it."""
    details = {"details": {"messages": list(refusal.details)}} if refusal.details else {}
    return {"error": {"code": refusal.code, "message": refusal.message, **details}}


def raw_url(base: str, account: str, path: str) -> str:
    return f"{base}/{account}/raw{encode_path(path)}"


def upload_response(file: StoredFile, base: str) -> dict[str, Any]:
    """`BasicUploadResponse`."""
    return {
        "accountId": file.account,
        "etag": file.etag,
        "filePath": file.path,
        "fileUrl": raw_url(base, file.account, file.path),
    }


def file_summary(file: StoredFile, base: str) -> dict[str, Any]:
    """`FileSummary`."""
    return {
        "filePath": file.path,
        "fileUrl": raw_url(base, file.account, file.path),
        "lastModified": milliseconds(file.created),
        "size": file.size,
        "type": "File",
    }


def folder_summary(folder: Folder, *, public: bool) -> dict[str, Any]:
    """`FolderSummary`; `public`: whether whoever has the URL of a file may read it."""
    return {
        "folderPath": folder.path or "/",
        "settings": _settings(folder, public=public),
        "type": "Folder",
        "virtual": folder.put or not folder.path,
    }


def folder_details(line: Sequence[Folder], *, public: bool) -> dict[str, Any]:
    """`FolderDetails`; `line`: the folder and those that it is in, up to the top."""
    inherited: dict[str, Any] = {}
    for folder in line[1:]:
        for name, value in _settings(folder, public=public).items():
            if name != "description":
                inherited.setdefault(name, {"folderPath": folder.path or "/", "value": value})
    summary = folder_summary(line[0], public=public)
    return {
        "folderPath": summary["folderPath"],
        "settings": summary["settings"],
        "settingsInherited": {name: inherited[name] for name in sorted(inherited)},
        "type": summary["type"],
        "virtual": summary["virtual"],
    }


def _settings(folder: Folder, *, public: bool) -> dict[str, Any]:
    """`FolderSettings`: what was said of the folder, and of the top what holds for all."""
    if folder.path:
        return dict(folder.settings)
    grant = {"file": {"downloadFile": ["*"] if public else []}}
    everywhere = [{"permissions": grant, "scope": scope} for scope in ("Children", "Grandchildren+")]
    return {"publicPermissions": everywhere, "storageLayer": INTERNAL_STORAGE, **folder.settings}


def file_details(file: StoredFile, base: str) -> dict[str, Any]:
    """`FileDetails`."""
    return {
        "accountId": file.account,
        "etag": file.etag or None,
        "filePath": file.path,
        "fileUrl": raw_url(base, file.account, file.path),
        "lastModified": milliseconds(file.created),
        "metadata": dict(file.metadata),
        "mime": file.mime,
        "originalFileName": file.name or None,
        "size": file.size,
        "tags": list(file.tags),
    }
