"""The two questions that clients ask all the time, a job and a page of jobs, in the shortest way.

Finding a route among hundreds and solving what it depends on costs FastAPI more than all that an answer needs. The
routes of `jobs.py` say what there is, in words and in OpenAPI; these stand before them and call the same functions.
Whatever is unusual about a request (a fault in its parameters above all) they leave to those.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.routing import BaseRoute, Match

from ingest.job.errors import IngestError
from ingest.server.core import core_of
from ingest.server.native.jobs import JOB_PATH, JOBS_PATH, ListQuery, job_answer, list_answer
from ingest.server.native.manner import TOKEN_LENGTH, principal, refuse
from ingest.server.refusals import Refusal
from ingest.server.routing import refused, to_refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from ingest.server.core import Core
    from ingest.server.keys import Principal

    Answer = Callable[[Core, Request, Principal], Response]

_ANSWER: Final = "ingest.quick"  # of an ASGI scope
_JOB: Final = re.compile(JOB_PATH.replace("{job_id}", "([^/]+)"))
_JOBS: Final = re.compile(re.escape(JOBS_PATH))


class QuickRoute(BaseRoute):
    """Takes a GET request whose answer `found` knows; None: another route's."""

    def __init__(
        self,
        path_format: str,
        path: re.Pattern[str],
        found: Callable[[re.Match[str], QueryParams], Answer | None],
    ) -> None:
        self.path_format = path_format  # for the meters
        self._path, self._found = path, found

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if (
            scope["type"] == "http"
            and scope["method"] == "GET"
            and not scope.get("root_path")
            and (path := self._path.fullmatch(scope["path"]))
        ):
            asked = QueryParams(scope["query_string"])
            if len(asked.get("access_token", "")) <= TOKEN_LENGTH and (answer := self._found(path, asked)):
                return Match.FULL, {"route": self, _ANSWER: answer}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        core = core_of(request)
        try:
            asking = await principal(request, core, None, request.query_params.get("access_token", ""))
            response = await run_in_threadpool(scope[_ANSWER], core, request, asking)
        except (Refusal, IngestError) as error:
            response = refused(refuse, to_refusal(error), request)
        await response(scope, receive, send)


def _job(path: re.Match[str], _asked: QueryParams) -> Answer | None:
    return lambda core, request, asking: job_answer(core, request, asking, path[1])


def _jobs(_path: re.Match[str], asked: QueryParams) -> Answer | None:
    given: dict[str, Any] = dict(asked)
    if "state" in given:
        given["state"] = asked.getlist("state")
    try:
        query = ListQuery.model_validate(given)
    except ValidationError:
        return None
    return lambda core, request, asking: list_answer(core, request, asking, query)


def quick_routes() -> list[BaseRoute]:
    """To stand before all others."""
    return [QuickRoute(JOB_PATH, _JOB, _job), QuickRoute(JOBS_PATH, _JOBS, _jobs)]
