"""Sessions of browsers: a cookie that stands for an API key, and what keeps other sites from using it.

Signing in with a key sets a cookie that holds a token of the key (`KeyRing.issue_token`), good for `SESSION`; the key
itself is kept nowhere. The cookie is HttpOnly (no script reads it), SameSite=Strict (RFC 6265bis, section 5.6.7: no
request that another site caused has it) and Secure where we are reached by https. Our own pages and the native API take
it, and ArcGIS's resources, which are pages for people as well; the other dialects do not.

A site is a host whatever its port, so SameSite alone does not keep out a page that another server of the same host
serves. Whatever changes something by means of the cookie must therefore name our own origin: browsers send `Origin`
with every such request (Fetch standard, section 3.2.2), and no page can set it. What only reads needs no more than the
cookie: we never answer with `Access-Control-Allow-Credentials`, so no page of another origin is shown the answer.
Signing in and out must name our origin as well, or another site could sign a person in as somebody else. A key in a
header is no cookie: nobody's browser adds it by itself, and the rules here do not touch it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from ingest.server.guards import place_of
from ingest.server.keys import KEY_PREFIX
from ingest.server.refusals import Refusal

if TYPE_CHECKING:
    from fastapi import Request, Response

    from ingest.server.core import Core
    from ingest.server.keys import Principal

COOKIE: Final = "ingest_session"
SESSION: Final = timedelta(hours=8)
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def session_of(core: Core, request: Request) -> str:
    """The token in the session's cookie; empty where there is none.

    Raises:
        Refusal: `forbidden` (`origin_foreign`), the request changes something and no page of ours sent it.
    """
    token = request.cookies.get(COOKIE, "")
    if not token or token.startswith(KEY_PREFIX):  # a key lasts; no cookie of ours ever held one
        return ""
    if request.method not in _READING:
        check_origin(core, request)
    return token


def check_origin(core: Core, request: Request) -> None:
    """Raises Refusal `forbidden` unless a browser says that a page of our own origin sent the request."""
    ours = {request.headers.get("host", ""), urlsplit(core.base_url(request)).netloc} - {""}
    origin = place_of(request.headers.get("origin", ""))  # `null` has none
    site = request.headers.get("sec-fetch-site", "same-origin")  # not sent over http but on loopback
    if origin not in ours or site != "same-origin":
        raise Refusal("forbidden", "this was not sent by a page of this server", code="origin_foreign")


def begin_session(core: Core, request: Request, response: Response, principal: Principal) -> None:
    """Let the answer set the cookie of a new session."""
    keep_token(core, request, response, core.keys.issue_token(principal, SESSION, kind="session").text)


def keep_token(core: Core, request: Request, response: Response, token: str) -> None:
    """Let the answer set a cookie with a token that somebody has already: the session ends with it at the latest."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(SESSION.total_seconds()),
        path=_path(core, request),
        secure=core.base_url(request).startswith("https:"),
        httponly=True,
        samesite="strict",
    )


def end_session(core: Core, request: Request, response: Response) -> None:
    """End the session on both sides: its token is worth nothing from now on."""
    core.keys.end_token(request.cookies.get(COOKIE, ""))
    response.delete_cookie(COOKIE, path=_path(core, request), httponly=True, samesite="strict")


def _path(core: Core, request: Request) -> str:
    return urlsplit(core.base_url(request)).path or "/"
