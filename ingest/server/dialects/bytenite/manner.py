"""How ByteNite's customer API refuses, knows who asks, and spells its URLs."""

import re
import uuid
from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Request
from fastapi.responses import Response

from ingest.engine.model import Job
from ingest.job import codes
from ingest.job.errors import UsageError
from ingest.server.core import Core, get_core
from ingest.server.dialects.bytenite import documents
from ingest.server.jsontext import JsonAnswer
from ingest.server.keys import Principal
from ingest.server.refusals import Kind, Refusal
from ingest.server.routing import dialect_router

Route = TypeVar("Route", bound=Callable[..., Any])
BASES = ("/v1/customer", "/v1/computing")
# The queue's own ids; clients know the UUID in them.
_OURS = re.compile(r"\bj([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b")
# google.rpc.Code, and the HTTP status that gRPC's gateway gives each.
_CODES: dict[Kind, tuple[int, int]] = {
    "missing_credentials": (16, 401),
    "bad_credentials": (16, 401),
    "expired": (16, 401),
    "forbidden": (7, 403),
    "not_found": (5, 404),
    "method": (12, 405),
    "invalid": (3, 400),
    "conflict": (9, 400),
    "too_large": (3, 413),
    "too_many": (8, 429),
    "unavailable": (14, 503),
    "internal": (13, 500),
}


def refuse(refusal: Refusal, request: Request) -> Response:  # noqa: ARG001 - every dialect is given it
    """google.rpc.Status; each faulty field is a google.rpc.BadRequest's field violation."""
    code, status = _CODES[refusal.kind]
    message = _OURS.sub(r"\1", refusal.message)
    details = (
        [
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [
                    {"field": field, "description": why or message}
                    for field, _, why in (d.partition(": ") for d in refusal.details)
                ],
            }
        ]
        if refusal.details
        else []
    )
    return JsonAnswer(documents.status(code, message, details), status)


CoreOf = Annotated[Core, Depends(get_core)]


# What a request depends on waits for nothing where it is known: another thread would cost more than the answer.


async def _principal(core: CoreOf, authorization: Annotated[str, Header()] = "") -> Principal:
    """The token stands bare in the header; clients that put `Bearer` before it are understood as well."""
    scheme, _, rest = authorization.strip().partition(" ")
    return await core.principal(rest if scheme.lower() == "bearer" else authorization)


async def _reader(who: Annotated[Principal, Depends(_principal)]) -> Principal:
    who.require("read")
    return who


async def _submitter(who: Annotated[Principal, Depends(_principal)]) -> Principal:
    who.require("submit")
    return who


Reader = Annotated[Principal, Depends(_reader)]
Submitter = Annotated[Principal, Depends(_submitter)]
router = dialect_router(refuse, r"/v1/(?:customer|computing|auth)(?:/|$)")


def route(method: str, *paths: str) -> Callable[[Route], Route]:
    """A route below both base paths, in each spelling."""

    def register(function: Route) -> Route:
        endpoint = function if iscoroutinefunction(function) else _written(function)
        for base in BASES:
            for path in paths:
                router.add_api_route(
                    base + path, endpoint, methods=[method], response_model=None, response_class=JsonAnswer
                )
        return function

    return register


def _written(function: Callable[..., Any]) -> Callable[..., Response]:
    """With its document as text: FastAPI would make a copy of it first, value by value."""

    @wraps(function)
    def written(*given: Any, **named: Any) -> Response:
        answer = function(*given, **named)
        return answer if isinstance(answer, Response) else JsonAnswer(answer)

    return written


def job_of(core: Core, who: Principal, job_id: str) -> Job:
    """The job of a UUID that a client has named.

    Raises:
        Refusal: not_found, in the client's own spelling.
    """
    try:
        return core.queue.job(who.seen, internal(job_id))
    except UsageError as error:
        if error.code is codes.JOB_NOT_FOUND:
            raise no_job(job_id) from None
        raise


def internal(job_id: str) -> str:
    """The queue's id. Raises Refusal not_found for what is no UUID."""
    try:
        return f"j{uuid.UUID(job_id)}"
    except ValueError:
        raise no_job(job_id) from None


def no_job(job_id: str) -> Refusal:
    return Refusal("not_found", f"there is no job {job_id[:60]!r}")
