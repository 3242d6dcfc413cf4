"""The server's application: the native API, the dialects, and what holds for all of them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from ingest import __version__
from ingest.job.errors import IngestError
from ingest.server.batches import make_errands
from ingest.server.dialect import Dialect, owner
from ingest.server.dialects import DIALECTS
from ingest.server.guards import (
    HeadersMiddleware,
    HostMiddleware,
    LoopbackMiddleware,
    StrangersMiddleware,
    guard,
)
from ingest.server.housekeeping import Housekeeping
from ingest.server.meters import Meters, MetersMiddleware
from ingest.server.native import NATIVE
from ingest.server.native.quick import quick_routes
from ingest.server.pages import PAGES
from ingest.server.rates import Rate
from ingest.server.refusals import Refusal
from ingest.server.routing import refused, to_refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from ingest.server.core import Core

# What a page of another origin may read of an answer (Fetch standard, CORS-exposed headers).
EXPOSED: Final = (
    "Accept-Ranges",
    "Content-Disposition",
    "Content-Length",
    "Content-Range",
    "ETag",
    "Ingest-File",
    "Location",
    "Retry-After",
    "Tus-Checksum-Algorithm",
    "Tus-Extension",
    "Tus-Max-Size",
    "Tus-Resumable",
    "Tus-Version",
    "Upload-Expires",
    "Upload-Length",
    "Upload-Metadata",
    "Upload-Offset",
)


def create_app(
    core: Core, dialects: Sequence[Dialect] = DIALECTS, *, alive: Callable[[], bool] = lambda: True
) -> FastAPI:
    """The application over one core; `alive`: whether somebody runs its jobs, for `/readyz`.

    What is refused is refused in the manner of the dialect whose path was asked for; where it is nobody's, in the
    native one. Pages of any origin may send a credential in the request; the cookie of our own pages works for those
    alone (sessions.py). Without keys (`no_auth`) whoever can connect is obeyed: then no page of another origin may,
    nor one that has given its name our address (DNS rebinding).
    """
    errands = make_errands(core.queue, core.files)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        housekeeping = Housekeeping(core, errands.start)
        housekeeping.start()
        yield
        core.closing.cancel()  # first: who waits for others' servers has the threads that the rest needs
        await run_in_threadpool(errands.close)
        await run_in_threadpool(housekeeping.stop)

    app = FastAPI(
        lifespan=lifespan,
        title="ingest",
        version=__version__,
        summary="Any video file in, a verified HLS and DASH package and a job record out.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # the pages of FastAPI load scripts from elsewhere
        redoc_url=None,
    )
    app.state.core = core
    app.state.meters = Meters.made()
    app.state.errands = errands
    app.state.alive = alive
    everything = (*dialects, PAGES, NATIVE)
    for dialect in everything:
        # The document is of our own API; the dialects' is what their vendors publish.
        app.include_router(dialect.router, tags=[dialect.name], include_in_schema=dialect is NATIVE)

    app.router.routes[:0] = quick_routes()

    def refuse(request: Request, error: Exception) -> Response:
        dialect = owner(request.url.path, everything) or NATIVE
        match error:
            case Refusal() | IngestError() | HTTPException() | RequestValidationError():
                refusal = to_refusal(error)
            case _:
                # The exception itself is logged by whoever runs the application, which it reaches after this.
                refusal = Refusal("internal", "a fault of the server itself; its log says more")
        response = refused(dialect.refuse, refusal, request)
        guard(response.raw_headers)  # what is answered to an exception passes no middleware
        return response

    for kind in (Refusal, IngestError, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, refuse)
    if core.settings.no_auth:
        app.add_middleware(LoopbackMiddleware, refuse=refuse)
    else:
        if core.settings.rate is not None:
            app.add_middleware(StrangersMiddleware, refuse=refuse, rate=Rate(core.settings.rate))
        app.add_middleware(
            CORSMiddleware,
            allow_origins=["*"],
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=EXPOSED,
            max_age=86400,
        )
    app.add_middleware(HostMiddleware, refuse=refuse)
    app.add_middleware(HeadersMiddleware)
    app.add_middleware(MetersMiddleware, meters=app.state.meters)
    return app
