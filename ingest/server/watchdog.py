"""Ends an exchange with a server that is not ours, at its time or when nobody wants it any more.

A timeout of httpx2 is one of a single read or write: a server that sends a byte now and then keeps to it for ever. The
watchdog shuts the connection itself down, under whatever waits for it.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import httpx2

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

_LOOK_SECONDS = 0.1


def _never() -> bool:
    return False


class Watchdog:
    """For one exchange, redirects and repetitions included, while its context is open.

    `extensions` belong to each of its requests. `seconds` count from the making; `stop` tells whether the exchange is
    still wanted. Once it has `ended`, what was read last may be a part that looks like the whole.
    """

    def __init__(self, seconds: float, stop: Callable[[], bool] = _never) -> None:
        self._deadline = time.monotonic() + seconds
        self._stop = stop
        self._held: list[socket.socket] = []
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    @property
    def ended(self) -> bool:
        return self._stop() or time.monotonic() >= self._deadline

    @property
    def extensions(self) -> Mapping[str, Any]:
        return {"trace": self._trace}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()
        self._release()

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        """What httpcore2 tells of its progress (httpx2's documentation, Extensions, "trace")."""
        if event == "connection.connect_tcp.started":
            if self.ended:
                raise httpx2.ConnectTimeout("there is no time left to connect")
            self._release()  # a connection is used for one request: the last one's is done with
        elif event == "connection.connect_tcp.complete":
            # Of its own: TLS takes the other one apart, and a number that was closed may be another's.
            with self._lock:
                self._held.append(info["return_value"].get_extra_info("socket").dup())
            if self.ended:
                self._cut()

    def _watch(self) -> None:
        while not self._done.wait(_LOOK_SECONDS):
            if self.ended:
                self._cut()

    def _cut(self) -> None:
        with self._lock:
            for held in self._held:
                with contextlib.suppress(OSError):  # the other side was faster
                    held.shutdown(socket.SHUT_RDWR)

    def _release(self) -> None:
        with self._lock:
            for held in self._held:
                held.close()
            self._held.clear()
