"""Our own dialect: how it refuses, and its routes, module by module."""

import re

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from ingest.server.dialects import Dialect
from ingest.server.media import add_media_routes
from ingest.server.refusals import Refusal
from ingest.server.routing import dialect_router


def refuse(refusal: Refusal, _request: Request) -> Response:
    """`{"error": {"code", "message", "details"}}` with the HTTP status that fits."""
    error = {"code": refusal.code, "message": refusal.message, "details": list(refusal.details)}
    response = JSONResponse({"error": error}, refusal.status)
    if refusal.status == 401:  # RFC 9110, section 11.6.1
        response.headers["www-authenticate"] = 'Bearer realm="ingest"'
    return response


router = dialect_router(refuse)
add_media_routes(router)
NATIVE = Dialect("native", router, refuse, re.compile("/"))
