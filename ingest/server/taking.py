"""Takes files of elsewhere in, at the moment a client asks for it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.server.batches import adopt
from ingest.server.fetching import FetchLimits, fetch, size_of
from ingest.server.filestore import FETCHES
from ingest.server.rooms import Room

if TYPE_CHECKING:
    from ingest.engine.model import StoredFile, UrlSource
    from ingest.server.core import Core
    from ingest.server.filestore import About

# Of this process, like its threads: a server that is asked for its file may take all the time that the client grants.
_FETCHES = Room("files are being fetched", 8, each=4)


LOOK_SECONDS = 20.0


def look(core: Core, account: str, source: UrlSource) -> int | None:
    """Bytes that the file behind a URL has, as its server says; None: it does not.

    Raises:
        SourceError: SOURCE_NOT_FETCHED.
        Refusal: `invalid`, the URL; `too_many`, `unavailable`: as many are being fetched as may be at once.
    """
    limits = FetchLimits(core.settings.max_upload, LOOK_SECONDS, core.settings.private_urls)
    with _FETCHES.place(account):
        return size_of(source, core.closing, limits)


def take(
    core: Core, account: str, source: UrlSource, about: About, *, seconds: float, size: int | None = None
) -> StoredFile:
    """Fetch a file for an account, which waits for it: at most so many seconds and bytes (None: as uploads may have).

    Raises:
        SourceError: SOURCE_NOT_FETCHED.
        Refusal: `invalid`, its path; `too_large` for the account; `too_many`, `unavailable`: as many are being fetched
            as may be at once.
        ResourceError: DISK_FULL.
    """
    settings = core.settings
    limits = FetchLimits(
        settings.max_upload if size is None else min(size, settings.max_upload),
        seconds,
        settings.private_urls,
    )
    settings.home.mkdir(parents=True, exist_ok=True)
    with (
        _FETCHES.place(account),
        tempfile.TemporaryDirectory(dir=settings.home, prefix=FETCHES) as folder,
    ):
        target = Path(folder) / "file"
        fetch(source, target, core.closing, limits)
        return adopt(core.files, account, target, about)
