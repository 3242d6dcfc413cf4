"""Single pictures of stored films, made when they are asked for and kept for the next time."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING, Final

from ingest.files import write_atomic
from ingest.media.cancel import CancelToken
from ingest.pipeline.still import still
from ingest.server.refusals import Refusal
from ingest.settings import load

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path

    from ingest.engine.model import StoredFile
    from ingest.server.core import Core

FOLDER: Final = "stills"
KEPT: Final = 1000  # pictures; the oldest go
AT_ONCE: Final = 2  # programs that decode: requests wait for them, jobs are not to
WAIT_SECONDS: Final = 30.0
# Of this process, like the processors that it spares.
_ROOM = threading.BoundedSemaphore(AT_ONCE)


def still_of(core: Core, file: StoredFile, time: Fraction) -> bytes:
    """The picture at a time of a stored film, as a JPEG of its own size; behind the end, the last one.

    Raises:
        Refusal: unavailable: too many are being made.
        SourceError: it is no film, or cannot be read.
    """
    name = hashlib.sha256(f"{file.etag} {file.size} {time}".encode()).hexdigest()
    kept = core.settings.home / FOLDER / f"{name}.jpg"
    try:
        return kept.read_bytes()
    except FileNotFoundError:
        pass
    if not _ROOM.acquire(timeout=WAIT_SECONDS):
        raise Refusal("unavailable", "too many pictures are being made", headers={"Retry-After": "5"})
    try:
        picture = still(file.stored, time, load(), CancelToken())
    finally:
        _ROOM.release()
    _keep(kept, picture)
    return picture


def _keep(path: Path, picture: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomic(path, picture)
    there = sorted(path.parent.glob("*.jpg"), key=lambda p: p.stat().st_mtime)
    for old in there[:-KEPT]:
        old.unlink(missing_ok=True)
