"""The page that a video URL without a format shows, to look at what was made: a title, a player, its state."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

from fastapi.responses import HTMLResponse

from ingest.engine.model import State
from ingest.server.dialects.bytescale.artifacts import MASTER
from ingest.server.dialects.bytescale.documents import STATUSES, summary_of
from ingest.server.dialects.bytescale.processing import find_or_begin
from ingest.server.dialects.bytescale.transformation import media_url

if TYPE_CHECKING:
    from ingest.engine.model import StoredFile
    from ingest.server.dialects.bytescale.access import Access
    from ingest.server.dialects.bytescale.transformation import Asked
    from ingest.server.errands import Errands

_CSP = (
    "default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
)
_LOOK_SECONDS = 2
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
{shown}
<p>This page is for looking at a result. Players take <a href="{url}">{url}</a>: until the film is ready, that URL
answers 404 with the job.</p>
</main>
</body>
</html>
"""


def page(access: Access, errands: Errands, asked: Asked, file: StoredFile) -> HTMLResponse:
    """A page that plays the HLS of the same renditions, where the browser can; it begins to make them, and waits.

    Raises:
        Refusal: as `processing.find_or_begin`.
    """
    groups = tuple(tuple(p for p in group if p[0] != "f") for group in asked.groups)
    hls = replace(asked, groups=((("f", "hls-h264"),), *(g for g in groups if g)))
    # Each look would begin another job, and none would be seen to its end.
    hls = replace(hls, controls=replace(hls.controls, cache=True))
    job = find_or_begin(access, errands, hls, file)
    url = media_url("", access.account, hls, MASTER, token=asked.controls.token)
    headers = {"content-security-policy": _CSP}
    match job.state:
        case State.COMPLETED:
            shown = f'<video controls playsinline preload="metadata" src="{escape(url)}"></video>'
        case State.FAILED:
            error = summary_of(job, access.account, None).error or {}
            shown = f'<p role="alert">This film could not be made: {escape(str(error.get("message")))}</p>'
        case _:
            shown = f"<p>This film is being made: {STATUSES[job.state]}. This page looks again by itself.</p>"
            headers["refresh"] = str(_LOOK_SECONDS)
    title = escape(asked.path.rpartition("/")[2])
    return HTMLResponse(_PAGE.format(title=title, shown=shown, url=escape(url)), headers=headers)
