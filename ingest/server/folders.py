"""The folders of the accounts: what the paths of their files begin with, and those that were put.

One that was put is there though it be empty, and has settings; any other comes and goes with the files below it.
A folder's path has no slash at its end; that of the top is empty.
"""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ingest.server.filepaths import checked_path
from ingest.server.refusals import Refusal
from ingest.server.resources import MOST, Resources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ingest.engine.model import StoredFile
    from ingest.server.filestore import FileStore

KIND: Final = "folder"
# Behind every path that begins with what stands before it: no path has a character that is none (filepaths.py).
_LAST: Final = "\U0010ffff"
# Files that are read at once: few behind a folder that is passed over, more for as long as none is.
_FEWEST, _MOST = 8, 512


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
        return self._put(account).get(path, Folder(path))

    def line(self, account: str, path: str) -> tuple[Folder, ...]:
        """The folder of this path and those that it is in, up to the top."""
        put = self._put(account)
        return tuple(put.get(p, Folder(p)) for p in (path, *above(path)))

    def put_below(self, account: str, path: str, recursive: bool) -> tuple[Folder, ...]:
        """The folder of this path, if it was put, and with `recursive` all that were put in it, by path."""
        found = self._put(account).values()
        return tuple(f for f in found if f.path == path or (recursive and f.path.startswith(f"{path}/")))

    def entries(
        self, account: str, path: str, *, after: str = "", recursive: bool = False
    ) -> Iterator[StoredFile | Folder]:
        """What is in a folder, in the order of `place_of`, behind the place `after`.

        `recursive`: with all that is in its folders.
        """
        top = f"{path}/"
        put = self._put(account)
        places = deque(p for p in (f.place for f in put.values()) if p.startswith(top))
        page: deque[StoredFile] = deque()
        last = max(after, top)
        more, size = True, _FEWEST
        while True:
            while places and places[0] <= last:
                places.popleft()
            while page and page[0].path <= last:
                page.popleft()
            if not page and more:
                page.extend(self._files.list(account, path or "/", after=last, limit=size))
                more, size = len(page) == size, min(size * 2, _MOST)
            if not page and not places:
                return
            file = page[0] if page and not (places and places[0] < page[0].path) else None
            place = places[0] if file is None else file.path
            steps = list(_steps(place, top)) if recursive else list(_steps(place, top))[:1]
            for step in steps:
                if step > last:
                    yield put.get(step[:-1], Folder(step[:-1]))
            if recursive or not steps:
                last = place
                if file is not None:
                    yield file
            else:
                last, size = steps[0] + _LAST, _FEWEST

    # -- changes --

    def put(self, account: str, path: str, changes: Mapping[str, Any]) -> Put:
        """Make a folder, and what it is in as far as that is not there.

        `changes`: of its settings; None takes one away.

        Raises:
            Refusal: `conflict`, the account has put as many folders as it may; `invalid`, no file could be in it.
        """
        if path:
            checked_path(path)
        try:
            return self._make(account, path, changes)
        except Refusal as refusal:
            if refusal.code not in ("exists", "not_found"):
                raise
        return self._make(account, path, changes)  # another one has just made it, or taken it away

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

    def _put(self, account: str) -> dict[str, Folder]:
        rows = (r.document for r in self._resources.list(account, KIND))
        found = (Folder(row["path"], row["settings"], put=True) for row in rows)
        return {folder.path: folder for folder in sorted(found, key=lambda f: f.place)}


def place_of(entry: StoredFile | Folder) -> str:
    """Where a file or a folder stands in a list; what comes behind it has a greater one."""
    return entry.place if isinstance(entry, Folder) else entry.path


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


def _set(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are; None takes one away."""
    return {key: value for key, value in settings.items() if value is not None}


def _id(account: str, path: str) -> str:
    """The same for the same folder: of two who make it at once, one finds that it is there."""
    return hashlib.sha256(f"{account}\0{path}".encode("utf-8", "surrogatepass")).hexdigest()
