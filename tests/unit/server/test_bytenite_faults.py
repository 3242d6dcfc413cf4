"""The ByteNite dialect with what a careless or hostile client sends."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient
from made_core import app_of, key_of, submitted
from sqlalchemy import update

from ingest.server.dialects.bytenite import events
from ingest.store.tables import JOBS

if TYPE_CHECKING:
    from ingest.engine.model import Job
    from ingest.server.core import Core

BASE = "/v1/customer"
NAMED = '"name": "long enough"'
CROPPED = '{"data": {"outputs": [{"output_params": {"aspect": {"cropping": {"top": "\u00b2"}}}}]}}'
URL = '"dataSource": {"dataSourceDescriptor": "url", "params": {"url": "%s"}}'


class Sender:
    """Sends bodies as text, as JSON's writers of Python would not write them all."""

    def __init__(self, client: TestClient, key: str) -> None:
        self.client, self.key = client, key

    def __call__(
        self, method: str, path: str, body: str = "", kind: str | None = "application/json"
    ) -> tuple[int, Any]:
        headers = {"Authorization": self.key} | ({"Content-Type": kind} if kind is not None else {})
        answer = self.client.request(method, path, content=body.encode(), headers=headers)
        return answer.status_code, answer.json()


@pytest.fixture
def key(core: Core) -> str:
    return key_of(core)


@pytest.fixture
def send(core: Core, key: str) -> Sender:
    return Sender(TestClient(app_of(core)), key)


@pytest.mark.parametrize("value", ['"a\\ud800"', "NaN", "-Infinity"])
def test_what_cannot_be_written_again_is_not_taken(core: Core, send: Sender, value: str) -> None:
    status, answer = send("POST", f"{BASE}/jobs", f'{{{NAMED}, "params": {{"schema": {value}}}}}')
    assert (status, answer["code"]) == (400, 3)
    made = send("POST", f"{BASE}/jobs", f"{{{NAMED}}}")[1]["job"]["id"]
    status, answer = send("PATCH", f"{BASE}/jobs/{made}/params", f'{{"schema": {value}}}')
    assert (status, answer["code"]) == (400, 3)
    if value.startswith('"'):  # what is no JSON at all, the store does not take
        # One of before that is in the store already makes no list unreadable.
        asked = f'{{"name": "of before", "params": {{"x": {value}}}}}'
        with core.queue.database.write() as connection:
            connection.execute(update(JOBS).values(asked=asked))
    status, answer = send("GET", f"{BASE}/jobs")
    assert (status, answer["pagination"]["total"]) == (200, 1)


def state_is(value: str) -> str:
    return f'{{"filters": [{{"field": "state", "condition": "FILTER_CONDITION_EQ", "value": {{"value": {value}}}}}]}}'


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/jobs/filter", state_is('["x"]')),
        ("POST", "/jobs/filter", state_is('{"a": 1}')),
        ("POST", "/jobs/filter", '{"pagination": {"offset": 99999999999999999999}}'),
        ("POST", "/jobs/filter", '{"pagination": {"offset": "99999999999999999999"}}'),
        ("GET", "/jobs?offset=99999999999999999999", ""),
        ("GET", "/jobs?pagination.offset=99999999999999999999", ""),
        ("GET", "/jobs?orderBy=name", ""),
        ("GET", "/jobs?orderBy=submittedAt", ""),
        ("POST", "/jobs", f'{{{NAMED}, "params": {CROPPED}}}'),
        ("POST", "/jobs", f"{{{NAMED}, {URL % 'http://[::1/a.mp4'}}}"),
        ("POST", "/jobs", f'{{{NAMED}, "startAt": "9999-12-31T23:59:59-10:00"}}'),
        ("POST", "/jobs", f'{{{NAMED}, "params": {"[" * 900 + "]" * 900}}}'),
    ],
)
def test_nothing_of_this_is_a_fault_of_the_server(send: Sender, method: str, path: str, body: str) -> None:
    status, answer = send(method, BASE + path, body)
    assert (status, answer["code"]) == (400, 3), answer


@pytest.mark.parametrize("kind", [None, "text/plain;charset=UTF-8", "application/x-www-form-urlencoded"])
def test_json_needs_no_type(send: Sender, kind: str | None) -> None:
    status, answer = send("POST", f"{BASE}/jobs", f"{{{NAMED}}}", kind)
    assert (status, answer.get("job", answer).get("name")) == (200, "long enough")
    assert (
        send("POST", "/api/token", '{"seconds": 5}', kind)[0] == 401
    )  # a bare token is ByteNite's manner alone


def test_a_body_of_another_type_says_nothing(send: Sender) -> None:
    made = send("POST", f"{BASE}/jobs", f"{{{NAMED}}}")[1]["job"]["id"]
    for path, body in (("params", "{}"), ("jobname", f"{{{NAMED}}}")):
        status, answer = send("PATCH", f"{BASE}/jobs/{made}/{path}", body, "multipart/form-data")
        assert (status, answer["code"]) == (400, 3)


def test_null_is_a_field_s_default(send: Sender) -> None:
    fields = "templateId description appId dataSource dataDestination params config priority startAt regions"
    said = ", ".join(f'"{name}": null' for name in fields.split())
    nulls = send("POST", f"{BASE}/jobs", f"{{{NAMED}, {said}}}")[1]["job"]
    plain = send("POST", f"{BASE}/jobs", f"{{{NAMED}}}")[1]["job"]
    own = {"id", "createdAt", "stateTimestamps"}
    assert {k: v for k, v in nulls.items() if k not in own} == {
        k: v for k, v in plain.items() if k not in own
    }
    status, _ = send("POST", f"{BASE}/jobs/filter", '{"pagination": null, "filters": null, "orderBy": null}')
    assert status == 200


def test_each_field_is_told_what_is_wrong_with_it(send: Sender) -> None:
    _, answer = send("POST", f"{BASE}/jobs", '{"name": "abc", "priority": "HIGH"}')
    (detail,) = answer["details"]
    told = {v["field"]: v["description"] for v in detail["fieldViolations"]}
    assert told["name"] == "String should have at least 4 characters"
    assert told["priority"].startswith("Input should be 'EXECUTION_PRIORITY_UNDEFINED'")


def test_a_job_is_named_as_it_was_asked_for(send: Sender) -> None:
    asked = "0199F3C1-5A00-7000-8000-000000000001"
    assert send("GET", f"{BASE}/jobs/{asked}")[1]["message"] == f"there is no job {asked!r}"
    job = send("POST", f"{BASE}/jobs", f"{{{NAMED}, {URL % 'HTTP://8.8.8.8/a.mp4'}}}")[1]["job"]["id"]
    assert send("POST", f"{BASE}/jobs/{job.upper()}/run")[0] == 200
    assert send("POST", f"{BASE}/jobs/{job}/run")[1]["message"] == f"job {job} is no draft any more"


def test_one_job_is_found_by_its_id(send: Sender) -> None:
    send("POST", f"{BASE}/jobs", f"{{{NAMED}}}")
    job = send("POST", f"{BASE}/jobs", f"{{{NAMED}}}")[1]["job"]["id"]
    body = state_is(f'"{job}"').replace('"state"', '"id"')
    found = send("POST", f"{BASE}/jobs/filter", body)[1]
    assert [j["id"] for j in found["data"]] == [job]


def test_events_tell_what_changes_and_nothing_of_before(core: Core, key: str) -> None:
    account = core.keys.principal(key).account
    old = [submitted(core, key) for _ in range(2)]

    async def told() -> tuple[list[Job | None], str]:
        async with aclosing(events.changes(core, account, every=0.01)) as changed:  # type: ignore[type-var]
            first = await anext(changed)
            new = await asyncio.to_thread(submitted, core, key)
            second = await anext(changed)
            await asyncio.to_thread(core.queue.cancel, account, old[0].job_id)
            return [first, second, await anext(changed)], new.job_id

    (alive, made, cancelled), new = asyncio.run(asyncio.wait_for(told(), 20))
    assert alive is None
    assert made is not None
    assert cancelled is not None
    assert (made.job_id, cancelled.job_id, cancelled.state.value) == (new, old[0].job_id, "CANCELLED")


def test_an_account_has_a_largest_number_of_streams(core: Core, send: Sender) -> None:
    for _ in range(core.streams.most):
        core.streams.count(core.keys.principal(send.key).account, 1)
    status, answer = send("GET", f"{BASE}/events")
    assert (status, answer["code"]) == (429, 8)
    assert send("GET", f"{BASE}/jobs")[0] == 200


def test_a_revoked_key_is_told_nothing_more(core: Core) -> None:
    key = key_of(core)
    who = core.keys.principal(key)
    job = submitted(core, key)

    async def told() -> list[str]:
        found = []
        changed = events.changes_of(core, who.seen, job, every=0.01)
        async for line in events.lines(core, who, changed, as_events=False):
            found.append(line)
            await asyncio.to_thread(core.keys.revoke, who.key_id)
            await asyncio.to_thread(core.queue.cancel, who.account, job.job_id)
        return found

    assert len(asyncio.run(asyncio.wait_for(told(), 20))) == 1
