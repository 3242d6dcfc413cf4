"""Builds what a server is made of, for tests."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from ingest.server.core import Core
from ingest.server.keys import KeyRing
from ingest.server.settings import ServerSettings
from ingest.store.database import open_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ingest.engine.queue import JobQueue
    from ingest.server.filestore import FileStore

    from ingest.server.keys import Scope


@contextmanager
def made_core(home: Path, **settings: Any) -> Iterator[Core]:
    """A core on an empty data folder; `settings` are those of ServerSettings, with small limits by default."""
    chosen = ServerSettings(home, **{"max_body": 2000, "max_upload": 5000, "rate": None} | settings)
    database = open_database(home)
    try:
        yield Core(
            queue=cast("JobQueue", None),
            files=cast("FileStore", None),
            keys=KeyRing(database, no_auth=chosen.no_auth, rate=chosen.rate),
            settings=chosen,
        )
    finally:
        database.close()


def key_of(core: Core, name: str = "tester", *, account: str = "", scope: Scope = "submit") -> str:
    """A new key's text; the account is one of its own, named as the key, unless given."""
    return core.keys.create(name, account=account or name, scopes=(scope,)).text
