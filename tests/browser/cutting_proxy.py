"""Stands between a browser and a server, and cuts a connection in the middle of what is sent."""

from __future__ import annotations

import re
import socket
import socketserver
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

_OFFSET = re.compile(rb"\r\nupload-offset: (\d+)\r\n", re.IGNORECASE)
KEPT_SECONDS = 0.5  # that the server has for writing down what came


@dataclass(slots=True)
class Proxy:
    """`cut_after`: bytes that the browser may still send before its connection is cut, once; None: it is not.

    `offsets` are the `Upload-Offset` headers that came by (tus 1.0).
    """

    url: str = ""
    cut_after: int | None = None
    offsets: list[int] = field(default_factory=list)


@contextmanager
def between(url: str) -> Iterator[Proxy]:
    """A proxy before the server of this URL."""
    proxy = Proxy()
    place = urlsplit(url)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection((place.hostname, place.port)) as server:
                back = threading.Thread(target=pump, args=(server, self.request), daemon=True)
                back.start()
                while data := received(self.request):
                    proxy.offsets += map(int, _OFFSET.findall(data))
                    server.sendall(data)
                    if proxy.cut_after is not None:
                        proxy.cut_after -= len(data)
                        if proxy.cut_after < 0:
                            proxy.cut_after = None
                            time.sleep(KEPT_SECONDS)
                            break
                for end in (server, self.request):
                    with suppress(OSError):
                        end.shutdown(socket.SHUT_RDWR)
                back.join()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()


def pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := received(source):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def received(end: socket.socket) -> bytes:
    with suppress(ConnectionError):
        return end.recv(1 << 16)
    return b""
