"""What guards every answer and every request, whatever the route: ASGI middleware."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request

from ingest.server.connections import network_of
from ingest.server.refusals import REFUSALS, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ingest.server.rates import Rate

# Set where a route has not said otherwise. An answer of the API loads and runs nothing, whoever displays it.
SECURITY_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_UNKNOWN = frozenset({"missing_credentials", "bad_credentials", "expired"})
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]*)(?::[0-9]*)?")


_RAW: Final = tuple((name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items())
_HOSTS: Final = 1024  # that are remembered: mostly there is one


def guard(headers: list[tuple[bytes, bytes]]) -> None:
    """Add those of `SECURITY_HEADERS` that an answer lacks; as ASGI has them, names in lower case."""
    there = {name for name, _ in headers}
    headers.extend(header for header in _RAW if header[0] not in there)


class HeadersMiddleware:
    """Guards each answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = headers = list(message.get("headers", ()))
                guard(headers)
            await send(message)

        await self._app(scope, receive, guarded)


class LoopbackMiddleware:
    """For a server without keys: only programs of this machine, and pages that it served itself, are answered."""

    def __init__(self, app: ASGIApp, refuse: Callable[[Request, Exception], Response]) -> None:
        self._app = app
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (fault := _foreign(Headers(scope=scope))):
            response = self._refuse(Request(scope), Refusal("forbidden", fault))
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)


class StrangersMiddleware:
    """Bounds how many credentials an address may have refused in a second: each costs a look into the store."""

    def __init__(self, app: ASGIApp, refuse: Callable[[Request, Exception], Response], rate: Rate) -> None:
        self._app = app
        self._refuse = refuse
        self._rate = rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if scope["type"] != "http" or client is None:
            await self._app(scope, receive, send)
            return
        whom = network_of(client[0])
        try:
            self._rate.check(whom)
        except Refusal as refusal:
            response = self._refuse(Request(scope), refusal)
            await response(scope, receive, send)
            return
        refusals: list[Refusal] = []
        scope[REFUSALS] = refusals
        await self._app(scope, receive, send)
        if any(refusal.kind in _UNKNOWN for refusal in refusals):
            self._rate.note(whom)


class HostMiddleware:
    """Refuses a Host that is none (RFC 9110, section 7.2): URLs of answers begin with it."""

    def __init__(self, app: ASGIApp, refuse: Callable[[Request, Exception], Response]) -> None:
        self._app = app
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not all(
            is_host(value.decode("latin-1")) for name, value in scope["headers"] if name == b"host"
        ):
            others = [header for header in scope["headers"] if header[0] != b"host"]
            refusal = Refusal("invalid", "the Host header names no host", code="host_invalid")
            response = self._refuse(Request(dict(scope) | {"headers": others}), refusal)
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)


@lru_cache(_HOSTS)
def is_host(text: str) -> bool:
    """Whether a Host header holds a host, with or without a port, or nothing.

    >>> [is_host(text) for text in ("films.example:8000", "[::1]", "", "[", "a/b", "a:b", "me@a")]
    [True, True, True, False, False, False, False]
    """
    try:
        parts = urlsplit(f"//{text}")
        return _HOST.fullmatch(text) is not None and (parts.port or 0) >= 0
    except ValueError:
        return False


def place_of(url: str) -> str:
    """The host and port of a URL or an origin as they are written; empty where there are none."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""


def _foreign(headers: Headers) -> str:
    """Why a request to a server on loopback is not from there; empty if it is."""
    host = headers.get("host", "")
    if not is_loopback(_name_of(host)):
        return "without keys the server answers only to the names of this machine's loopback"
    origin = headers.get("origin")
    if origin is not None and place_of(origin) != host:
        return "without keys the server answers to no page of another origin"
    return ""


@lru_cache(_HOSTS)
def _name_of(host: str) -> str:
    return urlsplit(f"//{host}").hostname or ""


@lru_cache(_HOSTS)
def is_loopback(host: str) -> bool:
    """Whether a host name, or an address without brackets, is this machine's own by its form alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
