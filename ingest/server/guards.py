"""What guards every answer and every request, whatever the route: ASGI middleware."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request

from ingest.server.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Set where a route has not said otherwise. An answer of the API loads and runs nothing, whoever displays it.
SECURITY_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def guard(headers: MutableHeaders) -> None:
    """Add those of `SECURITY_HEADERS` that an answer lacks."""
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)


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
                guard(MutableHeaders(scope=message))
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


def _foreign(headers: Headers) -> str:
    """Why a request to a server on loopback is not from there; empty if it is."""
    host = headers.get("host", "")
    if not is_loopback(urlsplit(f"//{host}").hostname or ""):
        return "without keys the server answers only to the names of this machine's loopback"
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return "without keys the server answers to no page of another origin"
    return ""


def is_loopback(host: str) -> bool:
    """Whether a host name, or an address without brackets, is this machine's own by its form alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
