"""Single pictures of stored films, made when they are asked for and kept for the next time."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from ingest.files import write_atomic
from ingest.pipeline.still import still
from ingest.server.rooms import Room
from ingest.settings import load

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path

    from ingest.engine.model import StoredFile
    from ingest.server.core import Core

FOLDER: Final = "stills"
KEPT: Final = 1000  # pictures; the oldest go
AT_ONCE: Final = 2  # programs that decode: requests wait for them, jobs are not to
WAITING: Final = 6  # a page has some posters
WAIT_SECONDS: Final = 30.0
# Of this process, like the processors and the threads that it spares.
_ROOM = Room("pictures are being made", AT_ONCE, waiting=WAITING, seconds=WAIT_SECONDS)


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
    with _ROOM.place(file.account):
        picture = still(file.stored, time, load(), core.closing)
    _keep(kept, picture)
    return picture


def _keep(path: Path, picture: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomic(path, picture)
    there = sorted(path.parent.glob("*.jpg"), key=lambda p: p.stat().st_mtime)
    for old in there[:-KEPT]:
        old.unlink(missing_ok=True)
