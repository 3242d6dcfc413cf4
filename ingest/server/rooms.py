"""How many requests may be at something slow at once: each of them keeps a thread from all the others."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from typing import TYPE_CHECKING

from ingest.server.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator


class Room:
    """`places` at once, `each` of them for one account, and no more than `waiting` who wait at most `seconds` for one.

    `what` completes "too many ... at once". Safe to share among threads.
    """

    def __init__(
        self, what: str, places: int, *, each: int | None = None, waiting: int = 0, seconds: float = 0.0
    ) -> None:
        self._what, self._each, self._seconds = what, each, seconds
        self._places = threading.BoundedSemaphore(places)
        self._line = threading.BoundedSemaphore(places + waiting)
        self._of: Counter[str] = Counter()
        self._change = threading.Lock()

    @contextlib.contextmanager
    def place(self, account: str) -> Iterator[None]:
        """Have one of the places. Raises Refusal too_many (the account has its share), unavailable (all are taken)."""
        with contextlib.ExitStack() as stack:
            if self._each is not None:
                stack.enter_context(self._share(account, self._each))
            if not self._line.acquire(blocking=False):
                raise self._full()
            stack.callback(self._line.release)
            if not self._places.acquire(timeout=self._seconds):
                raise self._full()
            stack.callback(self._places.release)
            yield

    @contextlib.contextmanager
    def _share(self, account: str, most: int) -> Iterator[None]:
        with self._change:
            if self._of[account] >= most:
                raise Refusal("too_many", f"too many {self._what} at once", headers={"Retry-After": "5"})
            self._of[account] += 1
        try:
            yield
        finally:
            with self._change:
                self._of[account] -= 1
                if not self._of[account]:
                    del self._of[account]

    def _full(self) -> Refusal:
        return Refusal("unavailable", f"too many {self._what} at once", headers={"Retry-After": "5"})
