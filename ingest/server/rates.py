"""How many requests somebody may send in a second."""

from __future__ import annotations

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from ingest.server.refusals import Refusal


class Rate:
    """Counts per name over a sliding second, in this process; safe to share among threads."""

    def __init__(self, per_second: int) -> None:
        self._limit = RateLimitItemPerSecond(per_second)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def hit(self, name: str) -> None:
        """Count one request. Raises Refusal `too_many` where it is one too many."""
        if not self._limiter.hit(self._limit, name):
            raise self._refusal()

    def note(self, name: str) -> None:
        """Count one that was answered."""
        self._limiter.hit(self._limit, name)

    def check(self, name: str) -> None:
        """Raise Refusal `too_many` where one more would be too many; counts none."""
        if not self._limiter.test(self._limit, name):
            raise self._refusal()

    def _refusal(self) -> Refusal:
        message = f"more than {self._limit.amount} requests in a second"
        return Refusal("too_many", message, code="rate_limited", headers={"Retry-After": "1"})
