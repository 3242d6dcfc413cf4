"""Folders: settings, lists, and the batch jobs that copy and delete them with what is in them."""

from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import Depends, Query, Request
from fastapi.responses import JSONResponse

from ingest.server.dialects.bytescale import bodies
from ingest.server.dialects.bytescale.access import Access, access
from ingest.server.dialects.bytescale.documents import file_summary, folder_details, folder_summary
from ingest.server.dialects.bytescale.files import post
from ingest.server.dialects.bytescale.naming import folder
from ingest.server.folders import Folder, Folders, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from fastapi import APIRouter

    from ingest.engine.model import StoredFile
    from ingest.server.dialects.bytescale.documents import Summary

FOLDERS: Final = "/v2/accounts/{account:bytescale_account}/folders"
MOST_READ: Final = 1_000  # entries that are looked at for one page, however few of them are asked for
Asking = Annotated[Access, Depends(access)]


def as_it_is(document: dict[str, Any]) -> dict[str, Any]:
    return document


def add_folder_routes(
    router: "APIRouter",
    reference: "Callable[[Summary, str], dict[str, Any]]",
    shape: "Callable[[dict[str, Any]], dict[str, Any]]" = as_it_is,
    prefix: str = "",
) -> None:
    """The operations below `prefix`; `reference` writes an `AsyncResponse`, `shape` what is said of one folder."""

    def details(access: Access, path: str) -> JSONResponse:
        line = Folders(access.core.files).line(access.account, path)
        return JSONResponse(shape(folder_details(line, public=access.core.settings.public_media)))

    @router.get(f"{prefix}{FOLDERS}")
    def get_folder_details(path: Annotated[str, Query(alias="folderPath")], access: Asking) -> JSONResponse:
        access.require("read")
        return details(access, folder(path))

    @router.put(f"{prefix}{FOLDERS}")
    def put_folder(body: bodies.PutFolder, access: Asking) -> JSONResponse:
        access.require("submit")
        path = body.path()
        Folders(access.core.files).put(access.account, path, body.changes())
        return details(access, path)

    @router.get(f"{prefix}{FOLDERS}/list")
    def list_folder(asked: Annotated[bodies.ListFolder, Query()], access: Asking) -> JSONResponse:
        access.require("read")
        return JSONResponse(listed(access, asked, shape))

    def posted(
        request: Request,
        access: Access,
        kind: str,
        told: str,
        folders: "Sequence[bodies.CopyFolder | bodies.DeleteFolder]",
    ) -> JSONResponse:
        acts = [folder.act() for folder in folders]
        summary = post(request, access, kind, {"folders": acts}, {told: _shown(acts)})
        return JSONResponse(reference(summary, access.base + prefix), 202)

    @router.post(f"{prefix}{FOLDERS}/copy")
    def copy_folder(body: bodies.CopyFolder, access: Asking, request: Request) -> JSONResponse:
        return posted(request, access, "CopyFolderBatchJob", "copies", [body])

    @router.post(f"{prefix}{FOLDERS}/copy/batch")
    def copy_folders(body: bodies.CopyFolders, access: Asking, request: Request) -> JSONResponse:
        return posted(request, access, "CopyFolderBatchJob", "copies", body.folders)

    @router.delete(f"{prefix}{FOLDERS}")
    def delete_folder(body: bodies.DeleteFolder, access: Asking, request: Request) -> JSONResponse:
        return posted(request, access, "DeleteFolderBatchJob", "deletions", [body])

    @router.delete(f"{prefix}{FOLDERS}/batch")
    def delete_folders(body: bodies.DeleteFolders, access: Asking, request: Request) -> JSONResponse:
        return posted(request, access, "DeleteFolderBatchJob", "deletions", body.folders)


def listed(
    access: Access, asked: bodies.ListFolder, shape: "Callable[[dict[str, Any]], dict[str, Any]]"
) -> dict[str, Any]:
    """`ListFolderResponse`. Raises Refusal: a path that is none."""
    path, files, public = folder(asked.folder_path), access.core.files, access.core.settings.public_media
    folders = Folders(files)
    found = folders.entries(
        access.account,
        path,
        after=asked.cursor,
        recursive=asked.all_below(),
        files=asked.include_files,
        at_once=asked.limit + 1,
    )
    here = folders.get(access.account, path)
    if asked.dry_run and here.put and asked.cursor < here.place:
        found = _behind(here, found)
    items: list[StoredFile | Folder] = []
    cursor, complete = asked.cursor or here.place, True
    for number, entry in enumerate(found):
        wanted = is_wanted(entry, asked)
        if number == MOST_READ or (wanted and len(items) == asked.limit):
            complete = False
            break
        cursor = place_of(entry)
        if wanted and not isinstance(entry, str):
            items.append(entry)
    return {
        "cursor": cursor,
        "folder": shape(folder_summary(here, public=public)),
        "isPaginationComplete": complete,
        "items": [
            shape(folder_summary(item, public=public))
            if isinstance(item, Folder)
            else file_summary(item, access.base)
            for item in items
        ],
    }


def is_wanted(entry: "StoredFile | Folder | str", asked: bodies.ListFolder) -> bool:
    """Whether it is listed. Pure. Operations, which a dry run shows, do nothing to what is there by its files alone."""
    if not isinstance(entry, Folder):
        return asked.include_files
    if not entry.put:
        return asked.include_physical_folders and not asked.dry_run
    # Without `recursive` they leave the folders in the folder alone, and do not spare itself.
    below = not asked.dry_run or asked.all_below() or entry.path == folder(asked.folder_path)
    return asked.include_virtual_folders and below


def _behind(
    first: Folder, rest: "Iterable[StoredFile | Folder | str]"
) -> "Iterator[StoredFile | Folder | str]":
    yield first
    yield from rest


def _shown(acts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As they were asked for: the top folder, which has no name inside, is `/`."""
    return [{key: value if value != "" else "/" for key, value in act.items()} for act in acts]
