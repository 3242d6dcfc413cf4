"""The page that a video URL without a format shows, to look at what was made: a title, a player, its state."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

from fastapi.responses import HTMLResponse

from ingest.server.dialects.bytescale.artifacts import MASTER
from ingest.server.dialects.bytescale.transformation import media_url

if TYPE_CHECKING:
    from ingest.server.dialects.bytescale.access import Access
    from ingest.server.dialects.bytescale.transformation import Asked

_CSP = (
    "default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ margin: 0; background: #111; color: #eee; font: 1rem/1.5 system-ui, sans-serif; }}
main {{ max-width: 60rem; margin: 0 auto; padding: 1rem; }}
video {{ width: 100%; background: #000; }}
a {{ color: #9cf; overflow-wrap: anywhere; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<video controls playsinline preload="metadata" src="{url}"></video>
<p>This page is for looking at a result. Players take <a href="{url}">{url}</a>: until the film is ready, that URL
answers 404 with the job.</p>
</main>
</body>
</html>
"""


def page(access: Access, asked: Asked) -> HTMLResponse:
    """A page that plays the HLS of the same renditions; where the browser can, and once they are made."""
    groups = tuple(tuple(p for p in group if p[0] != "f") for group in asked.groups)
    hls = replace(asked, groups=((("f", "hls-h264"),), *(g for g in groups if g)))
    url = media_url("", access.account, hls, MASTER, token=asked.controls.token)
    title = escape(asked.path.rpartition("/")[2])
    return HTMLResponse(_PAGE.format(title=title, url=escape(url)), headers={"content-security-policy": _CSP})
