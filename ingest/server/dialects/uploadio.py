"""upload.io, what Bytescale was called before: the same operations below `/uploadio`, in the older shapes.

A job has `attempts` and neither `jobUrl` nor `jobDocs`, and `error` is always there; a file has no etag in its
details. The client's `basePath` is `<server>/uploadio`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ingest.engine.ids import ulid
from ingest.server.dialect import Dialect
from ingest.server.dialects.bytescale.access import refuse
from ingest.server.dialects.bytescale.documents import file_details
from ingest.server.dialects.bytescale.files import add_file_routes
from ingest.server.dialects.bytescale.folders import add_folder_routes
from ingest.server.dialects.bytescale.jobs import add_job_routes
from ingest.server.dialects.bytescale.uploads import add_upload_routes
from ingest.server.routing import dialect_router

if TYPE_CHECKING:
    from ingest.engine.model import StoredFile
    from ingest.server.dialects.bytescale.documents import Summary

PREFIX: Final = "/uploadio"
JOB_DOCS: Final = "https://upload.io/docs/upload-api/jobs/GetJob"
_ERROR_KEYS = ("code", "details", "message")


def job_document(summary: Summary, _base: str) -> dict[str, Any]:
    """`JobSummary` of upload.io, keys in the order of its example."""
    error = summary.error
    return {
        "accountId": summary.account,
        "attempts": summary.attempts,
        "created": summary.created,
        "error": None if error is None else {k: error[k] for k in _ERROR_KEYS if k in error},
        "jobId": ulid(summary.job_id),
        "jobType": summary.job_type,
        "lastUpdated": summary.updated,
        "status": summary.status,
        "summary": dict(summary.summary),
    }


def reference(summary: Summary, base: str) -> dict[str, Any]:
    """`AsyncResponse` of upload.io."""
    return {**summary.reference(base), "jobDocs": JOB_DOCS}


def details(file: StoredFile, base: str) -> dict[str, Any]:
    """`FileDetails` of upload.io."""
    return {key: value for key, value in file_details(file, base).items() if key != "etag"}


def folder_document(document: dict[str, Any]) -> dict[str, Any]:
    """`FolderSummary` and `FolderDetails` of upload.io: settings that there are none of are null."""
    nothing = dict.fromkeys(("description", "publicPermissions", "storageLayer"))
    settings = {"settings": {**nothing, **document["settings"]}}
    if "settingsInherited" not in document:
        return {**document, **settings}
    del nothing["description"]
    return {**document, **settings, "settingsInherited": {**nothing, **document["settingsInherited"]}}


router = dialect_router(refuse, f"{PREFIX}(?:/|$)")
add_job_routes(router, job_document, PREFIX)
add_upload_routes(router, PREFIX)
add_file_routes(router, reference, details, PREFIX)
add_folder_routes(router, reference, folder_document, PREFIX)

DIALECT = Dialect("uploadio", router, refuse)
