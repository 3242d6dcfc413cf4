"""One piece of an upload: bytes that go to their place, and are on the disk when it is acknowledged."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, NamedTuple, Self

from ingest.server.refusals import Refusal

if TYPE_CHECKING:
    from ingest.server.uploads import Upload, Uploads

# After so many bytes what has arrived is put down, so that a long piece that breaks off is not lost.
SAVE_BYTES = 16 * 1024 * 1024


class Checksum(NamedTuple):
    """What a piece of a tus upload must have: `algorithm` is a name of hashlib's."""

    algorithm: str
    digest: bytes


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
        # Of a tus upload all is taken: nobody knows where its pieces end. An empty part takes all as well.
        length = limit - offset if upload.kind == "parts" else 0
        start = offset if upload.kind == "parts" else 0
        self._alone = uploads._alone(upload, start, length)  # noqa: SLF001 (the two are one)
        self.offset = offset

    def __enter__(self) -> Self:
        self._descriptor = self._alone.__enter__()
        try:
            # Only now nobody else can change it.
            self._still_wanted(self._uploads.get(self._upload.account, self._upload.upload_id))
        except BaseException:
            self._alone.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if self._upload.kind == "tus" and self._checksum is None:
                self._save()
        finally:
            self._alone.__exit__(None, None, None)

    def write(self, data: bytes) -> None:
        """Raises Refusal `too_large` behind the end of the upload, or of the part."""
        if self.offset + len(data) > self._limit:
            raise Refusal("too_large", "more bytes than were declared", code="piece_too_long")
        if self._upload.kind == "parts" and data and self.offset == self._saved:
            # What is overwritten is not here any more: no file may be made of it.
            self._uploads._part_leaves(self._upload, self._number)  # noqa: SLF001
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
            self._uploads._set_part(self._upload, self._number, self._md5.hexdigest())  # noqa: SLF001
        return self._uploads.get(self._upload.account, self._upload.upload_id)

    def _still_wanted(self, now: Upload) -> None:
        if now.file_id is not None:
            raise Refusal("conflict", "the upload is complete", code="upload_complete")
        if now.kind == "tus" and now.arrived != self.offset:
            raise Refusal("conflict", f"the upload has reached {now.arrived}", code="offset_conflict")

    def _save(self) -> None:
        if self.offset > self._saved:
            os.fsync(self._descriptor)
            self._uploads._reached(self._upload, self.offset)  # noqa: SLF001
            self._saved = self.offset
