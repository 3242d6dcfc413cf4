"""Routers whose routes refuse in the manner of their dialect, and whose requests have a largest size."""

import re
from collections.abc import Callable, Coroutine
from copy import copy
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.params import Form
from fastapi.responses import FileResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import Match

from ingest.job.errors import IngestError, one_line
from ingest.server.core import core_of
from ingest.server.refusals import REFUSALS, Kind, Refusal, refusal_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.types import Message, Receive, Scope

Refuse = Callable[[Refusal, Request], Response]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
_UPLOAD, _STREAM = "takes_upload", "is_stream"
# What curl says of a body by itself, and what browsers and shells send: JSON where a route takes nothing else.
_UNTYPED = frozenset({"", "text/plain", "application/x-www-form-urlencoded"})
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


_TYPE = re.compile(r"str|(?:dict|list|tuple)\[.*")
# What pydantic says in words of Python, which those who send JSON need not know.
_WORDS = {
    "json_invalid": "Input should be JSON",
    "none_required": "Input should be null",
    **dict.fromkeys(
        ("dict_type", "model_type", "model_attributes_type", "dataclass_type"), "Input should be an object"
    ),
    **dict.fromkeys(("list_type", "tuple_type"), "Input should be a list"),
}


class DialectRouter(APIRouter):
    """Routes of which none has a path but those that `paths` matches the beginning of."""

    paths: re.Pattern[str]

    def matches(self, scope: "Scope") -> tuple[Match, "Scope"]:
        # Asked for each request before any route is: there are hundreds of all dialects.
        return super().matches(scope) if self.paths.match(scope["path"]) else (Match.NONE, {})


def dialect_router(refuse: Refuse, paths: str) -> DialectRouter:
    """A router whose routes answer with `refuse` where they raise a Refusal, an IngestError, or are asked wrongly.

    `paths` is a regular expression for the beginning of every path that is the dialect's own.
    What is to be had with GET is to be had with HEAD (RFC 9110, section 9.3.2), but for streams.
    A body that a route takes as JSON may come without a type, or with one that is a tool's default.
    """

    class Route(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handler = super().get_route_handler()
            upload = getattr(self.endpoint, _UPLOAD, False)

            async def refusing(request: Request) -> Response:
                settings = core_of(request).settings
                limit = settings.max_upload if upload else settings.max_body
                taken = self.body_field is not None and not isinstance(self.body_field.field_info, Form)
                scope = _typed(request) if taken else request.scope
                try:
                    response = await handler(Request(scope, _limited(request, limit)))
                except (Refusal, IngestError, HTTPException, RequestValidationError) as error:
                    response = refused(refuse, to_refusal(error), request)
                return _without_body(response) if request.method == "HEAD" else response

            return refusing

    class Router(DialectRouter):
        heads = 0

        def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
            super().add_api_route(path, endpoint, **options)
            route = self.routes.pop()
            assert isinstance(route, APIRoute)  # noqa: S101 (the one that was added just now)
            self.routes.insert(len(self.routes) - self.heads, route)
            methods = set(options.get("methods") or ("GET",))
            if "GET" in methods and "HEAD" not in methods and not getattr(endpoint, _STREAM, False):
                # Behind all others: a HEAD that the dialect itself has (tus) comes first, and nobody who asks
                # otherwise looks among them. Documents show GET alone.
                head = copy(route)
                head.methods, head.include_in_schema = {"HEAD"}, False
                self.routes.append(head)
                self.heads += 1

    router = Router(route_class=Route)
    router.paths = re.compile(paths)
    return router


def stream(endpoint: Endpoint) -> Endpoint:
    """Mark a route function, below its route's decorator, as one whose answer may never end: it has no HEAD."""
    setattr(endpoint, _STREAM, True)
    return endpoint


def upload_body(endpoint: Endpoint) -> Endpoint:
    """Mark a route function, below its route's decorator, as one whose body is a file: `max_upload` holds for it."""
    setattr(endpoint, _UPLOAD, True)
    return endpoint


def refused(refuse: Refuse, refusal: Refusal, request: Request) -> Response:
    """The dialect's answer, with the headers that every answer of this kind has (RFC 9110)."""
    request.scope.get(REFUSALS, []).append(refusal)
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


def _without_body(response: Response) -> Response:
    """The same headers, `Content-Length` among them; a file's response leaves its bytes out by itself."""
    if isinstance(response, FileResponse):
        return response
    bare = Response(status_code=response.status_code, background=response.background)
    bare.raw_headers = response.raw_headers
    return bare


def _typed(request: Request) -> "Scope":
    """The request's scope, where its body is said to be JSON if nothing better is said of it."""
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if said not in _UNTYPED:
        return request.scope
    others = [(name, value) for name, value in request.scope["headers"] if name != b"content-type"]
    return {**request.scope, "headers": [*others, (b"content-type", b"application/json")]}


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

    >>> _fault({"type": "missing", "loc": ("body", "source", "url"), "msg": "Field required"})
    'source.url: Field required'
    >>> _fault({"type": "tuple_type", "loc": ("body", "files"), "msg": "Input should be a valid tuple"})
    'files: Input should be a list'
    >>> _fault({"type": "dict_type", "loc": ("body", "path", "dict[str,any]"), "msg": "..."})
    'path: Input should be an object'
    """
    where: Sequence[object] = error["loc"]
    if error["type"] == "json_invalid":
        where = where[:1]  # what follows is a place in the text
    # Of what may be of one type or another, pydantic names the type as well.
    parts = [str(part) for part in where[1:] if where[0] != "body" or not _TYPE.fullmatch(str(part))]
    name = ".".join(parts) or str(where[0])
    return one_line(f"{name}: {words_of(error)}")


def words_of(error: "Mapping[str, Any]") -> str:
    """What one of pydantic's errors says, for those who know nothing of Python."""
    said = _WORDS.get(error["type"], str(error["msg"])).removeprefix("Value error, ")
    if error["type"] == "literal_error":
        return re.sub(r"\b(True|False)\b", lambda word: word[0].lower(), said)
    return said
