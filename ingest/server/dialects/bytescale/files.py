"""Files: details, copies, deletions, and the batch jobs that do many."""

from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from ingest.server import batches
from ingest.server.dialects.bytescale import bodies
from ingest.server.dialects.bytescale.access import Access, access
from ingest.server.dialects.bytescale.documents import file_details
from ingest.server.dialects.bytescale.jobs import errand_summary
from ingest.server.dialects.bytescale.naming import checked
from ingest.server.errands import get_errands
from ingest.server.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import APIRouter

    from ingest.engine.model import StoredFile
    from ingest.server.dialects.bytescale.documents import Summary

FILES: Final = "/v2/accounts/{account:bytescale_account}/files"
CACHE: Final = "/v2/accounts/{account:bytescale_account}/cache/reset"
Asking = Annotated[Access, Depends(access)]
FilePath = Annotated[str, Query(alias="filePath")]


def add_file_routes(
    router: "APIRouter",
    reference: "Callable[[Summary, str], dict[str, Any]]",
    details: "Callable[[StoredFile, str], dict[str, Any]]" = file_details,
    prefix: str = "",
) -> None:
    """The operations below `prefix`; `reference` writes an `AsyncResponse`, `details` a `FileDetails`."""

    @router.get(f"{prefix}{FILES}/details")
    def get_file_details(path: FilePath, access: Asking) -> JSONResponse:
        access.require("read")
        return JSONResponse(details(file_at(access, path), access.base))

    @router.delete(f"{prefix}{FILES}", status_code=204)
    def delete_file(path: FilePath, access: Asking) -> Response:
        access.require("submit")
        if not batches.remove(access.core.files, access.account, checked(path)):
            raise missing(path)
        return Response(status_code=204)

    @router.post(f"{prefix}{FILES}/copy")
    def copy_file(body: bodies.CopyFile, access: Asking) -> JSONResponse:
        access.require("submit")
        file_at(access, body.source)
        batches.copy(access.core.files, access.account, body.act())
        return JSONResponse({"status": "Copied"})

    def posted(
        request: Request, access: Access, kind: str, asked: dict[str, Any], shown: Any
    ) -> JSONResponse:
        return JSONResponse(reference(post(request, access, kind, asked, shown), access.base + prefix), 202)

    @router.post(f"{prefix}{FILES}/copy/batch")
    def copy_files(body: bodies.CopyFiles, access: Asking, request: Request) -> JSONResponse:
        acts = [file.act() for file in body.files]
        return posted(request, access, "CopyFileBatchJob", {"files": acts}, {"copies": acts})

    @router.delete(f"{prefix}{FILES}/batch")
    def delete_files(body: bodies.DeleteFiles, access: Asking, request: Request) -> JSONResponse:
        paths = [checked(path) for path in body.files]
        return posted(request, access, "DeleteFileBatchJob", {"files": paths}, {"deletions": paths})

    @router.post(f"{prefix}{CACHE}")
    def reset_cache(body: bodies.ResetCache, access: Asking, request: Request) -> JSONResponse:
        asked = body.model_dump(by_alias=True)
        return posted(request, access, "ResetCacheJob", asked, asked)


def post(request: Request, access: Access, kind: str, asked: dict[str, Any], shown: Any) -> "Summary":
    """A batch job, written down; `shown` is its summary."""
    access.require("submit")
    errand = get_errands(request).post(access.account, kind, {**asked, "summary": shown})
    return errand_summary(errand)


def file_at(access: Access, path: str) -> "StoredFile":
    """The account's file. Raises Refusal: invalid for what is no path; not_found."""
    try:
        return access.core.files.at(access.account, checked(path))
    except Refusal as refusal:
        if refusal.kind != "not_found":
            raise
        raise missing(path) from None


def missing(path: str) -> Refusal:
    return Refusal("not_found", f"there is no file {path[:200]!r}", code="file_not_found")
