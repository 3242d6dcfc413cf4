"""The one way to stop a job: a token that the caller sets and every wait looks at."""

from __future__ import annotations

import threading

from ingest.job.errors import Cancelled, IngestError


class CancelToken:
    """Set once, from any thread or signal handler; never reset.

    >>> token = CancelToken()
    >>> token.cancel(15); token.requested
    True
    """

    def __init__(self, parent: CancelToken | None = None) -> None:
        """With a `parent` it is set whenever that one is."""
        self._event = threading.Event()
        self._signal = 2
        self._by = ""
        self._parent = parent

    def cancel(self, signal_number: int = 2, by: str = "") -> None:
        """Ask the job to stop; the first signal given is the one that the exit code shows.

        `by` says who asks, where that is not the signal.
        """
        if not self._event.is_set():
            self._signal, self._by = signal_number, by
            self._event.set()

    @property
    def requested(self) -> bool:
        return self._event.is_set() or (self._parent is not None and self._parent.requested)

    def check(self) -> None:
        """Raise `reason` when a stop was asked for."""
        if self.requested:
            raise self.reason()

    def reason(self) -> IngestError:
        """What `check` raises, once a stop was asked for: `Cancelled`, but where time is what ran out."""
        if self._parent is not None and self._parent.requested:
            return self._parent.reason()
        return Cancelled(self._signal, self._by)
