"""How a page is made and what it may do: templates that escape everything, and a policy that lets nothing else run."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from fastapi.responses import HTMLResponse

from ingest.server.core import core_of

if TYPE_CHECKING:
    from fastapi import Request, Response
    from jinja2 import Environment

    from ingest.server.keys import Principal
    from ingest.server.refusals import Refusal

# No inline script, style or handler, nothing of another origin. hls.js plays from `blob:` and works in a worker made of
# one (Media Source Extensions, section 2; CSP level 3, section 6.1); its text tracks begin as an empty one in `data:`.
# `same-origin`: with `no-referrer` browsers would send `Origin: null` with our own forms, and these could not be told
# from those of others (Fetch, section 3.2.2).
HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self' blob: data:; "
        "connect-src 'self'; worker-src blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
_SIGN_IN = frozenset({"missing_credentials", "bad_credentials", "expired"})
_UNITS = ("B", "kB", "MB", "GB", "TB")


def page(
    request: Request, template: str, asking: Principal | None, status: int = 200, **values: Any
) -> HTMLResponse:
    """A page; `asking` is None where nobody has signed in."""
    core = core_of(request)
    text = (
        _environment()
        .get_template(template)
        .render(
            root=root(request),
            here=request.url.path,
            asking=asking,
            keys_needed=not core.settings.no_auth,
            **values,
        )
    )
    # A name of a file may hold bytes that are no text.
    return HTMLResponse(text.encode("utf-8", "backslashreplace"), status, HEADERS)


def refuse(refusal: Refusal, request: Request) -> Response:
    """The form to sign in where a credential is missing, else a page that says what is wrong."""
    if refusal.kind not in _SIGN_IN:
        return page(request, "problem.html", None, refusal.status, refusal=refusal)
    told = refusal.message if refusal.kind != "missing_credentials" else ""
    return sign_in_page(request, request.url.path, told, refusal.status)


def sign_in_page(request: Request, wanted: str, told: str = "", status: int = 200) -> Response:
    """The form; `wanted` is the path to go to afterwards, `told` what was wrong."""
    return page(request, "sign_in.html", None, status, wanted=wanted, told=told)


def root(request: Request) -> str:
    """The path that our URLs begin with behind a proxy, without a slash at the end."""
    return urlsplit(core_of(request).base_url(request)).path.rstrip("/")


def size_text(size: float | None) -> str:
    """Bytes for people.

    >>> size_text(999), size_text(1_234_567)
    ('999 B', '1.2 MB')
    """
    if size is None:
        return ""
    for unit in _UNITS[:-1]:
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} {_UNITS[-1]}"


def rate_text(rate: float | None) -> str:
    """Bits per second for people.

    >>> rate_text(133_828), rate_text(3_900_000)
    ('134 kbit/s', '3.90 Mbit/s')
    """
    if rate is None:
        return ""
    return f"{rate / 1e6:.2f} Mbit/s" if rate >= 1e6 else f"{rate / 1e3:.0f} kbit/s"


def seconds_text(seconds: float | None) -> str:
    """A duration for people.

    >>> seconds_text(0.26), seconds_text(75.2), seconds_text(3700)
    ('0.3 s', '1 min 15 s', '1 h 1 min')
    """
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, left = divmod(minutes, 60)
    return f"{hours} h {left} min" if hours else f"{minutes} min {rest} s"


def moment_text(stamp: str) -> str:
    """A record's time for people, in UTC; scripts turn it into the reader's own.

    >>> moment_text("2026-11-22T11:14:29.123Z")
    '2026-11-22 11:14:29 UTC'
    """
    return f"{datetime.fromisoformat(stamp).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"size": size_text, "rate": rate_text, "duration": seconds_text, "moment": moment_text}
    return made
