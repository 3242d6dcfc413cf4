"""Uploads that come in pieces: at a growing offset (tus), or in parts of one size, in any order (Bytescale).

What was acknowledged is on the disk, bytes before rows. The pieces lie at their places in one file from the start, so
nothing is joined in the end; one more reading makes the whole file's MD5.
"""

from __future__ import annotations

import json
import os
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import delete, insert, select, update

from ingest.files import sync_folder
from ingest.job.record import utc_now
from ingest.server.filestore import md5_of, new_file_id
from ingest.server.locks import locked
from ingest.server.pieces import Piece
from ingest.server.refusals import Refusal
from ingest.store.model import storable
from ingest.store.tables import UPLOADS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Row

    from ingest.engine.model import StoredFile
    from ingest.server.filestore import About, FileStore
    from ingest.server.pieces import Checksum

Kind = Literal["tus", "parts"]


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload as the store has it.

    Attributes:
        size: of the whole, bytes; None while it is not known (tus).
        part_size: of every part but the last; None where it has no parts.
        arrived: bytes that are on the disk, from the front (tus), or in all parts (parts).
        parts: MD5 of each part that has arrived, by its number from 0.
        expires: it is forgotten then, unless more has arrived.
        file_id: of the file that it became.
    """

    upload_id: str
    account: str
    kind: Kind
    path: str
    name: str
    mime: str
    size: int | None
    part_size: int | None
    arrived: int
    parts: Mapping[int, str]
    metadata: Mapping[str, Any]
    tags: tuple[str, ...]
    created: datetime
    expires: datetime
    file_id: str | None

    @property
    def part_count(self) -> int:
        """How many parts it has; an empty file has one, an empty part."""
        if self.size is None or self.part_size is None:
            return 0
        return max(1, -(-self.size // self.part_size))

    def part_length(self, number: int) -> int:
        """Bytes of one part. Raises Refusal `not_found` for a number that there is not."""
        if self.size is None or self.part_size is None or not 0 <= number < self.part_count:
            raise Refusal("not_found", f"the upload has no part {number}", code="part_not_found")
        return min(self.part_size, self.size - number * self.part_size)


class Uploads:
    """The unfinished uploads of a data folder; safe to share among threads, and with other servers on that folder.

    `lifetime` is from the last byte on.
    """

    def __init__(self, files: FileStore, lifetime: timedelta) -> None:
        self._files = files
        self._database = files.database
        self._lifetime = lifetime

    def begin(
        self,
        account: str,
        about: About,
        *,
        kind: Kind,
        size: int | None,
        part_size: int | None = None,
    ) -> Upload:
        """A new upload, nothing of it here yet.

        Raises:
            Refusal: `invalid` for the path or a size below 0; `too_large`.
        """
        if (size is not None and size < 0) or (part_size is not None and part_size < 1):
            raise Refusal("invalid", "a size below 0", code="size_invalid")
        columns = about.columns()
        self._files.room(account, size or 0)
        upload_id = f"u{uuid.uuid4().hex}"
        blob = self._files.blob(account, upload_id)
        blob.touch(mode=0o600, exist_ok=False)
        sync_folder(blob.parent)
        now = utc_now()
        row = columns | {
            "upload_id": upload_id,
            "account": account,
            "kind": kind,
            "size": size,
            "part_size": part_size,
            "created": now,
            "updated": now,
            "expires": self._until(),
        }
        try:
            with self._database.write() as db:
                db.execute(insert(UPLOADS).values(row))
                self._files.check_sum(db, account)
        except Refusal:
            blob.unlink()
            raise
        return self.get(account, upload_id)

    def get(self, account: str | None, upload_id: str) -> Upload:
        """The upload, also a while after it became a file. Raises Refusal `not_found`."""
        query = select(UPLOADS).where(UPLOADS.c.upload_id == storable(upload_id))
        if account is not None:
            query = query.where(UPLOADS.c.account == account)
        with self._database.read() as db:
            row = db.execute(query).one_or_none()
        if row is None or row.expires <= utc_now():
            raise _missing()
        return _upload(row)

    def declare(self, upload: Upload, size: int) -> Upload:
        """Say the size of a tus upload that began without one. Raises Refusal `conflict`, `too_large`."""
        if upload.size == size:
            return upload
        if upload.size is not None:
            raise Refusal("conflict", f"the upload's size is {upload.size}", code="size_changed")
        if size < upload.arrived:
            raise Refusal("conflict", f"{upload.arrived} bytes have arrived already", code="size_too_small")
        self._files.room(upload.account, size, counted=upload.arrived)
        self._set(upload, size=size)
        return self.get(upload.account, upload.upload_id)

    def piece(self, upload: Upload, offset: int, checksum: Checksum | None = None) -> Piece:
        """For the next bytes of a tus upload, which must come at the offset that it has reached.

        Entering it raises Refusal `conflict` for another offset, and with status 423 while somebody else writes.
        """
        if upload.size is None:
            limit = min(self._files.max_size, offset + self._files.left(upload.account))
        else:
            limit = upload.size
        return Piece(self, upload, 0, offset, limit, checksum)

    def part(self, upload: Upload, number: int) -> Piece:
        """For the bytes of one part; a part may come again until the upload is complete."""
        length = upload.part_length(number)
        offset = number * (upload.part_size or 0)
        return Piece(self, upload, number, offset, offset + length)

    def complete(self, upload: Upload, *, replace: bool = False) -> StoredFile:
        """Make it a file, once all of it is here; again the same file.

        Raises:
            Refusal: `conflict` while something is missing, with status 423 while somebody writes.
        """
        now = self.get(upload.account, upload.upload_id)
        if now.file_id is not None:
            return self._files.get(upload.account, now.file_id)
        with self._alone(upload, 0, 0):
            now = self.get(upload.account, upload.upload_id)
            if now.file_id is not None:
                return self._files.get(upload.account, now.file_id)
            missing = self._missing(now)
            if missing:
                raise Refusal("conflict", f"not complete: {missing}", code="upload_incomplete")
            return self._become_file(now, replace=replace)

    def cancel(self, upload: Upload) -> None:
        """Forget it and its bytes; the file that it became stays."""
        with self._database.write() as db:
            db.execute(delete(UPLOADS).where(UPLOADS.c.upload_id == upload.upload_id))
        self._files.blob(upload.account, upload.upload_id).unlink(missing_ok=True)

    def sweep(self) -> int:
        """Forget the uploads whose time is over; how many."""
        with self._database.read() as db:
            rows = db.execute(select(UPLOADS).where(UPLOADS.c.expires <= utc_now())).all()
        for row in rows:
            self.cancel(_upload(row))
        return len(rows)

    # -- for pieces --

    @contextmanager
    def _alone(self, upload: Upload, start: int, length: int) -> Iterator[int]:
        """The upload's bytes, open for writing: one writer at a time of each, whatever server it asks.

        `length` from `start` on are written, 0: all. Who makes the whole a file is alone with it.

        Raises:
            Refusal: `conflict`, with status 423 of RFC 4918, or it is a file by now; `not_found`, it was given up.
        """
        try:
            descriptor = os.open(
                self._files.blob(upload.account, upload.upload_id), os.O_WRONLY | os.O_CLOEXEC
            )
        except FileNotFoundError as error:
            if self.get(upload.account, upload.upload_id).file_id is None:
                raise _missing() from error
            raise Refusal("conflict", "the upload is complete", code="upload_complete") from error
        try:
            with locked(descriptor, start, length) as ours:
                if not ours:
                    raise Refusal("conflict", "the upload is being written", code="upload_locked", status=423)
                yield descriptor
        finally:
            os.close(descriptor)

    def _reached(self, upload: Upload, arrived: int) -> None:
        self._set(upload, arrived=arrived)

    def _part_leaves(self, upload: Upload, number: int) -> None:
        if number in self.get(upload.account, upload.upload_id).parts:
            self._set_part(upload, number, None)

    def _set_part(self, upload: Upload, number: int, md5: str | None) -> None:
        """Raises Refusal `not_found` for an upload that was given up meanwhile."""
        with self._database.write() as db:
            mine = UPLOADS.c.upload_id == upload.upload_id
            found = db.execute(select(UPLOADS.c.parts).where(mine)).scalar_one_or_none()
            if found is None:
                raise _missing()
            parts = {n: value for n, value in json.loads(found).items() if n != str(number)}
            if md5 is not None:
                parts[str(number)] = md5
            arrived = sum(upload.part_length(int(n)) for n in parts)
            db.execute(
                update(UPLOADS)
                .where(mine)
                .values(parts=json.dumps(parts), arrived=arrived, updated=utc_now(), expires=self._until())
            )

    def _set(self, upload: Upload, **values: int) -> None:
        with self._database.write() as db:
            db.execute(
                update(UPLOADS)
                .where(UPLOADS.c.upload_id == upload.upload_id)
                .values(updated=utc_now(), expires=self._until(), **values)
            )
            if upload.size is None:  # else all of it was counted when it began
                self._files.check_sum(db, upload.account)

    def _missing(self, upload: Upload) -> str:
        if upload.kind == "tus":
            if upload.size is None:
                return "its size is not known"
            return (
                "" if upload.arrived == upload.size else f"{upload.arrived} of {upload.size} bytes are here"
            )
        missing = [str(n) for n in range(upload.part_count) if n not in upload.parts]
        return f"part {', '.join(missing[:10])} is missing" if missing else ""

    def _become_file(self, upload: Upload, *, replace: bool) -> StoredFile:
        blob = self._files.blob(upload.account, upload.upload_id)
        os.truncate(blob, upload.size or 0)  # what a piece that broke off has left behind the end
        etag = md5_of(blob)
        file_id = new_file_id()
        target = self._files.blob(upload.account, file_id)
        # A second name first: whenever this stops, the upload or the file is whole.
        target.hardlink_to(blob)
        sync_folder(target.parent)
        columns = {
            "path": upload.path,
            "name": upload.name,
            "mime": upload.mime,
            "metadata": json.dumps(dict(upload.metadata), ensure_ascii=False),
            "tags": json.dumps(list(upload.tags), ensure_ascii=False),
        }
        try:
            with self._database.write() as db:
                # First, or its bytes would count twice.
                mine = UPLOADS.c.upload_id == upload.upload_id
                db.execute(update(UPLOADS).where(mine).values(file_id=file_id, updated=utc_now()))
                made, replaced = self._files.add_row(
                    db, upload.account, file_id, columns, upload.size or 0, etag, replace=replace
                )
        except Refusal:
            target.unlink()
            raise
        for gone in (blob, replaced):
            if gone is not None:
                gone.unlink(missing_ok=True)
        return made

    def _until(self) -> str:
        moment = datetime.now(UTC) + self._lifetime
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _missing() -> Refusal:
    return Refusal("not_found", "there is no such upload", code="upload_not_found")


def _upload(row: Row[*tuple[Any, ...]]) -> Upload:
    return Upload(
        upload_id=row.upload_id,
        account=row.account,
        kind=row.kind,
        path=row.path,
        name=row.name,
        mime=row.mime,
        size=row.size,
        part_size=row.part_size,
        arrived=row.arrived,
        parts={int(n): md5 for n, md5 in json.loads(row.parts).items()},
        metadata=json.loads(row.metadata),
        tags=tuple(json.loads(row.tags)),
        created=datetime.fromisoformat(row.created),
        expires=datetime.fromisoformat(row.expires),
        file_id=row.file_id,
    )
