"""Uploads that come in pieces: at a growing offset (tus), or in parts of one size, in any order (Bytescale).

What was acknowledged is on the disk, bytes before rows. The pieces lie at their places in one file from the start, so
nothing is joined in the end; one more reading makes the whole file's MD5.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

from sqlalchemy import delete, insert, select, update

from ingest.files import sync_folder
from ingest.job.record import utc_now
from ingest.server.filestore import md5_of, new_file_id
from ingest.server.refusals import Refusal
from ingest.store.model import storable
from ingest.store.tables import UPLOADS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sqlalchemy import Row

    from ingest.engine.model import StoredFile
    from ingest.server.filestore import About, FileStore

Kind = Literal["tus", "parts"]
# After so many bytes what has arrived is put down, so that a long piece that breaks off is not lost.
SAVE_BYTES = 16 * 1024 * 1024


class Checksum(NamedTuple):
    """What a piece of a tus upload must have: `algorithm` is a name of hashlib's."""

    algorithm: str
    digest: bytes


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
    """The unfinished uploads of one server; safe to share among threads. `lifetime` is from the last byte on."""

    def __init__(self, files: FileStore, lifetime: timedelta) -> None:
        self._files = files
        self._database = files.database
        self._lifetime = lifetime
        self._lock = threading.Lock()
        self._busy: set[tuple[str, int]] = set()

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
        with self._database.write() as db:
            db.execute(
                insert(UPLOADS).values(
                    **columns,
                    upload_id=upload_id,
                    account=account,
                    kind=kind,
                    size=size,
                    part_size=part_size,
                    created=now,
                    updated=now,
                    expires=self._until(),
                )
            )
        return self.get(account, upload_id)

    def get(self, account: str | None, upload_id: str) -> Upload:
        """The upload, also a while after it became a file. Raises Refusal `not_found`."""
        query = select(UPLOADS).where(UPLOADS.c.upload_id == storable(upload_id))
        if account is not None:
            query = query.where(UPLOADS.c.account == account)
        with self._database.read() as db:
            row = db.execute(query).one_or_none()
        if row is None or row.expires <= utc_now():
            raise Refusal("not_found", "there is no such upload", code="upload_not_found")
        return _upload(row)

    def declare(self, upload: Upload, size: int) -> Upload:
        """Say the size of a tus upload that began without one. Raises Refusal `conflict`, `too_large`."""
        if upload.size is not None and upload.size != size:
            raise Refusal("conflict", f"the upload's size is {upload.size}", code="size_changed")
        if size < upload.arrived:
            raise Refusal("conflict", f"{upload.arrived} bytes have arrived already", code="size_too_small")
        self._files.room(upload.account, size)
        self._set(upload, size=size)
        return self.get(upload.account, upload.upload_id)

    def piece(self, upload: Upload, offset: int, checksum: Checksum | None = None) -> Piece:
        """For the next bytes of a tus upload, which must come at the offset that it has reached.

        Entering it raises Refusal `conflict` for another offset, and with status 423 while somebody else writes.
        """
        limit = self._files.max_size if upload.size is None else upload.size
        return Piece(self, upload, 0, offset, limit, checksum)

    def part(self, upload: Upload, number: int) -> Piece:
        """For the bytes of one part; a part may come again until the upload is complete."""
        length = upload.part_length(number)
        offset = number * (upload.part_size or 0)
        return Piece(self, upload, number, offset, offset + length)

    def complete(self, upload: Upload, *, replace: bool = False) -> StoredFile:
        """Make it a file, once all of it is here; again the same file.

        Raises:
            Refusal: `conflict` while something is missing.
        """
        if upload.file_id is not None:
            return self._files.get(upload.account, upload.file_id)
        missing = self._missing(upload)
        if missing:
            raise Refusal("conflict", f"not complete: {missing}", code="upload_incomplete")
        with self._alone(upload, -1):
            now = self.get(upload.account, upload.upload_id)
            if now.file_id is not None:
                return self._files.get(upload.account, now.file_id)
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
    def _alone(self, upload: Upload, number: int) -> Iterator[None]:
        """One writer at a time for each part. Raises Refusal `conflict`, with status 423 of RFC 4918."""
        key = (upload.upload_id, number)
        with self._lock:
            if key in self._busy:
                raise Refusal("conflict", "the upload is being written", code="upload_locked", status=423)
            self._busy.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._busy.discard(key)

    def _reached(self, upload: Upload, arrived: int) -> None:
        self._set(upload, arrived=arrived)

    def _part_arrived(self, upload: Upload, number: int, md5: str) -> None:
        with self._database.write() as db:
            mine = UPLOADS.c.upload_id == upload.upload_id
            parts = json.loads(db.execute(select(UPLOADS.c.parts).where(mine)).scalar_one())
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
        with self._database.write() as db:
            made, replaced = self._files.add_row(
                db, upload.account, file_id, columns, upload.size or 0, etag, replace=replace
            )
            mine = UPLOADS.c.upload_id == upload.upload_id
            db.execute(update(UPLOADS).where(mine).values(file_id=file_id, updated=utc_now()))
        for gone in (blob, replaced):
            if gone is not None:
                gone.unlink(missing_ok=True)
        return made

    def _until(self) -> str:
        moment = datetime.now(UTC) + self._lifetime
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Piece:
    """Bytes on their way to their place in an upload; used in a `with`.

    A piece of a tus upload that breaks off keeps what has arrived; a part must come whole.
    """

    def __init__(
        self,
        uploads: Uploads,
        upload: Upload,
        number: int,
        offset: int,
        limit: int,
        checksum: Checksum | None = None,
    ) -> None:
        self._uploads, self._upload, self._number = uploads, upload, number
        self._limit = limit
        self._saved = offset
        self._checksum = checksum
        self._hash = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum else None
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._alone = uploads._alone(upload, number)  # noqa: SLF001 (the two are one)
        self.offset = offset

    def __enter__(self) -> Self:
        self._alone.__enter__()
        try:
            # Only now nobody else can change it.
            self._still_wanted(self._uploads.get(self._upload.account, self._upload.upload_id))
            self._descriptor = os.open(self._blob(), os.O_WRONLY | os.O_CLOEXEC)
        except BaseException:
            self._alone.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if self._upload.kind == "tus" and self._checksum is None:
                self._save()
        finally:
            os.close(self._descriptor)
            self._alone.__exit__(None, None, None)

    def write(self, data: bytes) -> None:
        """Raises Refusal `too_large` behind the end of the upload, or of the part."""
        if self.offset + len(data) > self._limit:
            raise Refusal("too_large", "more bytes than were declared", code="piece_too_long")
        view = memoryview(data)
        while view:
            written = os.pwrite(self._descriptor, view, self.offset)
            self.offset += written
            view = view[written:]
        self._md5.update(data)
        if self._hash is not None:
            self._hash.update(data)
        elif self._upload.kind == "tus" and self.offset - self._saved >= SAVE_BYTES:
            self._save()

    def commit(self) -> Upload:
        """The upload with this piece, which is on the disk; the MD5 of a part is `parts[number]`.

        Raises:
            Refusal: `invalid`, a part is shorter than it must be, or the checksum is another (status 460 of tus).
        """
        if self._checksum and self._hash and self._hash.digest() != self._checksum.digest:
            message = f"the {self._checksum.algorithm} of what arrived is another"
            raise Refusal("invalid", message, code="checksum_mismatch", status=460)
        if self._upload.kind == "tus":
            self._save()
        else:
            if self.offset != self._limit:
                raise Refusal("invalid", "fewer bytes than the part has", code="part_too_short")
            os.fsync(self._descriptor)
            self._uploads._part_arrived(self._upload, self._number, self._md5.hexdigest())  # noqa: SLF001
        return self._uploads.get(self._upload.account, self._upload.upload_id)

    def _still_wanted(self, now: Upload) -> None:
        if now.file_id is not None:
            raise Refusal("conflict", "the upload is complete", code="upload_complete")
        if now.kind == "tus" and now.arrived != self.offset:
            raise Refusal("conflict", f"the upload has reached {now.arrived}", code="offset_conflict")

    def _blob(self) -> Path:
        return self._uploads._files.blob(self._upload.account, self._upload.upload_id)  # noqa: SLF001

    def _save(self) -> None:
        if self.offset > self._saved:
            os.fsync(self._descriptor)
            self._uploads._reached(self._upload, self.offset)  # noqa: SLF001
            self._saved = self.offset


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
