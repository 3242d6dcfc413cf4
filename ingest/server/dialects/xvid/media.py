"""Routes of files, of their downloads, and of playlists."""

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import PurePosixPath

from fastapi.responses import RedirectResponse, Response, StreamingResponse

from ingest.engine.ids import object_id
from ingest.engine.model import Filter, Job, State, StoredFile
from ingest.job.errors import UsageError
from ingest.server.dialects.xvid import documents, files, ids, playlists, requests
from ingest.server.dialects.xvid.access import Asked, KnownAsked, route
from ingest.server.dialects.xvid.documents import DIALECT, ROOT, STATUSES
from ingest.server.dialects.xvid.presets import invalid
from ingest.server.media import package_file, stored_response
from ingest.server.mimes import mime_of
from ingest.server.refusals import Refusal

_PAGE = 500  # jobs, or stored files, looked at together
_IN_MEMORY = 4 * 1024 * 1024  # bytes of an archive
_BLOCK = 256 * 1024
_SAFE = "default-src 'none'; sandbox"


@route("GET", "/files/downloads")
def download(asked: KnownAsked) -> Response:
    """Where a file's bytes are: with `redirect=true` as a redirection, else as a document."""
    from ingest.server.dialects.xvid.formats import truth

    asked.who.require("read")
    if not (file_id := asked.parameters.get("file_id", "")):
        raise invalid("file_id", "must be given")
    found = asked.file(file_id)
    url = _address(asked, found)
    if truth(asked.parameters, "redirect"):
        return RedirectResponse(url, status_code=302)
    own = ids.stored_id(found.file_id) if isinstance(found, StoredFile) else found.file_id
    return asked.answer({"download": {"file": documents.reference("files", own, asked.base), "uri": url}})


def _address(asked: Asked, found: StoredFile | files.JobFile) -> str:
    """Of what is in a package one that needs no token, as players want it."""
    if isinstance(found, files.JobFile) and found.kind == "file" and found.path:
        return asked.core.media_url(found.job, asked.request, asked.who) + found.path
    if isinstance(found, StoredFile):
        return f"{asked.base}{ROOT}/files/{ids.stored_id(found.file_id)}/content"
    if found.kind == "archive":
        return f"{asked.base}{ROOT}/files/{found.file_id}/content"
    raise Refusal("not_found", "this file cannot be downloaded")


@route("GET", "/files/{file_id}/content")
def content(file_id: str, asked: KnownAsked) -> Response:
    """The bytes of a file of the account, or of an archive of thumbnails."""
    found = asked.file(file_id)
    if isinstance(found, StoredFile):
        return stored_response(asked.request, found, download=True)
    if found.kind != "archive":
        return RedirectResponse(_address(asked, found), status_code=302)
    name = PurePosixPath(found.name).name.encode("ascii", "replace").decode().replace('"', "_")
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        "content-security-policy": _SAFE,
    }
    return StreamingResponse(_archive(found), media_type=mime_of(found.name), headers=headers)


def _archive(file: files.JobFile) -> Iterator[bytes]:
    """The pictures of an output under the names that were asked for; JPEGs do not get smaller."""
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as made:
        with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
            for name, path in file.pictures:
                archive.write(package_file(file.job.folder, path), name)
        made.seek(0)
        while block := made.read(_BLOCK):
            yield block


@route("GET", "/files")
def listed(asked: KnownAsked) -> Response:
    """The account's files: those that were brought, by their names, then those of its jobs, the oldest first."""
    start, limit = requests.paging(asked.parameters)
    shown = [asked.file_document(f) for f in islice(_listed(asked), start, start + limit)]
    return asked.answer(documents.listed("files", shown, start, limit))


def _listed(asked: Asked) -> Iterator[StoredFile | files.JobFile]:
    kind, pipeline, job = (asked.parameters.get(n, "") for n in ("type", "pipeline.id", "job.id"))
    if kind and kind not in files.KINDS:
        raise invalid("type", f"must be one of {', '.join(files.KINDS)}")
    if not job and not pipeline and kind in ("", "file"):
        yield from _stored(asked)
    for found in _named(asked, job) if job else _jobs(asked, pipeline):
        if pipeline and found.asked.get("pipeline") != pipeline:
            continue
        yield from (f for f in files.files_of(found) if kind in ("", f.kind))


def _named(asked: Asked, job_id: str) -> Iterator[Job]:
    """The job of this id; none is no fault, for it is a filter."""
    with suppress(Refusal, UsageError):
        yield asked.job(job_id)


def _stored(asked: Asked) -> Iterator[StoredFile]:
    # By account, so that a path is a place in one tree.
    accounts = [asked.who.seen] if asked.who.seen is not None else sorted(asked.core.keys.accounts())
    for account in accounts:
        after = ""
        while page := asked.core.files.list(account, after=after, limit=_PAGE):
            yield from page
            after = page[-1].path


def _jobs(asked: Asked, pipeline: str) -> Iterator[Job]:
    wanted = Filter(
        account=asked.who.seen,
        states=frozenset(STATUSES),
        dialect=DIALECT if pipeline else None,
        asked={"pipeline": pipeline} if pipeline else {},
        descending=requests.descending(asked.parameters),
        limit=_PAGE,
    )
    while True:
        page = asked.core.queue.jobs(wanted)
        yield from page.jobs
        if not page.more:
            return
        wanted = Filter(
            account=wanted.account,
            states=wanted.states,
            dialect=wanted.dialect,
            asked=wanted.asked,
            descending=wanted.descending,
            limit=_PAGE,
            after=page.next,
        )


@route("GET", "/files/{file_id}")
def one(file_id: str, asked: KnownAsked) -> Response:
    """One file."""
    return asked.answer({"file": asked.file_document(asked.file(file_id))})


@route("DELETE", "/files/{file_id}")
def delete(file_id: str, asked: KnownAsked) -> Response:
    """A file that was brought is gone; one that a job made goes with its job."""
    who = asked.submitter()
    found = asked.file(file_id)
    if not isinstance(found, StoredFile):
        raise Refusal("conflict", "a file of a job goes with the job")
    asked.core.files.delete(who.seen, found.file_id)
    return asked.answer(dict(documents.SUCCESS))


# -- playlists --


@route("GET", "/playlists/hls.m3u8")
def hls(asked: KnownAsked) -> Response:
    """The master playlist of a finished job, or of some of its MP4 files."""
    job, renditions = _chosen(asked)
    text = _text(job, "ABR.m3u8")
    made = playlists.hls(text, asked.core.media_url(job, asked.request, asked.who), renditions)
    return Response(made, media_type=mime_of("hls.m3u8"))


@route("GET", "/playlists/dash.mpd")
def dash(asked: KnownAsked) -> Response:
    """The manifest of a finished job, or of some of its MP4 files."""
    job, renditions = _chosen(asked)
    text = _text(job, "manifest.mpd")
    made = playlists.dash(text, asked.core.media_url(job, asked.request, asked.who), renditions)
    return Response(made, media_type=mime_of("dash.mpd"))


def _chosen(asked: Asked) -> tuple[Job, frozenset[str] | None]:
    """The job, and the names of the renditions that are wanted; None: all."""
    job_id, named = asked.parameters.get("job_id", ""), asked.parameters.get("file_id", "")
    if bool(job_id) == bool(named):
        raise invalid("job_id", "or file_id must be given, and not both")
    if job_id:
        return _finished(asked.job(job_id)), None
    found = [asked.file(f.strip()) for f in named.split(",")]
    chosen: list[files.JobFile] = []
    for file in found:
        if not isinstance(file, files.JobFile) or not file.path.startswith("mp4/"):
            raise invalid("file_id", "must name MP4 files of a finished job")
        chosen.append(file)
    if len({f.job.job_id for f in chosen}) != 1:
        raise invalid("file_id", "must name files of one job")
    return _finished(chosen[0].job), frozenset(PurePosixPath(f.path).stem for f in chosen)


def _finished(job: Job) -> Job:
    if job.state is not State.COMPLETED:
        raise Refusal("not_found", f"job {object_id(job.job_id)} is not finished")
    return job


def _text(job: Job, name: str) -> str:
    return package_file(job.folder, name).read_text("utf-8")
