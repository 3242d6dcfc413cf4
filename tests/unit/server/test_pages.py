"""The pages: signing in, what they may load, what they escape, and who is obeyed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient
from made_core import FILMS, app_of, key_of, made_core, submitted
from made_jobs import brought_to

from ingest.engine.model import Filter, LocalSource, State, UrlSource
from ingest.job import codes
from ingest.job.record import Failure
from ingest.job.status import Status
from ingest.server.pages.assets import assets

if TYPE_CHECKING:
    from pathlib import Path

    import httpx2 as httpx

    from ingest.engine.model import Job
    from ingest.server.core import Core

HERE = {"origin": "http://testserver"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self' blob: data:; "
    "connect-src 'self'; worker-src blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@pytest.fixture
def key(core: Core) -> str:
    return key_of(core)


@pytest.fixture
def client(core: Core) -> TestClient:
    return TestClient(app_of(core), follow_redirects=False)


@pytest.fixture
def signed_in(client: TestClient, key: str) -> TestClient:
    sign_in(client, key)
    return client


def sign_in(client: TestClient, key: str, wanted: str = "/", **headers: str) -> httpx.Response:
    return client.post("/sign-in", data={"key": key, "wanted": wanted}, headers=HERE | headers)


def test_signing_in_sets_a_cookie_that_only_our_pages_send(client: TestClient, core: Core, key: str) -> None:
    asked = client.get("/")
    assert (asked.status_code, 'name="key"' in asked.text) == (401, True)
    answer = sign_in(client, key)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    token, *flags = answer.headers["set-cookie"].split("; ")
    assert token.startswith("ingest_session=")
    assert sorted(flags) == ["HttpOnly", "Max-Age=28800", "Path=/", "SameSite=strict"]
    assert key not in answer.headers["set-cookie"]
    assert core.keys.principal(token.partition("=")[2]).name == "tester"
    listed = client.get("/")
    assert (listed.status_code, "There are no jobs yet." in listed.text) == (200, True)
    assert client.get("/api/me").json()["name"] == "tester"
    for text in (listed.text, asked.text):
        assert key not in text
        assert token.partition("=")[2] not in text


def test_over_https_the_cookie_never_travels_in_the_open(tmp_path: Path) -> None:
    with made_core(tmp_path, public_url="https://films.example/ingest") as core:
        client = TestClient(app_of(core), follow_redirects=False)
        answer = client.post(
            "/sign-in", data={"key": key_of(core)}, headers={"origin": "https://films.example"}
        )
        assert answer.headers["location"] == "/ingest/"
        flags = answer.headers["set-cookie"].split("; ")[1:]
        assert sorted(flags) == ["HttpOnly", "Max-Age=28800", "Path=/ingest", "SameSite=strict", "Secure"]
        assert 'href="/ingest/static/style.css"' in client.get("/sign-in").text


@pytest.mark.parametrize(
    ("key", "told"),
    [("secret_" + "x" * 47, "the key or token is not known here"), ("", "an API key is needed")],
)
def test_a_wrong_key_is_said_so_and_sets_nothing(client: TestClient, key: str, told: str) -> None:
    answer = sign_in(client, key)
    assert answer.status_code == 401
    assert f'role="alert" id="told">{told}</p>' in answer.text
    assert "set-cookie" not in answer.headers


def test_signing_in_leads_to_our_pages_alone(client: TestClient, key: str) -> None:
    ours = "/jobs/j01990000-1234-7abc-8def-0123456789ab"
    leads = {
        ours: ours,
        "//elsewhere.example": "/",
        "https://elsewhere.example/": "/",
        "/sign-out": "/",
        "/jobs/../../x\r\nset-cookie: a=b": "/",
    }
    assert {wanted: sign_in(client, key, wanted).headers["location"] for wanted in leads} == leads


def test_signing_out_ends_the_session_for_good(signed_in: TestClient) -> None:
    token = signed_in.cookies["ingest_session"]
    answer = signed_in.post("/sign-out", headers=HERE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "ingest_session" not in signed_in.cookies
    signed_in.cookies["ingest_session"] = token
    assert signed_in.get("/").status_code == 401
    assert signed_in.get("/api/me").status_code == 401


def test_a_revoked_key_ends_its_sessions(signed_in: TestClient, core: Core) -> None:
    core.keys.revoke("tester")
    assert signed_in.get("/").status_code == 401


FOREIGN = [
    {},
    {"origin": "null"},
    {"origin": "http://["},
    {"origin": "http://testserver:81"},
    {"origin": "https://elsewhere.example"},
    {"origin": "http://testserver", "sec-fetch-site": "same-site"},
    {"origin": "http://testserver", "sec-fetch-site": "cross-site"},
]


def test_a_page_of_another_origin_changes_nothing(signed_in: TestClient, core: Core, key: str) -> None:
    """Also one of the same host and another port, whose requests have the cookie."""
    job = submitted(core, key)
    for headers in FOREIGN:
        check_nothing_changes(signed_in, core, key, job, headers)


def check_nothing_changes(
    signed_in: TestClient, core: Core, key: str, job: Job, headers: dict[str, str]
) -> None:
    here = f"/api/jobs/{job.job_id}"
    body = {"source": {"path": str(FILMS / "park.mp4")}, "resolutions": ["sd"]}
    tried = [
        signed_in.post(f"/jobs/{job.job_id}/cancel", headers=headers),
        signed_in.post(f"/jobs/{job.job_id}/delete", headers=headers),
        signed_in.post("/sign-in", data={"key": key}, headers=headers),
        signed_in.post("/sign-out", headers=headers),
        signed_in.post(f"{here}/cancel", headers=headers),
        signed_in.delete(here, headers=headers),
        signed_in.post("/api/jobs", json=body, headers=headers),
        signed_in.post("/api/token", json={}, headers=headers),
        signed_in.post("/api/files?name=a.mp4", content=b"x", headers=headers),
        signed_in.post("/api/uploads", headers=headers | {"tus-resumable": "1.0.0", "upload-length": "1"}),
    ]
    assert [answer.status_code for answer in tried] == [403] * len(tried)
    assert tried[4].json()["error"]["code"] == "origin_foreign"
    assert core.queue.job(None, job.job_id).state is State.SUBMITTED
    assert core.queue.counts(None) == {State.SUBMITTED: 1}
    # What only reads is answered, but no browser shows the answer to another origin.
    read = signed_in.get(here, headers=headers)
    assert (read.status_code, "access-control-allow-credentials" in read.headers) == (200, False)


def test_a_key_in_a_header_needs_no_origin(client: TestClient, core: Core, key: str) -> None:
    job = submitted(core, key)
    headers = {"authorization": f"Bearer {key}", "origin": "https://elsewhere.example"}
    assert client.post(f"/api/jobs/{job.job_id}/cancel", headers=headers).status_code == 202


def test_a_cookie_is_no_place_for_a_key(client: TestClient, key: str) -> None:
    client.cookies["ingest_session"] = key
    assert client.get("/api/me").status_code == 401


def test_pages_do_what_their_buttons_say(signed_in: TestClient, core: Core, key: str) -> None:
    job = submitted(core, key)
    here = f"/jobs/{job.job_id}"
    assert buttons(signed_in.get(here).text) == ["cancel", "delete"]
    cancelled = signed_in.post(f"{here}/cancel", headers=HERE)
    assert (cancelled.status_code, cancelled.headers["location"]) == (303, here)
    assert core.queue.job(None, job.job_id).state is State.CANCELLED
    assert buttons(signed_in.get(here).text) == ["retry", "delete"]
    assert signed_in.post(f"{here}/retry", headers=HERE).status_code == 303
    assert core.queue.job(None, job.job_id).state is State.SUBMITTED
    deleted = signed_in.post(f"{here}/delete", headers=HERE)
    assert (deleted.status_code, deleted.headers["location"]) == (303, "/")
    assert signed_in.get(here).status_code == 404
    assert signed_in.post(f"{here}/nothing", headers=HERE).status_code == 400


def buttons(text: str) -> list[str]:
    """What can be done with the job of a page."""
    return re.findall(r'action="/jobs/[^"/]+/(\w+)"', text)


def test_a_job_is_made_of_a_url(signed_in: TestClient, core: Core, key: str) -> None:
    form = {"url": "https://me:word@8.8.8.8/films/park.mp4?sig=1", "resolution": ["sd", "hd"]}
    answer = signed_in.post("/jobs", data=form, headers=HERE)
    assert (answer.status_code, answer.headers["location"][:7]) == (303, "/jobs/j")
    (job,) = core.queue.jobs(Filter(core.keys.principal(key).account)).jobs
    assert answer.headers["location"] == f"/jobs/{job.job_id}"
    assert (job.record.source.name, job.record.inputs.requested_resolutions) == ("park.mp4", "sd,hd")
    source = UrlSource("https://8.8.8.8/films/park.mp4?sig=1", "", "me", "word")
    assert core.queue.submission(job).source == source
    for changed, status, words in (
        ({"url": "http://127.0.0.1/a.mp4"}, 400, "not asked"),
        ({"url": "file:///etc/passwd"}, 400, "http"),
        ({"url": ""}, 400, "url"),
        ({"resolution": []}, 400, "resolution"),
        ({"resolution": ["none"]}, 400, "none"),
    ):
        answer = signed_in.post("/jobs", data=form | changed, headers=HERE)
        assert (answer.status_code, words in answer.text) == (status, True), answer.text
    assert signed_in.post("/jobs", data=form, headers={"origin": "https://a.example"}).status_code == 403
    assert core.queue.jobs(Filter(core.keys.principal(key).account)).total == 1


def test_a_key_that_only_reads_has_no_buttons(client: TestClient, core: Core, key: str) -> None:
    job = submitted(core, key)
    sign_in(client, key_of(core, "reader", account="tester", scope="read"))
    shown = client.get(f"/jobs/{job.job_id}")
    assert (shown.status_code, buttons(shown.text)) == (200, [])
    assert 'id="upload"' not in client.get("/").text
    assert client.post(f"/jobs/{job.job_id}/cancel", headers=HERE).status_code == 403


def test_another_account_s_job_is_a_missing_one(signed_in: TestClient, core: Core) -> None:
    job = submitted(core, key_of(core, "other"))
    missing = job.job_id[:-1] + ("0" if job.job_id[-1] != "0" else "1")
    for way in ("", "/cancel", "/retry", "/delete"):
        answers = [
            signed_in.request("POST" if way else "GET", f"/jobs/{job_id}{way}", headers=HERE)
            for job_id in (job.job_id, missing)
        ]
        assert [a.status_code for a in answers] == [404, 404]
        assert answers[0].text.replace(job.job_id, "ID") == answers[1].text.replace(missing, "ID")
    assert job.job_id not in signed_in.get("/").text
    assert core.queue.job(None, job.job_id).state is State.SUBMITTED


def test_every_page_has_the_policy_and_nothing_inline(signed_in: TestClient, core: Core, key: str) -> None:
    job = submitted(core, key)
    paths = ("/", f"/jobs/{job.job_id}", "/sign-in", "/jobs/nothing", "/?after=nothing", "/jobs/x/y/z")
    for path in paths:
        answer = signed_in.get(path)
        assert answer.headers["content-security-policy"] == POLICY, path
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|javascript:", answer.text)
        assert not re.search(r'(?:src|href|action)="(?!/|#)', answer.text)


HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)>' {{7*7}} \u202e.mp4"


def test_names_and_words_from_outside_are_text(
    signed_in: TestClient, core: Core, key: str, tmp_path: Path
) -> None:
    job = submitted(core, key, label=HOSTILE)
    record = job.record
    failure = Failure(
        code=codes.SOURCE_NOT_MEDIA.number,
        message=HOSTILE,
        remedy=HOSTILE,
        step=HOSTILE,
        step_code=117,
        exit_code=3,
        detail=HOSTILE,
    )
    source = record.source.model_copy(update={"name": HOSTILE})
    changed = record.with_warning(codes.SOURCE_DAMAGED, HOSTILE).with_message(codes.STREAM_LEFT_OUT, HOSTILE)
    brought_to(
        core, job, Status.FAILED, source=source, error=failure, warnings=changed.warnings,
        messages=changed.messages, custom_attributes=changed.custom_attributes,
    )  # fmt: skip
    for path in ("/", f"/jobs/{job.job_id}", "/?text=%22%3E%3Cscript%3Ealert(1)%3C/script%3E"):
        text = signed_in.get(path).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "{{7*7}}" in signed_in.get(f"/jobs/{job.job_id}").text


def test_a_failed_job_says_why_and_what_to_do(signed_in: TestClient, core: Core, key: str) -> None:
    job = submitted(core, key)
    failure = Failure(
        code=9306, message="it is empty", remedy="give a video", step="Starting Ingest", step_code=117,
        exit_code=3, detail="last words",
    )  # fmt: skip
    brought_to(core, job, Status.FAILED, error=failure)
    text = signed_in.get(f"/jobs/{job.job_id}").text
    section = text[text.index("What went wrong") : text.index("</section>", text.index("What went wrong"))]
    for words in ("<code>9306</code> it is empty", "give a video", "Starting Ingest", "last words"):
        assert words in section
    assert '<span class="badge" data-state="FAILED">Failed</span>' in text
    assert buttons(text) == ["retry", "delete"]


def test_a_finished_job_shows_what_was_measured_and_plays(
    signed_in: TestClient, core: Core, key: str
) -> None:
    job = submitted(core, key)
    (job.folder / "info").mkdir(parents=True)
    abr = {
        "rungs": [
            {
                "name": "sd", "width": 128, "height": 72, "codecs": "avc1.64000b", "meanFrameRate": 25.0,
                "averageBandwidth": 133828, "peakBandwidth": 2200000, "bytes": 33457,
            }
        ],
        "audio": [
            {
                "name": "und-stereo", "label": "Audio", "layout": "stereo", "codecs": "mp4a.40.2",
                "averageBandwidth": 130030, "peakBandwidth": 130030, "bytes": 32594,
            }
        ],
        "text": [],
        "klv": {"cues": 50, "averageBandwidth": 1000, "peakBandwidth": 2000, "playlist": "k.m3u8"},
    }  # fmt: skip
    (job.folder / "info/abr.json").write_text(json.dumps(abr))
    (job.folder / "ABR.m3u8").write_text("#EXTM3U\n")
    files = ("ABR.m3u8", "info/abr.json", "mp4/s d#1.mp4", "poster.jpg", "video/sd/seg-00001.m4s")
    brought_to(core, job, Status.COMPLETED, files=files)
    text = signed_in.get(f"/jobs/{job.job_id}").text
    rows = [
        re.findall(r"<td[^>]*>(?:<code>)?(.*?)(?:</code>)?</td>", row)
        for row in re.findall("<tr>.*?</tr>", text)
    ]
    assert rows[1:] == [
        ["Picture", "sd", "128 × 72, 25 pictures/s", "avc1.64000b", "134 kbit/s", "2.20 Mbit/s", "33.5 kB"],
        ["Sound", "und-stereo", "Audio, stereo", "mp4a.40.2", "130 kbit/s", "130 kbit/s", "32.6 kB"],
        ["KLV", "", "50 cues", "", "1 kbit/s", "2 kbit/s", ""],
    ]
    media = re.search(r'data-media="([^"]+)"', text)[1]
    assert signed_in.get(f"{media}ABR.m3u8").text == "#EXTM3U\n"
    assert f'poster="{media}poster.jpg"' in text
    links = re.findall(r'<a href="([^"]+)" download>', text)
    assert links == [media + n for n in ("ABR.m3u8", "info/abr.json", "mp4/s%20d%231.mp4", "poster.jpg")]
    assert (signed_in.get(re.search(r'data-hls="([^"]+)"', text)[1])).status_code == 200
    (job.folder / "info/abr.json").write_text("[broken")
    assert "<h2>Renditions" not in signed_in.get(f"/jobs/{job.job_id}").text


def test_the_list_is_filtered_newest_first_and_paged(signed_in: TestClient, core: Core, key: str) -> None:
    made = [submitted(core, key) for _ in range(52)]
    core.queue.cancel(None, made[0].job_id)
    first = signed_in.get("/").text
    listed = re.findall(r'data-job="([^"]+)"', first)
    assert listed == [job.job_id for job in reversed(made)][:50]
    assert "<span>52 jobs</span>" in first
    older = re.search(r'href="/\?([^"]+)" rel="next"', first)[1].replace("&amp;", "&")
    second = signed_in.get(f"/?{older}").text
    assert re.findall(r'data-job="([^"]+)"', second) == [made[1].job_id, made[0].job_id]
    gone = signed_in.get("/?show=cancelled&text=PARK").text
    assert re.findall(r'data-job="([^"]+)"', gone) == [made[0].job_id]
    # What the script asks /api/jobs for is the same list.
    same = re.search(r'data-same="([^"]+)"', second)[1].replace("&amp;", "&")
    assert [j["jobId"] for j in signed_in.get(f"/api/jobs?{same}").json()["jobs"]] == [
        made[1].job_id,
        made[0].job_id,
    ]
    assert "No job fits the filter." in signed_in.get("/?show=completed").text
    assert signed_in.get("/?show=nothing").status_code == 400


def test_without_keys_nobody_signs_in(core_without_keys: Core) -> None:
    client = TestClient(app_of(core_without_keys), base_url="http://127.0.0.1", follow_redirects=False)
    listed = client.get("/")
    assert (listed.status_code, "Sign out" in listed.text) == (200, False)
    assert client.get("/sign-in").headers["location"] == "/"
    film = LocalSource(FILMS / "park.mp4")
    job = submitted(core_without_keys, "", source=film)
    foreign = client.post(f"/jobs/{job.job_id}/cancel", headers={"origin": "https://elsewhere.example"})
    assert foreign.status_code == 403
    unsaid = client.post(f"/jobs/{job.job_id}/cancel")
    assert unsaid.status_code == 403
    ours = client.post(f"/jobs/{job.job_id}/cancel", headers={"origin": "http://127.0.0.1"})
    assert ours.status_code == 303


def test_assets_are_compressed_kept_and_nothing_else(client: TestClient) -> None:
    vendored = "/static/vendor/hls-1.7.4.min.js"
    answer = client.get(vendored)
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.content == assets()["vendor/hls-1.7.4.min.js"].content
    plain = client.get(vendored, headers={"accept-encoding": "identity"})
    assert plain.content == answer.content
    assert plain.headers["etag"] != answer.headers["etag"]
    again = client.get(vendored, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/static/jobs.js").headers["cache-control"] == "no-cache"
    assert "Apache License" in client.get("/static/vendor/hls-1.7.4.LICENSE.txt").text
    for name in ("../templates/job.html", "%2e%2e/routes.py", "..%2froutes.py", "", "vendor", "nothing.js"):
        assert client.get(f"/static/{name}").status_code == 404
