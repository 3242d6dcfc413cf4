"""Whatever is sent to the API as its own document allows, or nearly: it has an answer, and not a fault's.

A few requests for each route, so that the suite stays quick; `bench/any_request.py` sends thousands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from made_core import key_of, made_core, submitted
from schemathesis.checks import not_a_server_error

from ingest.server.app import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

EXAMPLES = 4


@schemathesis.serializer("application/offset+octet-stream")
def piece(_context: object, value: object) -> bytes:
    """A piece of a tus upload is bytes as they are."""
    return bytes(value) if isinstance(value, (bytes, bytearray)) else str(value).encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FastAPI, dict[str, str]]]:
    with made_core(tmp_path_factory.mktemp("any") / "home", max_queued=20) as core:
        key = key_of(core, scope="admin")
        submitted(core, key)
        yield create_app(core), {"authorization": f"Bearer {key}"}


def test_no_request_is_a_fault_of_the_server(server: tuple[FastAPI, dict[str, str]]) -> None:
    app, headers = server
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", app)
    tried = set()
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path.endswith("/events"):
            continue  # it does not end while a job waits

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def call(case: Any) -> None:
            tried.add((case.method, case.operation.path))
            case.call_and_validate(headers=headers, checks=[not_a_server_error])

        call()
    assert ("POST", "/api/jobs") in tried
    assert len(tried) > 20
