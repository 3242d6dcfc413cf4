"""Answers that do not end by themselves: how many an account may have open, and that each is counted out again."""

from __future__ import annotations

from collections import Counter
from threading import Lock
from typing import TYPE_CHECKING, Final

from fastapi.responses import StreamingResponse

from ingest.server.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.types import Receive, Scope, Send

MOST: Final = 32


class Streams:
    """Of one server: each account may have `most` streams at a time."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self._open: Counter[str] = Counter()
        self._lock = Lock()

    def answer(
        self,
        account: str,
        lines: AsyncIterator[str],
        media_type: str,
        headers: Mapping[str, str] | None = None,
    ) -> StreamingResponse:
        """The answer that sends `lines`; it counts for as long as it is being sent.

        Raises:
            Refusal: too_many.
        """
        if self._open[account] >= self.most:
            message = f"{self.most} streams of the account are open already"
            raise Refusal("too_many", message, code="too_many_streams", headers={"Retry-After": "60"})
        return _Counted(self, account, lines, media_type, headers)

    def count(self, account: str, change: int) -> None:
        """One more (1), or one less (-1)."""
        with self._lock:
            self._open[account] += change
            if not self._open[account]:
                del self._open[account]


class _Counted(StreamingResponse):
    def __init__(
        self,
        streams: Streams,
        account: str,
        lines: AsyncIterator[str],
        media_type: str,
        headers: Mapping[str, str] | None,
    ) -> None:
        super().__init__(lines, media_type=media_type, headers=headers)
        self._streams, self._account = streams, account

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._streams.count(self._account, 1)
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._streams.count(self._account, -1)
