"""Media URLs: raw files, transformations and their artifacts, posters, and saving what was made."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Depends, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from ingest.engine.model import State
from ingest.server.batches import joined, merged
from ingest.server.core import Core, get_core
from ingest.server.dialects.bytescale import processing
from ingest.server.dialects.bytescale.access import ACCOUNT_PATH, Access, access, credential, media_access
from ingest.server.dialects.bytescale.artifacts import file_of, rewritten
from ingest.server.dialects.bytescale.bodies import Save, free_path
from ingest.server.dialects.bytescale.files import file_at, missing
from ingest.server.dialects.bytescale.jobs import job_summary
from ingest.server.dialects.bytescale.page import page
from ingest.server.dialects.bytescale.posters import poster_response, save_poster
from ingest.server.dialects.bytescale.transformation import Asked, media_url, parse, with_extended
from ingest.server.errands import get_errands
from ingest.server.media import HEADERS, package_file, package_response, stored_response
from ingest.server.mimes import mime_of
from ingest.server.refusals import Refusal

if TYPE_CHECKING:
    from fastapi import APIRouter

    from ingest.engine.model import Job, StoredFile

_PLAYLIST_LIMIT: Final = 4 * 1024 * 1024
_HTML = ("", "html")
# RFC 9110, section 15.5.21: the job was understood, and its input is what cannot be processed.
_UNPROCESSABLE: Final = 422


def add_media_routes(router: APIRouter) -> None:
    @router.post(f"{ACCOUNT_PATH}/save/{{rest:path}}")
    async def process_file_and_save(
        request: Request, body: Save, access: Annotated[Access, Depends(access)]
    ) -> JSONResponse:
        return await run_in_threadpool(_saved, request, body, access)

    @router.head(f"{ACCOUNT_PATH}/{{rest:path}}", include_in_schema=False)
    @router.get(f"{ACCOUNT_PATH}/{{rest:path}}")
    def process_file(account: str, request: Request, core: Annotated[Core, Depends(get_core)]) -> Response:
        asked = _asked(request)
        access = media_access(core, request, account, credential(request) or asked.controls.token)
        access.require("read")
        if asked.controls.expires is not None and asked.controls.expires <= time.time() * 1000:
            raise Refusal("forbidden", "this URL has expired", code="url_expired")
        response = _media(request, access, asked)
        return _kept(response, asked)


def _asked(request: Request, prefix: str = "") -> Asked:
    """Of the URL as it was sent: an escaped `!` is part of a name."""
    raw = request.scope.get("raw_path", b"").decode("latin-1").partition("?")[0]
    rest = raw.partition("/")[2].partition("/")[2].removeprefix(prefix)
    return parse(rest, request.scope.get("query_string", b"").decode("latin-1"))


def _media(request: Request, access: Access, asked: Asked) -> Response:
    file = file_at(access, asked.path)
    match asked.name:
        case "raw":
            return stored_response(request, file, download=asked.controls.download)
        case "image":
            return poster_response(request, access, asked, file)
        case _:
            return _transformed(request, access, asked, file)


def _transformed(request: Request, access: Access, asked: Asked, file: StoredFile) -> Response:
    errands = get_errands(request)
    if asked.artifact is None and asked.name == "video" and asked.last("f") in _HTML:
        return page(access, errands, asked, file)
    job = processing.find_or_begin(access, errands, asked, file)
    document = job_summary(job, access, errands).document(access.base)
    if asked.artifact is None:
        return JSONResponse(document)
    match job.state:
        case State.COMPLETED:
            return _artifact(request, access, asked, job)
        case State.FAILED:
            return JSONResponse(document, _UNPROCESSABLE)
        case _:
            return JSONResponse(document, 404, {"retry-after": "1"})


def _artifact(request: Request, access: Access, asked: Asked, job: Job) -> Response:
    assert asked.artifact is not None  # noqa: S101 (whoever calls has looked)
    name = file_of(asked.artifact, job.record.files)
    if name is None:
        raise Refusal(
            "not_found", f"there is no artifact {asked.artifact[:200]!r}", code="artifact_not_found"
        )
    if name.endswith(".m3u8") and not asked.banged:
        text = package_file(job.folder, name).read_bytes()[:_PLAYLIST_LIMIT].decode()
        token = asked.controls.token

        def url_of(artifact: str) -> str:
            return media_url("", access.account, asked, artifact, token=token)

        headers = HEADERS | {"cache-control": "private, no-cache"}  # as a playlist of a `!` URL has
        return Response(rewritten(text, asked.artifact, url_of), media_type=mime_of(name), headers=headers)
    response = package_response(request, job, name)
    if asked.controls.download:
        response.headers["content-disposition"] = "attachment"
    return response


def _kept(response: Response, asked: Asked) -> Response:
    """How long an answer may be kept, where the URL says so."""
    controls = asked.controls
    if "refresh" in response.headers:  # a page that waits
        return response
    seconds = controls.cache_ttl if response.status_code < 400 else controls.cache_ttl_404
    if not controls.cache:
        response.headers["cache-control"] = "no-store"
    elif seconds is not None:
        response.headers["cache-control"] = f"private, max-age={seconds}"
    return response


def _saved(request: Request, body: Save, access: Access) -> JSONResponse:
    access.require("submit")
    asked = with_extended(_asked(request, "save/"), body.extended_params)
    file = file_at(access, asked.path)
    if asked.name == "raw":
        raise missing(f"save/raw{asked.path}")
    path = free_path(access, body.destination, file.name)
    about = _about(body, file)
    if asked.name == "image":
        return JSONResponse(save_poster(access, asked, file, path, about))
    errands = get_errands(request)
    job = processing.begin_saving(access, errands, asked, file, path, about)
    return JSONResponse(job_summary(job, access, errands).saving(access.base), 202)


def _about(body: Save, file: StoredFile) -> dict[str, Any]:
    """Metadata and tags of what is saved: what is said, behind the source's where that is wished."""
    metadata = body.metadata.said() if body.metadata else None
    tags = body.tags.said() if body.tags else None
    return {
        "metadata": merged(file.metadata, metadata) if metadata else {},
        "tags": list(joined(file.tags, tags)) if tags else [],
    }
