"""Xvid's sequence of requests with real media: two outputs, thumbnails and a logo, made, looked at and played."""

from __future__ import annotations

import io
import json
import subprocess
import zipfile
from typing import TYPE_CHECKING, Any

import m3u8
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import update

from ingest.engine.child import Deadline, run_job
from ingest.engine.orders import Orders
from ingest.engine.queue import JobQueue
from ingest.job.status import Status
from ingest.media import toolchain
from ingest.server.app import create_app
from ingest.server.core import make_core
from ingest.server.dialects.xvid.presets import system_id
from ingest.server.filestore import About
from ingest.server.settings import ServerSettings
from ingest.settings import Settings
from ingest.store import open_store
from ingest.store.tables import JOBS

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips

    from ingest.engine.model import UrlSource
    from ingest.media.cancel import CancelToken

pytestmark = pytest.mark.media


def probed(path: Path) -> dict[str, Any]:
    ffprobe = str(toolchain.find().ffprobe.path)
    argv = [ffprobe, "-v", "error", "-of", "json", "-show_streams", "-show_format", str(path)]
    return dict(json.loads(subprocess.run(argv, capture_output=True, check=True).stdout))


def no_fetch(source: UrlSource, _target: Path, _cancel: CancelToken) -> None:
    raise AssertionError(source.url)


def png() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (32, 16), (255, 0, 0)).save(made, "PNG")
    return made.getvalue()


def test_a_job_as_xvids_clients_make_it(tmp_path: Path, clips: Clips) -> None:
    home = tmp_path / "home"
    queue = JobQueue.open(home)
    core = make_core(queue, ServerSettings(home, rate=None))
    client = TestClient(create_app(core))
    key = core.keys.create("tester", account="tester", scopes=("submit",)).text
    account = core.keys.principal(key).account
    core.files.put(account, About(path="/uploads/movie.mp4"), clips.small().read_bytes())
    core.files.put(account, About(path="/brand.png"), png())
    form = {"grant_type": "client_credential", "client_id": "tester", "client_secret": key}
    token = client.post("/v1/oauth2/token/", data=form).json()["access_token"]
    me = {"Authorization": f"Bearer {token}"}
    presets = client.get("/v1/presets/?type=system").json()["presets"]
    (sd,) = (p["id"] for p in presets if p["name"] == "sd")
    common = {"preset": {"id": sd}, "logos": [{"logo_image": "brand.png", "logo_preset": "logo_30_top_left"}]}
    outputs = [
        {
            **common,
            "output_name": "{input_name}_small",
            "settings": {"video": {"width": 64, "height": 36, "bitrate": "50%"}},
            "thumbnails": [{"thumbnail_names": "t_{resolution}", "thumbnail_preset": "thumbnails_32x32"}],
            "thumbnail_zip": True,
        },
        {**common, "output_name": "{input_name}_large", "settings": {"video": {"width": 128, "height": 72}}},
    ]
    body = {"job": {"input": {"input_name": "uploads/movie.mp4"}, "outputs": outputs, "output_prefix": "o/"}}
    asked = client.post("/v1/jobs/", json=body, headers=me).json()["job"]
    assert asked["status"] == "QUEUED"

    job = queue.by_short_id(account, asked["id"])
    with open_store(home) as store:
        orders = Orders(job.record, None, None)
        record = run_job(orders, Settings(home=home), store, Deadline(None), no_fetch)
        assert record.error is None
    with queue.database.write() as db:  # as the engine writes down that the process has ended
        changed = update(JOBS).where(JOBS.c.job_id == job.job_id)
        db.execute(changed.values(queue="ended", ended=record.times.ended))

    done = client.get(f"/v1/jobs/{asked['id']}?expand=file&bin_data=true", headers=me).json()["job"]
    assert (done["status"], done["percentage_completed"], record.status) == ("SUCCESS", 100, Status.COMPLETED)
    for output, (name, height) in zip(done["outputs"], (("small", 36), ("large", 72)), strict=True):
        file = output["file"]
        assert file["name"] == f"o/movie_{name}.mp4"
        answer = client.get(f"/v1/files/downloads/?file_id={file['id']}&redirect=true", headers=me)
        local = tmp_path / f"{name}.mp4"
        local.write_bytes(answer.content)
        found = probed(local)
        (track,) = file["video_tracks"]
        picture = next(s for s in found["streams"] if s["codec_type"] == "video")
        assert (picture["codec_name"], picture["height"], track["height"]) == ("h264", height, height)
        assert picture["width"] == track["width"]
        assert file["size"] == local.stat().st_size
        assert abs(float(found["format"]["duration"]) * 1000 - file["duration"]) <= 50
    thumbnails = done["outputs"][0]["thumbnails"][0]["file"]["elements"]
    assert [t["name"] for t in thumbnails] == ["t_32x32_001.jpg"]
    url = f"/v1/files/downloads/?file_id={done['outputs'][0]['thumbnail_zip']['file']['id']}&redirect=true"
    with zipfile.ZipFile(io.BytesIO(client.get(url, headers=me).content)) as archive:
        picture = Image.open(io.BytesIO(archive.read("t_32x32_001.jpg")))
    assert max(picture.size) == 32

    small = done["outputs"][0]["file"]["id"]
    for query, heights in ((f"job_id={asked['id']}", {36, 72}), (f"file_id={small}", {36})):
        master = m3u8.loads(client.get(f"/v1/playlists/hls.m3u8?{query}", headers=me).text)
        assert {v.stream_info.resolution[1] for v in master.playlists} == heights
        for variant in master.playlists:  # a player sends no token
            media = m3u8.loads(client.get(variant.uri).text, uri=variant.uri)
            assert media.is_endlist
            assert all(client.get(s.absolute_uri).status_code == 200 for s in media.segments)
    assert client.delete(f"/v1/jobs/{asked['id']}", headers=me).json() == {"result": {"status": "SUCCESS"}}
    assert not job.folder.exists()
    assert system_id("sd") == sd
    queue.close()
