"""How another process asks a running job to stop: a file in the job's work folder.

A job may run inside somebody's own program, which must not be killed or signalled; so the wish is written where the
job looks for it. The work folder is the one place that is the job's alone, and that whoever knows the job's output
folder can reach, whatever INGEST_HOME it runs with. The file's name holds the process, so that a wish which its job
did not live to see means nothing to a process that takes the job up later.
"""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from ingest.media.cancel import CancelToken

if TYPE_CHECKING:
    from pathlib import Path

INTERVAL = 0.2  # seconds between two looks; each costs some microseconds
BY = "`ingest cancel`"


def wish_file(work: Path, pid: int, started: int | None) -> Path:
    """Where the process (`started` as in the record) that works in the folder `work` looks for a wish to stop."""
    return work / f"cancel-{pid}-{started if started is not None else 'x'}"


def write_wish(file: Path) -> bool:
    """Ask the job to stop; False where its work folder is not there (yet, or any more).

    Raises:
        OSError: it cannot be written.
    """
    try:
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644))
    except FileNotFoundError:
        return False
    return True


class JobToken(CancelToken):
    """One job's own token: set when the caller's is (which may be that of several jobs), or by a wish."""

    def __init__(self, caller: CancelToken) -> None:
        super().__init__(caller)
        self._wish: Path | None = None
        self._looked = 0.0

    def watch(self, wish: Path) -> None:
        """From now on look for this file."""
        self._wish = wish

    def look(self) -> None:
        """Look at the next question, however short a time ago that was done last."""
        self._looked = 0.0

    @property
    def requested(self) -> bool:
        return super().requested or self._wished()

    def _wished(self) -> bool:
        now = time.monotonic()
        if self._wish is None or now - self._looked < INTERVAL:
            return False
        self._looked = now
        # Path.exists would raise and catch an exception at each of some hundred looks a minute.
        if not os.access(self._wish, os.F_OK):
            return False
        self.cancel(signal.SIGTERM, BY)
        return True
