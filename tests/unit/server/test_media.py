"""Files over HTTP: ranges, validators, types, tickets, and no way out of a package."""

from __future__ import annotations

import base64
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from made_core import app_of, key_of, submitted
from sqlalchemy import update

from ingest.job.errors import OutputError
from ingest.job.public import public_record
from ingest.server.media import package_file
from ingest.server.refusals import Refusal
from ingest.server.tickets import Tickets
from ingest.store.tables import KEYS

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.engine.model import Job
    from ingest.server.core import Core

JOB_ID = "j01990000-1234-7abc-8def-0123456789ab"


@pytest.fixture
def job(core: Core) -> Job:
    """A job whose package has some files."""
    job = submitted(core, key_of(core))
    (job.folder / "video/sd").mkdir(parents=True)
    (job.folder / "ABR.m3u8").write_text("#EXTM3U\n")
    (job.folder / "video/sd/seg-00001.m4s").write_bytes(bytes(range(100)))
    (job.folder / ".work").mkdir()
    (job.folder / ".work/half.mp4").write_bytes(b"half")
    (job.folder.parent / "outside.txt").write_text("secret")
    (job.folder / "link.txt").symlink_to(job.folder.parent / "outside.txt")
    (job.folder / "linked").symlink_to(job.folder.parent)
    return job


@pytest.fixture
def client(core: Core) -> TestClient:
    return TestClient(app_of(core))


@pytest.fixture
def base(core: Core, job: Job) -> str:
    return f"/media/{core.tickets.issue(job.job_id)}/"


def test_a_ticket_plays_the_package_without_a_key(client: TestClient, base: str) -> None:
    answer = client.get(base + "ABR.m3u8", headers={"origin": "https://player.example"})
    assert (answer.status_code, answer.text) == (200, "#EXTM3U\n")
    assert answer.headers["content-type"] == "application/vnd.apple.mpegurl"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    segment = client.get(base + "video/sd/seg-00001.m4s")
    assert segment.headers["content-type"] == "video/iso.segment"
    assert segment.headers["cache-control"] == "private, max-age=3600"


@pytest.mark.parametrize(
    ("asked", "status", "said", "content"),
    [
        ("bytes=0-9", 206, "bytes 0-9/100", bytes(range(10))),
        ("bytes=90-", 206, "bytes 90-99/100", bytes(range(90, 100))),
        ("bytes=-5", 206, "bytes 95-99/100", bytes(range(95, 100))),
        ("bytes=98-500", 206, "bytes 98-99/100", bytes([98, 99])),
        ("bytes=100-", 416, "bytes */100", b""),
    ],
)
def test_ranges(client: TestClient, base: str, asked: str, status: int, said: str, content: bytes) -> None:
    answer = client.get(base + "video/sd/seg-00001.m4s", headers={"range": asked})
    assert (answer.status_code, answer.headers["content-range"], answer.content) == (status, said, content)


def test_a_head_has_the_length_and_no_body(client: TestClient, base: str) -> None:
    answer = client.head(base + "video/sd/seg-00001.m4s")
    assert (answer.headers["content-length"], answer.headers["accept-ranges"], answer.content) == (
        "100",
        "bytes",
        b"",
    )


def test_what_is_known_is_not_sent_again(client: TestClient, base: str) -> None:
    url = base + "ABR.m3u8"
    etag = client.get(url).headers["etag"]
    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        answer = client.get(url, headers={"if-none-match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    assert client.get(url, headers={"if-none-match": '"other"'}).status_code == 200
    old = {"range": "bytes=0-1", "if-range": '"other"'}
    assert client.get(base + "video/sd/seg-00001.m4s", headers=old).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "..",
        "../outside.txt",
        "%2e%2e/outside.txt",
        "..%2foutside.txt",
        "%2e%2e%2foutside.txt",
        "video/../../outside.txt",
        "video/..%2f..%2foutside.txt",
        "..%5coutside.txt",
        "....//outside.txt",
        "%2fetc%2fpasswd",
        "/etc/passwd",
        "ABR.m3u8%00.txt",
        ".work/half.mp4",
        "video/%2e/sd/seg-00001.m4s",
        "video//sd/seg-00001.m4s",
        "video",
        "",
        "link.txt",
        "linked/outside.txt",
        "x" * 300,
        "%ff%fe",
    ],
)
def test_there_is_no_way_out_of_a_package(client: TestClient, base: str, path: str) -> None:
    answer = client.get(base + path)
    assert answer.status_code == 404
    assert "secret" not in answer.text


@given(st.text(max_size=40))
def test_no_name_finds_what_is_not_in_the_package(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    folder = tmp_path_factory.getbasetemp() / "package"
    folder.mkdir(exist_ok=True)
    (folder / "a").touch()
    if name == "a":
        assert package_file(folder, name) == folder / "a"
    else:
        with pytest.raises(Refusal):
            package_file(folder, name)


def test_viewers_are_not_shown_the_job_s_record(core: Core, client: TestClient, job: Job, base: str) -> None:
    (job.folder / "job.json").write_text(job.record.to_json())
    assert client.get(base + "job.json").status_code == client.get(base + "./job.json").status_code == 404
    path = f"/api/jobs/{job.job_id}/files/job.json"
    answer = client.get(path, headers={"authorization": f"Bearer {key_of(core, 'other', account='tester')}"})
    assert answer.status_code == 200
    assert answer.text == public_record(job.record).to_json()
    assert str(core.settings.home) not in answer.text
    assert str(core.settings.home) in job.record.to_json()


def test_a_forged_or_old_ticket_is_worth_nothing(core: Core, client: TestClient, job: Job) -> None:
    good = core.tickets.issue(job.job_id)
    data = bytearray(base64.urlsafe_b64decode(good))
    for place in range(len(data)):
        data[place] ^= 1
        forged = base64.urlsafe_b64encode(bytes(data)).decode()
        assert client.get(f"/media/{forged}/ABR.m3u8").status_code == 404
        data[place] ^= 1
    for wrong in ("x", good[:-4], good + "AAAA", quote("ü"), good.lower()):
        assert client.get(f"/media/{wrong}/ABR.m3u8").status_code == 404
    old = core.tickets.issue(job.job_id, now=time.time() - 3 * 86400)
    answer = client.get(f"/media/{old}/ABR.m3u8")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "expired")


def test_a_ticket_ends_with_its_key(core: Core, client: TestClient, job: Job) -> None:
    kept, gone, late = (core.keys.create(n, account="a", scopes=("read",)) for n in ("kept", "gone", "late"))
    token = core.keys.issue_token(core.keys.principal(gone.text), timedelta(hours=1))
    shown = [core.keys.principal(text) for text in (kept.text, gone.text, token.text, late.text)]
    urls = [f"/media/{core.ticket(job, who)}/ABR.m3u8" for who in shown]
    assert [client.get(url).status_code for url in urls * 2] == [200] * 8
    core.keys.revoke("gone")
    with core.queue.database.write() as db:
        db.execute(
            update(KEYS).where(KEYS.c.key_id == late.info.key_id).values(expires="2020-01-01T00:00:00.000Z")
        )
    answers = [client.get(url) for url in urls]
    assert [answer.status_code for answer in answers] == [200, 403, 403, 403]
    assert answers[1].json()["error"]["code"] == "expired"
    assert client.get(f"/media/{core.tickets.issue(job.job_id, 'k' + 'x' * 15)}/ABR.m3u8").status_code == 403


def test_a_ticket_is_the_same_for_an_hour_and_outlives_the_server(tmp_path: Path) -> None:
    first, second = (Tickets.open(tmp_path, 7200.0) for _ in range(2))
    assert (tmp_path / "server.secret").stat().st_mode & 0o777 == 0o600
    tickets = {first.issue(JOB_ID, now=now) for now in (360_001, 361_000, 363_600)}
    assert len(tickets) == 1
    (ticket,) = tickets
    assert second.read(ticket, now=360_001 + 7200) == (JOB_ID, "")
    with pytest.raises(Refusal, match="expired"):
        second.read(ticket, now=360_001 + 7200 + 3600)
    with pytest.raises(Refusal, match="nothing"):
        Tickets(b"another", 7200.0).read(ticket, now=360_001)


@pytest.mark.parametrize("left", [b"", b"half of it"])
def test_what_a_crash_left_of_a_secret_is_not_taken_for_one(tmp_path: Path, left: bytes) -> None:
    (tmp_path / "server.secret").write_bytes(left)
    with pytest.raises(OutputError, match="bytes, not 32"):
        Tickets.open(tmp_path, 7200.0)


def test_a_crash_leaves_no_half_of_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            Tickets.open(tmp_path, 7200.0)
    assert list(tmp_path.iterdir()) == []
    with ThreadPoolExecutor(4) as pool:
        secrets = {t.secret for t in pool.map(lambda _: Tickets.open(tmp_path, 7200.0), range(4))}
    assert [len(s) for s in secrets] == [32]
    assert [p.name for p in tmp_path.iterdir()] == ["server.secret"]


def test_the_url_is_under_the_name_that_the_server_is_known_by(core: Core, job: Job) -> None:
    public = replace(core, settings=replace(core.settings, public_url="https://films.example/ingest"))
    url = public.media_url(job, None, core.keys.principal(key_of(core)))  # type: ignore[arg-type]
    assert url.startswith("https://films.example/ingest/media/")
    assert url.endswith("/")
