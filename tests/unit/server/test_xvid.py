"""The Xvid dialect over HTTP: jobs, every filter, files, presets, pipelines, templates, playlists, tokens, errors."""

from __future__ import annotations

import io
import json
import tomllib
import xml.etree.ElementTree as ET
import zipfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import m3u8
import pytest
from fastapi.testclient import TestClient
from made_core import FILMS, app_of, key_of, made_core, submitted
from made_jobs import brought_to
from served import answering, reply
from sqlalchemy import update

from ingest.engine.ids import object_id
from ingest.engine.model import LocalSource, StoredSource, UrlSource
from ingest.job.record import Progress
from ingest.job.status import Status
from ingest.media import presets as preset_files
from ingest.pipeline.first_record import options_of
from ingest.server.dialects.xvid import documents, ids
from ingest.server.dialects.xvid.ids import Place
from ingest.server.dialects.xvid.presets import system_id
from ingest.server.filestore import About
from ingest.store.tables import JOBS

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from ingest.engine.model import Job
    from ingest.server.core import Core

BASE = "http://testserver"
FILM = next(FILMS.glob("*.mp4"))
MISSING_TOKEN = {"error": {"error_code": "0x0000003", "error_message": "Invalid access token"}}
NO_JOB = {"error": {"error_code": "0x0050005", "error_message": "Job does not exist"}}
DONE = {"result": {"status": "SUCCESS"}}
NOWHERE = "0" * 24
MASTER = """\
#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:URI="audio/und-stereo/index.m3u8",TYPE=AUDIO,GROUP-ID="stereo",LANGUAGE="und",NAME="Audio",DEFAULT=YES
#EXT-X-STREAM-INF:BANDWIDTH=900,RESOLUTION=1280x720,FRAME-RATE=24.000,CODECS="avc1.64001f,mp4a.40.2",AUDIO="stereo"
video/hd/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=500,RESOLUTION=720x404,FRAME-RATE=24.000,CODECS="avc1.64001e,mp4a.40.2",AUDIO="stereo"
video/sd/index.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=20,RESOLUTION=720x404,CODECS="avc1.64001e",URI="trick/iframes.m3u8"
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=30,RESOLUTION=1280x720,CODECS="avc1.64001f",URI="video/hd/iframes.m3u8"
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=10,RESOLUTION=720x404,CODECS="avc1.64001e",URI="video/sd/iframes.m3u8"
#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=9,RESOLUTION=160x90,CODECS="jpeg",URI="previews/images.m3u8"
"""
MPD = """\
<?xml version='1.0' encoding='utf-8'?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">
  <Period id="0">
    <AdaptationSet id="0" contentType="video">
      <Representation id="0"><SegmentTemplate initialization="video/sd/init.mp4" /></Representation>
      <Representation id="1"><SegmentTemplate initialization="video/hd/init.mp4" /></Representation>
    </AdaptationSet>
    <AdaptationSet id="1" contentType="audio">
      <Representation id="2"><SegmentTemplate initialization="audio/und-stereo/init.mp4" /></Representation>
    </AdaptationSet>
  </Period>
</MPD>
"""


@pytest.fixture
def client(core: Core) -> TestClient:
    return TestClient(app_of(core))


@pytest.fixture
def key(core: Core) -> str:
    return key_of(core)


@pytest.fixture
def me(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def asked(**changes: Any) -> dict[str, Any]:
    job = {
        "input": {"input_name": FILM.as_uri()},
        "outputs": [{"preset": {"id": system_id("sd")}, "output_name": "MyTest"}],
    }
    return {"job": job | changes}


def posted(client: TestClient, me: dict[str, str], **changes: Any) -> dict[str, Any]:
    answer = client.post("/v1/jobs/", json=asked(**changes), headers=me)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["job"])


def found(core: Core, document: dict[str, Any]) -> Job:
    return core.queue.by_short_id(None, document["id"])


def ref(kind: str, own: str) -> dict[str, str]:
    return {"id": own, "href": f"{BASE}/v1/{kind}/{own}"}


def with_logos(*logos: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """Outputs, each with its logos."""
    return [
        {
            "preset": {"id": system_id("sd")},
            "output_name": f"o{number}",
            "logos": [{"logo_image": image, "logo_preset": preset} for image, preset in each],
        }
        for number, each in enumerate(logos)
    ]


def finished(core: Core, document: dict[str, Any], **changes: Any) -> Job:
    """The job with a package, as far as this dialect reads one."""
    job = found(core, document)
    rungs = [output.resolution for output in job.record.outputs]
    abr = {
        "rungs": [
            {
                "name": name,
                "codecs": "avc1.64001e",
                "frameRate": "24000/1001",
                "meanFrameRate": 23.976,
                "averageBandwidth": 500_400,
                "width": 720,
                "height": 404,
                "durationSeconds": 2.002,
            }
            for name in rungs
        ],
        "audio": [
            {
                "default": True,
                "averageBandwidth": 128_000,
                "sampleRate": 48000,
                "channels": 2,
                "durationSeconds": 2.0,
            }
        ],
    }
    video = {
        "containerFormat": "mov,mp4,m4a,3gp,3g2,mj2",
        "durationMs": 2002,
        "codec": "hevc",
        "bitRate": 1_000_000,
        "codedWidth": 1280,
        "codedHeight": 720,
        "frameRate": None,
        "meanFrameRate": 23.9,
        "sampleAspectRatio": "1:1",
        "rotation": 90,
        "audio": [
            {"codec": "ac3", "bitRate": None, "sampleRate": 48000, "channels": 6, "durationSeconds": None}
        ],
        "text": [],
    }
    mp4s = [f"mp4/{name}.mp4" for name in rungs]
    files: dict[str, bytes] = {
        "info/abr.json": json.dumps(abr).encode(),
        "info/video.json": json.dumps(video).encode(),
        "ABR.m3u8": MASTER.encode(),
        "manifest.mpd": MPD.encode(),
        **dict.fromkeys(mp4s, b"ftyp"),
    }
    for name, content in files.items():
        (job.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (job.folder / name).write_bytes(content)
    outputs = tuple(
        o.model_copy(update={"status": "COMPLETED", "percent": 100.0, "files": (mp4,)})
        for o, mp4 in zip(job.record.outputs, mp4s, strict=True)
    )
    named = tuple(files) + tuple(changes.pop("files", ()))
    return brought_to(core, job, Status.COMPLETED, outputs=outputs, files=named, **changes)


# -- jobs --


def test_a_job_is_made_as_xvids_document_has_it(core: Core, client: TestClient, me: dict[str, str]) -> None:
    output = {
        "preset": ref("presets", system_id("sd")),
        "output_name": "MyTest_{input_name}",
        "settings": {"video": {"width": "50%", "height": "50%", "bitrate": "90%"}},
    }
    answer = client.post(
        "/v1/jobs/?show_null=true",
        json=asked(outputs=[output], user_data="m1", output_prefix="{job_id}/"),
        headers=me,
    ).json()["job"]
    job = found(core, answer)
    submission = core.queue.submission(job)
    assert answer == {
        "pipeline": ref("pipelines", ids.named_id("pipeline", job.account)),
        "application": ref(
            "applications", documents.application_id(core.keys.principal(me["Authorization"][7:]).key_id)
        ),
        "user_data": "m1",
        "input": {
            "input_name": FILM.name,
            "force_container": None,
            "force_aspect_ratio": None,
            "force_framerate": None,
            "force_interlaced": None,
            "file": ref("files", ids.file_id(object_id(job.job_id), Place())),
        },
        "autograph": None,
        "output_prefix": f"{answer['id']}/",
        "outputs": [
            {
                "preset": ref("presets", system_id("sd")),
                "file": None,
                "output_name": "MyTest_{input_name}",
                "percentage_completed": 0,
                "thumbnail_zip": None,
                "thumbnails": None,
                "logos": None,
                "settings": output["settings"],
            }
        ],
        "status": "QUEUED",
        "percentage_completed": 0,
        "error_msg": None,
        "error_code": None,
        "finished_at": None,
        "version": 1,
        "user": ref("users", documents.user_id(job.account)),
        "created_at": documents.milliseconds(job.created),
        "updated_at": documents.milliseconds(job.updated),
        **ref("jobs", object_id(job.job_id)),
    }
    sd = preset_files.load()["sd"]
    made = preset_files.parse_texts(submission.presets)["out_0"]
    assert submission.resolutions == ("out_0",)
    assert (made.box.long, made.box.short) == (sd.box.long // 2 // 2 * 2, sd.box.short // 2 // 2 * 2)
    assert made.video.max_bitrate == sd.video.max_bitrate * 9 // 10 // 1000 * 1000
    assert (submission.options.mp4, submission.source) == (True, LocalSource(FILM))
    assert answer == client.get(f"/v1/jobs/{answer['id']}?show_null=true", headers=me).json()["job"]


def test_settings_as_numbers_and_a_preset_twice(core: Core, client: TestClient, me: dict[str, str]) -> None:
    preset = {"preset": {"id": system_id("hd")}}
    numbers = {"video": {"width": 640, "height": 360, "bitrate": 800}, "audio": {"bitrate": 96}}
    outputs = [
        {**preset, "output_name": "plain"},
        {**preset, "output_name": "again"},
        {**preset, "output_name": "own", "settings": numbers},
    ]
    job = found(core, posted(client, me, outputs=outputs))
    submission = core.queue.submission(job)
    assert submission.resolutions == ("hd", "out_1", "out_2")
    hd, texts = preset_files.load()["hd"], preset_files.parse_texts(submission.presets)
    assert (texts["out_1"].box, texts["out_1"].video.max_bitrate) == (hd.box, hd.video.max_bitrate)
    own = texts["out_2"]
    assert (own.max_width, own.max_height, own.video.max_bitrate) == (640, 360, 800_000)
    assert (own.audio.stereo_bitrate, own.video.buffer) == (96_000, 1_600_000)


def test_a_custom_preset_is_made_and_used(core: Core, client: TestClient, me: dict[str, str]) -> None:
    caps = {"max_width": 480, "max_height": 270, "max_bitrate": 700, "max_framerate": 30}
    vcodec = {"profile": "Baseline", "passes": 2, "caps": caps}
    body = {"name": "own", "description": "small", "target_format": {"container": "mp4", "vcodec": vcodec}}
    preset = client.post("/v1/presets/", json={"preset": body}, headers=me).json()["preset"]
    assert (preset["type"], preset["name"], preset["description"]) == ("custom", "own", "small")
    assert preset["target_format"]["vcodec"]["caps"] == caps
    assert preset == client.get(f"/v1/presets/{preset['id']}", headers=me).json()["preset"]
    output = {"preset": {"id": preset["id"]}, "output_name": "x", "settings": {"video": {"width": "50%"}}}
    submission = core.queue.submission(found(core, posted(client, me, outputs=[output])))
    table = tomllib.loads(submission.presets["out_0"])
    assert (table["max_width"], table["max_height"]) == (240, 270)
    assert (table["video"]["max_bitrate"], table["video"]["profile"]) == ("700k", "baseline")
    assert table["video"]["max_frame_rate"] == 30
    changed = client.put(
        f"/v1/presets/{preset['id']}",
        json={"preset": {"target_format": {"vcodec": {"caps": {"max_bitrate": 800, "max_width": None}}}}},
        headers=me,
    ).json()["preset"]
    assert changed["target_format"]["vcodec"]["caps"] == {
        "max_height": 270,
        "max_bitrate": 800,
        "max_framerate": 30,
    }
    assert client.delete(f"/v1/presets/{preset['id']}/", headers=me).json() == DONE
    assert client.get(f"/v1/presets/{preset['id']}", headers=me).json() == {
        "error": {"error_code": "0x0040005", "error_message": "Preset does not exist"}
    }


def test_presets_of_one_job_share_the_lowest_rate(core: Core, client: TestClient, me: dict[str, str]) -> None:
    target = {"container": "mp4", "vcodec": {"caps": {"max_framerate": 29.97}}}
    body = {"preset": {"name": "n", "description": "", "target_format": target}}
    own = client.post("/v1/presets/", json=body, headers=me).json()["preset"]["id"]
    wanted = [{"preset": {"id": i}, "output_name": i} for i in (system_id("sd"), own)]
    texts = core.queue.submission(found(core, posted(client, me, outputs=wanted))).presets
    assert {n: tomllib.loads(t)["video"]["max_frame_rate"] for n, t in texts.items()} == {
        "out_0": "30000/1001",
        "out_1": "30000/1001",
    }


def test_system_presets_are_listed_without_a_token(client: TestClient, me: dict[str, str]) -> None:
    names = list(preset_files.load())
    for query, headers in (("", {}), ("?type=system", {}), ("?type=system", me)):
        listed = client.get(f"/v1/presets/{query}", headers=headers).json()
        assert [(p["name"], p["id"], p["type"]) for p in listed["presets"]] == [
            (n, system_id(n), "system") for n in names
        ]
    hd = client.get(f"/v1/presets/{system_id('hd')}").json()["preset"]
    assert hd["target_format"]["vcodec"]["caps"] == {
        "interlaced": False,
        "max_key_distance": 2,
        "max_width": 1280,
        "max_height": 720,
        "max_framerate": 60,
        "max_bitrate": 4500,
        "max_buffersize": 9000,
    }
    assert client.get("/v1/presets/?type=custom").json() == MISSING_TOKEN
    assert client.get("/v1/presets/?type=custom", headers=me).json()["presets"] == []
    for method in ("PUT", "DELETE"):
        answer = client.request(method, f"/v1/presets/{system_id('hd')}", json={"preset": {}}, headers=me)
        assert (answer.status_code, answer.json()["error"]["error_code"]) == (403, "0x0000004")


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"outputs": []}, "outputs must have at least one output"),
        ({"outputs": [{"preset": {"id": NOWHERE}}]}, f"preset {NOWHERE} does not exist"),
        ({"pipeline": {"id": NOWHERE}}, "pipeline does not exist"),
        (
            {"input": {"input_name": "nothing.mp4"}},
            "input.input_name there is no such file, and it is no address",
        ),
        ({"input": {"input_name": "s3://key:secret@bucket/a.mp4"}}, "input.input_name must be an http"),
        ({"input": {"input_name": "a.mp4", "force_framerate": 25}}, "input.force_framerate:"),
        ({"input": {}}, "input.input_name is missing"),
        ({"input": {"file": {"id": NOWHERE}}}, "input.file does not exist"),
        ({"something": 1}, "something:"),
        ({"output_prefix": "../{job_id}/"}, "output_prefix is no name"),
        ({"output_prefix": "{user}/"}, "output_prefix has {user}; known are {input_name}, {job_id}"),
        (
            {
                "outputs": [
                    {"preset": {"id": system_id("sd")}, "output_name": "a"},
                    {"preset": {"id": system_id("hd")}, "output_name": "a"},
                ]
            },
            "output_name 'a' is given to more than one output",
        ),
        (
            {"outputs": [{"preset": {"id": system_id("sd")}, "settings": {"video": {"width": "half"}}}]},
            'settings.video.width must be a number, or a percentage such as "50%"',
        ),
        (
            {"outputs": [{"preset": {"id": system_id("sd")}, "settings": {"video": {"bitrate": "0.1%"}}}]},
            "settings.video.bitrate must come to 32 to 240000 kbit/s",
        ),
        (
            {"outputs": with_logos([("l.png", "logo_30_bottom_right")])},
            "logo_image there is no such file, and it is no address",
        ),
        ({"outputs": with_logos([("l.png", "logo_0_middle")])}, "outputs.0.logos.0.logo_preset: logo_preset"),
        ({"outputs": with_logos([("http://10.0.0.1/l.png", "logo_30_top")])}, "the URL leads to an address"),
        (
            {"outputs": with_logos([("a.png", "logo_30_top")], [])},
            "logo_image there is no such file, and it is no address",
        ),
    ],
)
def test_jobs_that_are_not_made(
    client: TestClient, me: dict[str, str], changes: dict[str, Any], what: str
) -> None:
    answer = client.post("/v1/jobs/", json=asked(**changes), headers=me)
    error = answer.json()["error"]
    assert (answer.status_code, error["error_code"]) == (400, "0050001")
    assert error["error_message"].startswith(f"Invalid Input: {what}")
    assert client.get("/v1/jobs/", headers=me).json()["total"] == 0


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"job": []}', b'{"job": 7}'])
def test_bodies_that_are_none(client: TestClient, me: dict[str, str], body: bytes) -> None:
    headers = me | {"content-type": "application/json"}
    answer = client.post("/v1/jobs/", content=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]["error_code"]) == (400, "0050001")


def test_an_address_is_fetched_and_shown_without_its_secrets(
    core: Core, client: TestClient, me: dict[str, str]
) -> None:
    url = "https://me:s3cret@films.example/a/Big%20Film.mov?Signature=abc"
    answer = client.post("/v1/jobs/", json=asked(input={"input_name": url}), headers=me)
    source = core.queue.submission(found(core, answer.json()["job"])).source
    assert source == UrlSource(
        "https://films.example/a/Big%20Film.mov?Signature=abc", "Big Film.mov", "me", "s3cret"
    )
    assert answer.json()["job"]["input"]["input_name"] == "https://films.example/a/Big%20Film.mov"
    assert "s3cret" not in answer.text
    assert "abc" not in answer.text


def test_a_file_that_was_brought_is_an_input_by_name_and_by_id(
    core: Core, client: TestClient, key: str, me: dict[str, str]
) -> None:
    account = core.keys.principal(key).account
    stored = core.files.put(account, About(path="/uploads/x/movie.mp4"), b"film")
    own = ids.stored_id(stored.file_id)
    by_name = posted(client, me, input={"input_name": "uploads/x/movie.mp4"})
    by_id = posted(client, me, input={"file": {"id": own}})
    for job in (by_name, by_id):
        assert core.queue.submission(found(core, job)).source == StoredSource(stored.file_id)
        assert job["input"]["file"] == ref("files", own)
    assert by_name["input"]["input_name"] == "uploads/x/movie.mp4"
    expanded = client.get(f"/v1/jobs/{by_id['id']}?expand=file", headers=me).json()["job"]["input"]["file"]
    assert expanded == client.get(f"/v1/files/{own}", headers=me).json()["file"]
    assert (expanded["name"], expanded["size"], expanded["md5_checksum"]) == (
        "uploads/x/movie.mp4",
        4,
        stored.etag,
    )
    unnamed = client.get("/v1/files/downloads/", headers=me)
    message = "Invalid Input: file_id must be given"
    assert (unnamed.status_code, unnamed.json()["error"]["error_message"]) == (400, message)
    answer = client.get(f"/v1/files/downloads/?file_id={own}&redirect=true", headers=me)
    assert answer.content == b"film"
    assert client.delete(f"/v1/files/{own}", headers=me).json() == DONE
    assert client.get(f"/v1/files/{own}", headers=me).json()["error"]["error_code"] == "0x0060005"


def test_one_key_of_the_clients_own_makes_one_job(client: TestClient, me: dict[str, str]) -> None:
    first, second = (posted(client, me, unique_custom_key="order-7") for _ in range(2))
    assert (first["id"], first["unique_custom_key"]) == (second["id"], "order-7")
    assert client.get("/v1/jobs/", headers=me).json()["total"] == 1
    client.delete(f"/v1/jobs/{first['id']}", headers=me)
    assert posted(client, me, unique_custom_key="order-7")["id"] != first["id"]


@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.EXECUTING, Status.COMPLETED, Status.FAILED])
def test_a_deleted_job_is_gone(core: Core, client: TestClient, me: dict[str, str], status: Status) -> None:
    job = posted(client, me)
    if status is not Status.SUBMITTED:
        brought_to(core, found(core, job), status)
    assert client.delete(f"/v1/jobs/{job['id']}", headers=me).json() == DONE
    answer = client.get(f"/v1/jobs/{job['id']}", headers=me)
    assert (answer.status_code, answer.json()) == (404, NO_JOB)
    assert client.delete(f"/v1/jobs/{job['id']}", headers=me).json() == NO_JOB


def test_drafts_and_cancelled_jobs_are_none(
    core: Core, client: TestClient, key: str, me: dict[str, str]
) -> None:
    cancelled = submitted(core, key)
    core.queue.cancel(None, cancelled.job_id)
    answer = client.get(f"/v1/jobs/{object_id(cancelled.job_id)}", headers=me)
    assert (answer.status_code, answer.json()) == (404, NO_JOB)
    assert client.get("/v1/jobs/", headers=me).json()["jobs"] == []


# -- the list --


def test_a_preset_that_is_wrong_keeps_nobody_from_a_job(tmp_path: Path) -> None:
    """Only whoever asks for presets is told so: a job shows no more of them than their names."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "fhd.toml").write_text("name = ")
    with made_core(tmp_path / "home", preset_dir=tmp_path / "own") as core:
        key = key_of(core)
        me = {"Authorization": f"Bearer {key}"}
        job = submitted(core, key)
        client = TestClient(app_of(core))
        shown = client.get(f"/v1/jobs/{object_id(job.job_id)}", headers=me)
        assert (shown.status_code, shown.json()["job"]["outputs"][0]["preset"]["id"]) == (
            200,
            system_id("sd"),
        )
        assert client.get("/v1/jobs/", headers=me).status_code == 200
        assert client.get(f"/v1/presets/{system_id('sd')}", headers=me).status_code == 400


@pytest.fixture
def three(core: Core, client: TestClient, me: dict[str, str], key: str) -> list[dict[str, Any]]:
    """One that waits, one that runs, one that is done; of them the last is of another pipeline and marked."""
    pipeline = client.post("/v1/pipelines/", json={"pipeline": {"name": "p"}}, headers=me).json()["pipeline"]
    account = core.keys.principal(key).account
    stored = core.files.put(account, About(path="/Holiday.mp4"), b"film")
    jobs = [
        posted(client, me, user_data="b"),
        posted(client, me, user_data="a"),
        posted(
            client,
            me,
            user_data="c",
            pipeline={"id": pipeline["id"]},
            autograph={"watermark_strength": "light"},
            input={"file": {"id": ids.stored_id(stored.file_id)}},
        ),
    ]
    brought_to(core, found(core, jobs[1]), Status.EXECUTING, progress=Progress(percent=50.0))
    finished(core, jobs[2])
    return [client.get(f"/v1/jobs/{j['id']}", headers=me).json()["job"] for j in jobs]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [0, 1, 2]),
        ("sort=created_at&direction=-1", [2, 1, 0]),
        ("sort=user_data&direction=1", [1, 0, 2]),
        ("sort=user_data&direction=-1", [2, 0, 1]),
        ("sort=percentage_completed&direction=-1", [1, 2, 0]),
        ("sort=input.file.name&direction=-1", [1, 0, 2]),
        ("sort=version", [0, 1, 2]),
        ("start=1&limit=1", [1]),
        ("limit=2", [0, 1]),
        ("user_data=a", [1]),
        ("user_data=nobody", []),
        ("status=QUEUED", [0]),
        ("status=PROCESSING", [1]),
        ("status=SUCCESS", [2]),
        ("status=FAILURE", []),
        ("inprogress=true", [1, 2]),
        ("inprogress=false", [0, 1, 2]),
        ("autograph=true", [2]),
        ("autograph=false", [0, 1]),
        ("pipeline.id=PIPELINE", [2]),
        (f"pipeline.id={NOWHERE}", []),
        ("input.file.name=hOLI", [2]),
        ("input.file.name=hOLI&status=QUEUED", []),
    ],
)
def test_the_list(
    client: TestClient, me: dict[str, str], three: list[dict[str, Any]], query: str, expected: list[int]
) -> None:
    wanted = query.replace("PIPELINE", three[2]["pipeline"]["id"])
    answer = client.get(f"/v1/jobs/?{wanted}", headers=me).json()
    assert [j["user_data"] for j in answer["jobs"]] == [three[n]["user_data"] for n in expected]
    assert all(job in three for job in answer["jobs"])
    whole = not ("start" in query or "limit" in query)
    assert answer["total"] == (len(expected) if whole else 3)


def test_what_ended_longer_ago_is_not_in_progress(
    core: Core, client: TestClient, me: dict[str, str], three: list[dict[str, Any]]
) -> None:
    for minutes, expected in ((14, ["a", "c"]), (16, ["a"])):
        ended = (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="milliseconds")
        with core.queue.database.write() as db:
            changed = update(JOBS).where(JOBS.c.short_id == three[2]["id"])
            db.execute(changed.values(ended=ended.replace("+00:00", "Z")))
        answer = client.get("/v1/jobs/?inprogress=true", headers=me).json()
        assert [j["user_data"] for j in answer["jobs"]] == expected


@pytest.mark.parametrize(
    "query",
    [
        "start=-1",
        "limit=0",
        "limit=5001",
        "limit=x",
        "direction=0",
        "status=DONE",
        "inprogress=2",
        "format=csv",
    ],
)
def test_lists_that_are_asked_for_wrongly(client: TestClient, me: dict[str, str], query: str) -> None:
    answer = client.get(f"/v1/jobs/?{query}", headers=me)
    assert (answer.status_code, answer.json()["error"]["error_code"]) == (400, "0050001")


def test_user_data_filters_one_job_as_well(
    client: TestClient, me: dict[str, str], three: list[dict[str, Any]]
) -> None:
    url = f"/v1/jobs/{three[0]['id']}"
    assert client.get(f"{url}?user_data=b", headers=me).json() == {"job": three[0]}
    assert client.get(f"{url}?user_data=x", headers=me).json() == NO_JOB


def test_what_the_founders_client_asks(
    core: Core, client: TestClient, key: str, three: list[dict[str, Any]]
) -> None:
    """mmilitzer/fuse-stream-mvp, internal/api: its requests in its order, and what it reads of the answers."""
    form = {
        "grant_type": "client_credential",
        "client_id": "tester",
        "client_secret": key,
        "scope": "mediahub",
    }
    token = client.post("/v1/oauth2/token/", data=form).json()
    assert sorted(token) == ["access_token", "expires_in", "token_type"]
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 3600)
    mine = {"Authorization": f"Bearer {token['access_token']}"}
    query = "status=SUCCESS&expand=file&autograph=true&start=0&limit=20&sort=created_at&direction=-1"
    for more in ("", "&input.file.name=holiday"):
        listed = client.get(f"/v1/jobs/?{query}{more}", headers=mine).json()
        assert (listed["total"], listed["start"], listed["limit"]) == (1, 0, 20)
        (job,) = listed["jobs"]
        assert (job["id"], job["status"]) == (three[2]["id"], "SUCCESS")
        assert (job["input"]["file"]["name"], job["input"]["file"]["size"]) == ("Holiday.mp4", 4)
        file = job["outputs"][0]["file"]
        assert (file["name"], file["size"], file["type"]) == ("MyTest.mp4", 4, "file")
    answer = client.get(
        f"/v1/files/downloads/?file_id={file['id']}&autograph_tag=someone&redirect=true",
        headers=mine,
        follow_redirects=False,
    )
    assert answer.status_code == 302
    # Without a token, and in parts, as the program that mounts it reads it.
    part = client.get(answer.headers["location"], headers={"Range": "bytes=1-2"})
    assert (part.status_code, part.content, part.headers["content-type"]) == (206, b"ty", "video/mp4")
    assert core.queue.by_short_id(None, job["id"]).asked["autograph"] == {"watermark_strength": "none"}


# -- files --


def test_a_finished_file_says_what_was_measured(core: Core, client: TestClient, me: dict[str, str]) -> None:
    document = posted(client, me, output_prefix="{job_id}/", user_data="m")
    job = finished(core, document)
    done = client.get(f"/v1/jobs/{document['id']}?expand=file", headers=me).json()["job"]
    file = done["outputs"][0]["file"]
    own = ids.file_id(document["id"], Place(0))
    assert file == client.get(f"/v1/files/{own}", headers=me).json()["file"]
    assert file == {
        "storage": "intern",
        "title": "MyTest.mp4",
        "name": f"{document['id']}/MyTest.mp4",
        "type": "file",
        "subtype": "video",
        "job": ref("jobs", document["id"]),
        "container": "ISO MP4/M4A",
        "mime_type": "video/mp4",
        "size": 4,
        "size_on_disk": 4,
        "application": document["application"],
        "duration": 2002,
        "pipeline": document["pipeline"],
        "finished_at": documents.milliseconds(job.ended),
        "video_tracks": [
            {
                "video_codec": "H.264 / AVC",
                "video_bitrate": 500,
                "width": 720,
                "height": 404,
                "framerate": 23.98,
                "aspect_ratio": "1:1",
                "video_duration": 2002,
            }
        ],
        "audio_tracks": [
            {
                "audio_codec": "MPEG-4 AAC",
                "audio_bitrate": 128,
                "samplingrate": 48000,
                "nb_channels": 2,
                "audio_duration": 2000,
            }
        ],
        "subtitle_tracks": [],
        "parents": [{"id": done["input"]["file"]["id"], "type": "file", "is_root": True}],
        "user_data": "m",
        "uri": f"{BASE}/v1/files/downloads/?file_id={own}",
        "version": 1,
        "user": document["user"],
        "created_at": documents.milliseconds(job.created),
        "updated_at": documents.milliseconds(job.updated),
        **ref("files", own),
    }
    source = done["input"]["file"]
    assert (source["name"], source["container"], source["duration"]) == (FILM.name, "ISO MP4/M4A", 2002)
    (track,) = source["video_tracks"]
    assert (track["video_codec"], track["framerate"], track["orientation"]) == (
        "H.265 / HEVC",
        23.9,
        "rotate-90",
    )
    assert [(t["audio_codec"], t["nb_channels"]) for t in source["audio_tracks"]] == [("Dolby Digital", 6)]
    refused = client.delete(f"/v1/files/{own}", headers=me)
    assert (refused.status_code, refused.json()["error"]["error_code"]) == (409, "0x0060007")


def test_thumbnails_and_their_archive(core: Core, client: TestClient, me: dict[str, str]) -> None:
    small = {"thumbnail_names": "MyTest_{resolution}", "thumbnail_preset": "thumbnails_small"}
    own = {"thumbnail_names": "{input_name}-{resolution}", "thumbnail_preset": "thumbnails_320x240"}
    wanted = [
        {
            "preset": {"id": system_id("sd")},
            "output_name": "a",
            "thumbnails": [small, own],
            "thumbnail_zip": {},
        },
        {"preset": {"id": system_id("hd")}, "output_name": "b", "thumbnails": [small]},
    ]
    document = posted(client, me, outputs=wanted, output_prefix="p/", input=start_at(1.5))
    options = core.queue.submission(found(core, document)).options
    assert (options.thumbnails, options.start) == (("160x90", "320x240"), 1.5)
    pictures = {
        "thumbnails/160x90/001.jpg": b"one",
        "thumbnails/160x90/002.jpg": b"two",
        "thumbnails/320x240/001.jpg": b"large",
    }
    job = finished(core, document, files=(*pictures, "thumbnails/160x90.zip"))
    for name, content in pictures.items():
        (job.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (job.folder / name).write_bytes(content)
    done = client.get(f"/v1/jobs/{document['id']}?expand=file&bin_data=true", headers=me).json()["job"]
    first, second = done["outputs"]
    assert [t["thumbnail_preset"] for t in first["thumbnails"]] == ["thumbnails_small", "thumbnails_320x240"]
    folders = [t["file"] for t in (*first["thumbnails"], *second["thumbnails"])]
    stem = FILM.stem
    assert [(f["type"], f["name"], [e["name"] for e in f["elements"]]) for f in folders] == [
        ("folder", "MyTest_160x90", ["MyTest_160x90_001.jpg", "MyTest_160x90_002.jpg"]),
        ("folder", f"{stem}-320x240", [f"{stem}-320x240_001.jpg"]),
        ("folder", "MyTest_160x90", ["MyTest_160x90_001.jpg", "MyTest_160x90_002.jpg"]),
    ]
    picture = folders[0]["elements"][1]
    assert client.get(picture["uri"]).content == b"two"
    assert picture["bin_data"] == "data:image/jpeg;base64,dHdv"
    plain = client.get(f"/v1/files/{folders[0]['id']}", headers=me).json()["file"]["elements"]
    assert [sorted(e) for e in plain] == [["name", "uri"], ["name", "uri"]]
    archive = first["thumbnail_zip"]["file"]
    assert (archive["type"], archive["subtype"], archive["name"]) == ("archive", "zip", "thumbnails_a.zip")
    assert "thumbnail_zip" not in second
    url = f"/v1/files/downloads/?file_id={archive['id']}&redirect=true"
    answer = client.get(url, headers=me)
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as opened:
        assert {n: opened.read(n) for n in opened.namelist()} == {
            "MyTest_160x90_001.jpg": b"one",
            "MyTest_160x90_002.jpg": b"two",
            f"{stem}-320x240_001.jpg": b"large",
        }
    listed = client.get(f"/v1/files/?job.id={document['id']}&type=archive", headers=me).json()["files"]
    assert [f["id"] for f in listed] == [archive["id"]]
    assert client.get(f"/v1/files/downloads/?file_id={folders[0]['id']}", headers=me).status_code == 404


def test_logos_of_the_account_and_of_elsewhere(tmp_path: Path) -> None:
    def picture(handler: BaseHTTPRequestHandler) -> None:
        reply(handler, body=handler.path.encode())

    with made_core(tmp_path / "home", private_urls=True) as core, answering(picture) as url:
        client, key = TestClient(app_of(core)), key_of(core)
        me, account = {"Authorization": f"Bearer {key}"}, core.keys.principal(key).account
        core.files.put(account, About(path="/brand/l.png"), b"mine")
        logos = [("brand/l.png", "logo_30_bottom_right"), (f"{url}/x/b.png?k=secret", "logo_12_top_80")]
        answer = client.post("/v1/jobs/", json=asked(outputs=with_logos(logos, logos)), headers=me)
        job = found(core, answer.json()["job"])
        assert [o["logos"] for o in answer.json()["job"]["outputs"]] == [
            [
                {"logo_image": "brand/l.png", "logo_preset": "logo_30_bottom_right"},
                {"logo_image": f"{url}/x/b.png", "logo_preset": "logo_12_top_80"},
            ]
        ] * 2
        assert job.record.request is not None
        placed = options_of(job.record.request.options).logos
        assert [(p.path.read_bytes(), p.position, p.width, p.opacity) for p in placed] == [
            (b"mine", "bottom-right", 30.0, 1.0),
            (b"/x/b.png?k=secret", "top", 12.0, 0.8),
        ]
        # What was fetched is the job's alone.
        assert [f.path for f in core.files.list(account)] == ["/brand/l.png"]
        different = asked(outputs=with_logos(logos[:1], []))
        error = client.post("/v1/jobs/", json=different, headers=me).json()["error"]["error_message"]
        assert error == "Invalid Input: logos must be the same for all outputs of a job"


def start_at(seconds: float) -> dict[str, Any]:
    return {"input_name": FILM.as_uri(), "start_time": seconds}


@pytest.mark.parametrize(
    "thumbnails",
    [
        [{"thumbnail_preset": "thumbnails_huge"}],
        [{"thumbnail_preset": "thumbnails_9999x9999"}],
        [{"thumbnail_preset": "thumbnails_small"}, {"thumbnail_preset": "thumbnails_160x90"}],
        [{"thumbnail_names": "../{resolution}"}],
        [{"thumbnail_names": "{number}"}],
        [{"thumbnail_names": "/a"}],
        [{"thumbnail_names": "a"}, {"thumbnail_names": "a", "thumbnail_preset": "thumbnails_large"}],
    ],
)
def test_thumbnails_that_cannot_be(
    client: TestClient, me: dict[str, str], thumbnails: list[dict[str, str]]
) -> None:
    output = {"preset": {"id": system_id("sd")}, "thumbnails": thumbnails}
    assert client.post("/v1/jobs/", json=asked(outputs=[output]), headers=me).status_code == 400


def test_lists_of_files(core: Core, client: TestClient, key: str, me: dict[str, str]) -> None:
    account = core.keys.principal(key).account
    stored = core.files.put(account, About(path="/a.mp4"), b"film")
    first, second = posted(client, me), posted(client, me)
    finished(core, first)
    brought = ids.stored_id(stored.file_id)
    of_first = [ids.file_id(first["id"], p) for p in (Place(), Place(0))]
    of_second = [ids.file_id(second["id"], Place())]
    for query, expected in (
        ("", [brought, *of_first, *of_second]),
        ("direction=-1", [brought, *of_second, *of_first]),
        (f"job.id={first['id']}", of_first),
        (f"pipeline.id={first['pipeline']['id']}", [*of_first, *of_second]),
        (f"pipeline.id={NOWHERE}", []),
        (f"job.id={NOWHERE}", []),
        ("job.id=x", []),
        ("type=file&start=1&limit=2", of_first),
        ("type=archive", []),
    ):
        answer = client.get(f"/v1/files/?{query}", headers=me).json()
        assert [f["id"] for f in answer["files"]] == expected, query
    assert client.get("/v1/files/?type=x", headers=me).json()["error"]["error_code"] == "0060001"


# -- playlists --


def outputs(*names: str) -> list[dict[str, Any]]:
    return [{"preset": {"id": system_id(n)}, "output_name": n} for n in names]


def test_playlists_of_a_job_and_of_some_of_its_files(
    core: Core, client: TestClient, me: dict[str, str]
) -> None:
    document = posted(client, me, outputs=outputs("sd", "hd"))
    assert client.get(f"/v1/playlists/hls.m3u8?job_id={document['id']}", headers=me).status_code == 404
    job = finished(core, document)
    hd = ids.file_id(document["id"], Place(1))
    whole = client.get(f"/v1/playlists/hls.m3u8?job_id={document['id']}", headers=me)
    assert whole.headers["content-type"] == "application/vnd.apple.mpegurl"
    media = urlsplit(m3u8.loads(whole.text).playlists[0].uri)
    address = f"{BASE}{media.path.removesuffix('video/hd/index.m3u8')}"
    assert client.get(f"{address}ABR.m3u8").content == (job.folder / "ABR.m3u8").read_bytes()
    some = client.get(f"/v1/playlists/hls.m3u8?file_id={hd}", headers=me)
    for text, rungs in ((whole.text, ["hd", "sd"]), (some.text, ["hd"])):
        playlist = m3u8.loads(text)
        assert [p.uri for p in playlist.playlists] == [f"{address}video/{r}/index.m3u8" for r in rungs]
        assert [p.uri for p in playlist.iframe_playlists] == [
            f"{address}trick/iframes.m3u8",
            *(f"{address}video/{r}/iframes.m3u8" for r in rungs),
        ]
        assert [p.uri for p in playlist.media] == [f"{address}audio/und-stereo/index.m3u8"]
        assert [p.uri for p in playlist.image_playlists] == [f"{address}previews/images.m3u8"]
    for query, names in (
        (f"job_id={document['id']}", ["video/sd", "video/hd", "audio/und-stereo"]),
        (f"file_id={hd}", ["video/hd", "audio/und-stereo"]),
    ):
        answer = client.get(f"/v1/playlists/dash.mpd?{query}", headers=me)
        root = ET.fromstring(answer.content)
        space = "{urn:mpeg:dash:schema:mpd:2011}"
        assert answer.headers["content-type"] == "application/dash+xml"
        assert [root[0].tag, root[0].text] == [f"{space}BaseURL", address]
        found_names = [t.get("initialization") for t in root.iter(f"{space}SegmentTemplate")]
        assert found_names == [f"{n}/init.mp4" for n in names]


def test_playlists_that_are_none(core: Core, client: TestClient, me: dict[str, str]) -> None:
    first, second = posted(client, me), posted(client, me)
    for job in (first, second):
        finished(core, job)
    files = [ids.file_id(j["id"], Place(0)) for j in (first, second)]
    source = ids.file_id(first["id"], Place())
    for query, status in (
        ("", 400),
        (f"job_id={first['id']}&file_id={files[0]}", 400),
        (f"file_id={files[0]},{files[1]}", 400),
        (f"file_id={source}", 400),
        (f"file_id={NOWHERE}", 404),
        (f"job_id={NOWHERE}", 404),
    ):
        answer = client.get(f"/v1/playlists/hls.m3u8?{query}", headers=me)
        code = {400: "0080001", 404: "0x0080005"}[status]
        assert (answer.status_code, answer.json()["error"]["error_code"]) == (status, code)


# -- pipelines and templates --


def test_pipelines(core: Core, client: TestClient, me: dict[str, str]) -> None:
    own = client.get("/v1/pipelines/", headers=me).json()["pipelines"][0]
    assert own["name"] == "default"
    with_nulls = client.get(f"/v1/pipelines/{own['id']}?show_null=true", headers=me).json()["pipeline"]
    another = client.post("/v1/pipelines/?show_null=true", json={"pipeline": {"name": "p"}}, headers=me)
    assert list(with_nulls) == list(another.json()["pipeline"])
    client.delete(f"/v1/pipelines/{another.json()['pipeline']['id']}", headers=me)
    pings = {
        "started": "https://a.example/s",
        "finished": "https://a.example/f",
        "error": "https://a.example/e",
    }
    body = {"name": "p", "input_download_dir": "https://films.example/in", "ping_urls": pings}
    made = client.post("/v1/pipelines/", json={"pipeline": body}, headers=me).json()["pipeline"]
    assert (made["name"], made["ping_urls"]) == ("p", pings)
    assert client.get(f"/v1/pipelines/{made['id']}", headers=me).json()["pipeline"] == made
    listed = client.get("/v1/pipelines/", headers=me).json()
    assert (listed["pipelines"], listed["total"]) == ([own, made], 2)
    job = posted(client, me, pipeline={"id": made["id"]}, input={"input_name": "2026/a b.mp4"})
    submission = core.queue.submission(found(core, job))
    assert submission.source == UrlSource(
        "https://films.example/in/2026/a b.mp4".replace(" ", "%20"), "a b.mp4"
    )
    assert submission.webhooks == {
        "started": "https://a.example/s",
        "finished": "https://a.example/f",
        "failed": "https://a.example/e",
    }
    assert (job["pipeline"]["id"], job["input"]["input_name"]) == (made["id"], "2026/a b.mp4")
    changed = client.put(
        f"/v1/pipelines/{made['id']}",
        json={"pipeline": {"description": "d", "ping_urls": {"error": None}}},
        headers=me,
    ).json()["pipeline"]
    assert (changed["name"], changed["description"]) == ("p", "d")
    assert changed["ping_urls"] == {"started": pings["started"], "finished": pings["finished"]}
    assert client.delete(f"/v1/pipelines/{made['id']}", headers=me).json() == DONE
    assert client.get(f"/v1/pipelines/{made['id']}", headers=me).json() == {
        "error": {"error_code": "0x0030005", "error_message": "Pipeline does not exist"}
    }
    assert client.delete(f"/v1/pipelines/{own['id']}", headers=me).status_code == 403


@pytest.mark.parametrize(
    "change",
    [
        {"input_download_dir": "s3://key:secret@eu-west-1/bucket/"},
        {"input_download_dir": "https://me:secret@films.example/"},
        {"input_download_dir": "http://127.0.0.1/"},
        {"output_upload_dir": "sftp://me:secret@films.example/"},
        {"image_upload_dir": "https://films.example/"},
        {"ping_urls": {"started": "http://10.0.0.1/"}},
        {"ping_urls": {"started": "https://me:secret@films.example/"}},
        {"cancel_timeout": 60},
        {"download_options": {"auto_convert_input": "on"}},
        {"name": ""},
        {"unknown": 1},
    ],
)
def test_pipelines_that_cannot_be(client: TestClient, me: dict[str, str], change: dict[str, Any]) -> None:
    answer = client.post("/v1/pipelines/", json={"pipeline": {"name": "p"} | change}, headers=me)
    assert (answer.status_code, answer.json()["error"]["error_code"]) == (400, "0030001")
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    "change",
    [
        {"container": "flv"},
        {"extension": "mkv"},
        {"vcodec": {"codec": {"id": "vp9"}}},
        {"vcodec": {"caps": {"interlaced": True}}},
        {"vcodec": {"caps": {"max_key_distance": 1}}},
        {"vcodec": {"caps": {"max_bitrate": 1000, "max_buffersize": 100}}},
        {"acodec": {"caps": {"max_channels": 1}}},
    ],
)
def test_presets_that_cannot_be(client: TestClient, me: dict[str, str], change: dict[str, Any]) -> None:
    target = {"container": "mp4", "vcodec": {}} | change
    body = {"preset": {"name": "p", "description": "", "target_format": target}}
    answer = client.post("/v1/presets/", json=body, headers=me)
    assert (answer.status_code, answer.json()["error"]["error_code"]) == (400, "0040001")


def test_templates(core: Core, client: TestClient, me: dict[str, str]) -> None:
    settings = {"user_data": "of the template", "outputs": outputs("sd", "hd"), "output_prefix": "t/"}
    body = {"template": {"name": "t", "description": "d", "job_settings": settings}}
    made = client.post("/v1/jobs/templates/", json=body, headers=me).json()["template"]
    assert (made["name"], made["job_settings"]) == ("t", settings)
    assert client.get(f"/v1/jobs/templates/{made['id']}", headers=me).json() == {"template": made}
    assert client.get("/v1/jobs/templates/", headers=me).json()["templates"] == [made]
    named = {"input": {"input_name": FILM.as_uri()}, "template": {"id": made["id"]}, "user_data": "own"}
    job = client.post("/v1/jobs/", json={"job": named}, headers=me).json()["job"]
    assert (job["user_data"], job["output_prefix"], len(job["outputs"])) == ("own", "t/", 2)
    assert core.queue.submission(found(core, job)).resolutions == ("sd", "hd")
    change = {"template": {"job_settings": {"output_prefix": None}}}
    changed = client.put(f"/v1/jobs/templates/{made['id']}", json=change, headers=me).json()["template"]
    assert changed["job_settings"] == {k: v for k, v in settings.items() if k != "output_prefix"}
    wrong = {"template": {"name": "t", "job_settings": {"input": {"input_name": "a"}}}}
    answer = client.post("/v1/jobs/templates/", json=wrong, headers=me)
    assert (answer.status_code, answer.json()["error"]["error_code"]) == (400, "0070001")
    assert client.delete(f"/v1/jobs/templates/{made['id']}", headers=me).json() == DONE
    none = client.post("/v1/jobs/", json={"job": named}, headers=me)
    message = "Invalid Input: template does not exist"
    assert (none.status_code, none.json()) == (
        400,
        {"error": {"error_code": "0050001", "error_message": message}},
    )
    assert client.get(f"/v1/jobs/templates/{made['id']}", headers=me).json() == {
        "error": {"error_code": "0x0070005", "error_message": "Template does not exist"}
    }


# -- tokens, errors, accounts --


@pytest.mark.parametrize("grant", ["client_credential", "client_credentials"])
@pytest.mark.parametrize("path", ["/v1/oauth2/token", "/v1/oauth2/token/"])
def test_a_token_for_a_client(client: TestClient, key: str, grant: str, path: str) -> None:
    form = {"grant_type": grant, "client_id": "tester", "client_secret": key, "expires_in": "60"}
    answer = client.post(path, data=form)
    assert (answer.json()["expires_in"], answer.headers["cache-control"]) == (60, "no-store")
    basic = client.post(path, data={"grant_type": grant}, auth=("tester", key)).json()
    for token in (answer.json(), basic):
        mine = {"Authorization": f"Bearer {token['access_token']}"}
        assert client.get("/v1/jobs/", headers=mine).json()["jobs"] == []


def test_a_token_with_less_than_the_key(client: TestClient, key: str) -> None:
    form = {"grant_type": "client_credential", "client_id": "tester", "client_secret": key}
    form |= {"scope": "me,mediahub_read"}
    token = client.post("/v1/oauth2/token/", data=form).json()["access_token"]
    mine = {"Authorization": f"Bearer {token}"}
    assert client.get("/v1/jobs/", headers=mine).status_code == 200
    answer = client.post("/v1/jobs/", json=asked(), headers=mine)
    assert (answer.status_code, answer.json()["error"]["error_code"]) == (403, "0x0000004")


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"grant_type": "password"}, 400),
        ({"scope": "everything"}, 400),
        ({"expires_in": "0"}, 400),
        ({"client_secret": "secret_wrong"}, 403),
        ({"client_id": "nobody"}, 403),
        ({"client_secret": ""}, 403),
    ],
)
def test_tokens_that_are_not_made(client: TestClient, key: str, form: dict[str, str], status: int) -> None:
    whole = {"grant_type": "client_credential", "client_id": "tester", "client_secret": key} | form
    answer = client.post("/v1/oauth2/token/", data=whole)
    assert answer.status_code == status
    if status == 403:
        assert answer.json() == MISSING_TOKEN


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eDp5"}]
)
@pytest.mark.parametrize(
    "path", ["/v1/jobs/", f"/v1/jobs/{NOWHERE}", "/v1/files/", "/v1/pipelines/", "/v1/jobs/templates/"]
)
def test_without_a_good_token(client: TestClient, path: str, headers: dict[str, str]) -> None:
    answer = client.get(path, headers=headers)
    assert (answer.status_code, answer.json()) == (403, MISSING_TOKEN)


def test_errors_come_in_the_format_that_was_asked_for(client: TestClient, me: dict[str, str]) -> None:
    answer = client.get(f"/v1/jobs/{NOWHERE}?format=xml", headers=me)
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    assert answer.text.partition("?>\n")[2] == (
        "<error><error_code>0x0050005</error_code><error_message>Job does not exist</error_message></error>"
    )
    accepted = client.get(f"/v1/jobs/{NOWHERE}", headers=me | {"Accept": "application/xml"})
    assert accepted.text == answer.text
    for path in ("/v1/jobs/a/b/c", "/v1/playlists/x"):
        unknown = client.get(path, headers=me)
        assert (unknown.status_code, unknown.json()["error"]["error_code"][-4:]) == (404, "0005")
    method = client.put("/v1/jobs/", headers=me)
    assert (method.status_code, method.json()["error"]["error_code"]) == (405, "0x0050006")


def test_xml_and_json_of_a_list_are_the_same_jobs(
    client: TestClient, me: dict[str, str], three: list[dict[str, Any]]
) -> None:
    root = ET.fromstring(client.get("/v1/jobs/?format=xml&expand_all=true", headers=me).content)
    same = client.get("/v1/jobs/?expand_all=true", headers=me).json()
    assert [e.findtext("id") for e in root.iterfind("jobs/job")] == [j["id"] for j in same["jobs"]]
    assert [e.findtext("input/file/name") for e in root.iterfind("jobs/job")] == [
        j["input"]["file"]["name"] for j in same["jobs"]
    ]
    job = same["jobs"][2]
    assert (job["user"]["name"], job["application"]["name"]) == ("tester", "tester")
    assert (job["pipeline"]["name"], job["outputs"][0]["preset"]["name"]) == ("p", "sd")
    assert job["outputs"][0]["file"]["job"] == ref("jobs", job["id"])


def test_two_accounts_see_nothing_of_each_other(
    core: Core, client: TestClient, me: dict[str, str], three: list[dict[str, Any]]
) -> None:
    other = {"Authorization": f"Bearer {key_of(core, 'other')}"}
    job = three[2]
    template = {"template": {"name": "t", "job_settings": {}}}
    template_id = client.post("/v1/jobs/templates/", json=template, headers=me).json()["template"]["id"]
    preset = {"name": "p", "description": "", "target_format": {"container": "mp4", "vcodec": {}}}
    preset_id = client.post("/v1/presets/", json={"preset": preset}, headers=me).json()["preset"]["id"]
    own = {
        "/v1/jobs/{}": job["id"],
        "/v1/files/{}": job["outputs"][0]["file"]["id"],
        "/v1/files/{}/content": job["input"]["file"]["id"],
        "/v1/files/downloads/?redirect=true&file_id={}": job["input"]["file"]["id"],
        "/v1/playlists/hls.m3u8?job_id={}": job["id"],
        "/v1/playlists/dash.mpd?file_id={}": job["outputs"][0]["file"]["id"],
        "/v1/pipelines/{}": job["pipeline"]["id"],
        "/v1/presets/{}": preset_id,
        "/v1/jobs/templates/{}": template_id,
        "/v1/users/{}": job["user"]["id"],
        "/v1/applications/{}": job["application"]["id"],
    }
    for path, resource_id in own.items():
        assert client.get(path.format(resource_id), headers=me).status_code == 200, path
        foreign, missing = (client.get(path.format(i), headers=other) for i in (resource_id, NOWHERE))
        assert (foreign.status_code, foreign.text) == (404, missing.text), path
    for method, path, resource_id in (
        ("DELETE", "/v1/jobs/{}", job["id"]),
        ("DELETE", "/v1/files/{}", job["input"]["file"]["id"]),
        ("DELETE", "/v1/presets/{}", preset_id),
        ("PUT", "/v1/presets/{}", preset_id),
        ("DELETE", "/v1/pipelines/{}", job["pipeline"]["id"]),
        ("PUT", "/v1/pipelines/{}", job["pipeline"]["id"]),
        ("DELETE", "/v1/jobs/templates/{}", template_id),
    ):
        answer = client.request(method, path.format(resource_id), json={}, headers=other)
        assert answer.status_code == 404, path
    used = {"preset": {"id": preset_id}, "output_name": "x"}
    for change in (
        {"outputs": [used]},
        {"pipeline": {"id": job["pipeline"]["id"]}},
        {"input": {"file": {"id": job["input"]["file"]["id"]}}},
    ):
        assert client.post("/v1/jobs/", json=asked(**change), headers=other).status_code == 400
    lists = {
        "jobs": "jobs",
        "files": "files",
        "jobs/templates": "templates",
        "presets/?type=custom": "presets",
    }
    for path, name in lists.items():
        assert client.get(f"/v1/{path}", headers=other).json()[name] == []
    assert len(client.get("/v1/pipelines/", headers=other).json()["pipelines"]) == 1
    assert client.get("/v1/jobs/", headers=me).json()["total"] == 3


def test_without_keys_nobody_is_asked_for_one(tmp_path: Path) -> None:
    with made_core(tmp_path / "home", no_auth=True) as core:
        local = TestClient(app_of(core), base_url="http://127.0.0.1")
        assert local.get("/v1/jobs/").json()["jobs"] == []
