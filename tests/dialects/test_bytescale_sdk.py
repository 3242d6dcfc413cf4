"""@bytescale/sdk and upload-js-full, unmodified, against a real server: one film, one encode."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import httpx2
import m3u8
import pytest
from helpers_media import Clips
from PIL import Image

from ingest.media.toolchain import find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from conftest import Server

pytestmark = pytest.mark.media

HERE = Path(__file__).parent
SAMPLES = HERE.parents[1] / "sample_media"
DOCS = "https://www.bytescale.com/docs/job-api/GetJob"


@pytest.fixture(scope="module")
def server(
    start_server: Callable[[Path], AbstractContextManager[Server]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with start_server(tmp_path_factory.mktemp("server") / "home") as server:
        yield server


@pytest.fixture(scope="module")
def key(server: Server) -> str:
    return server.key("tester")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first second of a real film, small."""
    clips = Clips(tmp_path_factory.mktemp("clips"))
    film = ("-t", "1", "-i", str(SAMPLES / "park.mp4"), "-vf", "scale=320:180")
    return clips.make("clip.mp4", *film, "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac")


def node(script: str, modules: Path, **environment: str) -> dict[str, Any]:
    done = subprocess.run(
        ["node", str(HERE / script)],
        env={**os.environ, "NODE_PATH": str(modules), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


@pytest.fixture(scope="module")
def answers(server: Server, key: str, clip: Path, node_modules: Path) -> dict[str, Any]:
    """All that the SDK was told: see the script for what it asked."""
    return node(
        "bytescale_sdk.cjs",
        node_modules,
        BASE=server.url,
        KEY=key,
        OTHER_KEY=server.key("other"),
        CLIP=str(clip),
        TEXT=str(SAMPLES / "README.md"),
    )


def reference(server: Server, answers: dict[str, Any], kind: str, job: dict[str, Any]) -> dict[str, Any]:
    account, job_id = answers["accountId"], job["jobId"]
    assert re.fullmatch("[0-9A-HJKMNP-TV-Z]{26}", job_id)
    return {
        "jobUrl": f"{server.url}/v2/accounts/{account}/jobs/{kind}/{job_id}",
        "jobDocs": DOCS,
        "jobId": job_id,
        "jobType": kind,
    }


def test_an_upload_is_a_file_with_its_details(server: Server, answers: dict[str, Any], clip: Path) -> None:
    account = answers["accountId"]
    details = answers["details"]
    assert details == {
        "accountId": account,
        "etag": details["etag"],
        "filePath": "/films/clip!.mp4",
        "fileUrl": f"{server.url}/{account}/raw/films/clip%21.mp4",
        "lastModified": details["lastModified"],
        "metadata": {"shot": 1},
        "mime": "video/mp4",
        "originalFileName": "clip.mp4",
        "size": clip.stat().st_size,
        "tags": ["holiday"],
    }
    assert {**answers["uploaded"], "lastModified": 0} == {**details, "lastModified": 0}
    assert answers["rawBytes"] is True


def test_uploads_of_every_kind(answers: dict[str, Any]) -> None:
    sizes = {name: answers[name]["size"] for name in ("parts", "stream", "empty", "named")}
    assert sizes == {
        "parts": 8 * 1024 * 1024 + 1,
        "stream": (SAMPLES / "README.md").stat().st_size,
        "empty": 0,
        "named": 5,
    }
    assert answers["empty"]["etag"] == "d41d8cd98f00b204e9800998ecf8427e"
    assert re.fullmatch(r"/uploads/\d{4}/\d\d/\d\d/[1-9A-Za-z]{10}-hello\.txt", answers["named"]["filePath"])
    assert answers["remaining"] == {"remainingUploadParts": [0]}


def test_an_artifact_that_is_not_made_yet_is_404_with_the_job(
    server: Server, answers: dict[str, Any]
) -> None:
    first = answers["first"]
    assert (first["name"], first["status"]) == ("BytescaleGenericError", 404)
    job = first["body"]
    assert job == {
        **reference(server, answers, "ProcessVideoJob", job),
        "accountId": answers["accountId"],
        "created": job["created"],
        "lastUpdated": job["lastUpdated"],
        "status": job["status"],
        "summary": {},
    }
    assert job["status"] in ("Pending", "Running")
    # The same URL is the same job.
    assert answers["again"]["jobId"] == job["jobId"]


def test_a_job_that_succeeds(server: Server, answers: dict[str, Any]) -> None:
    job, seen = answers["ended"]["job"], answers["ended"]["seen"]
    account = answers["accountId"]
    url = f"{server.url}/{account}/video/films/clip%21.mp4!f=hls-h264&h=90&h=180&a=/video.m3u8"
    assert job == {
        **reference(server, answers, "ProcessVideoJob", job),
        "accountId": account,
        "created": answers["again"]["created"],
        "lastUpdated": job["lastUpdated"],
        "status": "Succeeded",
        "summary": {"result": {"type": "Artifact", "artifact": "/video.m3u8", "artifactUrl": url}},
    }
    assert job["lastUpdated"] > job["created"]
    assert seen in (["Pending", "Running", "Succeeded"], ["Running", "Succeeded"])
    assert answers["uncancelled"] == job


def test_the_playlists_lead_to_segments_that_are_film(
    server: Server, key: str, answers: dict[str, Any], tmp_path: Path
) -> None:
    """From the master at the `!` URL, as a player goes."""
    bang = answers["bang"]
    assert (bang["status"], bang["mime"]) == (200, "application/vnd.apple.mpegurl")
    variants = m3u8.loads(bang["text"]).playlists
    assert {v.stream_info.resolution for v in variants} == {(160, 90), (320, 180)}
    largest = max(variants, key=lambda v: v.stream_info.resolution)
    address = urljoin(bang["url"], largest.uri)
    headers = {"authorization": f"Bearer {key}"}
    playlist = m3u8.loads(httpx2.get(address, headers=headers).text)
    film = tmp_path / "film.mp4"
    parts = [playlist.segment_map[0].uri, *(s.uri for s in playlist.segments)]
    assert len(parts) == 2
    with film.open("wb") as file:
        for uri in parts:
            file.write(httpx2.get(urljoin(address, uri), headers=headers).raise_for_status().content)
    entries = ("-count_frames", "-show_entries", "stream=codec_name,width,height,nb_read_frames")
    shown = subprocess.run(
        [str(find().ffprobe.path), "-v", "error", *entries, "-of", "json", str(film)],
        check=True,
        capture_output=True,
        timeout=60,
    )
    (stream,) = json.loads(shown.stdout)["streams"]
    assert stream == {"codec_name": "h264", "width": 320, "height": 180, "nb_read_frames": "30"}


def test_where_the_url_has_a_question_mark_children_are_named_whole(
    server: Server, answers: dict[str, Any]
) -> None:
    asked = m3u8.loads(answers["playlist"])
    begin = f"/{answers['accountId']}/video/films/clip%21.mp4!f=hls-h264&h=90&h=180&a=/"
    uris = [p.uri for p in asked.playlists] + [m.uri for m in asked.media]
    assert uris
    assert all(uri.startswith(begin) for uri in uris)
    assert answers["url"].partition("?")[0] == f"{server.url}{begin.partition('!')[0]}"
    child = answers["child"]
    assert (child["status"], len(m3u8.loads(child["text"]).segments)) == (200, 1)


def test_a_picture_of_the_film_is_made_at_once(server: Server, answers: dict[str, Any]) -> None:
    with Image.open(io.BytesIO(base64.b64decode(answers["still"]))) as image:
        assert (image.format, image.size) == ("WEBP", (64, 36))
        darkest, brightest = image.convert("L").getextrema()
        assert brightest - darkest > 100
    with Image.open(io.BytesIO(base64.b64decode(answers["late"]))) as image:
        assert (image.format, image.size) == ("JPEG", (320, 180))
    path = "/made/still.jpg"
    account = answers["accountId"]
    assert answers["stillSaved"] == {
        "accountId": account,
        "async": False,
        "filePath": path,
        "fileUrl": f"{server.url}/{account}/raw{path}",
    }


def test_a_job_that_fails_says_why(answers: dict[str, Any]) -> None:
    job = answers["failed"]["job"]
    assert (job["status"], job["summary"]) == ("Failed", {})
    assert job["error"] == {
        "code": "cannot_determine_input_dimensions",
        "message": "Unable to determine input video dimensions.",
        "details": {
            "messageCode": 9306,
            "message": "text.mp4 is a text file, not a video file",
            "remedy": job["error"]["details"]["remedy"],
        },
        "timestamp": job["error"]["timestamp"],
    }
    assert len(job["error"]["timestamp"]) == 24
    artifact = answers["failedArtifact"]
    assert (artifact["name"], artifact["errorCode"]) == ("BytescaleApiError", job["error"]["code"])


def test_a_job_is_cancelled(answers: dict[str, Any]) -> None:
    save = answers["save"]
    assert next(iter(save)) == "async"
    # The engine may have begun it before the answer was read.
    assert (save["async"], save["status"]) in [(True, "Pending"), (True, "Running")]
    cancelled = answers["cancelled"]
    assert cancelled["seen"][-1] == "Cancelled"
    assert set(cancelled["seen"]) <= {"Pending", "Running", "Cancelling", "Cancelled"}
    assert cancelled["job"] == {
        **{k: v for k, v in save.items() if k != "async"},
        "status": "Cancelled",
        "lastUpdated": cancelled["job"]["lastUpdated"],
    }


def test_batches(server: Server, answers: dict[str, Any]) -> None:
    assert answers["copied"] == {"status": "Copied"}
    batch = answers["batch"]
    assert batch == reference(server, answers, "CopyFileBatchJob", batch)
    job = answers["batchEnded"]["job"]
    copy = {
        "source": "/films/clip!.mp4",
        "destination": "/copies/b.mp4",
        "tags": {"merge": False, "value": ["b"]},
    }
    assert job == {
        **batch,
        "accountId": answers["accountId"],
        "created": job["created"],
        "lastUpdated": job["lastUpdated"],
        "status": "Succeeded",
        "summary": {"copies": [copy]},
    }
    assert (answers["batchCopy"]["tags"], answers["batchCopy"]["metadata"]) == (["b"], {"shot": 1})
    assert answers["folder"]["status"] == answers["goneFolder"]["status"] == "Succeeded"
    assert answers["folderCopy"] == answers["details"]["size"]
    gone = answers["gone"]
    assert (gone["status"], gone["summary"]) == (
        "Succeeded",
        {"deletions": ["/copies/a.mp4", "/copies/b.mp4"]},
    )
    assert answers["goneFile"]["errorCode"] == answers["deleted"]["errorCode"] == "file_not_found"


def test_folders(server: Server, answers: dict[str, Any]) -> None:
    account = answers["accountId"]
    inherited = answers["put"]["settingsInherited"]
    empty = {
        "folderPath": "/c2/empty",
        "settings": {"description": "none yet"},
        "type": "Folder",
        "virtual": True,
    }
    assert answers["put"] == {**empty, "settingsInherited": inherited}
    assert inherited["storageLayer"] == {"folderPath": "/", "value": {"type": "InternalStorageV2"}}
    here = {"folderPath": "/c2", "settings": {}, "type": "Folder", "virtual": False}
    assert answers["folderDetails"] == {**here, "settingsInherited": inherited}
    first, last = answers["folderPages"]
    copies = [
        {
            "filePath": path,
            "fileUrl": f"{server.url}/{account}/raw{path}",
            "lastModified": item["lastModified"],
            "size": answers["details"]["size"],
            "type": "File",
        }
        for path, item in zip(("/c2/a.mp4", "/c2/b.mp4"), first["items"], strict=True)
    ]
    assert first == {
        "cursor": "/c2/b.mp4",
        "folder": here,
        "isPaginationComplete": False,
        "items": copies,
    }
    assert last == {"cursor": "/c2/empty/", "folder": here, "isPaginationComplete": True, "items": [empty]}
    assert answers["folderPreview"]["items"] == [empty]
    assert answers["folderBatch"]["status"] == answers["goneFolders"]["status"] == "Succeeded"
    assert answers["copiedFolder"]["settings"] == {"description": "none yet"}
    assert (answers["afterFolders"]["items"], answers["afterFolders"]["folder"]["virtual"]) == ([], False)


def test_a_batch_that_fails_is_rolled_back(answers: dict[str, Any]) -> None:
    rolled = answers["rolled"]
    assert (rolled["status"], rolled["error"]["code"]) == ("Failed", "file_not_found")
    assert answers["rolledFile"]["errorCode"] == "file_not_found"


def test_a_reset_cache_knows_no_transformation(answers: dict[str, Any]) -> None:
    assert answers["reset"]["status"] == "Succeeded"
    assert answers["afterReset"]["errorCode"] == "transformation_not_cached"


def test_the_newest_jobs_of_the_types_asked_for(answers: dict[str, Any]) -> None:
    items = answers["recent"]["items"]
    created = [item["created"] for item in items]
    assert created == sorted(created, reverse=True)
    assert [item["jobType"] for item in items] == [
        *("DeleteFileBatchJob", "CopyFileBatchJob", "CopyFileBatchJob"),
        *("ProcessVideoJob", "ProcessVideoJob", "ProcessVideoJob"),
    ]
    assert items[-1] == answers["ended"]["job"]
    assert answers["batches"] == {"items": [answers["gone"]]}


def test_every_refusal_reaches_the_sdk_as_its_own_error(answers: dict[str, Any]) -> None:
    codes = {
        "unknownKey": "bad_credentials",
        "otherAccount": "account_not_found",
        "otherJob": "job_not_found",
        "otherFile": "file_not_found",
        "wrongType": "job_not_found",
        "unknownJob": "job_not_found",
        "noUlid": "job_not_found",
        "cancelUnknown": "job_not_found",
        "unknownType": "unknown_job_type",
        "noType": "job_type_missing",
        "noFile": "file_not_found",
        "badPath": "invalid_file_path",
        "deleteNothing": "file_not_found",
        "badFolder": "invalid_file_path",
        "unnamedFolder": "invalid_file_path",
        "otherFolder": "account_not_found",
        "bucket": "folder_setting_not_supported",
        "copyNothing": "file_not_found",
        "badFormat": "unknown_format",
        "badParameter": "invalid_parameter",
        "unknownParameter": "unknown_parameter",
        "noArtifact": "artifact_not_found",
        "unknownTransformation": "transformation_not_found",
        "audio": "transformation_not_supported",
        "badBody": "invalid",
        "tooLarge": "file_too_large",
        "noUpload": "upload_not_found",
        "noPart": "part_not_found",
        "partMissing": "part_etag_mismatch",
        "privateUrl": "url_invalid",
    }
    expected = {name: ["BytescaleApiError", code] for name, code in codes.items()}
    assert answers["refusals"] == {**expected, "noRoute": ["fetch", "not_found"]}


def test_the_older_client_is_told_in_the_older_shape(
    server: Server, key: str, answers: dict[str, Any], node_modules: Path
) -> None:
    video = answers["ended"]["job"]
    told = node("uploadio_sdk.cjs", node_modules, BASE=f"{server.url}/uploadio", KEY=key, JOB=video["jobId"])
    account = answers["accountId"]
    job = told["job"]
    assert job == {
        "accountId": account,
        "attempts": 1,
        "created": job["created"],
        "error": None,
        "jobId": told["asked"]["jobId"],
        "jobType": "DeleteFileBatchJob",
        "lastUpdated": job["lastUpdated"],
        "status": "Succeeded",
        "summary": {"deletions": ["/old/a.txt"]},
    }
    assert told["asked"] == {
        "jobUrl": f"{server.url}/uploadio/v2/accounts/{account}/jobs/DeleteFileBatchJob/{job['jobId']}",
        "jobDocs": "https://upload.io/docs/upload-api/jobs/GetJob",
        "jobId": job["jobId"],
        "jobType": "DeleteFileBatchJob",
    }
    assert told["recent"]["items"][0] == job
    kept = ("accountId", "created", "jobId", "jobType", "lastUpdated", "status", "summary")
    assert told["video"] == {**{k: video[k] for k in kept}, "attempts": 1, "error": None}
    assert told["details"]["size"] == 3
    unset = {"description": None, "publicPermissions": None, "storageLayer": None}
    assert (told["put"]["settings"], told["put"]["virtual"]) == (unset, True)
    assert [item["type"] for item in told["listed"]["items"]] == ["File", "Folder"]
    assert told["listed"]["items"][1] == {
        "folderPath": "/old/put",
        "settings": unset,
        "type": "Folder",
        "virtual": True,
    }
    assert "etag" not in told["details"]
    assert told["missing"]["errorCode"] == "job_not_found"
