"""`/`, `/jobs/<id>`, `/sign-in`, `/sign-out` and `/static/...`.

Pages work without scripts, but for uploading and playing: what changes something is a form. Who asks is known by the
session's cookie, or with `--no-auth` not at all; every form must have been sent by a page of ours (sessions.py).
"""

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from ingest.engine.cursors import LIMIT
from ingest.engine.model import Filter, Submission, UrlSource
from ingest.job.ids import is_job_id
from ingest.media.presets import load
from ingest.server.core import Core, get_core
from ingest.server.keys import Principal
from ingest.server.pages import views
from ingest.server.pages.assets import asset_response
from ingest.server.pages.rendering import page, refuse, root, sign_in_page
from ingest.server.refusals import Refusal
from ingest.server.routing import dialect_router
from ingest.server.sessions import begin_session, check_origin, end_session, session_of

JOBS_SHOWN = 50
HIGHEST_CHOSEN = 1080  # the short side of resolutions that are ticked at first
Inside = Annotated[Core, Depends(get_core)]


async def principal(request: Request, core: Inside) -> Principal:
    """Who asks, by the session."""
    return await core.principal(session_of(core, request))


Asking = Annotated[Principal, Depends(principal)]
router = dialect_router(refuse, r"/$|/(?:jobs|sign-in|sign-out|static)(?:/|$)")


@router.get("/", include_in_schema=False)
def jobs(
    request: Request,
    core: Inside,
    asking: Asking,
    show: Literal["all", "active", "completed", "failed", "cancelled", "draft"] = "all",
    text: Annotated[str, Query(max_length=255)] = "",
    after: Annotated[str, Query(max_length=LIMIT)] = "",
) -> Response:
    asking.require("read")
    states = views.GROUPS[show]
    found = core.queue.lines(
        Filter(account=asking.seen, states=states, text=text or None, after=after or None, limit=JOBS_SHOWN)
    )
    kept = {"show": show, "text": text}
    same = [("state", state.value) for state in sorted(states or ())]
    same += [(name, value) for name, value in (("text", text), ("cursor", after)) if value]
    return page(
        request,
        "jobs.html",
        asking,
        jobs=found.jobs,
        total=found.total,
        show=show,
        text=text,
        after=after,
        groups=views.GROUPS,
        words=views.STATE_WORDS,
        older=urlencode(kept | {"after": found.next}) if found.next else "",
        newest=urlencode(kept),
        same=urlencode([*same, ("limit", str(JOBS_SHOWN))]),
        presets=tuple(load(core.settings.preset_dir).values()),
        highest=HIGHEST_CHOSEN,
        may_submit="submit" in asking.scopes,
        max_upload=core.settings.max_upload,
    )


@router.get("/jobs", include_in_schema=False)
def jobs_again(request: Request) -> Response:
    return RedirectResponse(f"{root(request)}/", 307)


@router.post("/jobs", include_in_schema=False)
def from_url(
    request: Request,
    core: Inside,
    asking: Asking,
    url: Annotated[str, Form(min_length=1, max_length=4096)],
    resolution: Annotated[list[str], Form(min_length=1, max_length=32)],
) -> Response:
    """A job of what is fetched; files need a script, which sends them in pieces."""
    check_origin(core, request)
    made = core.submit(asking, Submission(tuple(resolution), UrlSource(url, "")))
    return RedirectResponse(f"{root(request)}/jobs/{made.job_id}", 303)


@router.get("/jobs/{job_id}", include_in_schema=False)
def job(request: Request, job_id: str, core: Inside, asking: Asking) -> Response:
    asking.require("read")
    found = core.queue.job(asking.seen, job_id)
    shown = found.shown
    return page(
        request,
        "job.html",
        asking,
        job=found,
        record=shown,
        word=views.STATE_WORDS[found.state],
        said=views.said(shown),
        renditions=views.renditions(views.read_abr(found.folder)) if views.has_player(found) else (),
        downloads=views.downloads(found.record) if views.has_player(found) else (),
        media=f"{root(request)}/media/{core.ticket(found, asking)}/" if views.has_player(found) else "",
        allowed=views.allowed(found, may_change="submit" in asking.scopes),
    )


@router.post("/jobs/{job_id}/{doing}", include_in_schema=False)
def change(
    request: Request,
    job_id: str,
    doing: Literal["cancel", "retry", "run", "delete"],
    core: Inside,
    asking: Asking,
) -> Response:
    check_origin(core, request)
    asking.require("submit")
    match doing:
        case "cancel":
            core.queue.cancel(asking.seen, job_id)
        case "retry":
            core.retry(asking, job_id)
        case "run":
            core.run(asking, job_id)
        case "delete":
            core.queue.delete(asking.seen, job_id)
            return RedirectResponse(f"{root(request)}/", 303)
    return RedirectResponse(f"{root(request)}/jobs/{job_id}", 303)


@router.get("/sign-in", include_in_schema=False)
def sign_in_form(request: Request, core: Inside) -> Response:
    if core.settings.no_auth:
        return RedirectResponse(f"{root(request)}/", 303)
    return sign_in_page(request, "/")


@router.post("/sign-in", include_in_schema=False)
def sign_in(
    request: Request,
    core: Inside,
    key: Annotated[str, Form(max_length=200)] = "",
    wanted: Annotated[str, Form(max_length=200)] = "/",
) -> Response:
    check_origin(core, request)
    try:
        found = core.keys.principal(key)
        found.require("read")
    except Refusal as refusal:
        return sign_in_page(request, _own(wanted), refusal.message, refusal.status)
    response = RedirectResponse(root(request) + _own(wanted), 303)
    begin_session(core, request, response, found)
    return response


@router.post("/sign-out", include_in_schema=False)
def sign_out(request: Request, core: Inside) -> Response:
    check_origin(core, request)
    response = RedirectResponse(f"{root(request)}/", 303)
    end_session(core, request, response)
    return response


@router.get("/static/{name:path}", include_in_schema=False)
def static(request: Request, name: str) -> Response:
    return asset_response(request, name)


def _own(wanted: str) -> str:
    """A path of a page of ours, and nothing that leads elsewhere.

    >>> _own("//elsewhere.example/jobs"), _own("/sign-out")
    ('/', '/')
    """
    job_id = wanted.removeprefix("/jobs/")
    return f"/jobs/{job_id}" if is_job_id(job_id) else "/"
