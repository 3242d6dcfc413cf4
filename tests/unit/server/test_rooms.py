"""Slow requests have their own places, and leave the others' threads alone."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import anyio
import httpx2
import pytest
from fastapi.testclient import TestClient
from made_core import app_of, made_core
from served import answering

from ingest.engine.model import UrlSource
from ingest.job.errors import Cancelled, IngestError
from ingest.server.app import create_app
from ingest.server.filestore import About
from ingest.server.refusals import Refusal
from ingest.server.rooms import Room
from ingest.server.taking import take

if TYPE_CHECKING:
    from pathlib import Path


def refused(room: Room, account: str) -> tuple[str, str, dict[str, str]]:
    with pytest.raises(Refusal) as caught, room.place(account):
        pass
    return caught.value.kind, caught.value.message, caught.value.headers


def test_who_comes_too_late_is_refused_at_once() -> None:
    room = Room("pictures", 2)
    with room.place("a"), room.place("b"):
        begun = time.monotonic()
        assert refused(room, "c") == ("unavailable", "too many pictures at once", {"Retry-After": "5"})
        assert time.monotonic() - begun < 5
    with room.place("c"), room.place("c"):
        pass


def test_one_account_has_its_share_only() -> None:
    room = Room("fetches", 3, each=2)
    with room.place("a"), room.place("a"):
        assert refused(room, "a") == ("too_many", "too many fetches at once", {"Retry-After": "5"})
        with room.place("b"):
            assert refused(room, "c")[0] == "unavailable"
    with room.place("a"), room.place("a"):  # who was refused left nothing behind
        pass


def test_a_few_wait_for_a_place() -> None:
    room = Room("pictures", 1, waiting=1, seconds=10)
    served = threading.Event()

    def ask() -> None:
        with room.place("b"):
            served.set()

    with room.place("a"):
        waiter = threading.Thread(target=ask)
        waiter.start()
        until = time.monotonic() + 8
        while room._line.acquire(blocking=False) and time.monotonic() < until:
            room._line.release()
            time.sleep(0.005)
        assert refused(room, "c")[0] == "unavailable"
        assert not served.is_set()
    waiter.join(5)
    assert served.is_set()


def test_the_longest_wait_for_a_place() -> None:
    room = Room("pictures", 1, waiting=1, seconds=0.05)
    with room.place("a"):
        assert refused(room, "b")[0] == "unavailable"


def test_the_server_is_alive_while_all_threads_are_busy(tmp_path: Path) -> None:
    free = threading.Event()

    async def asked() -> int:
        limiter = anyio.to_thread.current_default_thread_limiter()
        limiter.total_tokens = 1
        with made_core(tmp_path / "home") as core:
            transport = httpx2.ASGITransport(app_of(core))
            async with (
                httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
                anyio.create_task_group() as group,
            ):
                group.start_soon(anyio.to_thread.run_sync, free.wait, 10)
                while not limiter.borrowed_tokens:
                    await anyio.sleep(0.005)
                try:
                    with anyio.fail_after(8):
                        return (await client.get("/healthz")).status_code
                finally:
                    free.set()
        return 0

    assert anyio.run(asked) == 200


def test_nobody_s_server_holds_up_the_end_of_ours(tmp_path: Path) -> None:
    asked, free = threading.Event(), threading.Event()

    def answer(_handler: object) -> None:
        asked.set()
        free.wait(20)

    with made_core(tmp_path / "home", private_urls=True) as core, answering(answer) as url:
        ended: list[IngestError] = []

        def fetch() -> None:
            try:
                take(core, "a", UrlSource(url, "a"), About(path="/a", name="a", mime=""), seconds=600)
            except IngestError as error:
                ended.append(error)

        taker = threading.Thread(target=fetch)
        with TestClient(create_app(core, ())):
            taker.start()
            assert asked.wait(15)
        begun = time.monotonic()
        taker.join(15)
        free.set()
        assert time.monotonic() - begun < 10
        assert [type(error) for error in ended] == [Cancelled]
        assert not list((tmp_path / "home").glob("fetch-*"))
