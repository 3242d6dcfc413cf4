"""Sends files: those of packages, to players that have a ticket, and those of accounts, to whoever may read them."""

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

from fastapi import Depends, Request, Response
from fastapi.responses import FileResponse

from ingest.pipeline.output_folder import JOB_FILE
from ingest.server.core import Core, get_core
from ingest.server.mimes import mime_of
from ingest.server.refusals import Refusal
from ingest.server.tickets import expired

if TYPE_CHECKING:
    from fastapi import APIRouter

    from ingest.engine.model import Job, StoredFile

# A file may be anything that somebody uploaded: whatever a browser takes it for, it runs nothing.
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; media-src 'self'; sandbox",
    "cross-origin-resource-policy": "cross-origin",
    "timing-allow-origin": "*",
}
# Asked for again each time: they are the first to change when a resolution is added to a package.
_FRESH = frozenset({".m3u8", ".mpd", ".json"})
_KEPT_SECONDS = 3600


def file_response(
    request: Request, path: Path, *, mime: str, etag: str = "", download: str = "", cache: str = "no-cache"
) -> Response:
    """A file with ranges, validators and a media type (RFC 9110, sections 8.8, 13 and 14).

    `etag` without quotes; empty: one from the file's time and size. `download` is the name to be saved under; empty:
    to be shown. For GET and HEAD.

    Raises:
        Refusal: `not_found` where there is no such regular file.
    """
    try:
        found = path.stat(follow_symlinks=False)
    except (OSError, ValueError):
        found = None
    if found is None or not stat.S_ISREG(found.st_mode):
        raise Refusal("not_found", "there is no such file", code="file_not_found")
    headers = HEADERS | {"cache-control": f"private, {cache}"}
    if etag:
        headers["etag"] = f'"{etag}"'
    if download:
        headers["content-disposition"] = f"attachment; filename*=UTF-8''{quote(download, safe='')}"
    response = FileResponse(path, headers=headers, media_type=mime, stat_result=found)
    if _known(request.headers.get("if-none-match", ""), response.headers["etag"]):
        kept = {n: v for n, v in response.headers.items() if n not in ("content-length", "content-type")}
        return Response(status_code=304, headers=kept)
    return response


def stored_response(request: Request, file: "StoredFile", *, download: bool = False) -> Response:
    """A file of an account. Raises Refusal `not_found`."""
    name = file.name if download else ""
    return file_response(request, file.stored, mime=file.mime, etag=file.etag, download=name)


def package_response(request: Request, job: "Job", relative: str) -> Response:
    """A file of a job's package. Raises Refusal `not_found`."""
    path = package_file(job.folder, relative)
    fresh = path.suffix in _FRESH
    cache = "no-cache" if fresh else f"max-age={_KEPT_SECONDS}"
    return file_response(request, path, mime=mime_of(path.name), cache=cache)


def package_file(folder: Path, relative: str) -> Path:
    """The regular file of this name below a package's folder, not through any link.

    Raises:
        Refusal: `not_found` for every other name; which of them exist outside is not told.
    """
    missing = Refusal("not_found", "the package has no such file", code="file_not_found")
    parts = relative.split("/")
    # Hidden names are what a job that runs has of its work.
    if any(not p or p.startswith(".") or "\0" in p or "\\" in p for p in parts):
        raise missing
    try:
        path = folder.joinpath(*parts)
        if os.path.realpath(path) != os.path.join(os.path.realpath(folder), *parts) or not path.is_file():  # noqa: PTH118
            raise missing
    except (OSError, ValueError) as error:  # a name that is too long, or no name of a file at all
        raise missing from error
    return path


def add_media_routes(router: "APIRouter") -> None:
    """`/media/<ticket>/<file>`: packages for players, which send no key."""

    @router.api_route(
        "/media/{ticket}/{path:path}",
        methods=["GET", "HEAD"],
        summary="A file of a package, for players",
        include_in_schema=False,
    )
    def media(request: Request, ticket: str, path: str, core: Annotated[Core, Depends(get_core)]) -> Response:
        job_id, key_id = core.tickets.read(ticket)
        if key_id and not core.keys.is_good(key_id):
            raise expired()
        if path == JOB_FILE:
            # Paths, host, process and all that was asked for: for who may see the job, not for its viewers.
            raise Refusal("not_found", "the package has no such file", code="file_not_found")
        return package_response(request, core.queue.job(None, job_id), path)


def _known(if_none_match: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags
