"""`f=html|json|pjson`, as every resource of an ArcGIS server takes it; html, the default, is a page people can read."""

from __future__ import annotations

import json
import secrets
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from fastapi.responses import HTMLResponse, JSONResponse, Response

from ingest.server.core import core_of
from ingest.server.dialects.arcgis.documents import ROOT, ROOTS
from ingest.server.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import Request
    from jinja2 import Template

FORMATS = ("html", "json", "pjson")


def check(wanted: str) -> str:
    """The format asked for; an empty one is html.

    Raises:
        Refusal: invalid, in Esri's own words.
    """
    found = wanted.lower() or "html"
    if found not in FORMATS:
        raise Refusal("invalid", "Output format not supported. Code: 400")
    return found


def answer(
    wanted: str,
    document: dict[str, Any],
    request: Request,
    title: str,
    crumbs: Sequence[tuple[str, str]] = (),
    *,
    tabled: Sequence[str] = (),
    links: Sequence[tuple[str, str]] = (),
) -> Response:
    """The document in the format asked for.

    Args:
        crumbs: names of what the page lies below, and paths below the root.
        tabled: keys that the page shows as tables, and not as lists below the rest.
        links: likewise of what lies below the page.
    """
    match wanted:
        case "json":
            return JSONResponse(document)
        case "pjson":
            return Response(
                json.dumps(document, indent=2, ensure_ascii=False),
                media_type="application/json; charset=utf-8",
            )
        case _:
            return _page(document, request, title, crumbs, frozenset(tabled), links)


def _page(
    document: dict[str, Any],
    request: Request,
    title: str,
    crumbs: Sequence[tuple[str, str]],
    tabled: frozenset[str],
    links: Sequence[tuple[str, str]],
) -> Response:
    attributes = document.get("customAttributes", {})
    following = document.get("nextStart", -1)
    return _rendered(
        request,
        "directory.html",
        title=title,
        crumbs=crumbs,
        links=links,
        following=_with(request, "start", following) if following > 0 else "",
        document={key: value for key, value in document.items() if key not in tabled},
        steps=list(zip(attributes.get("messageCodes", ()), document["messages"], strict=True))
        if "messages" in tabled
        else None,
        jobs=document["jobs"] if "jobs" in tabled else None,
        formats=[(name, _with(request, "f", name)) for name in ("json", "pjson")],
    )


def token_page(request: Request, told: str = "", wanted: str | None = None) -> Response:
    """The form that begins a browser's session, so that pages and their links need no token.

    Args:
        told: what was wrong with the token before.
        wanted: where to go then, below the root; None: back to what was asked for.
    """
    return _rendered(
        request,
        "token.html",
        title="Token Required",
        told=told,
        wanted=_here(request) if wanted is None else wanted,
    )


def root_of(request: Request) -> str:
    """That of `ROOTS` which was asked."""
    return next((root for root in ROOTS if root in request.url.path), ROOT)


def link_root(request: Request) -> str:
    """The path that links begin with; behind a proxy ours may not be the first."""
    return urlsplit(core_of(request).base_url(request)).path.rstrip("/") + root_of(request)


def _rendered(request: Request, template: str, **values: Any) -> Response:
    nonce = secrets.token_urlsafe(16)
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    # With `no-referrer` browsers would send `Origin: null` with our own form (Fetch standard, section 3.2.2).
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "same-origin"}
    text = _template(template).render(nonce=nonce, root=link_root(request), **values)
    return HTMLResponse(text, headers=headers)


def _with(request: Request, name: str, value: object) -> str:
    """The same resource with another value of one parameter."""
    return f"?{urlencode([*_kept(request, name), (name, value)])}"


def _kept(request: Request, *without: str) -> list[tuple[str, str]]:
    """The URL's parameters. A token is not repeated: pages are shown around."""
    return [(k, v) for k, v in request.query_params.multi_items() if k.lower() not in {*without, "token"}]


def _here(request: Request) -> str:
    path = quote(request.url.path.partition(root_of(request))[2])
    kept = _kept(request)
    return f"{path}?{urlencode(kept)}" if kept else path


@cache
def _template(name: str) -> Template:
    from jinja2 import Environment, FileSystemLoader

    return Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True).get_template(name)
