"""What holds for every route, shown with a dialect that no server has: how a sixth is added."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient
from made_core import app_of, key_of, made_core
from made_dialect import TELEX

from ingest.job import codes
from ingest.job.errors import IngestError, OutputError, SourceError, UsageError
from ingest.server.app import create_app
from ingest.server.dialects import DIALECTS
from ingest.server.native import NATIVE
from ingest.server.pages import PAGES
from ingest.server.refusals import refusal_of

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.server.core import Core
    from ingest.server.dialect import Dialect


@pytest.fixture
def client(core: Core) -> TestClient:
    return TestClient(create_app(core, (TELEX,)), raise_server_exceptions=False)


@pytest.mark.parametrize("dialect", [*DIALECTS, PAGES, NATIVE], ids=lambda dialect: dialect.name)
def test_every_route_has_a_path_of_its_dialect(dialect: Dialect) -> None:
    paths = [re.sub(r"{[^}]*}", "W142hJk", route.path) for route in dialect.router.routes]
    assert [path for path in paths if not dialect.router.paths.match(path)] == []
    assert len(paths) > 5


def test_a_sixth_dialect_is_a_module_and_a_row(client: TestClient, core: Core) -> None:
    answer = client.post("/telex/orders", json={"clip": "a.mp4"}, headers={"telex-key": key_of(core)})
    assert (answer.status_code, answer.text) == (200, "ORDER A.MP4 BY TESTER")


@pytest.mark.parametrize(
    ("method", "path", "said"),
    [
        ("GET", "/telex/orders/7", "NOT_FOUND no such order"),
        ("GET", "/telex/nothing", "NOT_FOUND there is nothing at this URL"),
        ("DELETE", "/telex/orders", "METHOD this method is not allowed here"),
        ("GET", "/telex/usage", "INVALID no such preset; try sd"),
        ("GET", "/telex/store", "UNAVAILABLE No space left for the work or the package."),
        ("GET", "/telex/fault", "INTERNAL a fault of the server itself; its log says more"),
        ("POST", "/telex/orders", "MISSING_CREDENTIALS an API key is needed"),
    ],
)
def test_a_dialect_refuses_in_its_own_manner(client: TestClient, method: str, path: str, said: str) -> None:
    answer = client.request(method, path, json={"clip": "x"} if method == "POST" else None)
    assert (answer.status_code, answer.text) == (200, said)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "INVALID body: Input should be JSON"),
        (b"[]", "INVALID body: Input should be an object"),
        (b"{}", "INVALID clip: Field required"),
        (b'{"clip": "' + b"x" * 3000 + b'"}', "TOO_LARGE the body may have at most 2000 bytes"),
    ],
)
def test_a_body_that_cannot_be_is_refused_alike(
    client: TestClient, core: Core, body: bytes, said: str
) -> None:
    headers = {"telex-key": key_of(core), "content-type": "application/json"}
    assert client.post("/telex/orders", content=body, headers=headers).text == said
    assert client.post("/telex/orders", content=iter([body]), headers=headers).text == said  # chunked


def test_only_uploads_may_be_as_long_as_an_upload(client: TestClient) -> None:
    assert client.put("/telex/tape", content=b"x" * 3000).text == "3000"
    assert (
        client.put("/telex/tape", content=b"x" * 5001).text
        == "TOO_LARGE the body may have at most 5000 bytes"
    )


def test_what_is_nobody_s_is_refused_natively(client: TestClient) -> None:
    answer = client.get("/nothing")
    assert answer.status_code == 404
    assert answer.json() == {
        "error": {"code": "not_found", "message": "there is nothing at this URL", "details": []}
    }


ESRI = {"error": {"code": 400, "message": "Invalid URL", "details": ["Invalid URL"]}}
GOOGLE = {"code": 5, "message": "there is nothing at this URL", "details": []}
XVID = {"error": {"error_code": "0x0000005", "error_message": "there is nothing at this URL"}}
BYTESCALE = {"error": {"code": "not_found", "message": "there is nothing at this URL"}}


@pytest.mark.parametrize(
    ("paths", "status", "said"),
    [
        ("/arcgis /arcgis/nope /arcgis/rest/nope /arcgis/rest/jobs/a/b /video/rest/nope", 200, ESRI),
        ("/v1/customer /v1/customer/nope /v1/computing/nope /v1/auth/nope", 404, GOOGLE),
        ("/v1 /v1/ /v1/nope /v1/customers", 404, XVID),
        (
            "/v2 /v2/ /v2/nope /v2/accounts/AAAAAAA/nope /uploadio /uploadio/ /uploadio/v2/nope",
            404,
            BYTESCALE,
        ),
    ],
)
def test_an_unknown_path_of_a_dialect_is_refused_in_its_manner(
    core: Core, paths: str, status: int, said: object
) -> None:
    client = TestClient(app_of(core))
    for path in paths.split():
        answer = client.get(path)
        assert (path, answer.status_code, answer.json()) == (path, status, said)


def test_every_answer_is_guarded(client: TestClient) -> None:
    for path in ("/nothing", "/telex/fault", "/telex/orders/7"):
        headers = client.get(path).headers
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
    assert client.get("/telex/page").headers["content-security-policy"] == "default-src 'self'"


def test_pages_of_any_origin_may_send_a_key(client: TestClient) -> None:
    asked = {
        "origin": "https://shop.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization, content-type, x-upload-metadata",
    }
    answer = client.options("/telex/orders", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "authorization" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in answer.headers
    answer = client.get("/telex/orders/7", headers={"origin": "https://shop.example"})
    assert "Upload-Offset" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    ("host", "origin", "heard"),
    [
        ("127.0.0.1:8000", None, True),
        ("localhost", "http://localhost", True),
        ("[::1]:8000", "http://[::1]:8000", True),
        ("evil.example", None, False),
        ("192.168.1.5:8000", None, False),
        ("localhost", "https://evil.example", False),
        ("localhost", "null", False),
        ("", None, False),
        ("localhost", "http://[", False),
    ],
)
def test_without_keys_only_this_machine_is_heard(
    core_without_keys: Core, host: str, origin: str | None, heard: bool
) -> None:
    client = TestClient(create_app(core_without_keys, (TELEX,)))
    headers = {"host": host} | ({"origin": origin} if origin else {})
    answer = client.post("/telex/orders", json={"clip": "a"}, headers=headers)
    assert answer.text.startswith("ORDER A BY LOCAL" if heard else "FORBIDDEN without keys the server")
    assert "access-control-allow-origin" not in answer.headers


def test_who_has_many_credentials_refused_is_not_heard_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now)  # all of it within one second
    with made_core(tmp_path / "home", rate=5) as core:
        app = create_app(core)
        guesser, other = (TestClient(app, client=(address, 1)) for address in ("192.0.2.1", "192.0.2.2"))
        good = {"authorization": f"Bearer {key_of(core)}"}
        bad = {"authorization": "Bearer secret_guessed", "origin": "https://shop.example"}
        assert guesser.get("/api/jobs", headers=good).status_code == 200
        heard = [guesser.get("/api/jobs", headers=bad) for _ in range(12)]
        statuses = [answer.status_code for answer in heard]
        assert statuses == [401] * 5 + [429] * 7
        assert (heard[-1].json()["error"]["code"], heard[-1].headers["retry-after"]) == ("rate_limited", "1")
        assert heard[-1].headers["access-control-allow-origin"] == "*"
        assert other.get("/api/jobs", headers=good).status_code == 200
        now += 2.1
        assert guesser.get("/api/jobs", headers=good).status_code == 200


def test_a_host_that_is_none_is_refused(client: TestClient) -> None:
    for host in ("[", "[::1", "[::zz]", "a:b", "a:99999", "a/b", "me@a", "a?b", "a b"):
        for path, status in (
            ("/healthz", 400),
            ("/", 400),
            ("/telex/orders/7", 200),
        ):  # Telex says it in its text
            answer = client.get(path, headers={"host": host})
            told = "the Host header names no host" in answer.text
            assert (host, answer.status_code, told) == (host, status, True)
            assert answer.headers["x-content-type-options"] == "nosniff"
    assert client.get("/healthz", headers={"host": "a_b.example:8000"}).status_code == 200


def test_without_keys_a_host_that_is_none_is_refused(core_without_keys: Core) -> None:
    client = TestClient(create_app(core_without_keys, (TELEX,)))
    assert client.get("/healthz", headers={"host": "["}).status_code == 400


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            UsageError(codes.JOB_NOT_FOUND, "no job 'x'", remedy="`ingest jobs`"),
            ("not_found", 404, "no job 'x'"),
        ),
        (UsageError(codes.PRESET_INVALID, "bad", remedy="fix"), ("invalid", 400, "bad; fix")),
        (UsageError(codes.JOB_NOT_RESUMABLE, "done"), ("conflict", 409, "done")),
        (SourceError(codes.SOURCE_NOT_MEDIA, "text"), ("invalid", 400, "text")),
        (
            OutputError(codes.STORE_UNUSABLE, "job store /home/me/jobs.sqlite3: locked"),
            ("unavailable", 503, "The job store's database cannot be opened."),
        ),
        (IngestError(codes.INTERNAL, "x"), ("internal", 500, codes.INTERNAL.meaning)),
    ],
)
def test_each_failure_of_the_core_is_a_refusal(error: IngestError, expected: tuple[str, int, str]) -> None:
    refusal = refusal_of(error)
    assert (refusal.kind, refusal.status, refusal.message) == expected
    assert re.fullmatch(r"[a-z0-9_]+", refusal.code)
