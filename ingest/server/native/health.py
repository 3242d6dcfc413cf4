"""What monitors ask: `/healthz`, `/readyz`, `/metrics`."""

import shutil
from typing import TYPE_CHECKING

from fastapi import Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from ingest.engine.model import State
from ingest.server.native import examples
from ingest.server.native.manner import Asking, Inside, shown
from ingest.server.refusals import Refusal

if TYPE_CHECKING:
    from fastapi import APIRouter

LEAST_FREE = 64 * 1024 * 1024


def add_routes(router: "APIRouter") -> None:
    @router.get("/healthz", responses=shown("ok", media="text/plain"), summary="Whether the server is alive")
    async def healthz() -> Response:  # needs no thread: they may all be busy
        return PlainTextResponse("ok")

    @router.get("/readyz", responses=shown("ok", media="text/plain"), summary="Whether jobs can be taken")
    def readyz(request: Request, core: Inside) -> Response:
        if not request.app.state.alive():
            raise Refusal("unavailable", "the engine does not run", code="engine_stopped")
        with core.queue.database.read() as db:
            db.execute(text("SELECT 1 FROM jobs LIMIT 1"))
        if shutil.disk_usage(core.settings.home).free < LEAST_FREE:
            raise Refusal("unavailable", "the disk is full", code="disk_full")
        return PlainTextResponse("ok")

    @router.get(
        "/metrics",
        responses=shown(examples.METRICS, media="text/plain", text="For Prometheus; an administrator's key."),
        summary="Numbers of this server",
    )
    def metrics(request: Request, core: Inside, asking: Asking) -> Response:
        asking.require("admin")
        meters = request.app.state.meters
        counts = core.queue.counts(None)
        for state in State:
            meters.jobs.labels(state.value).set(counts.get(state, 0))
        return Response(generate_latest(meters.registry), media_type=CONTENT_TYPE_LATEST)
