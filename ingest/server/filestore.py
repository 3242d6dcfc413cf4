"""The files of the accounts: sources that were uploaded, and what dialects keep for their clients.

A row of the table `files` is a file; its bytes lie under a name of our own below `<home>/files/<account>/`. Bytes are
written and fsynced before the row that names them, and go after it: a crash leaves at most bytes that nobody names,
which `sweep` removes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import delete, select, update

from ingest.files import sync_folder
from ingest.job.record import utc_now
from ingest.server.file_rows import insert_free, missing, stored_file, used_bytes
from ingest.server.filepaths import checked_path, name_of
from ingest.server.mimes import checked_mime
from ingest.server.refusals import Refusal
from ingest.store.model import storable
from ingest.store.tables import FILES, UPLOADS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection

    from ingest.engine.model import StoredFile
    from ingest.store.database import Database

BLOCK = 1024 * 1024
ORPHAN_SECONDS = 24 * 3600.0
FETCHES = "fetch-"  # what the names of folders in the data folder begin with that are downloaded into


@dataclass(frozen=True, slots=True)
class About:
    """What a client says of a file that it brings.

    Attributes:
        path: its place in the account's tree.
        name: what it was called where it came from; empty: as the path ends.
        mime: empty, or no media type: by the name.
        metadata, tags: the client's own; JSON.
        replace: a file that has this path goes when this one is whole; else this one gets a number.
    """

    path: str
    name: str = ""
    mime: str = ""
    metadata: Mapping[str, Any] | None = None
    tags: Sequence[str] = ()
    replace: bool = False

    def columns(self) -> dict[str, str]:
        path = checked_path(self.path)
        name = storable(self.name) or name_of(path)
        return {
            "path": storable(path),
            "name": name,
            "mime": checked_mime(self.mime, name),
            "metadata": json.dumps(dict(self.metadata or {})),
            "tags": json.dumps(list(self.tags)),
        }


class FileStore:
    """The files of one server; safe to share among threads.

    `max_size` is that of one file, `max_stored` that of all files of an account together; bytes.
    """

    def __init__(
        self, database: Database, home: Path, *, max_size: int, max_stored: int | None = None
    ) -> None:
        self.database = database
        self.max_size = max_size
        self._folder = home / "files"
        self._max_stored = max_stored

    # -- questions --

    def get(self, account: str | None, file_id: str) -> StoredFile:
        """The file of this id; account None: whoever owns it. Raises Refusal `not_found`."""
        return self._one(account, FILES.c.file_id == storable(file_id))

    def by_prefix(self, account: str | None, prefix: str) -> StoredFile:
        """The file whose id begins so. Raises Refusal `not_found`, also where there are several."""
        # A range, for the index: `g` follows the last hexadecimal digit.
        query = (
            select(FILES).where(FILES.c.file_id.between(storable(prefix), storable(prefix) + "g")).limit(2)
        )
        if account is not None:
            query = query.where(FILES.c.account == account)
        with self.database.read() as db:
            rows = db.execute(query).all()
        if len(rows) != 1:
            raise missing()
        return stored_file(rows[0])

    def at(self, account: str, path: str) -> StoredFile:
        """The account's file of this path. Raises Refusal `not_found`."""
        return self._one(account, FILES.c.path == storable(path))

    def list(
        self, account: str | None, folder: str = "/", *, after: str = "", limit: int = 100
    ) -> tuple[StoredFile, ...]:
        """At most `limit` files below a folder, by path; those behind the path `after`."""
        prefix = storable(folder if folder.endswith("/") else folder + "/")
        # A range, for the index: `0` follows `/` in the order of characters.
        below = (FILES.c.path > prefix) & (FILES.c.path < prefix[:-1] + "0")
        query = select(FILES).where(below, FILES.c.path > storable(after)).order_by(FILES.c.path)
        if account is not None:
            query = query.where(FILES.c.account == account)
        with self.database.read() as db:
            return tuple(stored_file(row) for row in db.execute(query.limit(limit)))

    def used(self, account: str) -> int:
        """Bytes of the account's files, and of what it is uploading."""
        with self.database.read() as db:
            return used_bytes(db, account)

    # -- changes --

    def room(self, account: str, size: int, *, counted: int = 0) -> None:
        """Refuse early, by what is known, a file of so many bytes; what counts is `check_sum`.

        `counted`: bytes of it that are among those of the account already.

        Raises:
            Refusal: `too_large` for one file, or for the account.
        """
        if size > self.max_size:
            raise Refusal(
                "too_large", f"a file may have at most {self.max_size} bytes", code="file_too_large"
            )
        if self._max_stored is not None and self.used(account) + size - counted > self._max_stored:
            raise self._full(self._max_stored)

    def left(self, account: str) -> int:
        """How many bytes a file may have that the account brings now."""
        if self._max_stored is None:
            return self.max_size
        return max(0, min(self.max_size, self._max_stored - self.used(account)))

    def check_sum(self, db: Connection, account: str) -> None:
        """Asked at the end of each transaction that adds bytes to an account: no other one can come between.

        Raises:
            Refusal: `too_large`, the account has more than it may; the transaction is undone by it.
        """
        if self._max_stored is not None and used_bytes(db, account) > self._max_stored:
            raise self._full(self._max_stored)

    @staticmethod
    def _full(limit: int) -> Refusal:
        message = f"the account's files may have at most {limit} bytes together"
        return Refusal("too_large", message, code="quota_exceeded")

    def writer(self, account: str, about: About) -> Writer:
        """For a file that comes in one stream. Raises Refusal `invalid` for its path."""
        return Writer(self, account, about)

    def put(self, account: str, about: About, content: bytes) -> StoredFile:
        """A small file at once. Raises Refusal as `writer` and `room`."""
        with self.writer(account, about) as writer:
            writer.write(content)
            return writer.commit()

    def copy(self, account: str, file_id: str, about: About) -> StoredFile:
        """The same bytes under another path; they lie on the disk once.

        Raises:
            Refusal: `not_found`; as `room`.
        """
        source = self.get(account, file_id)
        columns = about.columns()
        self.room(account, source.size)
        new_id = new_file_id()
        target = self.blob(account, new_id)
        try:
            target.hardlink_to(source.stored)
        except FileNotFoundError as error:
            raise missing() from error
        sync_folder(target.parent)
        return self.add(account, new_id, columns, source.size, source.etag, replace=about.replace)

    def describe(
        self,
        account: str | None,
        file_id: str,
        *,
        metadata: Mapping[str, Any] | None = None,
        tags: Sequence[str] | None = None,
    ) -> StoredFile:
        """Replace the client's own words. Raises Refusal `not_found`."""
        found = self.get(account, file_id)
        values = {}
        if metadata is not None:
            values["metadata"] = json.dumps(dict(metadata))
        if tags is not None:
            values["tags"] = json.dumps(list(tags))
        if values:
            with self.database.write() as db:
                db.execute(update(FILES).where(FILES.c.file_id == found.file_id).values(values))
        return self.get(account, file_id)

    def delete(self, account: str | None, file_id: str) -> None:
        """Jobs that have begun with it, or wait for their turn, keep it. Raises Refusal `not_found`."""
        found = self.get(account, file_id)
        with self.database.write() as db:
            db.execute(delete(FILES).where(FILES.c.file_id == found.file_id))
        found.stored.unlink(missing_ok=True)

    def sweep(self, now: float | None = None) -> int:
        """Remove bytes that no row has named for a day; how many files that were.

        And what a server that was killed left of downloads, none of which lasts so long.
        """
        # By the time of the last name: a copy is as old as its source by the time of its bytes.
        limit = (time.time() if now is None else now) - ORPHAN_SECONDS
        gone = 0
        for folder in _entries(self._folder):
            for entry in _entries(Path(folder.path)):
                with suppress(FileNotFoundError):
                    if entry.stat(follow_symlinks=False).st_ctime < limit and not self._named(entry.name):
                        Path(entry.path).unlink()
                        gone += 1
        for entry in _entries(self._folder.parent):
            if entry.name.startswith(FETCHES) and entry.stat(follow_symlinks=False).st_ctime < limit:
                shutil.rmtree(entry.path, ignore_errors=True)
        return gone

    # -- for uploads --

    def blob(self, account: str, name: str) -> Path:
        """Where the bytes of this file id, or upload id, are; the folder is made."""
        if not account.isalnum() or not account.isascii():
            raise ValueError(f"{account!r} is not an account")
        folder = self._folder / account
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            sync_folder(self._folder)
            sync_folder(self._folder.parent)
        return folder / name

    def add(
        self,
        account: str,
        file_id: str,
        columns: Mapping[str, str],
        size: int,
        etag: str,
        *,
        replace: bool,
    ) -> StoredFile:
        """The row of a file whose bytes are on the disk already; they go where it is refused.

        Raises:
            Refusal: `too_large` for the account's sum.
        """
        try:
            with self.database.write() as db:
                made, replaced = self.add_row(db, account, file_id, columns, size, etag, replace=replace)
        except Refusal:
            self.blob(account, file_id).unlink(missing_ok=True)
            raise
        if replaced is not None:
            replaced.unlink(missing_ok=True)
        return made

    def add_row(
        self,
        db: Connection,
        account: str,
        file_id: str,
        columns: Mapping[str, str],
        size: int,
        etag: str,
        *,
        replace: bool,
    ) -> tuple[StoredFile, Path | None]:
        """As `add`, within a transaction.

        With the file come the bytes of the one that it replaces: they may go only when the transaction is on the
        disk, or a crash in between leaves the old row without them.
        """
        old = None
        if replace:
            there = (FILES.c.account == account) & (FILES.c.path == columns["path"])
            old = db.execute(select(FILES.c.stored).where(there)).scalar_one_or_none()
            db.execute(delete(FILES).where(there))
        row = {
            "file_id": file_id,
            "account": account,
            "size": size,
            "etag": etag,
            "created": utc_now(),
            "stored": str(self.blob(account, file_id)),
        }
        insert_free(db, dict(columns) | row)
        self.check_sum(db, account)
        made = stored_file(db.execute(select(FILES).where(FILES.c.file_id == file_id)).one())
        return made, Path(old) if old is not None else None

    def _one(self, account: str | None, condition: ColumnElement[bool]) -> StoredFile:
        query = select(FILES).where(condition)
        if account is not None:
            query = query.where(FILES.c.account == account)
        with self.database.read() as db:
            row = db.execute(query).one_or_none()
        if row is None:
            raise missing()
        return stored_file(row)

    def _named(self, name: str) -> bool:
        with self.database.read() as db:
            file = select(FILES.c.file_id).where(FILES.c.file_id == name)
            upload = select(UPLOADS.c.upload_id).where(
                UPLOADS.c.upload_id == name, UPLOADS.c.file_id.is_(None)
            )
            return db.execute(file.union_all(upload)).first() is not None


class Writer:
    """One file on its way in; used in a `with`, which forgets it unless `commit` was reached."""

    def __init__(self, store: FileStore, account: str, about: About) -> None:
        self._store, self._account, self._about = store, account, about
        self._columns = about.columns()
        self._limit = store.left(account)
        self._file_id = new_file_id()
        self._path = store.blob(account, self._file_id)
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._file = self._path.open("xb")
        self._done = False
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        if not self._done:
            self._path.unlink(missing_ok=True)

    def write(self, data: bytes) -> None:
        """Raises Refusal `too_large`; OSError."""
        self.size += len(data)
        if self.size > self._limit:
            self._store.room(self._account, self.size)  # somebody may have made room meanwhile
            self._limit = self._store.left(self._account)
        self._file.write(data)
        self._md5.update(data)

    def commit(self) -> StoredFile:
        """The file is whole, and on the disk when this returns. Raises Refusal `too_large` for the account's sum."""
        self._file.flush()
        os.fsync(self._file.fileno())
        sync_folder(self._path.parent)
        made = self._store.add(
            self._account,
            self._file_id,
            self._columns,
            self.size,
            self._md5.hexdigest(),
            replace=self._about.replace,
        )
        self._done = True
        return made


def new_file_id() -> str:
    """`i` and a lower-case UUID, as Esri writes ids of uploads."""
    return f"i{uuid.uuid4()}"


def md5_of(path: Path) -> str:
    """Hexadecimal MD5 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except FileNotFoundError:
        return
