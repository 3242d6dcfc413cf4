"""Connections of people who have shown nothing yet: how many, and how long they may be silent."""

from __future__ import annotations

import contextlib
import resource
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

from ingest.server import connections
from ingest.server.connections import Limits, limits_for, network_of, protocol_for, raise_descriptors

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\n"


async def echo(scope: Any, receive: Any, send: Any) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, more = body + message["body"], message["more_body"]
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]}
    )
    await send({"type": "http.response.body", "body": body})


@contextlib.contextmanager
def listening(limits: Limits) -> Iterator[tuple[str, int]]:
    config = uvicorn.Config(
        echo, port=0, http=protocol_for(limits), ws="none", lifespan="off", log_level="error"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
        assert thread.is_alive()
    try:
        yield server.servers[0].sockets[0].getsockname()
    finally:
        server.should_exit = True
        thread.join()


@contextlib.contextmanager
def connected(place: tuple[str, int]) -> Iterator[socket.socket]:
    with socket.create_connection(place, 30) as peer:
        yield peer


def ended(peer: socket.socket) -> bool:
    """Whether the server ends the connection without another word."""
    try:
        return peer.recv(100) == b""
    except ConnectionResetError:
        return True


def answer(peer: socket.socket) -> bytes:
    text = b""
    while not text.endswith(b"\r\n\r\nabc"):
        text += peer.recv(1000)
    return text.partition(b"\r\n")[0]


def asked(place: tuple[str, int]) -> bytes:
    """The first line that a new connection is answered; nothing where it is refused."""
    with connected(place) as peer, contextlib.suppress(OSError):
        peer.sendall(HEAD + b"abc")
        return peer.recv(1000).partition(b"\r\n")[0]
    return b""


def test_a_head_that_drips_is_not_waited_for() -> None:
    begun = time.monotonic()
    with listening(Limits(9, 9, head=0.3)) as place, connected(place) as silent, connected(place) as slow:
        with contextlib.suppress(OSError):
            for byte in HEAD * 3:
                slow.send(bytes([byte]))
                time.sleep(0.02)
        assert ended(slow)
        assert ended(silent)
    assert time.monotonic() - begun < 15


def test_a_second_request_s_head_has_its_time_too() -> None:
    with listening(Limits(9, 9, head=0.3)) as place, connected(place) as peer:
        peer.sendall(HEAD + b"abc")
        assert answer(peer) == b"HTTP/1.1 200 OK"
        peer.sendall(b"GET / HT")  # ends uvicorn's own limit for idle connections
        begun = time.monotonic()
        assert ended(peer)
        assert time.monotonic() - begun < 15


def test_a_body_may_take_long_but_not_stop() -> None:
    with listening(Limits(9, 9, head=0.2, body=1.5)) as place, connected(place) as peer:
        peer.sendall(HEAD)
        for byte in (b"a", b"b", b"c"):
            time.sleep(0.6)
            peer.sendall(byte)
        assert answer(peer) == b"HTTP/1.1 200 OK"
        peer.sendall(HEAD + b"a")
        begun = time.monotonic()
        assert ended(peer)
        assert time.monotonic() - begun < 15


def test_one_connection_too_many_is_told_so() -> None:
    with listening(Limits(2, 2)) as place, connected(place) as first, connected(place) as second:
        for peer in (first, second):
            peer.sendall(HEAD + b"abc")
            assert answer(peer) == b"HTTP/1.1 200 OK"
        with connected(place) as third:
            assert third.recv(1000).startswith(b"HTTP/1.1 503 ")
            assert ended(third)
        first.close()
        until = time.monotonic() + 10  # for the server to notice
        while (fourth := asked(place)) != b"HTTP/1.1 200 OK" and time.monotonic() < until:
            time.sleep(0.05)
        assert fourth == b"HTTP/1.1 200 OK"


def test_one_address_has_not_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(Limits(9, 1)) as place:
        with connected(place) as first, connected(place) as second:  # a proxy of this machine
            for peer in (first, second):
                peer.sendall(HEAD + b"abc")
                assert answer(peer) == b"HTTP/1.1 200 OK"
        monkeypatch.setattr(connections, "network_of", str)
        with connected(place) as first, connected(place) as second:
            assert second.recv(1000).startswith(b"HTTP/1.1 503 ")
            first.sendall(HEAD + b"abc")
            assert answer(first) == b"HTTP/1.1 200 OK"


def test_there_are_descriptors_for_all() -> None:
    assert limits_for(1024) == Limits(384, 192, 20.0, 60.0)
    assert limits_for(1_000_000).connections == 10_000
    assert limits_for(64).connections == 16
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        now = raise_descriptors()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == now
        assert now >= before[0]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("127.0.0.9", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::1", "loopback"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("testclient", "testclient"),
    ],
)
def test_whom_an_address_belongs_to(address: str, network: str) -> None:
    assert network_of(address) == network
