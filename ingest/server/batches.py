"""The kinds of errands that there are: copies and deletions of files and folders, and saving a job's package as files.

Nothing that replaced a file brings it back when it is undone: only what stood nowhere before is taken away again. The
settings of a folder are what they were before, but for those that somebody has changed meanwhile.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from ingest.engine.model import State
from ingest.files import sync_folder
from ingest.job.errors import UsageError
from ingest.server.errands import Errand, Errands
from ingest.server.filestore import About, md5_of, new_file_id
from ingest.server.folders import Folders
from ingest.server.media import package_file
from ingest.server.refusals import Refusal
from ingest.server.resources import MOST, too_many_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ingest.engine.model import Job, StoredFile
    from ingest.engine.queue import JobQueue
    from ingest.server.errands import Doing
    from ingest.server.filestore import FileStore

SAVE: Final = "Save"
FORGOTTEN: Final = timedelta(minutes=10)
_PAGE = 500


def make_errands(queue: JobQueue, files: FileStore) -> Errands:
    """The errands of a server; `start` begins to do them."""
    folders = Folders(files)
    kinds: dict[str, Doing] = {
        "CopyFileBatchJob": CopyFiles(files),
        "CopyFolderBatchJob": CopyFolders(files, folders),
        "DeleteFileBatchJob": DeleteFiles(files),
        "DeleteFolderBatchJob": DeleteFolders(files, folders),
        "ResetCacheJob": Nothing(),
        SAVE: Saving(queue, files),
    }
    return Errands(queue.database, kinds)


class Nothing:
    """For what is done by being written down."""

    def ready(self, errand: Errand) -> bool:  # noqa: ARG002 (all `Doing`s are asked alike)
        return True

    def acts(self, errand: Errand) -> Sequence[Any]:  # noqa: ARG002
        return ()

    def act(self, errand: Errand, act: Any) -> str | None:
        raise NotImplementedError(errand.kind, act)

    def undo(self, errand: Errand, made: str) -> None:
        raise NotImplementedError(errand.kind, made)


class _OfFiles:
    """What is done to files of the errand's account."""

    def __init__(self, files: FileStore) -> None:
        self._files = files

    def ready(self, errand: Errand) -> bool:  # noqa: ARG002
        return True

    def undo(self, errand: Errand, made: str) -> None:
        remove(self._files, errand.account, made)


class CopyFiles(_OfFiles):
    """`files`: a list of `source`, `destination`, and optionally `metadata` and `tags`."""

    def acts(self, errand: Errand) -> Sequence[Any]:
        return list(errand.asked["files"])

    def act(self, errand: Errand, act: Any) -> str | None:
        return copy(self._files, errand.account, act)


class _OfFolders(_OfFiles):
    def __init__(self, files: FileStore, folders: Folders) -> None:
        super().__init__(files)
        self._folders = folders


class CopyFolders(_OfFolders):
    """`folders`: a list of `source`, `destination`, and optionally `recursive`, `copyFiles`, `copyVirtualFolders`,
    `metadata`, `tags`.

    The files, and the folders that were put, are those that the folder has when the errand begins.
    """

    def acts(self, errand: Errand) -> Sequence[Any]:
        # Files first: the folders that they are in are not put by those who copy what is in them.
        asked = errand.asked["folders"]
        files = [act for folder in asked for act in self._files_of(errand.account, folder)]
        # Each folder once, whatever is copied over it: one that asks for more than it may put is told before it begins.
        put: dict[str, dict[str, Any]] = {}
        for folder in asked:
            for path, settings in self._folders_of(errand.account, folder):
                put[path] = {**put.get(path, {}), **settings}
                if len(put) > MOST:
                    raise too_many_of(MOST)
        return files + [{"folder": path, "settings": settings} for path, settings in put.items()]

    def _files_of(self, account: str, folder: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        if not folder.get("copyFiles", True):
            return
        source, destination = folder["source"], folder["destination"]
        for file in below(self._files, account, source, folder.get("recursive", True)):
            if not _within_itself(folder, file.path):
                yield {**folder, "source": file.path, "destination": destination + file.path[len(source) :]}

    def _folders_of(self, account: str, folder: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        if not folder.get("copyVirtualFolders", True):
            return
        source, destination = folder["source"], folder["destination"]
        for found in self._folders.put_below(account, source, folder.get("recursive", True)):
            if not _within_itself(folder, found.place):
                yield destination + found.path[len(source) :], found.settings

    def act(self, errand: Errand, act: Any) -> str | None:
        if "folder" not in act:
            return copy(self._files, errand.account, act)
        put = self._folders.put(errand.account, act["folder"], act["settings"])
        if put.before:
            return json.dumps({**act, "before": put.before})
        return "\n".join(f"{path}/" for path in put.made) or None

    def undo(self, errand: Errand, made: str) -> None:
        if made.startswith("{"):  # paths begin with a slash
            told = json.loads(made)
            self._folders.take_back(errand.account, told["folder"], told["settings"], told["before"])
        elif made.endswith("/"):  # as no file's path does
            for place in reversed(made.split("\n")):
                self._folders.remove(errand.account, place[:-1])
        else:
            super().undo(errand, made)


class DeleteFiles(_OfFiles):
    """`files`: a list of paths. What is gone already is no error; nothing brings it back."""

    def acts(self, errand: Errand) -> Sequence[Any]:
        return list(errand.asked["files"])

    def act(self, errand: Errand, act: Any) -> str | None:
        remove(self._files, errand.account, str(act))
        return None


class DeleteFolders(_OfFolders):
    """`folders`: a list of `folderPath`, and optionally `recursive`, `deleteFiles` and `deleteVirtualFolders`."""

    def acts(self, errand: Errand) -> Sequence[Any]:
        return list(errand.asked["folders"])

    def act(self, errand: Errand, act: Any) -> str | None:
        if isinstance(act, list):  # begun by an earlier ingest, which deleted nothing but files
            act = {"folderPath": act[0], "recursive": act[1], "deleteVirtualFolders": False}
        path, recursive = act["folderPath"], act.get("recursive", True)
        if act.get("deleteFiles", True):
            for file in below(self._files, errand.account, path, recursive):
                remove(self._files, errand.account, file.path)
        if act.get("deleteVirtualFolders", True):
            for folder in self._folders.put_below(errand.account, path, recursive):
                self._folders.remove(errand.account, folder.path)
        return None


class Saving(_OfFiles):
    """Files of a finished job's package become files of the account; the errand has the job's own id.

    `files`: the path of each of the package's files, by its name; `path`: below which all others go, under the names
    of `names`; `metadata`, `tags`: of each.
    """

    def __init__(self, queue: JobQueue, files: FileStore) -> None:
        super().__init__(files)
        self._queue = queue

    def ready(self, errand: Errand) -> bool:
        job = self._job(errand)
        if job is not None and job.state is State.DRAFT and datetime.now(UTC) - job.created > FORGOTTEN:
            # It is queued right after the errand is posted: whoever was to do that is gone.
            self._queue.delete(None, job.job_id)
            return True
        return job is None or job.state.final

    def acts(self, errand: Errand) -> Sequence[Any]:
        job = self._job(errand)
        if job is None or job.state is not State.COMPLETED:
            return ()
        return [list(item) for item in sorted(placed(job.record.files, errand.asked).items())]

    def act(self, errand: Errand, act: Any) -> str | None:
        name, path = act
        job = self._queue.job(errand.account, errand.job_id)
        taken = exists(self._files, errand.account, path)
        about = About(
            path=path,
            metadata=errand.asked.get("metadata"),
            tags=errand.asked.get("tags", ()),
            replace=True,
        )
        adopt(self._files, errand.account, package_file(job.folder, name), about)
        return None if taken else path

    def _job(self, errand: Errand) -> Job | None:
        try:
            return self._queue.job(errand.account, errand.job_id)
        except UsageError:
            return None  # deleted


def _within_itself(folder: Mapping[str, Any], place: str) -> bool:
    """Whether it stands in a copy that a folder has of itself: that one would grow for ever. Pure."""
    copied = f"{folder['destination']}/"
    return copied.startswith(f"{folder['source']}/") and place.startswith(copied)


def placed(files: Sequence[str], asked: Mapping[str, Any]) -> dict[str, str]:
    """The path that each of a package's files gets, by its name in the package. Pure.

    >>> placed(["ABR.m3u8", "job.json", "video/sd/a.m4s"], {"folder": "/f", "names": {"ABR.m3u8": "video.m3u8"}})
    {'ABR.m3u8': '/f/video.m3u8', 'video/sd/a.m4s': '/f/video/sd/a.m4s'}
    """
    if "file" in asked:
        single = [f for f in files if f.startswith(asked["only"])]
        return {single[-1]: asked["file"]} if single else {}
    names = asked.get("names", {})
    return {f: f"{asked['folder']}/{names.get(f, f)}" for f in files if f != "job.json"}


def copy(files: FileStore, account: str, act: Mapping[str, Any]) -> str | None:
    """Copy one file; its path where none stood there before. Raises Refusal not_found."""
    try:
        source = files.at(account, act["source"])
    except Refusal as refusal:
        if refusal.kind != "not_found":
            raise
        raise Refusal(
            "not_found", f"there is no file {act['source'][:200]!r}", code="file_not_found"
        ) from None
    taken = exists(files, account, act["destination"])
    about = About(
        path=act["destination"],
        name=source.name,
        mime=source.mime,
        metadata=merged(source.metadata, act.get("metadata")),
        tags=joined(source.tags, act.get("tags")),
        replace=True,
    )
    if act["destination"] != source.path:
        files.copy(account, source.file_id, about)
    return None if taken else act["destination"]


def merged(old: Mapping[str, Any], said: Mapping[str, Any] | None) -> dict[str, Any]:
    """Metadata of a copy: the source's, unless said otherwise (`{"merge": bool, "value": {...}}`)."""
    if said is None or "value" not in said:
        return dict(old)
    return {**(old if said.get("merge", False) else {}), **said["value"]}


def joined(old: Sequence[str], said: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Tags of a copy, each once."""
    if said is None or "value" not in said:
        return tuple(old)
    return tuple(dict.fromkeys([*(old if said.get("merge", False) else ()), *said["value"]]))


def adopt(files: FileStore, account: str, path: Path, about: About) -> StoredFile:
    """A file of this machine as one of the account's; its bytes lie on the disk once, and must not change any more.

    Raises:
        Refusal: `invalid`, its path; `too_large`.
    """
    columns = about.columns()
    size = path.stat().st_size
    files.room(account, size)
    etag = md5_of(path)  # before there is a name that nobody knows of: it takes its time
    file_id = new_file_id()
    target = files.blob(account, file_id)
    target.hardlink_to(path)
    sync_folder(target.parent)
    return files.add(account, file_id, columns, size, etag, replace=about.replace)


def remove(files: FileStore, account: str, path: str) -> bool:
    """Delete the file of this path; whether there was one."""
    try:
        files.delete(account, files.at(account, path).file_id)
    except Refusal as refusal:
        if refusal.kind != "not_found":
            raise
        return False
    return True


def exists(files: FileStore, account: str, path: str) -> bool:
    try:
        files.at(account, path)
    except Refusal as refusal:
        if refusal.kind != "not_found":
            raise
        return False
    return True


def below(files: FileStore, account: str, folder: str, recursive: bool) -> Iterator[StoredFile]:
    """The account's files in a folder (without a slash at its end), by path."""
    after = ""
    while page := files.list(account, folder or "/", after=after, limit=_PAGE):
        for file in page:
            if recursive or "/" not in file.path[len(folder) + 1 :]:
                yield file
        after = page[-1].path
