"""Bytescale's routes beyond what its SDK asks: credentials, uploads in one body, saving, pages, who sees what."""

from __future__ import annotations

import base64
import io
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest
from fastapi.testclient import TestClient
from made_core import FILMS, made_core, submitted
from made_jobs import brought_to
from PIL import Image
from starlette.requests import Request

from ingest.engine import rows
from ingest.engine.ids import from_ulid, ulid
from ingest.engine.model import LocalSource, Submission
from ingest.engine.queue import JobQueue
from ingest.job import codes
from ingest.job.record import Failure
from ingest.job.status import Status
from ingest.media.options import Options
from ingest.server import batches, media, taking
from ingest.server.app import create_app
from ingest.server.dialects.bytescale import documents, posters
from ingest.server.dialects.bytescale.documents import milliseconds
from ingest.server.refusals import Kind, Refusal
from ingest.server.rooms import Room

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

    from ingest.engine.model import Job

FILM = b"not really a film"


class Asker:
    """One account's client, which needs no engine: jobs are brought to their states by hand."""

    def __init__(self, app: FastAPI, name: str = "tester", scope: Any = "submit") -> None:
        self.core = core = app.state.core
        self.app = app
        self.http = TestClient(self.app, raise_server_exceptions=False)
        self.key = core.keys.create(name, account=name, scopes=(scope,)).text
        self.account = self.key[7:14]
        self.api = f"/v2/accounts/{self.account}"
        self.http.headers["authorization"] = f"Bearer {self.key}"

    def put(self, path: str, content: bytes = FILM) -> None:
        query = {"filePath": path}
        answer = self.http.post(f"{self.api}/uploads/binary", params=query, content=content)
        assert answer.status_code == 200, answer.text

    def get(self, path: str, **query: Any) -> Any:
        return self.http.get(f"/{self.account}{path}", **query)

    def job_id(self, answer: Any) -> str:
        return from_ulid(answer.json()["jobId"])

    def finish(self, job_id: str, *files: str) -> None:
        """As an engine would: a package of these files, of which each holds its own name."""
        job = self.core.queue.job(None, job_id)
        for name in files:
            (job.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (job.folder / name).write_text(f"#{name}\n")
        brought_to(self.core, job, Status.COMPLETED, files=files)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """One for all tests, each of which has an account of its own."""
    home = tmp_path_factory.mktemp("server") / "home"
    with made_core(home, max_body=100_000, max_upload=200_000) as core:
        yield create_app(core)


@pytest.fixture
def asker(app: FastAPI, request: pytest.FixtureRequest) -> Asker:
    asker = Asker(app, request.node.name[:100])
    asker.put("/film.mp4")
    return asker


HLS = "/video/film.mp4!f=hls-h264&h=180"


# -- credentials --


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Bearer KEY", 200),
        ("bearer KEY", 200),
        ("Basic apikey:KEY", 200),
        ("Basic :KEY", 200),
        ("Basic KEY:", 401),
        ("Basic %%%", 401),
        ("Bearer", 401),
        ("KEY", 401),
        ("", 401),
    ],
)
def test_a_key_comes_as_a_bearer_or_as_a_password(asker: Asker, header: str, status: int) -> None:
    scheme, _, rest = header.replace("KEY", asker.key).partition(" ")
    if scheme == "Basic" and "%" not in rest:
        rest = base64.b64encode(rest.encode()).decode()
    answer = asker.http.get(
        f"{asker.api}/files/details",
        params={"filePath": "/film.mp4"},
        headers={"authorization": f"{scheme} {rest}".strip()},
    )
    assert answer.status_code == status, answer.text
    if status == 401:
        assert answer.json()["error"]["code"] in ("missing_credentials", "bad_credentials")


def test_a_player_shows_a_token_in_the_url(asker: Asker) -> None:
    from datetime import timedelta

    job = asker.job_id(asker.get(HLS))
    asker.finish(job, "ABR.m3u8", "video/h180/index.m3u8")
    token = asker.core.keys.issue_token(asker.core.keys.principal(asker.key), timedelta(minutes=5)).text
    player = TestClient(asker.app)
    url = f"/{asker.account}{HLS}&token={token}&a=/video.m3u8"
    assert player.get(url).text == "#ABR.m3u8\n"
    # As a relative URL in the master resolves: the token stands before the artifact.
    child = url.replace("/video.m3u8", "/video/h180/index.m3u8")
    assert player.get(child).text == "#video/h180/index.m3u8\n"
    assert player.get(url.replace(token, "wrong")).status_code == 401
    # It is one job for all.
    assert len(asker.http.get(f"{asker.api}/jobs?jobType=ProcessVideoJob").json()["items"]) == 1


def test_public_media_needs_no_key_and_begins_nothing(tmp_path: Path) -> None:
    with made_core(tmp_path / "public", public_media=True) as core:
        asker = Asker(create_app(core))
        asker.put("/film.mp4")
        anybody = TestClient(asker.app)
        assert anybody.get(f"/{asker.account}/raw/film.mp4").content == FILM
        refused = anybody.get(f"/{asker.account}{HLS}&a=/video.m3u8")
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "scope_missing")
        asker.finish(asker.job_id(asker.get(HLS)), "ABR.m3u8")
        assert anybody.get(f"/{asker.account}{HLS}&a=/video.m3u8").text == "#ABR.m3u8\n"
        assert anybody.get(f"{asker.api}/files/details?filePath=/film.mp4").status_code == 401


def test_media_is_not_public_by_itself(asker: Asker) -> None:
    answer = TestClient(asker.app).get(f"/{asker.account}/raw/film.mp4")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "missing_credentials")


# -- uploads in one body --


def test_a_body_is_a_file(asker: Asker) -> None:
    answer = asker.http.post(
        f"{asker.api}/uploads/binary?fileName=a.mp4&folderPath=/b&tag=x&tag=y",
        content=b"abc",
        headers={"content-type": "video/mp4", "x-upload-metadata": '{"shot": 1}'},
    )
    assert answer.json() == {
        "accountId": asker.account,
        "etag": "900150983cd24fb0d6963f7d28e17f72",
        "filePath": "/b/a.mp4",
        "fileUrl": f"http://testserver/{asker.account}/raw/b/a.mp4",
    }
    details = asker.http.get(f"{asker.api}/files/details?filePath=/b/a.mp4").json()
    assert (details["tags"], details["metadata"], details["mime"]) == (["x", "y"], {"shot": 1}, "video/mp4")


def test_what_is_no_url_is_refused_and_null_is_nothing(asker: Asker) -> None:
    body = {"url": "http://[::1/x", "metadata": None, "tags": None}
    answer = asker.http.post(f"{asker.api}/uploads/url", json=body)
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "this is no URL")
    begun = {"size": 3, "originalFileName": "a.mp4", "metadata": None, "tags": None}
    assert asker.http.post(f"{asker.api}/uploads", json=begun).status_code == 200


def test_a_form_is_its_files(asker: Asker) -> None:
    files = [
        ("one", ("a.mp4", b"abc", "video/mp4")),
        ("two", ("b.txt", b"x" * 200_001, "text/plain")),
    ]
    answer = asker.http.post(f"{asker.api}/uploads/form_data?folderPath=/f", files=files[:1])
    (made,) = answer.json()["files"]
    assert answer.json()["errors"] == []
    assert (made["formDataFieldName"], made["etag"]) == ("one", "900150983cd24fb0d6963f7d28e17f72")
    assert made["filePath"].startswith("/f/")
    assert made["filePath"].endswith("-a.mp4")
    too_large = asker.http.post(f"{asker.api}/uploads/form_data", files=files)
    assert (too_large.status_code, too_large.json()["error"]["code"]) == (413, "file_too_large")
    empty = asker.http.post(f"{asker.api}/uploads/form_data", data={"a": "b"})
    assert empty.status_code == 400


def test_a_form_is_refused_before_it_is_read_where_the_account_has_no_room(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asker.core.files, "_max_stored", 100)
    monkeypatch.setattr(Request, "form", None)
    files = [("one", ("a.mp4", b"x" * 101, "video/mp4"))]
    answer = asker.http.post(f"{asker.api}/uploads/form_data", files=files)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "quota_exceeded")


def test_a_path_said_in_full_replaces_and_a_fallback_does_not(asker: Asker) -> None:
    asker.put("/film.mp4", b"another")
    assert asker.get("/raw/film.mp4").content == b"another"
    head = asker.http.head(f"/{asker.account}/raw/film.mp4")
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "7", b"")
    query = {"folderPath": "/", "fileName": "film.mp4", "fileNameFallback": "second.mp4"}
    answer = asker.http.post(f"{asker.api}/uploads/binary", params=query, content=b"abc")
    assert answer.json()["filePath"] == "/second.mp4"


def test_metadata_that_is_none_is_refused(asker: Asker) -> None:
    for text in ("[1]", "{", "1", '{"a": "\\ud800"}'):
        answer = asker.http.post(
            f"{asker.api}/uploads/binary", content=b"a", headers={"x-upload-metadata": text}
        )
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_metadata")


def test_a_part_is_taken_without_a_key_and_only_whole(asker: Asker) -> None:
    begun = asker.http.post(f"{asker.api}/uploads", json={"size": 3, "path": "/p.bin"}).json()
    part = begun["uploadParts"]["first"]
    assert (begun["uploadParts"]["count"], part["range"]) == (1, {"inclusiveStart": 0, "inclusiveEnd": 2})
    anybody = TestClient(asker.app)
    url = part["uploadUrl"].removeprefix("http://testserver")
    assert anybody.put(url, content=b"abcd").json()["error"]["code"] == "piece_too_long"
    assert anybody.put(url, content=b"ab").json()["error"]["code"] == "part_too_short"
    etag = anybody.put(url, content=b"abc").headers["etag"]
    finish = f"{asker.api}/uploads/{begun['uploadId']}/parts/0"
    assert asker.http.put(finish, json={"etag": "no"}).json()["error"]["code"] == "part_etag_mismatch"
    done = {"status": "Completed", "etag": etag.strip('"')}
    assert asker.http.put(finish, json={"etag": etag}).json() == done
    assert asker.http.put(finish, json={"etag": etag}).json() == done
    assert asker.get("/raw/p.bin").content == b"abc"


# -- transformations --


def test_the_same_url_is_the_same_job_until_the_file_is_another(asker: Asker) -> None:
    first = asker.job_id(asker.get(HLS))
    assert asker.job_id(asker.get(HLS.replace("!", "?"))) == first
    assert asker.get(f"{HLS}&a=/video.m3u8").status_code == 404
    asker.put("/film.mp4", b"another")
    assert asker.job_id(asker.get(HLS)) != first


@pytest.mark.parametrize(
    "query",
    [
        "f=hls-h264-rt&h=180",
        "h=180&f=hls-h264",
        "f=hls-h264&h=181&fps=30&mute=false&ts=0",
        "f=html&h=180&gop=2&a=/video.m3u8",
    ],
)
def test_what_is_made_already_is_not_made_again(asker: Asker, query: str) -> None:
    first = asker.get(HLS).json()["jobId"]
    assert asker.get(f"/video/film.mp4!{query}").json()["jobId"] == first
    assert asker.get(f"/video/film.mp4!{query.replace('18', '36')}").json()["jobId"] != first


def test_cache_controls(asker: Asker) -> None:
    none = asker.get(f"{HLS}&cache-only=true")
    assert (none.status_code, none.json()["error"]["code"]) == (404, "transformation_not_cached")
    first = asker.job_id(asker.get(f"{HLS}&cache=false"))
    assert asker.job_id(asker.get(f"{HLS}&cache=false")) == first  # it is not done yet
    asker.finish(first, "ABR.m3u8")
    kept = asker.get(f"{HLS}&cache-only=true&cache-ttl=60&a=/video.m3u8")
    assert (kept.status_code, kept.headers["cache-control"]) == (200, "private, max-age=60")
    assert asker.job_id(asker.get(f"{HLS}&cache=false")) != first
    assert asker.get(f"{HLS}&exp=1&a=/video.m3u8").json()["error"]["code"] == "url_expired"
    saved = asker.get("/raw/film.mp4?download=true")
    assert saved.headers["content-disposition"] == "attachment; filename*=UTF-8''film.mp4"


def test_a_cancelled_job_is_begun_anew(asker: Asker) -> None:
    first = asker.get(HLS).json()
    url = f"{asker.api}/jobs/ProcessVideoJob/{first['jobId']}"
    cancelled = asker.http.delete(url)
    assert (cancelled.status_code, cancelled.content) == (204, b"")
    assert asker.http.get(url).json()["status"] == "Cancelled"
    assert asker.get(HLS).json()["jobId"] != first["jobId"]


def test_what_a_job_is_asked_for(asker: Asker) -> None:
    job = asker.core.queue.job(None, asker.job_id(asker.get("/video/film.mp4?f=mp4-h264&w=64&h=36&q=50")))
    submission = asker.core.queue.submission(job)
    assert (submission.resolutions, submission.dialect, submission.options.mp4) == (
        ("w64h36q50",),
        "bytescale",
        True,
    )
    assert list(submission.presets) == ["w64h36q50"]
    assert job.asked["result"]["artifactUrl"] == (
        f"/{asker.account}/video/film.mp4!f=mp4-h264&w=64&h=36&q=50&a=/video.mp4"
    )


def test_a_part_of_a_film_is_asked_for(asker: Asker) -> None:
    for query, expected in (
        ("ts=1.5&te=3", Options(start=1.5, end=3.0)),
        ("mute=true", Options(audio=False)),
        ("", Options()),
    ):
        job = asker.job_id(asker.get(f"/video/film.mp4?f=hls-h264&{query}"))
        assert asker.core.queue.submission(asker.core.queue.job(None, job)).options == expected


def test_a_preset_is_a_transformation(asker: Asker) -> None:
    answer = asker.get("/sd,hd/film.mp4?f=mp4-h264").json()
    assert answer["jobType"] == "ProcessFileJob"
    submission = asker.core.queue.submission(asker.core.queue.job(None, from_ulid(answer["jobId"])))
    assert (submission.resolutions, submission.presets, submission.options.mp4) == (("sd", "hd"), {}, True)
    refused = asker.get("/sd/film.mp4?h=480").json()
    assert refused["error"]["code"] == "unknown_parameter"


def test_a_page_shows_the_player_and_escapes_the_name(asker: Asker) -> None:
    asker.put('/<b>"&.mp4')
    url = "/video/%3Cb%3E%22%26.mp4?h=180&cache-ttl=60"
    waiting = asker.get(url)
    assert (waiting.headers["refresh"], waiting.headers["cache-control"]) == ("2", "no-store")
    assert "<video" not in waiting.text
    assert "Pending" in waiting.text
    (begun,) = asker.http.get(f"{asker.api}/jobs?jobType=ProcessVideoJob").json()["items"]
    asker.finish(from_ulid(begun["jobId"]), "ABR.m3u8")
    page = asker.get(url + "&cache=false")
    assert "<video" in page.text
    assert "refresh" not in page.headers
    assert page.headers["content-type"].startswith("text/html")
    assert "<b>" not in page.text
    assert "f=hls-h264&amp;h=180&amp;a=/video.m3u8" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert len(asker.http.get(f"{asker.api}/jobs?jobType=ProcessVideoJob").json()["items"]) == 1


def test_a_page_looks_at_its_parameters_and_tells_of_a_failure(asker: Asker) -> None:
    for query, code in (
        ("h=1", "invalid_parameter"),
        ("x=1", "unknown_parameter"),
        ("h=90&cache-only=1", "transformation_not_cached"),
    ):
        assert asker.get(f"/video/film.mp4?{query}").json()["error"]["code"] == code
    asker.get("/video/film.mp4")
    (begun,) = asker.http.get(f"{asker.api}/jobs?jobType=ProcessVideoJob").json()["items"]
    job = asker.core.queue.job(None, from_ulid(begun["jobId"]))
    failure = Failure(
        step="Planning",
        step_code=9001,
        exit_code=2,
        detail="",
        code=codes.USAGE.number,
        message="--start 9 is <not> in the film",
        remedy="give an earlier --start",
    )
    brought_to(asker.core, job, Status.FAILED, error=failure)
    failed = asker.get("/video/film.mp4")
    assert "could not be made: ts 9 is &lt;not&gt; in the film" in failed.text
    assert "refresh" not in failed.headers
    shown = asker.http.get(f"{asker.api}/jobs/ProcessVideoJob/{begun['jobId']}").json()["error"]
    assert (shown["code"], shown["message"]) == ("invalid_parameter", "ts 9 is <not> in the film")
    assert shown["details"]["remedy"] == "give an earlier ts"


@pytest.mark.parametrize(
    "path",
    [f"{HLS}&a=/video.m3u8", HLS.replace("!", "?") + "&a=/video.m3u8", "/image/film.mp4?input=video"],
)
def test_pages_of_other_origins_may_show_what_is_media(
    asker: Asker, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (16, 16)).save(buffer, "JPEG")
    monkeypatch.setattr(posters, "still_of", lambda *_: buffer.getvalue())
    asker.finish(asker.job_id(asker.get(HLS)), "ABR.m3u8")
    answer = asker.get(path)
    assert answer.status_code == 200
    assert {name: answer.headers[name] for name in media.HEADERS} == media.HEADERS
    assert media.HEADERS["cross-origin-resource-policy"] == "cross-origin"


# -- saving --


def saved(asker: Asker, query: str, **body: Any) -> Any:
    answer = asker.http.post(f"/{asker.account}/save/video/film.mp4{query}", json=body)
    assert answer.status_code == 202, answer.text
    return answer


def test_one_file_is_saved_where_it_is_wanted(asker: Asker) -> None:
    answer = saved(asker, "?f=mp4-h264&h=90&h=180", destination="/made/film.mp4", tags={"value": ["t"]})
    job_id = asker.job_id(answer)
    asker.finish(job_id, "ABR.m3u8", "mp4/h90.mp4", "mp4/h180.mp4")
    url = f"{asker.api}/jobs/ProcessVideoJob/{answer.json()['jobId']}"
    assert asker.http.get(url).json()["status"] == "Running"  # its files are not in their place yet
    asker.app.state.errands.settle()
    raw = f"http://testserver/{asker.account}/raw/made/film.mp4"
    job = asker.http.get(url).json()
    assert (job["status"], job["created"]) == ("Succeeded", answer.json()["created"])
    assert job["summary"] == {
        "result": {
            "type": "Artifact",
            "artifact": "/video.mp4",
            "artifactUrl": raw,
            "filePath": "/made/film.mp4",
            "fileUrl": raw,
        }
    }
    assert asker.get("/raw/made/film.mp4").text == "#mp4/h180.mp4\n"
    assert asker.http.get(f"{asker.api}/files/details?filePath=/made/film.mp4").json()["tags"] == ["t"]


def test_several_files_are_saved_below_the_path(asker: Asker) -> None:
    answer = saved(asker, "", destination="/made/hls", extendedParams=[{"f": "hls-h264"}, {"h": 180}])
    asker.finish(asker.job_id(answer), "ABR.m3u8", "video/h180/index.m3u8", "job.json")
    asker.app.state.errands.settle()
    assert asker.get("/raw/made/hls/video.m3u8").text == "#ABR.m3u8\n"
    assert asker.get("/raw/made/hls/video/h180/index.m3u8").text == "#video/h180/index.m3u8\n"
    assert asker.get("/raw/made/hls/job.json").status_code == 404
    # They are files of their own: the job may go.
    asker.core.queue.delete(None, asker.job_id(answer))
    assert asker.get("/raw/made/hls/video.m3u8").status_code == 200


def test_what_is_saved_is_not_found_by_its_url(asker: Asker) -> None:
    answer = saved(asker, "?f=hls-h264&h=180", destination="/made/hls")
    assert asker.get(HLS).json()["jobId"] != answer.json()["jobId"]


def test_a_save_that_is_refused_leaves_nothing(asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_queue: JobQueue, _account: str, _job_id: str) -> Job:
        raise Refusal("too_many", "no more", code="queue_full")

    monkeypatch.setattr(JobQueue, "run", refuse)
    url = f"/{asker.account}/save/video/film.mp4?f=hls-h264"
    assert asker.http.post(url, json={"destination": "/made/hls"}).status_code == 429
    assert asker.core.queue.counts(asker.account) == {}
    errands = asker.app.state.errands
    assert [e.status for e in errands.recent(asker.account, {"Save"}, 9)] == ["Cancelled"]


def test_a_save_that_was_never_queued_ends(asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server was killed behind the draft and its errand."""
    monkeypatch.setattr(JobQueue, "run", lambda queue, _account, job_id: queue.job(None, job_id))
    job_id = asker.job_id(saved(asker, "?f=hls-h264", destination="/made/hls"))
    errands = asker.app.state.errands
    errands.settle()
    assert errands.get(None, job_id).status == "Pending"
    monkeypatch.setattr(batches, "FORGOTTEN", timedelta(0))
    errands.settle()
    assert errands.get(None, job_id).status == "Succeeded"
    assert asker.core.queue.counts(asker.account) == {}


def test_a_job_that_fails_saves_nothing(asker: Asker) -> None:
    answer = saved(asker, "?f=hls-h264", destination="/made/hls")
    job = asker.core.queue.job(None, asker.job_id(answer))
    brought_to(asker.core, job, Status.FAILED)
    asker.app.state.errands.settle()
    url = f"{asker.api}/jobs/ProcessVideoJob/{answer.json()['jobId']}"
    assert asker.http.get(url).json()["status"] == "Failed"
    assert asker.get("/raw/made/hls/video.m3u8").status_code == 404


# -- lists and other people --


def test_both_spellings_of_a_list(asker: Asker) -> None:
    ids = [asker.get(f"/video/film.mp4?f=hls-h264&h={h}").json()["jobId"] for h in range(100, 124, 2)]
    expected = list(reversed(ids))[:10]
    for query in ("jobType=ProcessVideoJob&jobType=CopyFileBatchJob", "0=ProcessVideoJob&1=ProcessImageJob"):
        items = asker.http.get(f"{asker.api}/jobs?{query}").json()["items"]
        assert [item["jobId"] for item in items] == expected
    assert asker.http.get(f"{asker.api}/jobs?jobType=AntivirusJob").json() == {"items": []}


def test_a_list_reads_no_jobs_of_other_types(asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    preset = asker.get("/sd/film.mp4?f=hls-h264").json()["jobId"]
    native = submitted(asker.core, asker.key).job_id
    video = [asker.get(f"/video/film.mp4?f=hls-h264&h={h}").json()["jobId"] for h in (100, 102)]
    read: list[str] = []

    def job_of(row: Any) -> Job:
        read.append(row.job_id)
        return rows.job_of(row)

    monkeypatch.setattr("ingest.engine.questions.job_of", job_of)
    for types, expected in (
        ("jobType=ProcessFileJob", [preset]),
        ("jobType=ProcessVideoJob", [*reversed(video), ulid(native)]),
        ("jobType=ProcessVideoJob&jobType=ProcessFileJob", [*reversed(video), ulid(native), preset]),
    ):
        read.clear()
        items = asker.http.get(f"{asker.api}/jobs?{types}").json()["items"]
        assert [item["jobId"] for item in items] == expected
        assert [ulid(job_id) for job_id in read] == expected


def test_nothing_of_others_is_told_or_changed(app: FastAPI, asker: Asker) -> None:
    job = asker.get(HLS).json()
    upload = asker.http.post(f"{asker.api}/uploads", json={"size": 3, "path": "/p.bin"}).json()["uploadId"]
    batch = asker.http.request("DELETE", f"{asker.api}/files/batch", json={"files": ["/none"]}).json()
    other = Asker(app, "other")
    for whose in (asker, other):  # at the other account's path, and at one's own
        api, media = f"/v2/accounts/{whose.account}", f"/{whose.account}"
        answers = [
            other.http.get(f"{api}/jobs/ProcessVideoJob/{job['jobId']}"),
            other.http.delete(f"{api}/jobs/ProcessVideoJob/{job['jobId']}"),
            other.http.get(f"{api}/jobs/DeleteFileBatchJob/{batch['jobId']}"),
            other.http.delete(f"{api}/jobs/DeleteFileBatchJob/{batch['jobId']}"),
            other.http.get(f"{api}/files/details?filePath=/film.mp4"),
            other.http.delete(f"{api}/files?filePath=/film.mp4"),
            other.http.post(f"{api}/files/copy", json={"source": "/film.mp4", "destination": "/b"}),
            other.http.get(f"{api}/uploads/{upload}/parts"),
            other.http.get(f"{api}/uploads/{upload}/parts/0"),
            other.http.put(f"{api}/uploads/{upload}/parts/0", json={"etag": "x"}),
            other.http.get(f"{media}/raw/film.mp4"),
            other.http.get(f"{media}{HLS}&a=/video.m3u8"),
            other.http.get(f"{media}/image/film.mp4?input=video"),
            other.http.post(f"{media}/save/video/film.mp4?f=hls-h264", json={}),
        ]
        assert [a.status_code for a in answers] == [404] * len(answers), [a.text for a in answers]
    assert other.http.get(f"{other.api}/jobs?jobType=ProcessVideoJob").json() == {"items": []}
    assert other.http.get(f"{asker.api}/jobs?jobType=ProcessVideoJob").status_code == 404
    assert asker.get("/raw/film.mp4").content == FILM
    assert asker.http.get(f"{asker.api}/jobs/ProcessVideoJob/{job['jobId']}").json()["status"] == "Pending"


def test_a_reader_changes_nothing(app: FastAPI, asker: Asker) -> None:
    reader = Asker(app, "reader", "read")
    answers = [
        reader.http.post(f"{reader.api}/uploads", json={"size": 3}),
        reader.http.post(f"{reader.api}/uploads/binary", content=b"a"),
        reader.http.delete(f"{reader.api}/files?filePath=/a"),
        reader.http.post(f"{reader.api}/cache/reset", json={"pattern": "*"}),
    ]
    assert [a.json()["error"]["code"] for a in answers] == ["scope_missing"] * 4


def test_an_administrator_sees_the_jobs_of_the_path_s_account(app: FastAPI, asker: Asker) -> None:
    job = asker.get(HLS).json()
    batch = asker.http.request("DELETE", f"{asker.api}/files/batch", json={"files": ["/none"]}).json()
    chief = Asker(app, "chief", "admin")
    chief.put("/film.mp4")
    own = chief.get(HLS).json()
    cli = asker.core.queue.submit("", "cli", Submission(("sd",), LocalSource(next(FILMS.glob("*.mp4")))))
    query = "jobs?jobType=ProcessVideoJob&jobType=DeleteFileBatchJob"
    for api, listed in ((chief.api, [own]), (asker.api, [batch, job])):
        ids = [item["jobId"] for item in chief.http.get(f"{api}/{query}").json()["items"]]
        assert ids == [ulid(cli.job_id), *(item["jobId"] for item in listed)]
        for mine in listed:
            assert chief.http.get(f"{api}/jobs/{mine['jobType']}/{mine['jobId']}").status_code == 200
    assert chief.http.get(f"{chief.api}/jobs/ProcessVideoJob/{job['jobId']}").status_code == 404
    assert chief.http.get(f"{chief.api}/jobs/DeleteFileBatchJob/{batch['jobId']}").status_code == 404
    for path in ("/v2/accounts/zzzzzzz/jobs?jobType=ProcessVideoJob", f"/zzzzzzz{HLS}"):
        answer = chief.http.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "account_not_found")


def test_a_batch_says_which_file_is_missing_and_what_the_top_is_called(asker: Asker) -> None:
    copies = {"files": [{"source": "/none.mp4", "destination": "/b"}]}
    batch = asker.http.post(f"{asker.api}/files/copy/batch", json=copies).json()
    top = asker.http.post(f"{asker.api}/folders/copy", json={"source": "/", "destination": "/b"}).json()
    asker.app.state.errands.settle()
    failed = asker.http.get(f"{asker.api}/jobs/CopyFileBatchJob/{batch['jobId']}").json()
    assert (failed["status"], failed["error"]["code"]) == ("Failed", "file_not_found")
    assert failed["error"]["message"] == "there is no file '/none.mp4'"
    copied = asker.http.get(f"{asker.api}/jobs/CopyFolderBatchJob/{top['jobId']}").json()
    assert [(c["source"], c["destination"]) for c in copied["summary"]["copies"]] == [("/", "/b")]
    assert asker.get("/raw/b/film.mp4").content == FILM


def test_progress_is_no_change_of_a_job(asker: Asker) -> None:
    begun = asker.get(HLS).json()
    url = f"{asker.api}/jobs/ProcessVideoJob/{begun['jobId']}"
    job = asker.core.queue.job(None, from_ulid(begun["jobId"]))
    changes = []
    for status, updated in (
        (Status.EXECUTING, "2999-01-01T00:00:00.000Z"),
        (Status.COMPLETED, "2999-01-01T00:00:01.000Z"),
    ):
        times = job.record.times.model_copy(update={"updated": updated})
        job = brought_to(asker.core, job, status, times=times)
        changes.append((asker.http.get(url).json()["lastUpdated"], job))
    assert changes[0][0] == milliseconds(changes[0][1].begun)
    assert changes[1][0] == milliseconds(changes[1][1].ended)


@pytest.mark.parametrize(
    "path",
    ["/raw/../film.mp4", "/raw/%2e%2e/film.mp4", "/raw/a%00b", "/raw//film.mp4", "/raw/film.mp4%0a", "/raw"],
)
def test_a_path_that_leads_elsewhere_leads_nowhere(asker: Asker, path: str) -> None:
    assert asker.get(path).status_code in (400, 404)


@pytest.mark.parametrize("text", ["\\ud800", "\\u0000", "../x", "", "x" * 2000])
def test_no_text_in_a_body_is_a_fault_of_the_server(asker: Asker, text: str) -> None:
    """Half a character is refused; what else is odd is refused, or is what it says."""
    copy = '{"source": "/film.mp4", "destination": "/z", "metadata": {"value": {"a": "%s"}}}'
    for method, url, body in (
        ("POST", f"{asker.api}/uploads", '{"size": 1, "metadata": {"a": "%s"}}'),
        ("POST", f"{asker.api}/uploads", '{"size": 1, "path": {"fileName": "%s"}}'),
        ("POST", f"{asker.api}/files/copy", copy),
        ("POST", f"{asker.api}/files/copy/batch", '{"files": [' + copy + "]}"),
        ("POST", f"{asker.api}/cache/reset", '{"pattern": "%s"}'),
        ("DELETE", f"{asker.api}/files/batch", '{"files": ["%s"]}'),
        ("DELETE", f"{asker.api}/folders", '{"folderPath": "%s"}'),
        ("POST", f"/{asker.account}/save/video/film.mp4?f=hls-h264", '{"destination": "%s"}'),
        ("POST", f"/{asker.account}/save/video/film.mp4?f=hls-h264", '{"extendedParams": {"h": "%s"}}'),
    ):
        answer = asker.http.request(
            method, url, content=body % text, headers={"content-type": "application/json"}
        )
        assert answer.status_code < 500, (url, body, answer.text)
        assert answer.status_code == 400 or "ud800" not in text
    asker.app.state.errands.settle()


def test_what_no_route_is_refused_in_bytescales_manner(asker: Asker) -> None:
    for path in ("/v2/nothing", f"{asker.api}/nothing", "/uploadio/v2/nothing"):
        answer = asker.http.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    answer = asker.http.post(
        f"{asker.api}/uploads", content=b"{", headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")
    assert json.loads(answer.text)["error"]["details"]["messages"]


def test_a_job_that_is_not_there_is_called_as_it_was_asked_for(app: FastAPI, asker: Asker) -> None:
    foreign = asker.get(HLS).json()["jobId"]
    other = Asker(app, "not-the-asker")
    for job_id in (foreign, "00000000000000000000000000", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "nothing"):
        answer = other.http.get(f"{other.api}/jobs/ProcessVideoJob/{job_id}")
        message = f"there is no ProcessVideoJob {job_id!r}"
        assert (answer.status_code, answer.json()) == (
            404,
            {"error": {"code": "job_not_found", "message": message}},
        )


@pytest.mark.parametrize("path", ["/audio/film.mp4?f=aac", "/archive/film.mp4", "/antivirus/film.mp4?x=1"])
def test_an_api_that_is_not_here_is_named(asker: Asker, path: str) -> None:
    assert asker.get(path).json()["error"]["code"] == "transformation_not_supported"


@pytest.mark.parametrize(
    "path", ["/a\\b", "/" + "\N{GRINNING FACE}" * 300, "/a//b", "a", "/a\x7f", "/" + "a" * 512]
)
def test_a_path_that_no_file_can_have_is_refused_alike(asker: Asker, path: str) -> None:
    copy = {"source": "/film.mp4", "destination": path}
    for answer in (
        asker.http.post(f"{asker.api}/uploads", json={"size": 1, "path": path}),
        asker.http.post(f"{asker.api}/uploads/binary", params={"filePath": path}, content=b"a"),
        asker.http.post(f"{asker.api}/files/copy", json=copy),
        asker.http.post(f"{asker.api}/files/copy/batch", json={"files": [copy]}),
        asker.http.get(f"{asker.api}/files/details", params={"filePath": path}),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_file_path")


def test_every_code_of_a_refusal_is_documented() -> None:
    """Those of this dialect's own; what the store of files says is tested where it is asked."""
    root = Path(__file__).parents[3]  # ingest itself may be installed elsewhere
    own = "".join(file.read_text() for file in Path(documents.__file__).parent.glob("*.py"))
    text = (root / "docs/dialects.md").read_text().partition("## Bytescale")[2].partition("## upload.io")[0]
    codes = {*re.findall(r'code="(\w+)"', own), *get_args(Kind)}
    assert len(codes) > 30
    assert sorted(code for code in codes if f"`{code}`" not in text) == []


def test_ids_lead_back(asker: Asker) -> None:
    job = asker.get(HLS).json()
    assert ulid(from_ulid(job["jobId"])) == job["jobId"]


def test_fetching_leaves_threads_to_others(asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room("files are being fetched", 1, each=1)
    monkeypatch.setattr(taking, "_FETCHES", room)
    for holder, status, code in (("another", 503, "unavailable"), (asker.account, 429, "too_many")):
        with room.place(holder):
            answer = asker.http.post(f"{asker.api}/uploads/url", json={"url": "https://films.example/a"})
        assert (answer.status_code, answer.headers.get("retry-after")) == (status, "5"), answer.text
        error = {"code": code, "message": "too many files are being fetched at once"}
        assert answer.json() == {"error": error}
