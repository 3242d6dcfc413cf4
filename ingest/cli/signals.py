"""SIGINT, SIGTERM and SIGHUP become a cancelled job; a second one ends at once."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING

from ingest.media.cancel import CancelToken

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


@contextlib.contextmanager
def cancel_on_signals() -> Iterator[CancelToken]:
    """A token that the first signal sets. With the second the process dies of it; the kernel then kills ffmpeg."""
    token = CancelToken()

    def handle(number: int, _frame: FrameType | None) -> None:
        if token.requested:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        token.cancel(number)

    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup wants the job to outlive its terminal
        numbers.append(signal.SIGHUP)
    before = {n: signal.signal(n, handle) for n in numbers}
    try:
        yield token
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
