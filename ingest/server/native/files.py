"""`/api/jobs/<id>/files` and `/api/files`: what was made, and what was uploaded."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

from fastapi import Query, Request, Response
from fastapi.responses import JSONResponse

from ingest.engine.model import State
from ingest.pipeline.output_folder import JOB_FILE
from ingest.server.filepaths import checked_path, safe_name
from ingest.server.filestore import About
from ingest.server.media import HEADERS, package_response, stored_response
from ingest.server.mimes import mime_of
from ingest.server.native import examples
from ingest.server.native.manner import BYTES, Asking, Inside, shown
from ingest.server.native.shapes import file_document
from ingest.server.receiving import receive_file
from ingest.server.refusals import Refusal
from ingest.server.routing import upload_body

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import APIRouter

    from ingest.engine.model import Job

MOST = 500
_FRESH = {"cache-control": "private, no-cache"}
Name = Annotated[str, Query(max_length=1024, description="What the file is called.")]


def add_routes(router: "APIRouter") -> None:
    @router.get(
        "/api/jobs/{job_id}/files", responses=shown(examples.PACKAGE), summary="List a package's files"
    )
    def package(request: Request, job_id: str, core: Inside, asking: Asking) -> Response:
        asking.require("read")
        job = core.queue.job(asking.seen, job_id)
        here = f"{core.base_url(request)}/api/jobs/{job.job_id}/files"
        there = _package_files(job) if job.state is State.COMPLETED else ()
        files = [{"name": n, "size": s, "mime": mime_of(n), "url": f"{here}/{quote(n)}"} for n, s in there]
        media = core.media_url(job, request, asking) if files else None
        return JSONResponse({"files": files, "media": media})

    @router.head("/api/jobs/{job_id}/files/{path:path}", include_in_schema=False)
    @router.get(
        "/api/jobs/{job_id}/files/{path:path}",
        responses=shown("(bytes)", media="application/octet-stream", text="The file; ranges are answered."),
        summary="A file of a package",
    )
    def package_file(request: Request, job_id: str, path: str, core: Inside, asking: Asking) -> Response:
        asking.require("read")
        job = core.queue.job(asking.seen, job_id)
        if path == JOB_FILE:  # as it is told, not as it lies there
            return Response(_record(job), headers=HEADERS | _FRESH, media_type=mime_of(JOB_FILE))
        return package_response(request, job, path)

    @router.post(
        "/api/files",
        status_code=201,
        responses=shown(examples.FILE, status=201),
        openapi_extra={"requestBody": {"content": {"application/octet-stream": BYTES}}},
        summary="Upload a file in one request",
    )
    @upload_body
    async def upload(
        request: Request,
        core: Inside,
        asking: Asking,
        name: Name = "",
        path: Annotated[str, Query(max_length=1024, description="Where it is to be: /uploads/NAME.")] = "",
    ) -> Response:
        asking.require("submit")
        plain = safe_name(name or path)
        about = About(
            path=checked_path(path) if path else f"/uploads/{plain}",
            name=plain,
            mime=request.headers.get("content-type", ""),
        )
        made = await receive_file(request, core, asking.account, about)
        return JSONResponse(file_document(made, core.base_url(request)), 201)

    @router.get("/api/files", responses=shown(examples.FILES), summary="List the account's files by path")
    def listed(
        request: Request,
        core: Inside,
        asking: Asking,
        folder: Annotated[str, Query(max_length=1024)] = "/",
        after: Annotated[str, Query(max_length=1024, description="`next` of the page before.")] = "",
        limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    ) -> Response:
        asking.require("read")
        if not folder.startswith("/"):
            raise Refusal("invalid", "folder: must begin with /", code="path_invalid")
        found = core.files.list(asking.account, folder, after=after, limit=limit + 1)
        base = core.base_url(request)
        following = found[limit - 1].path if len(found) > limit else None
        return JSONResponse({"files": [file_document(f, base) for f in found[:limit]], "next": following})

    @router.get("/api/files/{file_id}", responses=shown(examples.FILE), summary="About a file")
    def one(request: Request, file_id: str, core: Inside, asking: Asking) -> Response:
        asking.require("read")
        return JSONResponse(file_document(core.files.get(asking.seen, file_id), core.base_url(request)))

    @router.head("/api/files/{file_id}/content", include_in_schema=False)
    @router.get(
        "/api/files/{file_id}/content",
        responses=shown("(bytes)", media="application/octet-stream", text="The file; ranges are answered."),
        summary="A file's bytes",
    )
    def content(
        request: Request, file_id: str, core: Inside, asking: Asking, download: bool = False
    ) -> Response:
        asking.require("read")
        return stored_response(request, core.files.get(asking.seen, file_id), download=download)

    @router.delete(
        "/api/files/{file_id}",
        status_code=204,
        responses=shown(None, status=204, text="It is gone; jobs that were given it keep it."),
        summary="Delete a file",
    )
    def delete(file_id: str, core: Inside, asking: Asking) -> Response:
        asking.require("submit")
        core.files.delete(asking.seen, file_id)
        return Response(status_code=204)


def _record(job: "Job") -> bytes:
    return job.shown.to_json().encode("utf-8", "backslashreplace")


def _package_files(job: "Job") -> "Iterator[tuple[str, int]]":
    """Names and sizes of what can be asked for, by name; nothing hidden, no links."""
    folder, names = job.folder, list[tuple[str, int]]()
    for parent, folders, files in os.walk(folder):
        folders[:] = [f for f in folders if not f.startswith(".")]
        for name in files:
            path = Path(parent) / name
            if not name.startswith(".") and not path.is_symlink():
                relative = path.relative_to(folder).as_posix()
                size = len(_record(job)) if relative == JOB_FILE else path.stat().st_size
                names.append((relative, size))
    return iter(sorted(names))
