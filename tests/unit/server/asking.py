"""Asks an application directly, and does not wait for answers that never end."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from fastapi.routing import iter_route_contexts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fastapi import FastAPI

    from ingest.server.dialects import Dialect

PATIENCE = 1.5  # seconds for streams of events


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one route; `pattern` has the `names` of its path's parameters in braces, in order."""

    dialect: str
    method: str
    pattern: str
    names: tuple[str, ...]

    def path(self, values: Sequence[str]) -> str:
        return self.pattern.format_map(dict(zip(self.names, values, strict=True)))


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str


def routes_of(dialects: Sequence[Dialect]) -> Iterator[Route]:
    """Every route of every dialect, by each of its methods."""
    for dialect in dialects:
        for context in iter_route_contexts(dialect.router.routes):
            pattern = context.path_format or ""
            names = tuple(part.partition("}")[0] for part in pattern.split("{")[1:])
            for method in sorted(getattr(context.original_route, "methods", None) or ()):
                yield Route(dialect.name, method, pattern, names)


async def ask(
    app: FastAPI,
    method: str,
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    """The answer, or what has come of it after `PATIENCE`."""
    said: list[bytes] = []
    status = 0
    asked = {"type": "http.request", "body": body, "more_body": False}
    given = [asked]

    async def receive() -> Any:
        if given:
            return given.pop()
        await asyncio.Event().wait()
        return None

    async def send(message: Any) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            said.append(repr(message["headers"]).encode())
        else:
            said.append(message.get("body", b""))

    every = {"host": "server.example", "content-length": str(len(body))} | dict(headers or {})
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": quote(path).encode(),
        "root_path": "",
        "query_string": urlencode(query or {}).encode(),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in every.items()],
        "client": ("203.0.113.7", 4711),
        "server": ("server.example", 80),
        "extensions": {},
    }
    with suppress(TimeoutError):
        await asyncio.wait_for(app(scope, receive, send), PATIENCE)
    return Answer(status, b"".join(said).decode("utf-8", "replace"))
