"""A dialect for tests: upper case on one line, always with status 200. It is all that a dialect must be."""

from typing import Annotated

from fastapi import Depends, Header, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from pydantic import BaseModel

from ingest.job import codes
from ingest.job.errors import ResourceError, UsageError
from ingest.server.core import Core, get_core
from ingest.server.dialect import Dialect
from ingest.server.keys import Principal
from ingest.server.refusals import Refusal
from ingest.server.routing import dialect_router, upload_body


class Order(BaseModel):
    clip: str


def refuse(refusal: Refusal, _request: Request) -> Response:
    return PlainTextResponse(f"{refusal.kind.upper()} {refusal.message}")


def principal(
    core: Annotated[Core, Depends(get_core)], telex_key: Annotated[str, Header()] = ""
) -> Principal:
    return core.keys.principal(telex_key)


router = dialect_router(refuse, "/telex/")


@router.post("/telex/orders")
def order(order: Order, asked_by: Annotated[Principal, Depends(principal)]) -> PlainTextResponse:
    return PlainTextResponse(f"ORDER {order.clip} by {asked_by.name}".upper())


@router.get("/telex/orders/{number}")
def order_of(number: int) -> None:
    raise Refusal("not_found", "no such order")


@router.get("/telex/usage")
def usage() -> None:
    raise UsageError(codes.UNKNOWN_RESOLUTION, "no such preset", remedy="try sd")


@router.get("/telex/store")
def store() -> None:
    raise ResourceError(codes.DISK_FULL, "job store /secret/place: no space left")


@router.get("/telex/fault")
def fault() -> None:
    raise ZeroDivisionError("with a secret in it")


@router.get("/telex/page")
def page() -> HTMLResponse:
    return HTMLResponse("<p>", headers={"content-security-policy": "default-src 'self'"})


@router.put("/telex/tape")
@upload_body
async def tape(request: Request) -> PlainTextResponse:
    return PlainTextResponse(str(sum([len(chunk) async for chunk in request.stream()])))


TELEX = Dialect("telex", router, refuse)
