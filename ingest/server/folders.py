"""The folders of the accounts: what the paths of their files begin with, and those that were put.

One that was put is there though it be empty, and has settings; any other comes and goes with the files below it.
A folder's path has no slash at its end; that of the top is empty.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from heapq import merge
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from ingest.server.filepaths import checked_path
from ingest.server.folder_rows import KIND, children, files_below, put_folders
from ingest.server.refusals import Refusal
from ingest.server.resources import MOST, Resources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ingest.engine.model import StoredFile
    from ingest.server.filestore import FileStore


_MOST = 512  # entries that are read at once where nobody has asked for more


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder; `settings` are its dialect's own words, JSON. `put`: it stays when it is empty."""

    path: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    put: bool = False

    @property
    def place(self) -> str:
        """Where it stands in a list: right before all that is in it."""
        return f"{self.path}/"


if TYPE_CHECKING:
    Entry = tuple[str, StoredFile | Folder | str]  # behind its place


@dataclass(frozen=True, slots=True)
class Put:
    """What putting a folder did: it made folders, the topmost first, or gave settings to one that was there.

    Attributes:
        before: the earlier values of those that are others now; None for what was not set.
    """

    made: tuple[str, ...] = ()
    before: Mapping[str, Any] = field(default_factory=dict)


class Folders:
    """Safe to share among threads."""

    def __init__(self, files: FileStore) -> None:
        self._files = files
        self._resources = Resources(files.database)

    # -- questions --

    def get(self, account: str, path: str) -> Folder:
        """The folder of this path; where there is none it is an empty one that was not put."""
        return self._of(account, [path])[0]

    def line(self, account: str, path: str) -> tuple[Folder, ...]:
        """The folder of this path and those that it is in, up to the top."""
        return self._of(account, [path, *above(path)])

    def put_below(self, account: str, path: str, recursive: bool) -> tuple[Folder, ...]:
        """The folder of this path, if it was put, and with `recursive` all that were put in it, by path."""
        found = self._put(account).values()
        return tuple(f for f in found if f.path == path or (recursive and f.path.startswith(f"{path}/")))

    def entries(
        self,
        account: str,
        path: str,
        *,
        after: str = "",
        recursive: bool = False,
        files: bool = True,
        at_once: int = 50,
    ) -> Iterator[StoredFile | Folder | str]:
        """What is in a folder, in the order of `place_of`, behind the place `after`.

        `recursive`: with all that is in its folders. Without `files` their paths stand in their places. `at_once`:
        how many are read before the first one comes; more and more behind them.
        """
        top = f"{path}/"
        last = max(after, top)

        def put(after: str, size: int) -> Sequence[Entry]:
            with self._files.database.read() as db:
                found = put_folders(db, account, top, after, size, recursive=recursive)
            return [(f.place, f) for f in map(_folder, found)]

        def filled(after: str, size: int) -> Sequence[Entry]:
            with self._files.database.read() as db:
                if recursive:
                    found = files_below(db, account, top, after, size, wanted=files)
                    return [(place_of(entry), entry) for entry in found]
                right_in = children(db, account, top, after, size, wanted=files)
            return [(place, entry or Folder(place[:-1])) for place, entry in right_in]

        # Those that were put come first, where both are at one place.
        for place, entry in merge(_read(put, last, at_once), _read(filled, last, at_once), key=itemgetter(0)):
            steps = tuple(_steps(place, top))
            for step in steps if recursive else steps[:1]:
                if step > last:
                    yield entry if isinstance(entry, Folder) and step == place else Folder(step[:-1])
                    last = step
            if not isinstance(entry, Folder):
                yield entry

    # -- changes --

    def put(self, account: str, path: str, changes: Mapping[str, Any]) -> Put:
        """Make a folder, and what it is in as far as that is not there.

        `changes`: of its settings; None takes one away.

        Raises:
            Refusal: `conflict`, the account has put as many folders as it may; `invalid`, no file could be in it.
        """
        if path:
            checked_path(path)
        # Others may put, or take away, one after the other of the folders that this looks for.
        others = len(above(path)) + 1
        while True:
            try:
                return self._make(account, path, changes)
            except Refusal as refusal:
                if refusal.code not in ("exists", "not_found") or not others:
                    raise
                others -= 1

    def take_back(
        self, account: str, path: str, changes: Mapping[str, Any], before: Mapping[str, Any]
    ) -> None:
        """Let settings that are as `changes` has them be as before; those that somebody has changed since then stay.

        The folder may be gone.
        """

        def changed(settings: Mapping[str, Any]) -> dict[str, Any]:
            ours = {key: value for key, value in before.items() if settings.get(key) == changes.get(key)}
            return {**settings, **ours}

        try:
            self._change(account, path, changed)
        except Refusal as refusal:
            if refusal.kind != "not_found":
                raise

    def remove(self, account: str, path: str) -> bool:
        """Let it be no folder that was put; whether it was one."""
        try:
            self._resources.delete(account, KIND, _id(account, path))
        except Refusal as refusal:
            if refusal.kind != "not_found":
                raise
            return False
        return True

    def _make(self, account: str, path: str, changes: Mapping[str, Any]) -> Put:
        put = self._put(account)
        if path in put:
            there = self._change(account, path, lambda settings: {**settings, **changes})
            return Put(before={k: there.get(k) for k, v in changes.items() if there.get(k) != v})
        made = [path, *(p for p in above(path) if p and p not in put and not self._filled(account, p, put))]
        settings = _set(changes)
        documents = {
            _id(account, p): {"path": p, "settings": settings if p == path else {}} for p in reversed(made)
        }
        self._resources.add_all(account, KIND, documents, most=MOST)
        return Put(made=tuple(reversed(made)))

    def _change(
        self, account: str, path: str, changed: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        """The settings of before. Raises Refusal `not_found`."""

        def document(there: Mapping[str, Any]) -> dict[str, Any]:
            return {"path": path, "settings": _set(changed(there["settings"]))}

        before = self._resources.change(account, KIND, _id(account, path), document)
        return dict(before["settings"])

    def _filled(self, account: str, path: str, put: Mapping[str, Folder]) -> bool:
        return any(p.startswith(f"{path}/") for p in put) or bool(self._files.list(account, path, limit=1))

    def _of(self, account: str, paths: Sequence[str]) -> tuple[Folder, ...]:
        ids = {path: _id(account, path) for path in paths}
        put = self._resources.documents(account, KIND, ids.values())
        return tuple(_folder(put[i]) if (i := ids[path]) in put else Folder(path) for path in paths)

    def _put(self, account: str) -> dict[str, Folder]:
        found = map(_folder, self._resources.documents(account, KIND).values())
        return {folder.path: folder for folder in sorted(found, key=lambda f: f.place)}


def place_of(entry: StoredFile | Folder | str) -> str:
    """Where a file or a folder stands in a list; what comes behind it has a greater one."""
    match entry:
        case Folder():
            return entry.place
        case str():
            return entry
        case _:
            return entry.path


def _read(ask: Callable[[str, int], Sequence[Entry]], after: str, size: int) -> Iterator[Entry]:
    while page := ask(after, size):
        yield from page
        if len(page) < size:
            return
        after, size = page[-1][0], max(size, min(size * 2, _MOST))


def above(path: str) -> tuple[str, ...]:
    """The folders that one is in, the nearest first.

    >>> above("/a/b"), above("/a"), above("")
    (('/a', ''), ('',), ())
    """
    found = []
    while path:
        path = path.rpartition("/")[0]
        found.append(path)
    return tuple(found)


def _steps(place: str, top: str) -> Iterator[str]:
    """The places of the folders on the way from `top`, which `place` begins with, down to it.

    >>> list(_steps("/a/b/c.mp4", "/")), list(_steps("/a/b/", "/a/")), list(_steps("/a", "/"))
    (['/a/', '/a/b/'], ['/a/b/'], [])
    """
    end = place.find("/", len(top))
    while end != -1:
        yield place[: end + 1]
        end = place.find("/", end + 1)


def _folder(document: Mapping[str, Any]) -> Folder:
    return Folder(document["path"], document["settings"], put=True)


def _set(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are; None takes one away."""
    return {key: value for key, value in settings.items() if value is not None}


def _id(account: str, path: str) -> str:
    """The same for the same folder: of two who make it at once, one finds that it is there."""
    return hashlib.sha256(f"{account}\0{path}".encode("utf-8", "surrogatepass")).hexdigest()
