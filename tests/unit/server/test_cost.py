"""What an answer costs: in every dialect one look into the store for a job, once the key is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient
from made_core import app_of, key_of, submitted
from sqlalchemy import event

from ingest.engine.ids import object_id, ulid, uuid_of
from ingest.job.record import utc_now

if TYPE_CHECKING:
    from ingest.server.core import Core


@pytest.mark.parametrize(
    "path",
    [
        "/api/jobs/{job}",
        "/arcgis/rest/jobs/{job}?f=json",
        "/arcgis/rest/jobs/{job}?f=html",
        "/v2/accounts/{account}/jobs/ProcessVideoJob/{ulid}",
        "/uploadio/v2/accounts/{account}/jobs/ProcessVideoJob/{ulid}",
        "/v1/jobs/{oid}?format=json",
        "/v1/customer/jobs/{uuid}",
    ],
)
def test_a_job_is_one_look_into_the_store(core: Core, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    now = utc_now()
    monkeypatch.setattr("ingest.server.keys.utc_now", lambda: now)  # or another minute may begin
    key = key_of(core)
    job = submitted(core, key).job_id
    url = path.format(account=key[7:14], job=job, ulid=ulid(job), uuid=uuid_of(job), oid=object_id(job))
    client = TestClient(app_of(core), headers={"authorization": f"Bearer {key}"})
    for _ in range(2):  # that the key is used is written down, which ends what was known
        assert client.get(url).status_code == 200
    asked: list[str] = []

    def count(*said: object) -> None:
        asked.append(str(said[2]))

    engine = core.queue.database._reader
    event.listen(engine, "before_cursor_execute", count)
    try:
        assert client.get(url).status_code == 200
    finally:
        event.remove(engine, "before_cursor_execute", count)
    looks = [text for text in asked if text != "BEGIN"]
    assert [text.split()[0] for text in looks] == ["SELECT"]
    assert "FROM jobs" in looks[0]
