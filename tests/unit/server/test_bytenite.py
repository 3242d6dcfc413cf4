"""The ByteNite dialect over HTTP: the request sequences of its documents and notebooks."""

from __future__ import annotations

import base64
import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient
from made_core import app_of, key_of, made_core
from made_jobs import brought_to
from served import answering, reply

from ingest.engine.ids import object_id
from ingest.engine.model import State, UrlSource
from ingest.engine.spawning import locked
from ingest.job.record import Output
from ingest.job.status import Status
from ingest.server.dialects.bytenite import documents
from ingest.server.filestore import About, Writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from ingest.engine.model import Job, StoredFile
    from ingest.server.core import Core

BASE = "/v1/customer"
URL_SOURCE = {
    "dataSourceDescriptor": "url",
    "params": {
        "@type": "type.googleapis.com/bytenite.data_source.HttpDataSource",
        "url": "https://8.8.8.8/film.mp4",
        "name": "film.mp4",
        "username": "me",
        "password": "hidden",
    },
}
BUCKET = {"dataSourceDescriptor": "bucket", "params": {}}
PARAMS = {"app": {"resolutions": ["sd"]}, "partitioner": {}, "assembler": {}}


FOLDER = {"name": "", "path": "", "directories": [], "files": []}


class Caller:
    """A client of ByteNite's: the token stands bare in the header."""

    def __init__(self, client: TestClient, token: str) -> None:
        self._client, self._token = client, token

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        url = path if path.startswith("/v1") else BASE + path
        answer = self._client.request(method, url, json=body, headers={"Authorization": self._token})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, method: str, path: str, body: Any = None) -> tuple[int, int]:
        answer = self._client.request(method, BASE + path, json=body, headers={"Authorization": self._token})
        document = answer.json()
        assert sorted(document) == ["code", "details", "message"]
        return answer.status_code, document["code"]


@pytest.fixture
def client(core: Core) -> TestClient:
    return TestClient(app_of(core))


@pytest.fixture
def caller(core: Core, client: TestClient) -> Caller:
    answer = client.post("/v1/auth/access_token", json={"apiKey": key_of(core)}).json()
    assert (answer["expiresIn"], answer["scope"]) == (3600, "read submit")
    return Caller(client, answer["token"])


def internal(core: Core, answer: dict[str, Any]) -> Job:
    return core.queue.job(None, f"j{answer['job']['id']}")


def test_the_sequence_of_the_documents(core: Core, caller: Caller) -> None:
    made = caller("POST", "/jobs", {"templateId": "video-transcoding@v0.2", "name": "Example job"})
    job_id = made["job"]["id"]
    assert (made["job"]["state"], made["job"]["dataSource"]) == ("JOB_STATE_NEW", None)
    assert made["templateInfo"] == documents.TEMPLATE
    sources = {"dataSource": URL_SOURCE, "dataDestination": BUCKET}
    changed = caller("PATCH", f"/jobs/{job_id}/datasource", sources)
    shown = changed["job"]["dataSource"]["params"]
    assert shown == {k: v for k, v in URL_SOURCE["params"].items() if k not in ("username", "password")}
    caller("PATCH", f"/jobs/{job_id}/params", PARAMS)
    caller("PATCH", f"/jobs/{job_id}/jobname", {"name": "Another name"})
    caller("PATCH", f"/jobs/{job_id}/configs", {"config": {"taskTimeout": "60", "jobTimeout": 120}})
    before = internal(core, changed)
    assert before.state is State.DRAFT
    ran = caller("POST", f"/jobs/{job_id}/run", {})
    assert {**ran, "requestId": ""} == {"ok": True, "requestId": "", "message": "Job started", "error": None}
    uuid.UUID(ran["requestId"])
    job = internal(core, made)
    submission = core.queue.submission(job)
    assert job.state is State.SUBMITTED
    assert submission.source == UrlSource("https://8.8.8.8/film.mp4", "film.mp4", "me", "hidden")
    assert (submission.resolutions, submission.options.mp4, job.label) == (("sd",), True, "Another name")
    assert submission.time_limit is not None
    assert submission.time_limit.total_seconds() == 60
    read = caller("GET", f"/jobs/{job_id}")
    assert read == documents.one(job)
    assert read["job"]["submittedAt"] is not None
    assert "hidden" not in json.dumps(read) + job.record.to_json() + json.dumps(dict(job.asked))


def test_the_sequence_of_the_notebooks_of_2023(core: Core, caller: Caller) -> None:
    """Their POSTs name the job at the end of the path; sources and parameters come one after the other."""
    made = caller("POST", "/jobs", {"templateId": "video-transcoding", "name": "Big Buck Bunny"})
    job_id = made["job"]["id"]
    caller("POST", f"/jobs/datasource/{job_id}", {"dataSource": URL_SOURCE, "dataDestination": BUCKET})
    output = {"output_type": "mp4", "output_params": {"aspect": {"resolution": {"height": "480p"}}}}
    params = {"preset": "unpackaged", "data": {"outputs": [output]}}
    echoed = caller("POST", f"/jobs/params/{job_id}", {"params": params})
    assert echoed["job"]["params"] == params
    assert caller("GET", f"/jobs/estimation/{job_id}") == {"estimation": {"totalEstimation": "0"}}
    caller("POST", f"/jobs/run/{job_id}")
    assert caller("GET", f"/jobs/{job_id}/results") == {"results": []}
    job = internal(core, made)
    assert core.queue.submission(job).resolutions == ("out_0",)
    done = brought_to(
        core,
        job,
        Status.COMPLETED,
        outputs=(
            Output(resolution="out_0", status="COMPLETED", files=("video/out_0/init.mp4", "mp4/out_0.mp4")),
        ),
        files=("ABR.m3u8", "manifest.mpd", "mp4/out_0.mp4"),
    )
    (done.folder / "mp4").mkdir(parents=True)
    (done.folder / "mp4/out_0.mp4").write_bytes(b"film")
    found = caller("GET", f"/jobs/{job_id}/results")["results"]
    assert [r["name"] for r in found] == [
        "out_0/Big_Buck_Bunny_480p.mp4",
        "package/ABR.m3u8",
        "package/manifest.mpd",
    ]
    assert caller._client.get(found[0]["link"]).content == b"film"


def test_secrets_of_sources_and_destinations_are_not_kept(core: Core, caller: Caller) -> None:
    url = "https://maria:pa55@8.8.8.8/a.mp4?X-Amz-Signature=SIG"
    source = {"dataSourceDescriptor": "url", "params": {"url": url, "headers": "pa55"}}
    destination = {
        "dataSourceDescriptor": "bucket",
        "params": {"secretAccessKey": "pa55", "sessionToken": "pa55"},
    }
    made = caller("POST", "/jobs", {"name": "Secret", "dataSource": source, "dataDestination": destination})
    job_id = made["job"]["id"]
    caller("PATCH", f"/jobs/{job_id}/params", PARAMS)  # the address itself stays the job's
    read = json.dumps(caller("GET", f"/jobs/{job_id}"))
    assert "https://8.8.8.8/a.mp4" in read
    assert "pa55" not in read + json.dumps(made)
    assert "SIG" not in read + json.dumps(made)
    kept = core.queue.submission(internal(core, made)).source
    assert kept == UrlSource("https://8.8.8.8/a.mp4?X-Amz-Signature=SIG", "a.mp4", "maria", "pa55")


def test_a_file_is_sent_to_the_address_in_the_answer(core: Core, client: TestClient, caller: Caller) -> None:
    source = {"dataSourceDescriptor": "file", "params": {"name": "my film.mp4"}}
    made = caller("POST", "/jobs", {"name": "Upload", "dataSource": source, "params": PARAMS})
    job_id = made["job"]["id"]
    first = made["job"]["dataSource"]["params"]["tempUrl"]
    assert caller.refused("POST", f"/jobs/uploadcompleted/{job_id}") == (400, 9)
    second = caller("PATCH", f"/jobs/{job_id}/datasource", {"dataSource": source})["job"]["dataSource"]
    url = second["params"]["tempUrl"]
    assert client.put(first, content=b"x").status_code == 404  # a new address ends the one before
    sent = client.put(url, content=b"0123456789", headers={"Content-Disposition": "attachment"})
    assert sent.status_code == 200
    assert caller("POST", f"/jobs/uploadcompleted/{job_id}")["ok"] is True
    assert caller("PATCH", f"/jobs/{job_id}/uploadcompleted")["ok"] is True
    caller("POST", f"/jobs/{job_id}/run")
    job = internal(core, made)
    stored = core.files.get(job.account, job.asked["_fileId"])
    assert (stored.name, stored.stored.read_bytes()) == ("my film.mp4", b"0123456789")
    shown = caller("GET", f"/jobs/{job_id}")
    assert "tempUrl" not in json.dumps(shown)
    assert "_" not in {key[0] for key in shown["job"]}


FILE_SOURCE = {"dataSourceDescriptor": "file", "params": {"name": "a.mp4"}}


def waiting_for_a_file(caller: Caller) -> tuple[str, str]:
    """The id of a draft, and where its file is sent to."""
    job = caller("POST", "/jobs", {"name": "Upload", "dataSource": FILE_SOURCE})["job"]
    return job["id"], job["dataSource"]["params"]["tempUrl"]


@pytest.mark.parametrize("method", ["DELETE", "POST"])
def test_the_file_that_was_sent_goes_with_its_job(
    core: Core, client: TestClient, caller: Caller, method: str
) -> None:
    (job_id, url), (other, url_of_other) = waiting_for_a_file(caller), waiting_for_a_file(caller)
    for each in (url, url_of_other):
        assert client.put(each, content=b"film").status_code == 200
    (sent,) = core.files.list(None, f"/bytenite/{job_id}")
    kept = core.files.put(sent.account, About(f"/bytenite/{job_id}/mine/b.mp4"), b"film")
    caller(method, f"/jobs/{job_id}" + ("/abort" if method == "POST" else ""))
    left = {file.path for file in core.files.list(None)}
    assert left == {f"/bytenite/{other}/a.mp4", kept.path}


def test_files_stay_where_none_was_to_be_sent_for_the_job(core: Core, caller: Caller) -> None:
    """Whatever stands in the folder that a file would have been sent to."""
    job_id = caller("POST", "/jobs", {"name": "Of a URL"})["job"]["id"]
    account = core.queue.job(None, f"j{job_id}").account
    kept = core.files.put(account, About(f"/bytenite/{job_id}/b.mp4"), b"film")
    caller("DELETE", f"/jobs/{job_id}")
    assert core.files.get(account, kept.file_id).stored.read_bytes() == b"film"


@pytest.mark.parametrize("way", ["native", "page", "xvid", "engine"])
def test_the_file_that_was_sent_goes_wherever_its_job_is_deleted(
    core: Core, client: TestClient, caller: Caller, way: str
) -> None:
    (job_id, url), (other, url_of_other) = waiting_for_a_file(caller), waiting_for_a_file(caller)
    for each in (url, url_of_other):
        assert client.put(each, content=b"film").status_code == 200
    caller("POST", f"/jobs/{job_id}/run")
    own = f"j{job_id}"
    stored, kept = (core.files.list(None, f"/bytenite/{i}")[0].stored for i in (job_id, other))
    key = key_of(core, "administrator", scope="admin")
    match way:
        case "native":
            answer = client.delete(f"/api/jobs/{own}", headers={"authorization": f"Bearer {key}"})
            assert answer.status_code == 204
        case "page":
            headers = {"origin": "http://testserver"}
            client.post("/sign-in", data={"key": key}, headers=headers)
            assert client.post(f"/jobs/{own}/delete", headers=headers).status_code == 200
        case "xvid":
            headers = {"authorization": f"Bearer {key}"}
            assert client.delete(f"/v1/jobs/{object_id(own)}", headers=headers).status_code == 200
        case "engine":
            with locked(core.queue.home, own):  # somebody is at it: the engine does the rest
                core.queue.delete(None, own)
                assert stored.exists()
            core.queue.remove(own)
    assert [file.path for file in core.files.list(None)] == [f"/bytenite/{other}/a.mp4"]
    assert (stored.exists(), kept.read_bytes()) == (False, b"film")


def test_what_is_said_while_a_file_is_sent_stays(
    client: TestClient, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, url = waiting_for_a_file(caller)
    commit = Writer.commit

    def late(writer: Writer) -> StoredFile:
        caller("PATCH", f"/jobs/{job_id}/jobname", {"name": "another name"})
        return commit(writer)

    monkeypatch.setattr(Writer, "commit", late)
    assert client.put(url, content=b"film").status_code == 200
    assert caller("GET", f"/jobs/{job_id}")["job"]["name"] == "another name"
    assert caller("POST", f"/jobs/{job_id}/run")["ok"] is True


def test_a_file_that_nobody_waits_for_is_not_kept(
    core: Core, client: TestClient, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    (replaced, url), (run, url_of_run) = waiting_for_a_file(caller), waiting_for_a_file(caller)
    caller("PATCH", f"/jobs/{replaced}/datasource", {"dataSource": URL_SOURCE})
    assert client.put(url, content=b"film").status_code == 404
    assert client.put(url_of_run, content=b"film").status_code == 200
    caller("POST", f"/jobs/{run}/run")
    assert client.put(url_of_run, content=b"another").json()["code"] == 9
    (kept,) = core.files.list(None)
    assert kept.stored.read_bytes() == b"film"

    gone, url = waiting_for_a_file(caller)
    commit = Writer.commit

    def late(writer: Writer) -> StoredFile:
        caller("DELETE", f"/jobs/{gone}")
        return commit(writer)

    monkeypatch.setattr(Writer, "commit", late)
    assert client.put(url, content=b"film").status_code == 404
    assert core.files.list(None) == (kept,)


@pytest.mark.parametrize("base", ["/v1/customer", "/v1/computing"])
@pytest.mark.parametrize("token", ["{}", "Bearer {}"])
def test_both_base_paths_and_both_spellings_of_the_token(
    core: Core, client: TestClient, base: str, token: str
) -> None:
    answer = client.get(base + "/jobs", headers={"Authorization": token.format(key_of(core))})
    assert answer.json() == {
        "pagination": {"total": 0, "offset": 0, "hasPrevious": False, "hasNext": False},
        "data": [],
    }


def named(caller: Caller, name: str) -> str:
    return str(caller("POST", "/jobs", {"name": name})["job"]["id"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["job 2", "job 1", "job 0"]),
        ("?pagination.limit=1&pagination.offset=1", ["job 1"]),
        ("?limit=2&offset=2", ["job 0"]),
        ("?orderBy=createdAt", ["job 0", "job 1", "job 2"]),
        ("?orderBy=createdAt%20desc", ["job 2", "job 1", "job 0"]),
        ("?orderBy=-createdAt", ["job 2", "job 1", "job 0"]),
    ],
)
def test_lists(caller: Caller, query: str, expected: list[str]) -> None:
    for number in range(3):
        named(caller, f"job {number}")
    answer = caller("GET", f"/jobs{query}")
    assert [job["name"] for job in answer["data"]] == expected
    assert answer["pagination"]["total"] == 3


def condition(field: str, value: Any) -> dict[str, Any]:
    typed = {"@type": "type.googleapis.com/google.protobuf.Value", "value": value}
    return {"field": field, "condition": "FILTER_CONDITION_EQ", "value": typed}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([], {"draft", "running", "ended"}),
        ([condition("name", "draft")], {"draft"}),
        ([condition("state", "JOB_STATE_NEW")], {"draft"}),
        ([condition("state", "JOB_STATE_PARTITIONING")], {"running"}),
        ([condition("state", "JOB_STATE_RUNNING")], set()),
        ([condition("state", "JOB_STATE_COMPLETE")], {"ended"}),
        ([condition("state", "JOB_STATE_COMPLETE"), condition("name", "draft")], set()),
        ([condition("templateId", "video-transcoding@v0.2"), condition("name", "ended")], {"ended"}),
        ([condition("templateId", "image-resizing@v1")], set()),
        ([condition("state", "JOB_STATE_NEW"), condition("state", "JOB_STATE_COMPLETE")], set()),
        ([condition("state", "JOB_STATE_PARTITIONING"), condition("state", "JOB_STATE_RUNNING")], set()),
        ([condition("name", "draft"), condition("name", "ended")], set()),
        ([condition("id", "no id of ours")], set()),
    ],
)
def test_filters(core: Core, caller: Caller, filters: list[Any], expected: set[str]) -> None:
    ids = {name: named(caller, name) for name in ("draft", "running", "ended")}
    brought_to(core, core.queue.job(None, f"j{ids['running']}"), Status.EXECUTING)
    brought_to(core, core.queue.job(None, f"j{ids['ended']}"), Status.COMPLETED)
    body = {"pagination": {"limit": 10, "offset": 0}, "filters": filters, "orderBy": ""}
    answer = caller("POST", "/jobs/filter", body)
    assert {job["name"] for job in answer["data"]} == expected
    assert answer["pagination"] == {
        "total": len(expected),
        "offset": 0,
        "hasPrevious": False,
        "hasNext": False,
    }


def test_abort_and_delete(core: Core, caller: Caller) -> None:
    draft, other = named(caller, "draft"), named(caller, "other")
    assert caller("POST", f"/jobs/{draft}/abort")["message"] == "Job deleted"
    assert caller.refused("GET", f"/jobs/{draft}") == (404, 5)
    caller("PATCH", f"/jobs/{other}/datasource", {"dataSource": URL_SOURCE})
    caller("POST", f"/jobs/{other}/run")
    assert caller("POST", f"/jobs/{other}/abort")["message"] == "Job aborted"
    assert caller("GET", f"/jobs/{other}")["job"]["state"] == "JOB_STATE_ABORTED"
    assert caller("POST", f"/jobs/{other}/abort")["message"] == "Job aborted"
    assert caller("DELETE", f"/jobs/{other}")["message"] == "Job deleted"
    assert caller.refused("GET", f"/jobs/{other}") == (404, 5)


def from_url(url: str) -> dict[str, Any]:
    return {"name": "long enough", "dataSource": {**URL_SOURCE, "params": {"url": url}}}


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", "/jobs", {"name": "abc"}, (400, 3)),
        ("POST", "/jobs", {"name": "long enough", "templateId": "image-resizing"}, (400, 3)),
        ("POST", "/jobs", {"name": "long enough", "priority": "HIGH"}, (400, 3)),
        ("POST", "/jobs", {"name": "long enough", "params": {"app": {"resolutions": ["huge"]}}}, (400, 3)),
        ("POST", "/jobs", {"name": "long enough", "dataSource": {"dataSourceDescriptor": "s3"}}, (400, 3)),
        ("POST", "/jobs", from_url("file:///etc/passwd"), (400, 3)),
        ("POST", "/jobs", from_url("http://127.0.0.1/"), (400, 3)),
        ("POST", "/jobs", {"name": "long enough", "dataDestination": {"dataSourceDescriptor": "s3"}}, (400, 3)),
        ("POST", "/jobs/filter", {"filters": [condition("paymentAmount", 0)]}, (400, 3)),
        ("POST", "/jobs/filter", {"filters": [condition("state", "JOB_STATE_LOST")]}, (400, 3)),
        ("GET", "/jobs?orderBy=luck", None, (400, 3)),
        ("GET", "/jobs?limit=0", None, (400, 3)),
        ("GET", "/jobs/0199f3c1-5a00-7000-8000-000000000001", None, (404, 5)),
        ("GET", "/jobs/no-uuid", None, (404, 5)),
        ("POST", "/jobs/0199f3c1-5a00-7000-8000-000000000001/run", {}, (404, 5)),
        ("POST", "/logs", {"jobId": "0199f3c1-5a00-7000-8000-000000000001"}, (404, 5)),
        ("GET", "/nowhere", None, (404, 5)),
        ("PUT", "/jobs", None, (405, 12)),
    ],
)  # fmt: skip
def test_refusals_are_those_of_grpc(
    caller: Caller, method: str, path: str, body: Any, expected: tuple[int, int]
) -> None:
    assert caller.refused(method, path, body) == expected


def test_a_draft_without_a_source_does_not_run(caller: Caller) -> None:
    assert caller.refused("POST", f"/jobs/{named(caller, 'no source')}/run", {}) == (400, 9)


def test_a_run_that_is_refused_changes_nothing(caller: Caller) -> None:
    job_id = named(caller, "no source")
    before = caller("GET", f"/jobs/{job_id}")
    assert caller.refused("POST", f"/jobs/{job_id}/run", {"config": {"jobTimeout": 60}}) == (400, 9)
    assert caller("GET", f"/jobs/{job_id}") == before


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED])
def test_what_has_ended_is_not_aborted(core: Core, caller: Caller, status: Status) -> None:
    job_id = named(caller, "ended")
    brought_to(core, core.queue.job(None, f"j{job_id}"), status)
    assert caller.refused("POST", f"/jobs/{job_id}/abort") == (400, 9)


def test_a_job_that_runs_is_not_changed(core: Core, caller: Caller) -> None:
    job_id = named(caller, "runs")
    brought_to(core, core.queue.job(None, f"j{job_id}"), Status.EXECUTING)
    assert caller.refused("PATCH", f"/jobs/{job_id}/params", PARAMS) == (400, 9)
    assert caller.refused("POST", f"/jobs/{job_id}/run", {}) == (400, 9)


@pytest.mark.parametrize(("token", "expected"), [("", (401, 16)), ("wrong", (401, 16))])
def test_tokens(client: TestClient, token: str, expected: tuple[int, int]) -> None:
    assert Caller(client, token).refused("GET", "/jobs") == expected


def test_a_key_that_may_only_read(core: Core, client: TestClient) -> None:
    reader = Caller(client, key_of(core, "reader", scope="read"))
    assert reader.refused("POST", "/jobs", {"name": "long enough"}) == (403, 7)
    assert reader("GET", "/info")["scopes"] == ["read"]


def test_another_account_sees_nothing(core: Core, client: TestClient, caller: Caller) -> None:
    job_id = named(caller, "mine")
    other = Caller(client, key_of(core, "other"))
    assert other("GET", "/jobs")["data"] == []
    for method, path, body in (
        ("GET", f"/jobs/{job_id}", None),
        ("GET", f"/jobs/{job_id}/results", None),
        ("POST", f"/jobs/{job_id}/abort", None),
        ("DELETE", f"/jobs/{job_id}", None),
        ("PATCH", f"/jobs/{job_id}/params", PARAMS),
        ("POST", "/logs", {"jobId": job_id}),
        ("GET", f"/events?jobId={job_id}", None),
    ):
        assert other.refused(method, path, body) == (404, 5)


@pytest.mark.parametrize(
    ("accept", "kind", "read"),
    [
        ("*/*", "application/x-ndjson", json.loads),
        (
            "text/event-stream",
            "text/event-stream; charset=utf-8",
            lambda line: json.loads(line.removeprefix("data: ")),
        ),
    ],
)
def test_events_of_a_job_that_has_ended(
    core: Core, client: TestClient, caller: Caller, accept: str, kind: str, read: Callable[[str], Any]
) -> None:
    job_id = named(caller, "ends")
    job = brought_to(core, core.queue.job(None, f"j{job_id}"), Status.COMPLETED)
    headers = {"Authorization": caller._token, "Accept": accept}
    answer = client.get(f"{BASE}/events?jobId={job_id}", headers=headers)
    assert answer.headers["content-type"] == kind
    (line,) = [text for text in answer.text.splitlines() if text]
    assert read(line) == documents.event(job)


def test_logs_templates_and_running_tasks(core: Core, caller: Caller) -> None:
    job_id = named(caller, "runs")
    job = brought_to(core, core.queue.job(None, f"j{job_id}"), Status.EXECUTING)
    assert caller("POST", "/logs", {"jobId": job_id}) == documents.logs(job, frozenset())
    listed = caller("GET", "/jobs/templates?limit=20&offset=0")
    assert [(t["id"], t["name"]) for t in listed["data"]] == [("video-transcoding@v0.2", "video-transcoding")]
    assert caller("GET", "/jobs/templates?limit=20&offset=20")["data"] == []
    task = {"taskId": job_id, "jobId": job_id, "state": "JOB_STATE_PARTITIONING", "percent": 0.0}
    assert caller("POST", "/jobs/runningTasks") == {"tasks": [task]}


@pytest.mark.parametrize("path", ["/jobs/datasource/{}", "/jobs/{}/datasource"])
def test_the_file_guide_posts_where_the_reference_patches(caller: Caller, path: str) -> None:
    made = caller("POST", "/jobs", {"name": "Guide"})["job"]["id"]
    changed = caller("POST", path.format(made), {"dataSource": FILE_SOURCE})["job"]
    assert "tempUrl" in changed["dataSource"]["params"]
    params = caller("POST", path.format(made).replace("datasource", "params"), PARAMS)["job"]["params"]
    assert params == PARAMS


def test_logs_say_what_is_made_otherwise(caller: Caller) -> None:
    output = {"output_params": {"video": {"codec_params": {"tune": "film"}}}, "name": "a"}
    made = caller("POST", "/jobs", {"name": "Film", "params": {"data": {"outputs": [output]}}})["job"]
    (line,) = caller("POST", "/logs", {"jobId": made["id"]})["partitioner"]
    assert (line["level"], line["timestamp"]) == ("WARN", made["createdAt"])
    assert line["log"] == "outputs[0].output_params.video.codec_params.tune: made as without film"


def test_who_asks_and_what_is_left(core: Core, caller: Caller) -> None:
    ((account, name),) = core.keys.accounts().items()
    user = caller("GET", "/v1/auth/user")["user"]
    assert list(user) == [
        "id", "createdAt", "lastLogin", "displayName", "email", "phoneNumber", "photoUrl", "providerId",
        "emailVerified", "customClaims",
    ]  # fmt: skip
    assert (user["id"], user["displayName"]) == (account, name)
    nothing = {"accountId": account, "totalBalance": "0", "availableBalance": "0"}
    assert caller("GET", "/wallet/balance") == nothing


@pytest.mark.parametrize("body", [{"config": {"taskTimeout": "60"}}, {"taskTimeout": 60, "isTestJob": None}])
def test_a_configuration_may_stand_bare(caller: Caller, body: dict[str, Any]) -> None:
    made = caller("POST", "/jobs", {"name": "Bare", "dataSource": URL_SOURCE, "config": {"jobTimeout": 90}})
    caller("POST", f"/jobs/{made['job']['id']}/run", body)
    config = {"taskTimeout": 60, "jobTimeout": 0, "isTestJob": False}
    assert caller("GET", f"/jobs/{made['job']['id']}")["job"]["config"] == config


def test_a_source_is_looked_at_before_it_is_a_job_s(tmp_path: Path) -> None:
    shown: list[str | None] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        shown.append(handler.headers["authorization"])
        reply(handler, 206, b"f", content_range="bytes 0-0/1234")

    with made_core(tmp_path / "home", private_urls=True) as core, answering(answer) as url:
        caller = Caller(TestClient(app_of(core)), key_of(core))
        params = {"url": f"{url}/films/a%20film.mp4?sig=1", "username": "me", "password": "word"}
        source = {"dataSourceDescriptor": "url", "params": params}
        one = {
            "filename": "a_film.mp4",
            "path": "/films/a film.mp4",
            "size": "1234",
            "properties": {},
            "tempUrl": "",
        }
        info = caller("POST", "/datasource/info", {"dataSource": source})
        assert info == one | {"files": FOLDER}
        listed = caller("POST", "/v1/computing/datasource/test", {"dataSource": source, "listFiles": True})
        file = {"id": "", "name": "a_film.mp4", "path": "/films/a film.mp4", "size": "1234"}
        assert listed == one | {"files": FOLDER | {"files": [file]}}
        assert shown == ["Basic " + base64.b64encode(b"me:word").decode()] * 2
        for descriptor, name in (("file", "b.mp4"), ("bypass", "")):
            described = {"dataSourceDescriptor": descriptor, "params": {"name": name} if name else None}
            nothing = {
                "filename": name,
                "path": "",
                "size": "0",
                "properties": {},
                "tempUrl": "",
                "files": FOLDER,
            }
            assert caller("POST", "/datasource/info", {"dataSource": described, "listFiles": True}) == nothing


def test_a_source_that_cannot_be_is_refused(client: TestClient, core: Core) -> None:
    caller = Caller(client, key_of(core))
    for url in ("http://127.0.0.1/a.mp4", "ftp://a.example/b", "http://[", 7, None):
        source = {"dataSourceDescriptor": "url", "params": {"url": url}}
        assert caller.refused("POST", "/datasource/info", {"dataSource": source}) == (400, 3)
    s3 = {"dataSourceDescriptor": "s3", "params": {"name": "a"}}
    assert caller.refused("POST", "/datasource/info", {"dataSource": s3}) == (400, 3)
    assert caller.refused("POST", "/datasource/info", {}) == (400, 3)
    reader = Caller(client, key_of(core, "reader", scope="read"))
    assert reader.refused("POST", "/datasource/info", {"dataSource": URL_SOURCE}) == (403, 7)
