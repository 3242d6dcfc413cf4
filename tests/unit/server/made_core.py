"""Builds what a server is made of, for tests."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.engine.model import LocalSource, Submission
from ingest.engine.queue import JobQueue
from ingest.server.app import create_app
from ingest.server.batches import make_errands
from ingest.server.core import Core, make_core
from ingest.server.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

    from ingest.engine.model import Job
    from ingest.server.keys import Scope

FILMS = Path(__file__).parents[3] / "sample_media"


@contextmanager
def made_core(home: Path, **settings: Any) -> Iterator[Core]:
    """A core on an empty data folder, with sources allowed from `sample_media`; nothing runs its jobs.

    `settings` are those of ServerSettings, with small limits by default.
    """
    small = {"max_body": 2000, "max_upload": 5000, "rate": None, "allow": (FILMS,)}
    chosen = ServerSettings(home, **small | settings)
    queue = JobQueue.open(home, allowed=chosen.allow)
    try:
        yield make_core(queue, chosen)
    finally:
        queue.close()


_APPS: dict[bool, FastAPI] = {}  # with and without keys


def app_of(core: Core) -> FastAPI:
    """The application over this core: one for all tests, for building its routes takes a third of a second."""
    app = _APPS.get(core.settings.no_auth)
    if app is None:
        app = _APPS[core.settings.no_auth] = create_app(core)
    app.state.core, app.state.errands = core, make_errands(core.queue, core.files)
    return app


def key_of(core: Core, name: str = "tester", *, account: str = "", scope: Scope = "submit") -> str:
    """A new key's text; the account is one of its own, named as the key, unless given."""
    return core.keys.create(name, account=account or name, scopes=(scope,)).text


def submitted(core: Core, key: str, **changes: Any) -> Job:
    """A job of the key's account that waits."""
    film = next(FILMS.glob("*.mp4"))
    chosen = {"resolutions": ("sd",), "source": LocalSource(film)} | changes
    return core.submit(core.keys.principal(key), Submission(**chosen))
