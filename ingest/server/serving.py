"""Runs the server: its socket, its engine, the application, and how all of that ends."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import signal
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn

from ingest.engine.local import DRAIN, Engine
from ingest.engine.queue import JobQueue
from ingest.job import codes
from ingest.job.errors import BusyError, UsageError
from ingest.server.app import create_app
from ingest.server.connections import limits_for, protocol_for, raise_descriptors
from ingest.server.core import make_core

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import FrameType

    from ingest.server.core import Core
    from ingest.server.settings import ServerSettings
    from ingest.settings import Settings

LAST_ANSWERS = 5  # seconds that open requests have when the server stops
_CORES_PER_JOB = 8


@dataclass(frozen=True, slots=True)
class Started:
    """What a person is told once the server listens. `key` is one that was made because there was none."""

    url: str
    slots: int
    home: Path
    key: str | None


def default_slots() -> int:
    """One job for every 8 cores: a job uses all that it gets."""
    return max(1, len(os.sched_getaffinity(0)) // _CORES_PER_JOB)


def serve(
    settings: Settings,
    chosen: ServerSettings,
    *,
    host: str,
    port: int,
    slots: int,
    drain: float = DRAIN,
    on_start: Callable[[Started], object],
) -> None:
    """Serve until SIGTERM or SIGINT, then let the running jobs come to the end of a chunk within `drain` seconds.

    A second signal gives them back to the queue at once. What is left goes on when the server is started again.

    Raises:
        UsageError: the address is none, or is open to others without keys.
        BusyError: ADDRESS_UNUSABLE, another program listens there.
        OutputError: STORE_UNUSABLE.
    """
    with contextlib.closing(_listen(host, port, loopback_only=chosen.no_auth)) as listener:
        queue = JobQueue.open(settings.home, preset_dir=settings.preset_dir, allowed=chosen.allow)
        with contextlib.closing(queue):
            core = make_core(queue, chosen)
            engine = Engine(queue, slots=slots, drain=drain)
            first = None if chosen.no_auth else core.keys.first_key()
            started = Started(_url(listener), slots, settings.home, first.text if first else None)
            server = _Server(core, engine, lambda: on_start(started))
            with server.signals():
                engine.start()
                try:
                    server.run(sockets=[listener])
                finally:
                    core.closing.cancel()  # after a second signal uvicorn ends without the application's own end
                    engine.stop()


class _Server(uvicorn.Server):
    """uvicorn, which begins to drain the engine at the moment in which it begins to stop."""

    def __init__(self, core: Core, engine: Engine, on_start: Callable[[], object]) -> None:
        super().__init__(
            uvicorn.Config(
                create_app(core, alive=lambda: engine.alive),
                http=protocol_for(limits_for(raise_descriptors())),
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=LAST_ANSWERS,
            )
        )
        self._engine = engine
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_start()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Not here: uvicorn would raise the signal again, and end the process, when its own part is done."""
        yield

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """While the server runs and drains, SIGTERM and SIGINT end it in order, a second one at once."""

        def stop(_number: int, _frame: FrameType | None) -> None:
            self._engine.stop(at_once=self.should_exit, wait=False)
            self.force_exit = self.should_exit
            self.should_exit = True

        before = {n: signal.signal(n, stop) for n in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _listen(host: str, port: int, *, loopback_only: bool) -> socket.socket:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise UsageError(
            codes.ADDRESS_UNUSABLE, f"{host!r} is no address of this machine", remedy="give --host 127.0.0.1"
        ) from error
    if loopback_only and not ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback:
        raise UsageError(
            codes.ADDRESS_UNUSABLE,
            f"--no-auth would let everybody who reaches {host} in",
            remedy="give --host 127.0.0.1, or use keys",
        )
    listener = socket.socket(family, kind)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        text = f"cannot listen on {host} port {port}: {(error.strerror or str(error)).lower()}"
        if error.errno == errno.EADDRINUSE:
            raise BusyError(codes.ADDRESS_UNUSABLE, text, remedy="give another --port") from error
        raise UsageError(codes.ADDRESS_UNUSABLE, text, remedy="give another --host or --port") from error
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if listener.family == socket.AF_INET6 else f"http://{host}:{port}"
