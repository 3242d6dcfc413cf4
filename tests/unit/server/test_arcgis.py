"""The ArcGIS dialect over HTTP: formats, tokens, errors in Esri's manner, jobs, and finished ones as video layers."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient
from made_core import app_of, key_of, submitted
from made_jobs import brought_to

from ingest.job.status import Status
from ingest.server.dialects.arcgis import documents

if TYPE_CHECKING:
    from ingest.engine.model import Job
    from ingest.server.core import Core

ROOT = "/arcgis/rest"
BASE = "http://testserver"
TOKEN_REQUIRED = {"error": {"code": 499, "message": "Token Required", "details": []}}
NOT_MADE = ("Unable to generate token.", ["Invalid username or password."])
INVALID_TOKEN = {"error": {"code": 498, "message": "Invalid Token", "details": []}}


@pytest.fixture
def client(core: Core) -> TestClient:
    return TestClient(app_of(core))


@pytest.fixture
def key(core: Core) -> str:
    return key_of(core)


@pytest.fixture
def token(core: Core, key: str) -> str:
    return core.keys.issue_token(core.keys.principal(key), timedelta(minutes=5)).text


@pytest.fixture
def job(core: Core, key: str) -> Job:
    return submitted(core, key)


def test_the_catalogue_needs_no_token(client: TestClient) -> None:
    for path in ("/arcgis/rest", "/arcgis/rest/", "/arcgis/rest/info", "/video/rest/info", "/video/rest"):
        answer = client.get(path, params={"f": "json"})
        root = documents.catalog(BASE, "/video/rest" if "video" in path else ROOT, secured=True)
        assert (answer.status_code, answer.json()) == (200, root)


def test_ids_may_be_in_capitals(client: TestClient, job: Job, token: str) -> None:
    answer = client.get(f"{ROOT}/jobs/{job.job_id.upper()}", params={"f": "json", "token": token})
    assert answer.json()["jobId"] == job.job_id


def test_paths_beside_the_roots_are_refused_in_esri_s_manner(client: TestClient) -> None:
    for path in ("/arcgis", "/arcgis/nothing", "/video/x", "/arcgis/restful"):
        assert client.get(path).json()["error"]["message"] == "Invalid URL"


@pytest.mark.parametrize("path", ["/jobs/job/{}", "/jobs/{}", "/jobs/job/{}/", "/jobs/{}/"])
@pytest.mark.parametrize("root", ["/arcgis/rest", "/video/rest"])
def test_a_job_at_both_of_its_urls(client: TestClient, job: Job, token: str, root: str, path: str) -> None:
    answer = client.get(root + path.format(job.job_id), params={"f": "json", "token": token})
    assert (answer.status_code, answer.json()) == (200, documents.job(job, BASE, root))
    assert answer.json()["inputs"]["serviceUrl"].startswith(f"{BASE}{root}/services/{job.job_id}/")


def test_pjson_is_the_same_indented(client: TestClient, job: Job, token: str) -> None:
    answer = client.get(f"{ROOT}/jobs/job/{job.job_id}", params={"f": "pjson", "token": token})
    assert answer.text == json.dumps(documents.job(job, BASE), indent=2)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


def test_html_is_the_default_and_escapes_what_it_shows(
    core: Core, client: TestClient, job: Job, token: str
) -> None:
    hostile = "<script>alert(1)</script>"
    results = job.record.results.model_copy(update={"layer_name": hostile})
    codes = job.record.custom_attributes.model_copy(update={"message_codes": (117,)})
    brought_to(
        core, job, Status.EXECUTING, messages=("Starting Ingest",), custom_attributes=codes, results=results
    )
    answer = client.get(f"{ROOT}/jobs/job/{job.job_id}", params={"token": token})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<td>117</td><td>Starting Ingest</td>" in answer.text
    assert hostile not in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    assert token not in answer.text
    (nonce,) = set(re.findall(r'nonce="([^"]+)"', answer.text))
    assert answer.headers["content-security-policy"] == (
        f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def test_the_list_links_to_jobs_and_pages(core: Core, client: TestClient, key: str, token: str) -> None:
    made = [submitted(core, key) for _ in range(3)]
    first = client.get(f"{ROOT}/jobs", params={"f": "json", "token": token, "num": "2"}).json()
    rest = client.get(
        f"{ROOT}/jobs", params={"f": "json", "token": token, "start": first["nextStart"]}
    ).json()
    assert [(p["total"], p["num"], p["start"], p["nextStart"]) for p in (first, rest)] == [
        (3, 2, 1, 3),
        (3, 1, 3, -1),
    ]
    found = first["jobs"] + rest["jobs"]
    assert found == [documents.listed(job, BASE) for job in reversed(made)]
    page = client.get(f"{ROOT}/jobs", params={"token": token}).text
    assert all(f'href="/arcgis/rest/jobs/job/{job.job_id}"' in page for job in made)


@pytest.mark.parametrize("number", ["1000", "9" * 9, "9" * 10, "9" * 1000, "000001000"])
def test_a_number_above_the_most_is_the_most(
    core: Core, client: TestClient, key: str, token: str, number: str
) -> None:
    submitted(core, key)
    asked = {"f": "json", "token": token}
    page = client.post(f"{ROOT}/jobs", params=asked, data={"start": number}).json()
    assert (page["total"], page["num"], page["nextStart"]) == (1, 0, -1)
    page = client.post(f"{ROOT}/jobs", params=asked, data={"num": number}).json()
    assert (page["num"], page["nextStart"]) == (1, -1)


@pytest.mark.parametrize("number", ["0", "-1", "x", "1.5", "\u0663", "00"])
def test_what_is_no_place_in_a_list_is_refused(client: TestClient, token: str, number: str) -> None:
    answer = client.get(f"{ROOT}/jobs", params={"f": "json", "token": token, "start": number}).json()
    message = "'start' must be a whole number, 1 or more"
    assert answer == {"error": {"code": 400, "message": message, "details": ["start"]}}


@pytest.mark.parametrize(
    ("path", "params", "error"),
    [
        ("/jobs", {}, TOKEN_REQUIRED),
        ("/jobs", {"token": "nonsense"}, INVALID_TOKEN),
        ("/self", {}, TOKEN_REQUIRED),
        ("/jobs/job/j0", {}, TOKEN_REQUIRED),
    ],
)
def test_tokens_that_are_missing_or_wrong(
    client: TestClient, path: str, params: dict[str, str], error: dict[str, Any]
) -> None:
    answer = client.get(ROOT + path, params={"f": "json", **params})
    assert (answer.status_code, answer.json()) == (200, error)


def test_a_token_that_has_ended(core: Core, client: TestClient, key: str) -> None:
    token = core.keys.issue_token(core.keys.principal(key), timedelta(seconds=-1)).text
    assert client.get(f"{ROOT}/jobs", params={"f": "json", "token": token}).json() == INVALID_TOKEN


@pytest.mark.parametrize(
    ("path", "params", "code", "message"),
    [
        ("/jobs", {"f": "xml"}, 400, "Output format not supported. Code: 400"),
        ("/jobs", {"start": "0"}, 400, "'start' must be a whole number, 1 or more"),
        ("/jobs", {"num": "many"}, 400, "'num' must be a whole number, 1 or more"),
        ("/nowhere", {}, 400, "Invalid URL"),
        ("/jobs/job/j01990000-0000-7000-8000-000000000000", {}, 404, None),
        ("/jobs/anything", {}, 404, None),
    ],
)
def test_what_is_asked_wrongly(
    client: TestClient, token: str, path: str, params: dict[str, str], code: int, message: str | None
) -> None:
    answer = client.get(ROOT + path, params={"f": "json", "token": token, **params})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (200, code)
    assert sorted(error) == ["code", "details", "message"]
    assert message is None or error["message"] == message


def test_a_job_of_another_account_is_a_missing_one(core: Core, client: TestClient, job: Job) -> None:
    other = core.keys.issue_token(core.keys.principal(key_of(core, "other")), timedelta(minutes=5)).text
    missing = job.job_id[:-4] + "0000"
    answers = [
        client.get(f"{ROOT}/jobs/job/{j}", params={"f": "json", "token": other}).text.replace(j, "ID")
        for j in (job.job_id, missing)
    ]
    assert answers[0] == answers[1]
    assert client.get(f"{ROOT}/jobs", params={"f": "json", "token": other}).json()["jobs"] == []


@pytest.mark.parametrize("path", ["/arcgis/rest/generateToken", "/arcgis/admin/generateToken"])
@pytest.mark.parametrize("name", ["username", "user"])
def test_a_token_is_made_and_opens_the_list(
    client: TestClient, key: str, job: Job, path: str, name: str
) -> None:
    form = {name: "tester", "password": key, "client": "requestip", "expiration": "5", "f": "json"}
    answer = client.post(path, data=form).json()
    assert sorted(answer) == ["expires", "loginAsPSA", "token"]
    assert answer["loginAsPSA"] is False
    for headers, params in (
        ({}, {"token": answer["token"]}),
        ({"Authorization": f"Bearer {answer['token']}"}, {}),
        ({"X-Esri-Authorization": f"Bearer {answer['token']}"}, {}),
    ):
        found = client.get(f"{ROOT}/jobs", params={"f": "json", **params}, headers=headers).json()
        assert [j["jobId"] for j in found["jobs"]] == [job.job_id]
    posted = client.post(f"{ROOT}/jobs", data={"f": "json", "token": answer["token"]}).json()
    assert posted["total"] == 1


@pytest.mark.parametrize(
    ("form", "message", "details"),
    [
        ({"username": "tester"}, "'username' and 'password' must be specified", []),
        ({"username": "tester", "password": "secret_wrong"}, *NOT_MADE),
        ({"username": "nobody", "password": "KEY"}, *NOT_MADE),
        (
            {"username": "tester", "password": "KEY", "expiration": "0"},
            "'expiration' must be a whole number, 1 or more",
            ["expiration"],
        ),
    ],
)
def test_tokens_that_are_not_made(
    client: TestClient, key: str, form: dict[str, str], message: str, details: list[str]
) -> None:
    sent = {k: v.replace("KEY", key) for k, v in form.items()} | {"f": "json"}
    answer = client.post(f"{ROOT}/generateToken", data=sent)
    assert answer.json() == {"error": {"code": 400, "message": message, "details": details}}


@pytest.mark.parametrize("name", ["password", "Password", "PASSWORD"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_key_in_the_url_of_generate_token_is_refused(
    client: TestClient, key: str, method: str, name: str
) -> None:
    query = {"username": "tester", name: key, "f": "json"}
    answer = client.request(method, f"{ROOT}/generateToken", params=query)
    assert answer.json()["error"] == {
        "code": 400,
        "message": "credentials belong in the body of a POST request",
        "details": [],
    }


@pytest.mark.parametrize("name", ["token", "Token"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_key_in_a_url_is_refused_and_a_form_may_hold_it(
    client: TestClient, key: str, method: str, name: str
) -> None:
    answer = client.request(method, f"{ROOT}/jobs", params={name: key, "f": "json"})
    assert answer.json() == {
        "error": {
            "code": 400,
            "message": "keys are not sent in URLs: ask generateToken for a token",
            "details": [],
        }
    }
    assert client.post(f"{ROOT}/jobs", data={name: key, "f": "json"}).json()["total"] == 0


def test_what_the_server_can_do(client: TestClient, token: str) -> None:
    answer = client.get(f"{ROOT}/self", params={"f": "json", "token": token}).json()
    assert answer["supportsH264Encode"] is True
    assert answer["maxUploadSize"] == 5000


# -- pages for people --


BROWSER = {"accept": "text/html,*/*;q=0.8", "origin": BASE}


@pytest.mark.parametrize("root", ["/arcgis/rest", "/video/rest"])
@pytest.mark.parametrize("shown", ["key", "token"])
def test_a_browser_signs_in_once_and_follows_links(
    core: Core, client: TestClient, key: str, token: str, root: str, shown: str
) -> None:
    made = [submitted(core, key) for _ in range(2)]
    asked = client.get(f"{root}/jobs?num=1&token=", headers=BROWSER).text
    assert f'action="{root}/login"' in asked
    assert 'name="redirect" value="/jobs?num=1"' in asked
    form = {"token": {"key": key, "token": token}[shown], "redirect": "/jobs?num=1"}
    answer = client.post(f"{root}/login", data=form, headers=BROWSER, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{root}/jobs?num=1")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert key not in answer.headers["set-cookie"]
    page = client.get(f"{root}/jobs?num=1").text
    assert f'href="{root}/jobs/job/{made[1].job_id}"' in page
    assert f'href="{root}"' in page
    assert 'href="?num=1&amp;start=2" rel="next"' in page
    assert 'rel="next"' not in client.get(f"{root}/jobs?num=1&start=2").text
    assert client.get(f"{root}/jobs", params={"f": "json"}).json()["total"] == 2
    assert f'href="{root}/jobs"' in client.get(root).text


def test_a_session_is_begun_by_our_own_page_alone(client: TestClient, key: str) -> None:
    for headers in ({}, {"origin": "http://elsewhere.example"}):
        answer = client.post(f"{ROOT}/login", data={"token": key}, headers=headers, follow_redirects=False)
        assert answer.json()["error"]["code"] == 403
        assert "set-cookie" not in answer.headers
    wrong = client.post(f"{ROOT}/login", data={"token": "nonsense", "redirect": "/jobs"}, headers=BROWSER)
    assert "Invalid Token" in wrong.text
    assert 'value="/jobs"' in wrong.text
    away = {"token": key, "redirect": "https://elsewhere.example/"}
    answer = client.post(f"{ROOT}/login", data=away, headers=BROWSER, follow_redirects=False)
    assert answer.headers["location"] == ROOT


def test_what_is_no_page_asks_with_no_form(client: TestClient) -> None:
    assert client.get(f"{ROOT}/jobs").json() == TOKEN_REQUIRED
    assert client.get(f"{ROOT}/jobs", params={"f": "json"}, headers=BROWSER).json() == TOKEN_REQUIRED
    assert "<form" in client.get(f"{ROOT}/jobs", params={"f": "html"}).text


# -- a finished job as a layer --


@pytest.fixture
def finished(core: Core, job: Job) -> Job:
    files = {
        "info/video.json": {
            "sourceQuality": "hd",
            "audio": [],
            "text": [],
            "containerFormat": "mpegts",
            "aspectRatio": "16:9",
        },
        "info/abr.json": {
            "masterPlaylist": "ABR.m3u8",
            "durationSeconds": 2.0,
            "rungs": [
                {
                    "resolution": "sd",
                    "codecs": "avc1.64001e",
                    "frames": 50,
                    "frameRate": "25/1",
                    "meanFrameRate": 25.0,
                    "gop": {"longestSeconds": 2.0},
                }
            ],
        },
        "previews/preview.json": {"preview": "sheet-001.jpg"},
        "telemetry/coverage.json": {"area": {"rings": []}, "sensorPoints": {"points": []}, "telemetry": {}},
    }
    for name, document in files.items():
        (job.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (job.folder / name).write_text(json.dumps(document))
    (job.folder / "ABR.m3u8").write_text("#EXTM3U\n")
    (job.folder / "previews/sheet-001.jpg").write_bytes(b"jpeg")
    return brought_to(core, job, Status.COMPLETED)


def service_of(job: Job) -> str:
    return documents.service_path(job)


def test_the_service_is_where_the_job_says(client: TestClient, finished: Job, token: str) -> None:
    answer = client.get(f"{ROOT}/jobs/{finished.job_id}", params={"f": "json", "token": token}).json()
    url = answer["inputs"]["serviceUrl"]
    service = client.get(url, params={"f": "json", "token": token}).json()
    assert service["currentVersion"] == 12.0
    assert [layer["id"] for layer in service["layers"]] == [0]
    layer = client.get(f"{url}/0", params={"f": "json", "token": token}).json()
    hls = layer["connectionUrl"]["hls"]
    assert client.get(hls).text == "#EXTM3U\n"  # players send no token
    original = client.get(f"{url}/0/original", params={"token": token}, follow_redirects=True)
    assert original.text == "#EXTM3U\n"


def test_coverage_and_its_parts(client: TestClient, finished: Job, token: str) -> None:
    url = f"{service_of(finished)}/0/coverage"
    whole = client.get(url, params={"f": "json", "token": token}).json()
    assert whole == {"area": {"rings": []}, "sensorPoints": {"points": []}, "telemetry": {}}
    part = client.get(url, params={"f": "json", "token": token, "type": "area"}).json()
    assert part == {"area": {"rings": []}}
    wrong = client.get(url, params={"f": "json", "token": token, "type": "all"}).json()
    assert wrong["error"]["code"] == 400


def test_previews_and_nothing_beside_them(client: TestClient, finished: Job, token: str) -> None:
    url = f"{service_of(finished)}/0/content/preview"
    assert client.get(f"{url}/preview.json", params={"token": token}).json() == {"preview": "sheet-001.jpg"}
    assert client.get(f"{url}/sheet-001.jpg", params={"token": token}).content == b"jpeg"
    for name in ("sheet-002.jpg", "..%2Fjob.json", "previews.vtt"):
        assert client.get(f"{url}/{name}", params={"token": token}).json()["error"]["code"] in (400, 404)


@pytest.mark.parametrize(
    ("end", "error"),
    [
        (
            "/99",
            {"code": 400, "message": "", "details": ["The requested layer (layerId: 99) was not found."]},
        ),
        ("x", {"code": 400, "message": "Invalid URL", "details": ["Invalid URL"]}),
    ],
)
def test_layers_that_are_not_there(
    client: TestClient, finished: Job, token: str, end: str, error: dict[str, Any]
) -> None:
    answer = client.get(service_of(finished) + end, params={"f": "json", "token": token})
    assert (answer.status_code, answer.json()) == (200, {"error": error})


def test_a_job_that_has_not_finished_is_no_service(client: TestClient, job: Job, token: str) -> None:
    answer = client.get(service_of(job), params={"f": "json", "token": token}).json()
    name = job.record.results.service_name
    assert answer == {
        "error": {"code": 404, "message": f"Service {name}/VideoServer not found", "details": []}
    }
