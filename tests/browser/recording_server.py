"""An HTTP server of folders that remembers every request and its status, and what is posted to it."""

from __future__ import annotations

import queue
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MIME_TYPES = {
    ".aac": "audio/aac",
    ".html": "text/html; charset=utf-8",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".m4s": "video/iso.segment",
    ".mp4": "video/mp4",
    ".mpd": "application/dash+xml",
    ".ts": "video/mp2t",
    ".vtt": "text/vtt; charset=utf-8",
}
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request with its answer; `path` without the query, `range` as the client sent it."""

    method: str
    path: str
    range: str | None
    status: int


@dataclass(slots=True)
class Site:
    """What a server serves and what it saw."""

    origin: str
    exchanges: list[Exchange] = field(default_factory=list)
    posts: dict[str, queue.SimpleQueue[bytes]] = field(default_factory=dict)

    def refused(self) -> list[Exchange]:
        """The requests that were not answered with content."""
        return [exchange for exchange in self.exchanges if exchange.status >= 400]

    def served(self) -> set[str]:
        """Paths whose content was sent."""
        return {exchange.path for exchange in self.exchanges if exchange.status in (200, 206)}


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """First and last byte of a `Range` header (RFC 9110, 14.1.2); None: the whole file.

    Raises:
        ValueError: no byte of the file is in the range, or it is not one range of bytes.
    """
    if header is None:
        return None
    match = _RANGE.fullmatch(header)
    if match is None or not (match[1] or match[2]):
        raise ValueError(header)
    first = int(match[1]) if match[1] else max(0, size - int(match[2]))
    last = min(int(match[2]), size - 1) if match[1] and match[2] else size - 1
    if first > last:
        raise ValueError(header)
    return first, last


@contextmanager
def serve(roots: Mapping[str, Path], posts: tuple[str, ...] = ()) -> Iterator[Site]:
    """Serve each folder of `roots` under its prefix (`/package/`), accept POSTs to the paths of `posts`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:  # players abandon requests when they seek
                self.close_connection = True

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            prefix = next((prefix for prefix in roots if path.startswith(prefix)), None)
            target = (roots[prefix] / unquote(path).removeprefix(prefix)).resolve() if prefix else None
            if prefix is None or target is None or not target.is_relative_to(roots[prefix].resolve()):
                return self.answer(HTTPStatus.NOT_FOUND)
            if not target.is_file():
                return self.answer(HTTPStatus.NOT_FOUND)
            content = target.read_bytes()
            try:
                part = byte_range(self.headers["Range"], len(content))
            except ValueError:
                return self.answer(
                    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, {"Content-Range": f"bytes */{len(content)}"}
                )
            headers = {"Content-Type": MIME_TYPES.get(target.suffix, "application/octet-stream")}
            if part is None:
                return self.answer(HTTPStatus.OK, headers, content)
            headers["Content-Range"] = f"bytes {part[0]}-{part[1]}/{len(content)}"
            return self.answer(HTTPStatus.PARTIAL_CONTENT, headers, content[part[0] : part[1] + 1])

        do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

        def do_OPTIONS(self) -> None:
            self.answer(HTTPStatus.NO_CONTENT, {"Access-Control-Allow-Headers": "Range"})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            path = urlsplit(self.path).path
            if path not in site.posts:
                return self.answer(HTTPStatus.NOT_FOUND)
            self.answer(HTTPStatus.NO_CONTENT)
            return site.posts[path].put(body)

        def answer(
            self, status: HTTPStatus, headers: Mapping[str, str] | None = None, content: bytes = b""
        ) -> None:
            path = urlsplit(self.path).path
            site.exchanges.append(Exchange(self.command, path, self.headers["Range"], int(status)))
            self.send_response(status)
            if status is not HTTPStatus.NO_CONTENT:
                self.send_header("Content-Length", str(len(content)))
            # A cached answer would be a request that nobody recorded.
            self.send_header("Cache-Control", "no-store")
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Access-Control-Expose-Headers", "Content-Length, Content-Range")
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Nothing on stderr: `exchanges` has it all."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site = Site(f"http://127.0.0.1:{server.server_port}", posts={path: queue.SimpleQueue() for path in posts})
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
