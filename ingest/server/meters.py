"""What the server counts of itself, for Prometheus."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)


@dataclass(frozen=True, slots=True)
class Meters:
    """The numbers of one application, in a registry of its own."""

    registry: CollectorRegistry
    jobs: Gauge
    requests: Counter
    seconds: Histogram

    @classmethod
    def made(cls) -> Self:
        registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)
        return cls(
            registry,
            Gauge("ingest_jobs", "Jobs of all accounts", ("state",), registry=registry),
            Counter(
                "ingest_http_requests", "Requests answered", ("method", "route", "status"), registry=registry
            ),
            Histogram(
                "ingest_http_request_seconds",
                "From a request to the beginning of its answer",
                ("route",),
                registry=registry,
                buckets=_SECONDS,
            ),
        )


class MetersMiddleware:
    """Counts each answer under its route's pattern: paths have ids in them, which are no labels."""

    def __init__(self, app: ASGIApp, meters: Meters) -> None:
        self._app, self._meters = app, meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path_format", "none")
                method = scope["method"] if scope["method"] in _METHODS else "other"
                self._meters.requests.labels(method, route, str(message["status"])).inc()
                self._meters.seconds.labels(route).observe(time.perf_counter() - began)
            await send(message)

        await self._app(scope, receive, counted)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
