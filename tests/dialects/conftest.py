"""A whole server in this process, with an engine, and the vendors' own clients for it."""

from __future__ import annotations

import shutil
import sys
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from npm_clients import RegistryUnreachableError, install_clients

from ingest.engine.local import Engine
from ingest.engine.queue import JobQueue
from ingest.server.core import Core, make_core
from ingest.server.settings import ServerSettings

# The unit tests' own way to serve an application; their folder is no package.
sys.path.append(str(Path(__file__).parents[1] / "unit" / "server"))

from served import served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from ingest.server.keys import Scope


@dataclass(frozen=True, slots=True)
class Server:
    """`url` without a slash at the end; `core` to look behind it."""

    url: str
    core: Core

    def key(self, name: str, scope: Scope = "submit") -> str:
        """A new key of an account of its own."""
        return self.core.keys.create(name, account=name, scopes=(scope,)).text


@contextmanager
def running(home: Path) -> Iterator[Server]:
    """With one slot, without a limit of requests, and allowed to fetch nothing of this machine."""
    with closing(JobQueue.open(home)) as queue:
        core = make_core(queue, ServerSettings(home, rate=None))
        engine = Engine(queue, drain=0.0)
        engine.start()
        try:
            with served(core) as url:
                yield Server(url, core)
        finally:
            engine.stop(at_once=True)


@pytest.fixture(scope="session")
def start_server() -> Callable[[Path], AbstractContextManager[Server]]:
    return running


@pytest.fixture(scope="session")
def node_modules(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the clients of `npm_clients`; kept in pytest's cache between runs."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed")
    cache = getattr(pytestconfig, "cache", None)
    folder: Path = cache.mkdir("npm-clients") if cache else tmp_path_factory.mktemp("npm-clients")
    try:
        return install_clients(npm, folder)
    except RegistryUnreachableError as error:
        pytest.skip(str(error))
