"""What a server does beside answering: sends webhooks, forgets uploads, sweeps bytes that nobody names.

Of several servers on one data folder one does it: the one that holds the lock (flock) of `server.lock`, which the
kernel lets go of when that server ends, however it ends. The others wait for their turn.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import threading
import time
from typing import TYPE_CHECKING

from ingest.engine.leftovers import sweep_job_folders
from ingest.job.errors import IngestError
from ingest.server.webhooks import Webhooks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ingest.server.core import Core

LOOK_SECONDS = 1.0
SWEEP_SECONDS = 600.0
STOP_SECONDS = 5.0
LOCK = "server.lock"
_log = logging.getLogger("ingest.server")


class Housekeeping:
    """One thread, from `start` to `stop`; `begin` is called in it once no other server does this work."""

    def __init__(self, core: Core, begin: Callable[[], object] = lambda: None) -> None:
        self._core = core
        self._begin = begin
        self._webhooks = Webhooks(
            core.queue.database, core.tickets.secret, private=core.settings.private_urls
        )
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Whatever a receiver does, and however much is to be swept, the server ends."""
        self._stopped.set()
        self._webhooks.close()
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                with _alone(self._core.settings.home / LOCK) as alone:
                    if alone:
                        self._begin()
                        self._keep()
            except OSError as error:  # no room for the lock's file
                _log.warning("housekeeping: %s", error)
            self._stopped.wait(LOOK_SECONDS)

    def _keep(self) -> None:
        swept = float("-inf")
        while not self._stopped.wait(LOOK_SECONDS):
            try:
                self._webhooks.send_due()
                if time.monotonic() - swept > SWEEP_SECONDS:
                    swept = time.monotonic()
                    self._core.uploads.sweep()
                    self._core.files.sweep()
                    sweep_job_folders(self._core.queue.database, self._core.settings.home)
            except (IngestError, OSError) as error:
                # A full disk, a locked store: the next look may find it better.
                _log.warning("housekeeping: %s", error)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[bool]:
    """Whether the lock is ours within, as no other server has it. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
