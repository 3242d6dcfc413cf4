"""Uploads: in parts as the SDK's UploadManager does, in one body, as a form, and from a URL."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Final, Protocol

from fastapi import Depends, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from ingest.engine.model import UrlSource
from ingest.job.errors import IngestError
from ingest.server.addresses import checked_url, without_credentials
from ingest.server.core import Core, get_core
from ingest.server.dialects.bytescale.access import Access, access
from ingest.server.dialects.bytescale.bodies import (
    BeginUpload,
    CompletePart,
    UploadFromUrl,
    free_path,
)
from ingest.server.dialects.bytescale.documents import error_response, milliseconds, raw_url, upload_response
from ingest.server.filestore import About
from ingest.server.jsontext import is_unicode
from ingest.server.receiving import refuse_early
from ingest.server.refusals import Refusal, refusal_of
from ingest.server.routing import upload_body
from ingest.server.taking import take

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import APIRouter

    from ingest.engine.model import StoredFile
    from ingest.server.uploads import Upload

UPLOADS: Final = "/v2/accounts/{account:bytescale_account}/uploads"
# The part's URL holds the upload's id, 122 bits of chance, and needs no key: the SDK sends none.
PART_CONTENT: Final = "/v2/uploads/{upload_id}/parts/{number}"
PART_SIZE: Final = 8 * 1024 * 1024
MAX_PARTS: Final = 10_000
_BLOCK: Final = 1024 * 1024
_KEPT_FIELDS = 100
Asking = Annotated[Access, Depends(access)]


class _Sink(Protocol):
    def write(self, data: bytes) -> None: ...


def add_upload_routes(router: APIRouter, prefix: str = "") -> None:
    _add_part_routes(router, prefix)
    _add_whole_routes(router, prefix)


def _add_part_routes(router: APIRouter, prefix: str) -> None:
    @router.post(f"{prefix}{UPLOADS}")
    def begin_multipart_upload(body: BeginUpload, access: Asking) -> JSONResponse:
        access.require("submit")
        name = body.original_file_name or ""
        about = About(
            path=free_path(access, body.path, name),
            name=name,
            mime=body.mime or "",
            metadata=body.metadata,
            tags=body.tags,
        )
        part_size = max(PART_SIZE, -(-body.size // MAX_PARTS))
        upload = access.core.uploads.begin(
            access.account, about, kind="parts", size=body.size, part_size=part_size
        )
        return JSONResponse(begun(upload, access.base + prefix, access.base))

    @router.get(f"{prefix}{UPLOADS}/{{upload_id}}/parts")
    def list_upload_parts(upload_id: str, access: Asking) -> JSONResponse:
        access.require("submit")
        upload = access.core.uploads.get(access.account, upload_id)
        missing = [n for n in range(upload.part_count) if n not in upload.parts]
        return JSONResponse({"remainingUploadParts": missing})

    @router.get(f"{prefix}{UPLOADS}/{{upload_id}}/parts/{{number}}")
    def get_upload_part(upload_id: str, number: int, access: Asking) -> JSONResponse:
        access.require("submit")
        upload = access.core.uploads.get(access.account, upload_id)
        return JSONResponse(part(upload, number, access.base + prefix))

    @router.put(f"{prefix}{UPLOADS}/{{upload_id}}/parts/{{number}}")
    def complete_upload_part(upload_id: str, number: int, body: CompletePart, access: Asking) -> JSONResponse:
        access.require("submit")
        upload = access.core.uploads.get(access.account, upload_id)
        upload.part_length(number)
        if upload.parts.get(number) != body.etag.strip('"'):
            message = f"part {number} has not arrived, or with another etag"
            raise Refusal("conflict", message, code="part_etag_mismatch")
        if len(upload.parts) < upload.part_count:
            return JSONResponse({"status": "Pending"})
        try:
            file = access.core.uploads.complete(upload, replace=True)
        except Refusal as refusal:
            if refusal.code != "upload_locked":
                raise
            # Parts that came at once are completed at once: another of these calls is making the file.
            return JSONResponse({"status": "Pending"})
        return JSONResponse({"status": "Completed", "etag": file.etag})

    @router.put(f"{prefix}{PART_CONTENT}")
    @upload_body
    async def put_part(
        upload_id: str, number: int, request: Request, core: Annotated[Core, Depends(get_core)]
    ) -> Response:
        upload = await run_in_threadpool(core.uploads.get, None, upload_id)
        with core.uploads.part(upload, number) as piece:
            await _stream(request.stream(), piece)
            done = await run_in_threadpool(piece.commit)
        return Response(headers={"etag": f'"{done.parts[number]}"'})


def begun(upload: Upload, base: str, media: str) -> dict[str, Any]:
    """`BeginMultipartUploadResponse`. The file is not there yet: it has no etag."""
    return {
        "file": {
            "accountId": upload.account,
            "etag": None,
            "filePath": upload.path,
            "fileUrl": raw_url(media, upload.account, upload.path),
            "lastModified": milliseconds(upload.created),
            "metadata": dict(upload.metadata),
            "mime": upload.mime,
            "originalFileName": upload.name or None,
            "size": upload.size,
            "tags": list(upload.tags),
        },
        "uploadId": upload.upload_id,
        "uploadParts": {"count": upload.part_count, "first": part(upload, 0, base)},
    }


def part(upload: Upload, number: int, base: str) -> dict[str, Any]:
    """`UploadPart`. Of an empty file the range ends at -1. Raises Refusal not_found."""
    start = number * (upload.part_size or 0)
    end = start + upload.part_length(number) - 1
    return {
        "uploadId": upload.upload_id,
        "uploadPartIndex": number,
        "uploadUrl": base + PART_CONTENT.format(upload_id=upload.upload_id, number=number),
        "range": {"inclusiveStart": start, "inclusiveEnd": end},
    }


def _add_whole_routes(router: APIRouter, prefix: str) -> None:
    @router.post(f"{prefix}{UPLOADS}/binary")
    @upload_body
    async def upload_binary(request: Request, access: Asking) -> JSONResponse:
        access.require("submit")
        about = await run_in_threadpool(_about, access, request, "", request.headers.get("content-type", ""))
        with access.core.files.writer(access.account, about) as writer:
            await _stream(request.stream(), writer)
            file = await run_in_threadpool(writer.commit)
        return JSONResponse(upload_response(file, access.base))

    @router.post(f"{prefix}{UPLOADS}/form_data")
    @upload_body
    async def upload_form(request: Request, access: Asking) -> JSONResponse:
        access.require("submit")
        files: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        # The form is put on the disk whole before any file of it is looked at.
        await run_in_threadpool(refuse_early, request, access.core, access.account)
        async with request.form(max_files=_KEPT_FIELDS, max_fields=_KEPT_FIELDS) as form:
            for field, value in form.multi_items():
                if not isinstance(value, UploadFile):
                    continue
                try:
                    about = await run_in_threadpool(
                        _about, access, request, value.filename or "", value.content_type or ""
                    )
                    file = await _store(access, about, value)
                except (Refusal, IngestError) as error:
                    refusal = error if isinstance(error, Refusal) else refusal_of(error)
                    errors.append({"error": error_response(refusal)["error"], "formDataFieldName": field})
                else:
                    files.append({**upload_response(file, access.base), "formDataFieldName": field})
        if not files and not errors:
            raise Refusal("invalid", "the form has no file", code="file_missing")
        return JSONResponse({"errors": errors, "files": files})

    @router.post(f"{prefix}{UPLOADS}/url")
    def upload_from_url(body: UploadFromUrl, access: Asking) -> JSONResponse:
        access.require("submit")
        checked_url(body.url, private=access.core.settings.private_urls)
        url, user, password = without_credentials(body.url)
        name = body.original_file_name or url.partition("?")[0].rpartition("/")[2]
        about = About(
            path=free_path(access, body.path, name),
            name=name,
            mime=body.mime or "",
            metadata=body.metadata,
            tags=body.tags,
            replace=True,
        )
        return JSONResponse(
            upload_response(_fetched(access, body, UrlSource(url, name, user, password), about), access.base)
        )


def _fetched(access: Access, body: UploadFromUrl, source: UrlSource, about: About) -> StoredFile:
    return take(access.core, access.account, source, about, seconds=body.timeout / 1000)


async def _store(access: Access, about: About, value: UploadFile) -> StoredFile:
    with access.core.files.writer(access.account, about) as writer:
        while block := await value.read(_BLOCK):
            await run_in_threadpool(writer.write, block)
        return await run_in_threadpool(writer.commit)


async def _stream(stream: AsyncIterator[bytes], sink: _Sink) -> None:
    """In blocks: each write changes to another thread and back."""
    block = bytearray()
    async for piece in stream:
        block += piece
        if len(block) >= _BLOCK:
            await run_in_threadpool(sink.write, bytes(block))
            block.clear()
    if block:
        await run_in_threadpool(sink.write, bytes(block))


_DEFINITION = ("fileName", "fileNameFallback", "folderPath")
_SWITCHES = ("fileNameVariablesEnabled", "folderPathVariablesEnabled")


def _about(access: Access, request: Request, name: str, mime: str) -> About:
    """What a request says of its file in the query and in `X-Upload-Metadata`. Raises Refusal."""
    query = request.query_params
    definition: dict[str, Any] = {k: query[k] for k in _DEFINITION if k in query}
    definition |= {k: query[k].lower() != "false" for k in _SWITCHES if k in query}
    original = query.get("originalFileName") or name or query.get("fileName", "")
    path = query.get("filePath")
    return About(
        path=free_path(access, path or definition, original),
        name=original,
        mime=mime,
        metadata=_metadata(request.headers.get("x-upload-metadata")),
        tags=query.getlist("tag"),
        replace=True,
    )


def _metadata(text: str | None) -> dict[str, Any]:
    if not text:
        return {}
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or not is_unicode(said):
        raise Refusal("invalid", "X-Upload-Metadata must be a JSON object", code="invalid_metadata")
    return said
