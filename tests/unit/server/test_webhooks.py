"""Deliveries: signed as a receiver's library checks it, tried again, given up, over a restart."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from made_core import key_of, made_core, submitted
from served import answering, reply
from sqlalchemy import select, update
from standardwebhooks.webhooks import Webhook

from ingest.server import webhooks
from ingest.server.housekeeping import Housekeeping
from ingest.server.webhooks import EACH, PAUSES, Webhooks, account_secret, deliveries_of, pause_after
from ingest.store.tables import DELIVERIES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from ingest.server.core import Core


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    with made_core(tmp_path / "home", private_urls=True) as core:
        yield core


def sender(core: Core, *, private: bool = True) -> Webhooks:
    return Webhooks(core.queue.database, core.tickets.secret, private=private)


def sent(core: Core, *, private: bool = True) -> int:
    """Send what is due, and wait for it."""
    webhooks = sender(core, private=private)
    count = webhooks.send_due()
    assert webhooks.wait(30)
    return count


def cancelled_job(core: Core, url: str) -> str:
    """A job whose end is to be told to `url`; its account."""
    job = submitted(core, key_of(core), webhooks={"cancelled": url})
    core.queue.cancel(None, job.job_id)
    return job.account


def rows(core: Core) -> list[Any]:
    with core.queue.database.read() as db:
        return list(db.execute(select(DELIVERIES)).all())


def make_due(core: Core) -> None:
    with core.queue.database.write() as db:
        db.execute(
            update(DELIVERIES).where(DELIVERIES.c.due.is_not(None)).values(due="2020-01-01T00:00:00.000Z")
        )


def test_a_receiver_s_library_takes_the_signature(core: Core) -> None:
    heard: list[tuple[dict[str, str], bytes]] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["content-length"]))
        heard.append((dict(handler.headers), body))
        reply(handler, 204)

    with answering(answer) as url:
        account = cancelled_job(core, f"{url}/hook")
        assert sent(core) == 1
        assert sent(core) == 0
    ((headers, body),) = heard
    secret = account_secret(core.tickets.secret, account)
    message = Webhook(secret).verify(body, {k.lower(): v for k, v in headers.items()})
    assert (message["type"], message["data"]["status"]) == ("job.cancelled", "CANCELLED")
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(account_secret(core.tickets.secret, "another")).verify(body, headers)
    (told,) = deliveries_of(core.queue.database, account)
    assert (told["attempts"], told["answered"], told["next"], told["problem"]) == (1, 204, None, "")
    assert told["delivered"] is not None
    assert deliveries_of(core.queue.database, "another") == []


def test_what_failed_is_tried_again_by_the_next_server_too(core: Core) -> None:
    statuses = [500, 302, 200]

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers["content-length"]))
        reply(handler, statuses.pop(0), location="/elsewhere")

    ids = set()
    with answering(answer) as url:
        account = cancelled_job(core, url)
        for number, (status, pause) in enumerate([(500, PAUSES[0]), (302, PAUSES[1])], 1):
            now = datetime.now(UTC)
            sent(core)
            (row,) = rows(core)
            ids.add(row.delivery_id)
            assert (row.attempts, row.answered, row.problem) == (number, status, f"answered {status}")
            wait = (datetime.fromisoformat(row.due) - now).total_seconds()
            assert pause * 0.79 < wait < pause * 1.21 + 5
            assert sent(core) == 0  # not before its time
            make_due(core)
        sent(core)
    (told,) = deliveries_of(core.queue.database, account)
    assert (told["attempts"], told["answered"], told["next"]) == (3, 200, None)
    assert (statuses, len(ids)) == ([], 1)


def test_after_the_last_try_it_is_given_up(core: Core) -> None:
    with answering(lambda h: reply(h, 503)) as url:
        cancelled_job(core, url)
        with core.queue.database.write() as db:
            db.execute(update(DELIVERIES).values(attempts=len(PAUSES)))
        sent(core)
    (row,) = rows(core)
    assert (row.attempts, row.due, row.delivered) == (len(PAUSES) + 1, None, None)
    assert pause_after(1) == timedelta(seconds=5)
    assert pause_after(len(PAUSES) + 1) is None
    assert 3 * 86400 < sum(PAUSES) < 5 * 86400


def test_a_receiver_that_is_gone_is_not_asked_again(core: Core) -> None:
    with answering(lambda h: reply(h, 410)) as url:
        cancelled_job(core, url)
        sent(core)
    (row,) = rows(core)
    assert (row.answered, row.due, row.delivered) == (410, None, None)


def test_nothing_is_sent_into_the_server_s_own_network(core: Core) -> None:
    heard: list[str] = []
    with answering(lambda h: heard.append(h.path)) as url:
        cancelled_job(core, url)
        sent(core, private=False)
    (row,) = rows(core)
    assert (heard, row.problem) == ([], "the URL leads to an address that is not asked")
    assert row.due is not None


def test_nobody_there_is_written_down(core: Core) -> None:
    with answering(lambda h: None) as url:
        pass
    cancelled_job(core, url)
    sent(core)
    (row,) = rows(core)
    assert (row.answered, row.problem) == (None, "not reached: ConnectError")
    assert json.loads(row.payload)["type"] == "job.cancelled"


def test_an_endless_answer_is_not_read(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "ANSWER_SECONDS", 2.0)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"x" * 65536)
        except OSError:
            pass

    with answering(answer) as url:
        cancelled_job(core, url)
        sent(core)
    assert rows(core)[0].delivered is not None


def dripping(handler: BaseHTTPRequestHandler) -> None:
    """Headers that do not end, each byte of them in time."""
    with contextlib.suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nx-slow: ")
        for _ in range(1500):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.02)


def test_headers_that_drip_are_no_answer(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "ANSWER_SECONDS", 0.3)
    with answering(dripping) as url:
        cancelled_job(core, url)
        begun = time.monotonic()
        assert sent(core) == 1
        assert time.monotonic() - begun < 15
    (row,) = rows(core)
    assert (row.attempts, row.answered, row.problem) == (1, None, "no answer in time")
    assert row.due is not None


def slow_or_heard(heard: list[str], handler: BaseHTTPRequestHandler) -> None:
    """Drips under `/slow`; all else is answered at once and noted."""
    if handler.path == "/slow":
        dripping(handler)
    else:
        heard.append(handler.path)
        reply(handler)


def test_a_receiver_that_drips_holds_up_no_other_nor_the_server_s_end(core: Core) -> None:
    heard: list[str] = []
    with answering(partial(slow_or_heard, heard)) as url:
        cancelled_job(core, f"{url}/slow")
        posting = sender(core)
        assert posting.send_due() == 1
        key = core.keys.create("other", account="other", scopes=("submit",)).text
        core.queue.cancel(None, submitted(core, key, webhooks={"cancelled": f"{url}/quick"}).job_id)
        assert posting.send_due() == 1  # the other's: the first is not begun a second time
        until = time.monotonic() + 15
        while not heard and time.monotonic() < until:
            time.sleep(0.02)
        assert heard == ["/quick"]
        begun = time.monotonic()
        posting.close(15)
        assert time.monotonic() - begun < 10
        assert posting.wait(0)
        assert posting.send_due() == 0
    slow, quick = sorted(rows(core), key=lambda row: row.created)
    assert (slow.attempts, slow.due is None) == (0, False)  # broken off by us: sent again by the next server
    assert (quick.attempts, quick.answered) == (1, 200)


def test_receivers_that_hang_keep_no_other_account_waiting(core: Core) -> None:
    heard: list[str] = []
    with answering(partial(slow_or_heard, heard)) as url:
        greedy, other = (core.keys.create(n, account=n, scopes=("submit",)).text for n in ("greedy", "other"))
        for _ in range(EACH + 3):
            core.queue.cancel(None, submitted(core, greedy, webhooks={"cancelled": f"{url}/slow"}).job_id)
        posting = sender(core)
        assert posting.send_due() == EACH
        assert posting.send_due() == 0
        for _ in range(2):
            core.queue.cancel(None, submitted(core, other, webhooks={"cancelled": f"{url}/quick"}).job_id)
        assert posting.send_due() == 2
        until = time.monotonic() + 5
        while len(heard) < 2 and time.monotonic() < until:
            time.sleep(0.02)
        assert heard == ["/quick", "/quick"]
        posting.close(5)


def test_each_account_has_its_turn(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "AT_ONCE", 3)
    heard: list[str] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        heard.append(handler.path)
        reply(handler)

    with answering(answer) as url:
        for name in ("a", "a", "a", "b"):
            key = key_of(core, name)
            core.queue.cancel(None, submitted(core, key, webhooks={"cancelled": f"{url}/{name}"}).job_id)
        assert sent(core) == 3
    assert sorted(heard) == ["/a", "/a", "/b"]


def test_housekeeping_ends_while_a_receiver_drips(core: Core) -> None:
    asked = threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        asked.set()
        dripping(handler)

    with answering(answer) as url:
        cancelled_job(core, url)
        housekeeping = Housekeeping(core)
        housekeeping.start()
        assert asked.wait(10)
        begun = time.monotonic()
        housekeeping.stop()
        assert time.monotonic() - begun < 10
