"""Tells clients what became of their jobs: signed requests as the Standard Webhooks specification writes them.

The queue puts a row into the table `deliveries` in the transaction in which a thing happens; here rows are sent until
they are answered with 2xx, over restarts. A receiver may see one twice, with the same `webhook-id`, never none.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import httpx2
from sqlalchemy import case, func, select, update

from ingest.job.errors import IngestError
from ingest.job.record import utc_now
from ingest.server.addresses import CONNECT_SECONDS, ForbiddenAddressError, PinnedTransport
from ingest.server.watchdog import Watchdog
from ingest.store.tables import DELIVERIES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy import ColumnElement, Row, Select

    from ingest.store.database import Database

# After the first try and each that failed: the schedule that the specification proposes, to a day.
PAUSES: Final = (5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)
ANSWER_SECONDS: Final = 20.0  # from the name's resolution to the answer's headers
AT_ONCE: Final = 32
EACH: Final = 4  # of one account: receivers that hang keep no other account waiting
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what every secret begins with
_JITTER = 0.2
_GONE = 410  # the receiver wants to hear no more
_log = logging.getLogger("ingest.server")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attempt went: the HTTP status, or what went wrong before there was one."""

    status: int | None
    problem: str

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def account_secret(server_secret: bytes, account: str) -> str:
    """What an account's deliveries are signed with: `whsec_` and base64, as libraries of receivers take it."""
    key = hmac.new(server_secret, b"webhooks:" + account.encode(), hashlib.sha256).digest()
    return SECRET_PREFIX + base64.b64encode(key).decode("ascii")


def signature(secret: str, message_id: str, seconds: int, payload: bytes) -> str:
    """The header `webhook-signature`: HMAC-SHA-256 over id, time and body."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{message_id}.{seconds}.".encode() + payload
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode("ascii")


def pause_after(attempts: int) -> timedelta | None:
    """How long to wait after so many attempts that failed, without the jitter; None: give up."""
    return timedelta(seconds=PAUSES[attempts - 1]) if attempts <= len(PAUSES) else None


class Webhooks:
    """Sends what is due, in threads of its own. `private`: also to private and loopback addresses."""

    def __init__(self, database: Database, server_secret: bytes, *, private: bool) -> None:
        self._database = database
        self._secret = server_secret
        self._private = private
        self._closed = threading.Event()
        self._under_way: dict[str, tuple[str, threading.Thread]] = {}  # by delivery, with its account
        self._change = threading.Lock()

    def send_due(self) -> int:
        """Begin to send what is due, as far as hands are free; how many attempts that are. Waits for none of them."""
        with self._change:
            busy = dict(self._under_way)
        free = AT_ONCE - len(busy)
        if free <= 0 or self._closed.is_set():
            return 0
        with self._database.read() as db:
            rows = db.execute(_due(Counter(account for account, _ in busy.values()), set(busy), free)).all()
        for row in rows:
            self._begin(row)
        return len(rows)

    def wait(self, seconds: float) -> bool:
        """Whether what was begun came to its end within this time."""
        until = time.monotonic() + seconds
        with self._change:
            threads = [thread for _, thread in self._under_way.values()]
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def close(self, seconds: float = 2.0) -> None:
        """Break off what is under way: it is sent again when a server starts again."""
        self._closed.set()
        self.wait(seconds)

    def _begin(self, row: Row[*tuple[Any, ...]]) -> None:
        # Daemons: the name of a receiver may take the resolver longer than anybody waits for a server to end.
        thread = threading.Thread(target=self._see_to, args=(row,), name="webhook", daemon=True)
        with self._change:
            self._under_way[row.delivery_id] = (row.account, thread)
        try:
            thread.start()
        except RuntimeError as error:  # the system has no more threads: it stays due
            self._end(row)
            _log.warning("webhook %s: %s", row.delivery_id, error)

    def _see_to(self, row: Row[*tuple[Any, ...]]) -> None:
        try:
            self._attempt(row)
        except IngestError as error:  # the store is locked, or full: it stays due
            _log.warning("webhook %s: %s", row.delivery_id, error)
        finally:
            self._end(row)

    def _end(self, row: Row[*tuple[Any, ...]]) -> None:
        with self._change:
            del self._under_way[row.delivery_id]

    def _attempt(self, row: Row[*tuple[Any, ...]]) -> None:
        outcome = self._post(row)
        if outcome.status is None and self._closed.is_set():
            return  # it was broken off by us, and is no failure of theirs
        attempts = row.attempts + 1
        pause = pause_after(attempts)
        if outcome.delivered or outcome.status == _GONE or pause is None:
            due = None
        else:
            spread = 1 + random.uniform(-_JITTER, _JITTER)  # noqa: S311 - so that not all come back at once
            due = _stamp(datetime.now(UTC) + pause * spread)
        values = {
            "attempts": attempts,
            "answered": outcome.status,
            "delivered": utc_now() if outcome.delivered else None,
            "problem": outcome.problem,
            "due": due,
        }
        mine = DELIVERIES.c.delivery_id == row.delivery_id
        with self._database.write() as db:
            db.execute(update(DELIVERIES).where(mine).values(values))

    def _post(self, row: Row[*tuple[Any, ...]]) -> Outcome:
        payload = row.payload.encode("utf-8", "backslashreplace")
        now = int(time.time())
        secret = account_secret(self._secret, row.account)
        headers = {
            "content-type": "application/json",
            "user-agent": "ingest",
            "webhook-id": row.delivery_id,
            "webhook-timestamp": str(now),
            "webhook-signature": signature(secret, row.delivery_id, now, payload),
        }
        try:
            with (
                Watchdog(ANSWER_SECONDS, self._closed.is_set) as watchdog,
                httpx2.Client(
                    transport=PinnedTransport(private=self._private),
                    timeout=httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
                    trust_env=False,
                ) as client,
                # The answer's body is nobody's business, and may be endless.
                client.stream(
                    "POST", row.url, content=payload, headers=headers, extensions=dict(watchdog.extensions)
                ) as response,
            ):
                status = response.status_code
        except ForbiddenAddressError:
            return Outcome(None, "the URL leads to an address that is not asked")
        except httpx2.TimeoutException:
            return Outcome(None, "no answer in time")
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            if watchdog.ended:
                return Outcome(None, "no answer in time")
            return Outcome(None, f"not reached: {type(error).__name__}")
        return Outcome(status, "" if 200 <= status < 300 else f"answered {status}")


def _due(hands: Mapping[str, int], begun: Collection[str], most: int) -> Select[Any]:
    """What is due, of each account in turn, as far as each has hands left; `hands`: how many it has at work."""
    d = DELIVERIES.c
    turn: ColumnElement[int] = func.row_number().over(partition_by=d.account, order_by=(d.due, d.delivery_id))
    turn = turn + case(hands, value=d.account, else_=0) if hands else turn
    waiting = (
        select(d.delivery_id, d.due, turn.label("turn"))
        .where(d.due <= utc_now(), d.delivery_id.not_in(begun))
        .subquery()
    )
    return (
        select(DELIVERIES)
        .join(waiting, waiting.c.delivery_id == d.delivery_id)
        .where(waiting.c.turn <= EACH)
        .order_by(waiting.c.turn, waiting.c.due)
        .limit(most)
    )


def deliveries_of(database: Database, account: str, limit: int = 100) -> list[dict[str, Any]]:
    """An account's latest deliveries, newest first, in the native API's spelling."""
    query = (
        select(DELIVERIES)
        .where(DELIVERIES.c.account == account)
        .order_by(DELIVERIES.c.created.desc(), DELIVERIES.c.delivery_id)
        .limit(limit)
    )
    with database.read() as db:
        rows = db.execute(query).all()
    return [
        {
            "delivery": row.delivery_id,
            "jobId": row.job_id,
            "happening": row.happening,
            "url": row.url,
            "created": row.created,
            "attempts": row.attempts,
            "next": row.due,
            "answered": row.answered,
            "delivered": row.delivered,
            "problem": row.problem,
        }
        for row in rows
    ]


def _stamp(when: datetime) -> str:
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
