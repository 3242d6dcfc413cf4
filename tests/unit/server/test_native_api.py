"""`/api`: whole answers."""

from __future__ import annotations

import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient
from made_core import FILMS, app_of, key_of, made_core, submitted
from sqlalchemy import update

from ingest.engine.model import Filter, LocalSource, State, Submission
from ingest.job.record import Record
from ingest.job.status import Status
from ingest.media.choices import Choices
from ingest.server.app import create_app
from ingest.server.native import events, examples
from ingest.server.refusals import Refusal
from ingest.store.tables import JOBS

if TYPE_CHECKING:
    from collections.abc import Callable

    from ingest.engine.model import Job
    from ingest.server.core import Core

FILM = str(FILMS / "park.mp4")
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@pytest.fixture
def key(core: Core) -> str:
    return key_of(core)


@pytest.fixture
def client(core: Core, key: str) -> TestClient:
    return TestClient(app_of(core), headers={"authorization": f"Bearer {key}"})


def as_(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def ended(core: Core, job: Job, status: Status = Status.COMPLETED, **changes: Any) -> None:
    """Let the job have ended as if an engine had run it."""
    record = job.record.with_status(Status.EXECUTING).with_status(status).evolve(**changes)
    values = {"queue": "ended", "status": status.value, "record": record.to_json(), "percent": 100.0}
    with core.queue.database.write() as db:
        db.execute(update(JOBS).where(JOBS.c.job_id == job.job_id).values(values))


def test_a_job_is_made_and_shown(client: TestClient, core: Core, key: str) -> None:
    body = {
        "source": {"path": FILM},
        "resolutions": ["sd", "hd"],
        "options": {"codecs": ["h264", "hevc"], "copy": "never"},
        "label": "tuesday",
        "priority": 5,
        "timeLimit": 60.5,
        "startAt": "2030-01-02T03:04:05+01:00",
    }
    made = client.post("/api/jobs", json=body)
    assert made.status_code == 201
    document = made.json()
    job_id = document["jobId"]
    here = f"http://testserver/api/jobs/{job_id}"
    assert made.headers["location"] == here
    for name in ("created", "updated", "queued"):
        assert re.fullmatch(TIME, document.pop(name))
    record = document.pop("record")
    assert document == {
        "jobId": job_id,
        "state": "SUBMITTED",
        "percent": 0.0,
        "step": None,
        "source": "park.mp4",
        "resolutions": ["sd", "hd"],
        "account": key[7:14],
        "username": "tester",
        "dialect": "native",
        "label": "tuesday",
        "priority": 5,
        "attempts": 0,
        "startAt": "2030-01-02T02:04:05.000Z",
        "begun": None,
        "ended": None,
        "error": None,
        "links": {"self": here, "events": f"{here}/events", "files": f"{here}/files"},
    }
    assert Record.model_validate(record).request.options["codecs"] == ["h264", "hevc"]
    assert client.get(f"/api/jobs/{job_id}").json()["record"] == record
    submission = core.queue.submission(core.queue.job(None, job_id))
    assert (submission.options.copy, submission.time_limit.total_seconds()) == ("never", 60.5)
    assert submission.asked == body | {"startAt": "2030-01-02T03:04:05+01:00"}


def test_an_uploaded_file_is_a_source(client: TestClient) -> None:
    uploaded = client.post("/api/files?name=a.mp4", content=b"film").json()
    made = client.post("/api/jobs", json={"source": {"file": uploaded["file"]}, "resolutions": ["sd"]})
    assert (made.status_code, made.json()["source"]) == (201, "a.mp4")


def test_a_url_s_secrets_are_nowhere(client: TestClient, core: Core) -> None:
    body = {
        "source": {"url": "https://me:pass-word@films.example/a.mp4?Signature=signed-secret"},
        "resolutions": ["sd"],
    }
    made = client.post("/api/jobs", json=body)
    assert (made.status_code, made.json()["source"]) == (201, "a.mp4")
    job = core.queue.job(None, made.json()["jobId"])
    for text in (made.text, client.get("/api/jobs").text, job.record.to_json(), json.dumps(dict(job.asked))):
        assert "pass-word" not in text
        assert "signed-secret" not in text
    source = core.queue.submission(job).source
    assert (source.username, source.password) == ("me", "pass-word")
    assert source.url == "https://films.example/a.mp4?Signature=signed-secret"


def test_every_choice_of_the_library_is_an_option(client: TestClient) -> None:
    schemas = client.get("/api/openapi.json").json()["components"]["schemas"]
    spelled = {re.sub(r"_(.)", lambda m: m[1].upper(), name) for name in Choices.__annotations__}
    assert set(schemas["JobOptions"]["properties"]) == spelled


@pytest.mark.parametrize(
    ("changes", "status", "code", "message"),
    [
        ({"resolutions": ["9k"]}, 400, "unknown_resolution", "unknown resolution '9k'"),
        ({"resolutions": []}, 400, "invalid", "resolutions: List should have at least 1 item"),
        ({"options": {"loudness": 3}}, 400, "wrong_usage", "a loudness of 3 LUFS"),
        ({"options": {"codecs": ["vp9"]}}, 400, "wrong_usage", "vp9"),
        ({"options": {"unknown": 1}}, 400, "invalid", "options.unknown: Extra inputs"),
        (
            {"options": {"klv": "/etc/passwd"}},
            400,
            "source_not_allowed",
            "in no folder that the server may read",
        ),
        ({"options": {"logos": ["/etc/passwd:top"]}}, 400, "source_not_allowed", "in no folder"),
        (
            {"source": {"path": "/etc/passwd"}},
            400,
            "source_not_allowed",
            "in no folder that the server may read",
        ),
        ({"source": {"path": FILM + "/../../../etc/passwd"}}, 400, "source_not_allowed", "in no folder"),
        ({"source": {"file": "i1"}}, 404, "source_not_found", "there is no file 'i1'"),
        ({"source": {"url": "file:///etc/passwd"}}, 400, "url_invalid", "only http and https"),
        ({"source": {"url": "http://127.0.0.1/a.mp4"}}, 400, "url_invalid", "an address that is not asked"),
        ({"source": None}, 400, "wrong_usage", "the job has no source"),
        ({"webhooks": {"finished": "http://[::1]/"}}, 400, "url_invalid", "an address that is not asked"),
        ({"webhooks": {"finished": "https://a:b@c.example/"}}, 400, "url_invalid", "no password"),
        ({"webhooks": {"noticed": "https://c.example/"}}, 400, "invalid", "webhooks.noticed"),
        ({"presets": {"mine": "nonsense"}, "resolutions": ["mine"]}, 400, "preset_invalid", "mine"),
        ({"startAt": "2030-01-01T00:00:00"}, 400, "start_invalid", "needs a time zone"),
        ({"priority": 10**9}, 400, "invalid", "priority"),
        ({"timeLimit": 0}, 400, "invalid", "timeLimit"),
        ({"colour": "red"}, 400, "invalid", "colour: Extra inputs"),
    ],
)
def test_what_cannot_be_is_said(
    client: TestClient, changes: dict[str, Any], status: int, code: str, message: str
) -> None:
    body = {"source": {"path": FILM}, "resolutions": ["sd"]} | changes
    answer = client.post("/api/jobs", json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert message in error["message"]


def test_lists_are_filtered_sorted_and_paged(client: TestClient, core: Core, key: str) -> None:
    jobs = [submitted(core, key, label=label, priority=n) for n, label in enumerate("aabab")]
    other = submitted(core, key_of(core, "other"))
    core.queue.cancel(None, jobs[0].job_id)
    ids = [job.job_id for job in jobs]

    def listed(query: str = "") -> list[str]:
        document = client.get(f"/api/jobs?{query}").json()
        assert document["next"] is None
        assert document["total"] == len(document["jobs"])
        return [job["jobId"] for job in document["jobs"]]

    assert listed() == ids[::-1]
    assert listed("order=asc") == ids
    assert listed("label=a&state=SUBMITTED") == [ids[3], ids[1]]
    assert listed("state=CANCELLED&state=FAILED") == [ids[0]]
    assert listed("dialect=xvid") == []
    assert listed("text=PARK") in (ids[::-1], [])  # the first film of the folder is one or the other
    assert listed(f"createdFrom={jobs[3].created.isoformat().replace('+00:00', 'Z')}") == [ids[4], ids[3]]
    seen, cursor = [], ""
    while cursor is not None:
        page = client.get("/api/jobs", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [job["jobId"] for job in page["jobs"]]
        cursor = page["next"]
        assert page["total"] == 5
    assert seen == ids[::-1]
    assert client.get("/api/jobs", params={"cursor": ids[0]}).status_code == 400
    body = {"source": {"path": FILM}, "resolutions": ["sd"], "startAt": "9999-12-31T23:59:59-10:00"}
    late = client.post("/api/jobs", json=body)
    assert (late.status_code, late.json()["error"]["code"]) == (400, "wrong_usage")
    early = client.get("/api/jobs", params={"createdFrom": "0001-01-01T00:00:00+10:00"})
    assert (early.status_code, early.json()["error"]["code"]) == (400, "wrong_usage")
    root = as_(key_of(core, "root", scope="admin"))
    assert len(client.get("/api/jobs", headers=root).json()["jobs"]) == 6
    only = client.get(f"/api/jobs?account={other.account}", headers=root).json()["jobs"]
    assert [job["jobId"] for job in only] == [other.job_id]
    assert client.get("/api/jobs?createdFrom=2026-01-01").status_code == 400
    assert client.get("/api/jobs?limit=501").status_code == 400


def test_a_job_is_cancelled_tried_again_and_deleted(client: TestClient, core: Core, key: str) -> None:
    job = submitted(core, key)
    here = f"/api/jobs/{job.job_id}"
    assert client.post(f"{here}/retry").status_code == 409
    cancelled = client.post(f"{here}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (202, "CANCELLED")
    assert cancelled.json()["error"]["code"] == 9323
    again = client.post(f"{here}/retry")
    assert (again.status_code, again.json()["state"]) == (202, "SUBMITTED")
    assert (client.delete(here).status_code, client.get(here).status_code) == (204, 404)
    assert client.delete(here).json()["error"]["code"] == "job_not_found"


def test_a_draft_waits_for_run(client: TestClient) -> None:
    draft = client.post(
        "/api/jobs", json={"source": {"path": FILM}, "resolutions": ["sd"], "draft": True}
    ).json()
    assert draft["state"] == "DRAFT"
    run = client.post(f"/api/jobs/{draft['jobId']}/run")
    assert (run.status_code, run.json()["state"]) == (202, "SUBMITTED")
    assert client.post(f"/api/jobs/{draft['jobId']}/run").status_code == 409


def test_a_finished_job_has_files_and_manifests(client: TestClient, core: Core, key: str) -> None:
    job = submitted(core, key)
    (job.folder / "video/sd").mkdir(parents=True)
    for name in ("ABR.m3u8", "manifest.mpd", "poster.jpg", "video/sd/seg 1.m4s"):
        (job.folder / name).write_bytes(b"12345")
    (job.folder / ".hidden").touch()
    here = f"http://testserver/api/jobs/{job.job_id}"
    assert client.get(f"{here}/files").json() == {"files": [], "media": None}
    ended(core, job, files=("ABR.m3u8", "manifest.mpd", "video/sd/seg 1.m4s"))
    package = client.get(f"{here}/files").json()
    assert package["files"][3] == {
        "name": "video/sd/seg 1.m4s",
        "size": 5,
        "mime": "video/iso.segment",
        "url": f"{here}/files/video/sd/seg%201.m4s",
    }
    assert [f["name"] for f in package["files"]] == [
        "ABR.m3u8",
        "manifest.mpd",
        "poster.jpg",
        "video/sd/seg 1.m4s",
    ]
    assert client.get(package["files"][3]["url"], headers={"range": "bytes=1-2"}).content == b"23"
    links = client.get(here).json()["links"]
    assert links["hls"] == package["media"] + "ABR.m3u8"
    assert "poster" not in links  # the record does not list it
    assert TestClient(client.app).get(links["hls"]).content == b"12345"
    assert client.head(f"{here}/files/ABR.m3u8").headers["content-length"] == "5"
    assert client.get(f"{here}/files/../../../etc/passwd").status_code == 404


def test_files_are_uploaded_listed_sent_and_deleted(client: TestClient) -> None:
    made = client.post(
        "/api/files?name=../a%20b.mp4", content=b"film", headers={"content-type": "video/x-odd"}
    )
    assert made.status_code == 201
    document = made.json()
    assert re.fullmatch(TIME, document["created"])
    here = f"http://testserver/api/files/{document['file']}"
    assert document == {
        "file": document["file"],
        "path": "/uploads/a b.mp4",
        "name": "a b.mp4",
        "mime": "video/x-odd",
        "size": 4,
        "etag": hashlib.md5(b"film").hexdigest(),
        "created": document["created"],
        "metadata": {},
        "tags": [],
        "links": {"self": here, "content": f"{here}/content"},
    }
    assert client.get(here).json() == document
    content = client.get(f"{here}/content?download=true", headers={"range": "bytes=1-"})
    assert (content.content, content.headers["content-type"]) == (b"ilm", "video/x-odd")
    assert content.headers["content-disposition"] == "attachment; filename*=UTF-8''a%20b.mp4"
    assert content.headers["etag"] == f'"{document["etag"]}"'
    client.post("/api/files?path=/other/c", content=b"")
    assert [f["path"] for f in client.get("/api/files").json()["files"]] == ["/other/c", "/uploads/a b.mp4"]
    page = client.get("/api/files?limit=1").json()
    assert page["next"] == "/other/c"
    assert client.get(f"/api/files?after={page['next']}").json() == {"files": [document], "next": None}
    assert (client.delete(here).status_code, client.get(f"{here}/content").status_code) == (204, 404)
    assert client.post("/api/files?path=relative", content=b"").status_code == 400
    assert client.post("/api/files", content=b"x" * 6000).json()["error"]["code"] == "file_too_large"
    chunked = client.post("/api/files", content=iter([b"x" * 3000] * 2))
    assert (chunked.status_code, chunked.json()["error"]["code"]) == (413, "too_large")


def test_who_asks_is_told(client: TestClient, key: str) -> None:
    assert client.get("/api/me").json() == {
        "account": key[7:14],
        "name": "tester",
        "scopes": ["read", "submit"],
        "filesBytes": 0,
        "limits": {"uploadBytes": 5000, "filesBytes": None, "queuedJobs": 1000, "requestsPerSecond": None},
    }


def test_credentials_come_in_each_of_the_ways(client: TestClient, key: str) -> None:
    bare = TestClient(client.app)

    def status(**headers: str) -> int:
        return bare.get("/api/me", headers=headers).status_code

    assert status(authorization=f"bearer {key}") == 200
    assert bare.get("/api/me", auth=("anything", key)).status_code == 200
    token = client.post("/api/token", json={"seconds": 60, "scopes": ["read"]}).json()
    assert (token["scopes"], status(authorization=f"Bearer {token['token']}")) == (["read"], 200)
    assert bare.get(f"/api/me?access_token={token['token']}").status_code == 200
    assert bare.get(f"/api/me?access_token={key}").json()["error"]["code"] == "key_in_url"
    assert status(authorization="Basic !") == status(authorization="Digest x") == status() == 401
    assert bare.get("/api/me").headers["www-authenticate"] == 'Bearer realm="ingest"'
    read_only = as_(token["token"])
    for method, path in (("POST", "/api/jobs/x/cancel"), ("DELETE", "/api/jobs/x"), ("POST", "/api/files")):
        answer = bare.request(method, path, headers=read_only)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "scope_missing")


def test_the_limits_of_an_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # All of it within one second.
    monkeypatch.setattr("limits.storage.memory.time", SimpleNamespace(time=lambda: 1_900_000_000.25))
    with made_core(tmp_path, max_queued=2, rate=5) as core:
        key = key_of(core)
        client = TestClient(app_of(core), headers=as_(key))
        body = {"source": {"path": FILM}, "resolutions": ["sd"]}
        assert [client.post("/api/jobs", json=body).status_code for _ in range(2)] == [201, 201]
        full = client.post("/api/jobs", json=body)
        assert (full.status_code, full.json()["error"]["code"]) == (429, "queue_full")
        assert full.headers["retry-after"] == "60"
        core.keys._rate._limiter.storage.reset()
        answers = [client.get("/api/me") for _ in range(30)]
        limited = [a for a in answers if a.status_code == 429]
        assert limited
        assert (limited[0].json()["error"]["code"], limited[0].headers["retry-after"]) == (
            "rate_limited",
            "1",
        )
        assert "content-security-policy" in limited[0].headers


def test_no_more_jobs_are_taken_than_an_account_may_have_when_all_come_at_once(tmp_path: Path) -> None:
    with made_core(tmp_path, max_queued=2) as core, ThreadPoolExecutor(6) as pool:
        who = core.keys.principal(key_of(core))
        wanted = Submission(("sd",), LocalSource(Path(FILM)))

        def ask(number: int) -> str:
            try:
                job = (core.draft if number % 2 else core.submit)(who, wanted)
            except Refusal as refusal:
                return refusal.code
            return job.job_id

        made = [answer for answer in pool.map(ask, range(6)) if answer != "queue_full"]
        assert sorted(made) == sorted(job.job_id for job in core.queue.jobs(Filter(None)).jobs)
        assert len(made) == 2
        core.queue.cancel(None, made[0])
        core.submit(who, wanted)
        with pytest.raises(Refusal, match="wait or run"):
            core.retry(who, made[0])
        assert core.queue.job(None, made[0]).state is State.CANCELLED


def test_monitors_are_answered(core: Core, key: str) -> None:
    submitted(core, key)
    engine = [True]
    app = create_app(core, alive=lambda: engine[0])  # its own, for its numbers
    client, bare = TestClient(app, headers=as_(key)), TestClient(app)
    assert [bare.get(p).text for p in ("/healthz", "/readyz")] == ["ok", "ok"]
    engine[0] = False
    dead = bare.get("/readyz")
    assert (dead.status_code, dead.json()["error"]["code"]) == (503, "engine_stopped")
    assert (bare.get("/metrics").status_code, client.get("/metrics").status_code) == (401, 403)
    root = as_(key_of(core, "root", scope="admin"))
    client.get("/api/jobs/j-not-a-label")
    lines = client.get("/metrics", headers=root).text.splitlines()
    assert 'ingest_jobs{state="SUBMITTED"} 1.0' in lines
    counted = 'ingest_http_requests_total{method="GET",route="/api/jobs/{job_id}",status="404"} 1.0'
    assert counted in lines
    assert not any("not-a-label" in line for line in lines)


def test_events_tell_of_each_change_and_end(client: TestClient, core: Core, key: str) -> None:
    job = submitted(core, key)
    ended(core, job, messages=(), progress=job.record.progress)
    url = f"/api/jobs/{job.job_id}/events"
    answer = client.get(url)
    assert answer.headers["content-type"].startswith("text/event-stream")
    retry, event, rest = answer.text.split("\n\n")
    assert (retry, rest) == ("retry: 2000", "")
    lines = dict(line.split(": ", 1) for line in event.splitlines())
    document = json.loads(lines["data"])
    assert (lines["event"], lines["id"], document["state"]) == ("job", document["updated"], "COMPLETED")
    assert document["outputs"] == [{"resolution": "sd", "status": "WAITING", "percent": 0.0}]
    assert client.get(url, headers={"last-event-id": lines["id"]}).status_code == 204
    assert client.get("/api/jobs/j1/events").status_code == 404


def test_events_end_when_their_key_is_revoked(
    client: TestClient, core: Core, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(events, "CHECK_SECONDS", 0.0)
    job = submitted(core, key)
    monkeypatch.setattr(core.queue, "job", revoking(core, core.queue.job))
    answer = client.get(f"/api/jobs/{job.job_id}/events")  # of a job that does not end
    assert answer.text.count("event: job") == 1


def revoking(core: Core, look: Callable[..., Job]) -> Callable[..., Job]:
    """Each look at a job's state is the last one before the key is revoked."""

    def job(*asked: Any) -> Job:
        for info in core.keys.list():
            core.keys.revoke(info.key_id)
        return look(*asked)

    return job


def test_the_openapi_document_has_an_example_for_every_route(client: TestClient) -> None:
    document = client.get("/api/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            done = [r for s, r in operation["responses"].items() if s.startswith("2") and s != "204"]
            bodies = [body for r in done for body in r.get("content", {}).values()]
            bare = method in ("head", "options", "delete") or path.startswith("/api/uploads")
            assert bare or any("example" in body for body in bodies), where
            if (body := operation.get("requestBody")) is not None:
                (content,) = body["content"].values()
                name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
                schema = document["components"]["schemas"].get(name, {})
                assert "example" in content or "example" in schema or name == "TokenBody", where


def test_the_examples_have_the_keys_of_real_answers(client: TestClient, core: Core, key: str) -> None:
    job = submitted(core, key)
    real = {
        "JOB": client.get(f"/api/jobs/{job.job_id}").json(),
        "JOBS": client.get("/api/jobs").json(),
        "ME": client.get("/api/me").json(),
        "FILE": client.post("/api/files", content=b"").json(),
        "TOKEN": client.post("/api/token", json={}).json(),
        "WEBHOOKS": client.get("/api/webhooks").json(),
        "PRESETS": client.get("/api/presets").json(),
    }
    for name, document in real.items():
        assert list(getattr(examples, name)) == list(document), name
    assert list(examples.SUMMARY) == list(real["JOBS"]["jobs"][0])
    assert list(examples.PRESETS["presets"][0]) == list(real["PRESETS"]["presets"][0])
