"""What a server does beside answering: sends webhooks, forgets uploads, sweeps bytes that nobody names."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from ingest.job.errors import IngestError
from ingest.server.webhooks import Webhooks

if TYPE_CHECKING:
    from ingest.server.core import Core

LOOK_SECONDS = 1.0
SWEEP_SECONDS = 600.0
STOP_SECONDS = 5.0
_log = logging.getLogger("ingest.server")


class Housekeeping:
    """One thread, from `start` to `stop`."""

    def __init__(self, core: Core) -> None:
        self._core = core
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
        swept = float("-inf")
        while not self._stopped.wait(LOOK_SECONDS):
            try:
                self._webhooks.send_due()
                if time.monotonic() - swept > SWEEP_SECONDS:
                    swept = time.monotonic()
                    self._core.uploads.sweep()
                    self._core.files.sweep()
            except (IngestError, OSError) as error:
                # A full disk, a locked store: the next look may find it better.
                _log.warning("housekeeping: %s", error)
