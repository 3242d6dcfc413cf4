"""Tickets: a part of a URL that lets whoever has it read one job's files for a while.

Players send no header with the segments that a playlist names, so the permission stands in the path, before the
relative names. A ticket is the job's id, the second it ends at, the id of the key that it was asked for with, and 16
bytes of an HMAC-SHA-256 over all that. It ends with its key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import time
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from ingest.files import sync_folder
from ingest.job import codes
from ingest.job.errors import OutputError
from ingest.job.ids import uuid_of
from ingest.server.keys import KEY_ID_PREFIX
from ingest.server.refusals import Refusal

if TYPE_CHECKING:
    from pathlib import Path

_KEPT_IN: Final = "server.secret"
_SECRET_LENGTH: Final = 32
_KEY_LENGTH, _MAC_LENGTH = 15, 16  # of a key's id what follows its first letter
_LENGTH = 16 + 4 + _KEY_LENGTH + _MAC_LENGTH
_ROUND = 3600  # seconds: a page that is loaded again has the same URLs, which caches know


class Tickets:
    """Makes and reads the tickets of one server."""

    def __init__(self, secret: bytes, lifetime: float) -> None:
        """`lifetime`: seconds that a ticket is good for, at least; at most an hour longer."""
        self.secret = secret
        self._lifetime = lifetime

    @classmethod
    def open(cls, home: Path, lifetime: float) -> Tickets:
        """With the secret kept in the data folder, made at the first time.

        Raises:
            OutputError: STORE_UNUSABLE, what is kept there is no secret of ours.
            OSError: it cannot be read or written.
        """
        path = home / _KEPT_IN
        try:
            secret = path.read_bytes()
        except FileNotFoundError:
            secret = _new_secret(path)
        # With an empty one, whatever a crash left of it, anybody could make tickets.
        if len(secret) != _SECRET_LENGTH:
            raise OutputError(
                codes.STORE_UNUSABLE,
                f"{path} has {len(secret)} bytes, not {_SECRET_LENGTH}",
                remedy="remove it: a new one is made, and URLs that were given out end",
            )
        return cls(secret, lifetime)

    def issue(self, job_id: str, key_id: str = "", now: float | None = None) -> str:
        """A ticket for a job's files, as text that needs no quoting in URLs; `key_id` empty: of no key."""
        until = int((time.time() if now is None else now) + self._lifetime)
        until += -until % _ROUND
        key = key_id.removeprefix(KEY_ID_PREFIX).encode("ascii").ljust(_KEY_LENGTH, b"\0")
        said = uuid_of(job_id).bytes + until.to_bytes(4, "big") + key
        return base64.urlsafe_b64encode(said + self._mac(said)).decode("ascii")

    def read(self, ticket: str, now: float | None = None) -> tuple[str, str]:
        """The ids of the job that a ticket is for, and of the key that must be good still (empty: of none).

        Raises:
            Refusal: `not_found` for what is no ticket of ours, `expired`.
        """
        try:
            data = base64.b64decode(ticket.encode("ascii"), altchars=b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            data = b""
        said, mac = data[: _LENGTH - _MAC_LENGTH], data[_LENGTH - _MAC_LENGTH :]
        if len(data) != _LENGTH or not hmac.compare_digest(mac, self._mac(said)):
            raise Refusal("not_found", "there is nothing at this URL")
        if int.from_bytes(said[16:20], "big") <= (time.time() if now is None else now):
            raise expired()
        key = said[20:].rstrip(b"\0").decode("ascii")
        return f"j{uuid.UUID(bytes=said[:16])}", KEY_ID_PREFIX + key if key else ""

    def _mac(self, said: bytes) -> bytes:
        return hmac.new(self.secret, said, hashlib.sha256).digest()[:_MAC_LENGTH]


def expired() -> Refusal:
    return Refusal("expired", "this URL has expired", status=403)


def _new_secret(path: Path) -> bytes:
    """Make it whole under another name, then give it its own: whoever is first, all have the same."""
    own = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    try:
        descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_SECRET_LENGTH))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(own)
    finally:
        own.unlink(missing_ok=True)
    sync_folder(path.parent)
    return path.read_bytes()
