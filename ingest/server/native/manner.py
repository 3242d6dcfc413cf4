"""How the native API refuses, knows who asks, and shows examples of itself."""

import base64
import binascii
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param

from ingest.server.core import Core, get_core
from ingest.server.keys import KEY_PREFIX, Principal
from ingest.server.refusals import Refusal
from ingest.server.sessions import session_of

TUS_PATH = "/api/uploads"
TUS_VERSION = "1.0.0"
TOKEN_LENGTH = 200
_bearer = HTTPBearer(
    auto_error=False, description="An API key (`ingest keys create`), or a token made with one."
)


def refuse(refusal: Refusal, request: Request) -> Response:
    """`{"error": {"code", "message", "details"}}` with the HTTP status that fits."""
    error = {"code": refusal.code, "message": refusal.message, "details": list(refusal.details)}
    response = JSONResponse({"error": error}, refusal.status)
    if refusal.status == 401:  # RFC 9110, section 11.6.1
        response.headers["www-authenticate"] = 'Bearer realm="ingest"'
    if request.url.path.startswith(TUS_PATH):
        response.headers["tus-resumable"] = TUS_VERSION
    return response


async def principal(
    request: Request,
    core: Annotated[Core, Depends(get_core)],
    _shown: Annotated[object, Depends(_bearer)],
    access_token: Annotated[
        str, Query(max_length=TOKEN_LENGTH, description="A token, where no header can be sent; never a key.")
    ] = "",
) -> Principal:
    """Who asks: `Authorization: Bearer KEY`, or `Basic` with the key as password, or a token in the query; or our
    own pages, by their session (sessions.py says how that is kept from others).
    """
    shown = credential(request.headers.get("authorization", ""), access_token)
    return await core.principal(shown or session_of(core, request))


def credential(authorization: str, access_token: str = "") -> str:
    """The key or token of a request; empty where there is none.

    Raises:
        Refusal: `bad_credentials` for another scheme; `invalid` for a key in the URL, which logs keep.
    """
    scheme, value = get_authorization_scheme_param(authorization)
    match scheme.lower():
        case "bearer":
            return value
        case "basic":
            try:
                return base64.b64decode(value, validate=True).decode("utf-8").partition(":")[2]
            except (binascii.Error, UnicodeDecodeError, ValueError) as error:
                raise Refusal("bad_credentials", "the basic credentials cannot be read") from error
        case "":
            if access_token.startswith(KEY_PREFIX):
                raise Refusal("invalid", "keys are not sent in URLs: make a token", code="key_in_url")
            return access_token
        case _:
            raise Refusal("bad_credentials", "the authorization scheme is neither Bearer nor Basic")


Asking = Annotated[Principal, Depends(principal)]
Inside = Annotated[Core, Depends(get_core)]

BYTES = {"schema": {"type": "string", "format": "binary"}, "example": "(bytes)"}
_ERROR = {"error": {"code": "job_not_found", "message": "there is no job 'j...'", "details": []}}


def shown(
    example: Any, *, status: int = 200, text: str = "", media: str = "application/json"
) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: what a route answers, with an example, and how it refuses. `example` None: no body."""
    answer: dict[str, Any] = {"description": text or "Done."}
    if example is not None:
        answer["content"] = {media: {"example": example}}
    error = {"description": "Refused.", "content": {"application/json": {"example": _ERROR}}}
    return {status: answer, "4XX": error}
