"""The one way to stop a job: a token that the caller sets and every wait looks at."""

from __future__ import annotations

import threading

from ingest.job.errors import Cancelled


class CancelToken:
    """Set once, from any thread or signal handler; never reset.

    >>> token = CancelToken()
    >>> token.cancel(15); token.requested
    True
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._signal = 2

    def cancel(self, signal_number: int = 2) -> None:
        """Ask the job to stop; the first signal given is the one that the exit code shows."""
        if not self._event.is_set():
            self._signal = signal_number
            self._event.set()

    @property
    def requested(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raise `Cancelled` when a stop was asked for."""
        if self._event.is_set():
            raise Cancelled(self._signal)
