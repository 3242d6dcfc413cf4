"""`f=html|json|pjson`, as every resource of an ArcGIS server takes it; html, the default, is a page people can read."""

from __future__ import annotations

import json
import secrets
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi.responses import HTMLResponse, JSONResponse, Response

from ingest.server.dialects.arcgis import documents
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
) -> Response:
    """The document in the format asked for.

    Args:
        crumbs: names and URLs of what the page lies below.
        tabled: keys that the page shows as tables, and not as lists below the rest.
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
            return _page(document, request, title, crumbs, frozenset(tabled))


def _page(
    document: dict[str, Any],
    request: Request,
    title: str,
    crumbs: Sequence[tuple[str, str]],
    tabled: frozenset[str],
) -> Response:
    nonce = secrets.token_urlsafe(16)
    attributes = document.get("customAttributes", {})
    text = _template().render(
        nonce=nonce,
        title=title,
        crumbs=crumbs,
        document={key: value for key, value in document.items() if key not in tabled},
        steps=list(zip(attributes.get("messageCodes", ()), document["messages"], strict=True))
        if "messages" in tabled
        else None,
        jobs=document["jobs"] if "jobs" in tabled else None,
        root=documents.ROOT,
        formats=[(name, _in_format(request, name)) for name in ("json", "pjson")],
    )
    policy = f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; frame-ancestors 'none'"
    return HTMLResponse(text, headers={"Content-Security-Policy": policy})


def _in_format(request: Request, name: str) -> str:
    """The same resource in another format. A token is not repeated: pages are shown around."""
    kept = [(k, v) for k, v in request.query_params.multi_items() if k.lower() not in {"f", "token"}]
    from urllib.parse import urlencode

    return f"?{urlencode([*kept, ('f', name)])}"


@cache
def _template() -> Template:
    from jinja2 import Environment

    source = Path(__file__).with_name("directory.html").read_text("utf-8")
    return Environment(autoescape=True).from_string(source)
