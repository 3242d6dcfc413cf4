"""HEAD: what GET answers without its body, in every dialect, and never of a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from asking import routes_of
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from made_core import app_of, key_of, submitted

from ingest.engine.ids import ulid, uuid_of
from ingest.server.dialects import DIALECTS
from ingest.server.native import NATIVE
from ingest.server.pages import PAGES

if TYPE_CHECKING:
    from ingest.server.core import Core

STREAMS = {("native", "/api/jobs/{job_id}/events"), ("bytenite", "/v1/customer/events")}


def test_every_get_is_a_head_but_streams() -> None:
    routes = list(routes_of((*DIALECTS, PAGES, NATIVE)))
    heads, gets = (
        {(r.dialect, r.pattern) for r in routes if r.method == method} for method in ("HEAD", "GET")
    )
    assert {route for route in gets - heads if not route[1].endswith("/events")} == set()
    assert (gets - heads) >= STREAMS
    assert heads <= gets | {("native", "/api/uploads/{upload_id}")}


def test_none_but_the_dialects_own_heads_stand_before_other_routes() -> None:
    """Each request would look among them."""
    early: set[str] = set()
    for dialect in (*DIALECTS, PAGES, NATIVE):
        routes = [route for route in dialect.router.routes if isinstance(route, APIRoute)]
        last = max(number for number, route in enumerate(routes) if route.methods != {"HEAD"})
        early |= {route.path for route in routes[:last] if route.methods == {"HEAD"}}
    assert early == {
        "/api/files/{file_id}/content",
        "/api/jobs/{job_id}/files/{path:path}",
        "/api/uploads/{upload_id}",
    }


@pytest.mark.parametrize(
    "path",
    [
        "/arcgis/rest/jobs?f=json",
        "/arcgis/rest/nothing",
        "/v2/accounts/{account}/jobs?jobType=ProcessVideoJob",
        "/v2/accounts/{account}/jobs/ProcessVideoJob/{ulid}",
        "/v1/jobs/?format=json",
        "/v1/customer/jobs/{uuid}",
        "/api/jobs/{job}",
        "/api/jobs/none",
        "/",
        "/static/app.css",
    ],
)
def test_a_head_says_what_its_get_would(core: Core, path: str) -> None:
    key = key_of(core)
    job = submitted(core, key)
    client = TestClient(app_of(core), headers={"authorization": f"Bearer {key}"})
    url = path.format(account=key[7:14], job=job.job_id, ulid=ulid(job.job_id), uuid=uuid_of(job.job_id))
    got, head = client.get(url), client.head(url)
    assert (head.status_code, head.content) == (got.status_code, b"")
    for name in ("content-type", "content-length", "cache-control"):
        assert head.headers.get(name) == got.headers.get(name), name


def test_a_stream_has_no_head_and_documents_show_none(core: Core) -> None:
    key = key_of(core)
    client = TestClient(app_of(core), headers={"authorization": f"Bearer {key}"})
    assert client.head(f"/api/jobs/{submitted(core, key).job_id}/events").status_code == 405
    shown = client.get("/api/openapi.json").json()["paths"]
    assert [path for path, item in shown.items() if "head" in item] == ["/api/uploads/{upload_id}"]
