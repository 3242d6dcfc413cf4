"""Routers whose routes refuse in the manner of their dialect, and whose requests have a largest size."""

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from ingest.job.errors import IngestError, one_line
from ingest.server.core import get_core
from ingest.server.refusals import Kind, Refusal, refusal_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import Message, Receive

Refuse = Callable[[Refusal, Request], Response]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
_UPLOAD = "takes_upload"
_KINDS: dict[int, Kind] = {
    401: "bad_credentials",
    403: "forbidden",
    404: "not_found",
    405: "method",
    409: "conflict",
    413: "too_large",
    429: "too_many",
    503: "unavailable",
}


def dialect_router(refuse: Refuse) -> APIRouter:
    """A router whose routes answer with `refuse` where they raise a Refusal, an IngestError, or are asked wrongly."""

    class Route(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handler = super().get_route_handler()
            upload = getattr(self.endpoint, _UPLOAD, False)

            async def refusing(request: Request) -> Response:
                settings = get_core(request).settings
                limit = settings.max_upload if upload else settings.max_body
                try:
                    return await handler(Request(request.scope, _limited(request, limit)))
                except (Refusal, IngestError, HTTPException, RequestValidationError) as error:
                    return refused(refuse, to_refusal(error), request)

            return refusing

    return APIRouter(route_class=Route)


def upload_body(endpoint: Endpoint) -> Endpoint:
    """Mark a route function, below its route's decorator, as one whose body is a file: `max_upload` holds for it."""
    setattr(endpoint, _UPLOAD, True)
    return endpoint


def refused(refuse: Refuse, refusal: Refusal, request: Request) -> Response:
    """The dialect's answer, with the headers that every answer of this kind has (RFC 9110)."""
    response = refuse(refusal, request)
    for name, value in refusal.headers.items():
        response.headers[name] = value
    return response


def to_refusal(error: Refusal | IngestError | HTTPException | RequestValidationError) -> Refusal:
    """One refusal for whatever FastAPI, the core or a route raised."""
    match error:
        case Refusal():
            return error
        case IngestError():
            return refusal_of(error)
        case RequestValidationError():
            faults = tuple(_fault(e) for e in error.errors())
            return Refusal("invalid", faults[0] if faults else "the request is not valid", details=faults)
        case HTTPException():
            kind = _KINDS.get(error.status_code, "invalid" if error.status_code < 500 else "internal")
            headers = dict(error.headers or {})
            return Refusal(kind, _sentence(error), status=error.status_code, headers=headers)


def _limited(request: Request, limit: int) -> "Receive":
    """The request's body, cut off with an error at `limit` bytes; sooner where its length was declared."""
    receive = request.receive
    declared = request.headers.get("content-length", "0")
    too_large = HTTPException(413, f"the body may have at most {limit} bytes")
    left = limit

    async def limited() -> "Message":
        nonlocal left
        if declared.isdecimal() and int(declared) > limit:
            raise too_large
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise too_large
        return message

    return limited


def _sentence(error: HTTPException) -> str:
    match error.status_code:
        case 404:
            return "there is nothing at this URL"
        case 405:
            return "this method is not allowed here"
        case _:
            return str(error.detail)


def _fault(error: dict[str, Any]) -> str:
    """`resolutions: Field required` of one of pydantic's errors; the value is not repeated (it may be a secret).

    >>> _fault({"loc": ("body", "source", "url"), "msg": "Field required"})
    'source.url: Field required'
    """
    where: Sequence[object] = error["loc"]
    name = ".".join(str(part) for part in where[1:]) or str(where[0])
    return one_line(f"{name}: {error['msg']}")
