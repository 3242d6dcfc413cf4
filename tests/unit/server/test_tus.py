"""tus: the protocol's words, and an unmodified client, `tuspy`."""

from __future__ import annotations

import base64
import hashlib
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest
from fastapi.testclient import TestClient
from made_core import app_of, key_of, made_core
from served import served
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from ingest.server.native.tus import EXTENSIONS, metadata_of

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.server.core import Core

V = {"tus-resumable": "1.0.0"}
PIECE = V | {"content-type": "application/offset+octet-stream"}


@pytest.fixture
def client(core: Core) -> TestClient:
    return TestClient(app_of(core), headers={"authorization": f"Bearer {key_of(core)}"})


def begun(client: TestClient, size: int = 6, **headers: str) -> str:
    answer = client.post("/api/uploads", headers=V | {"upload-length": str(size)} | headers)
    assert (answer.status_code, answer.headers["tus-resumable"]) == (201, "1.0.0")
    return answer.headers["location"]


def test_a_server_says_what_it_knows(client: TestClient) -> None:
    answer = TestClient(client.app).options("/api/uploads")
    assert answer.status_code == 204
    assert answer.headers["tus-version"] == answer.headers["tus-resumable"] == "1.0.0"
    assert answer.headers["tus-extension"] == EXTENSIONS
    assert answer.headers["tus-max-size"] == "5000"
    assert answer.headers["tus-checksum-algorithm"] == "md5,sha1,sha256"


def test_a_file_in_two_pieces(client: TestClient, core: Core) -> None:
    words = "filename " + base64.b64encode("../Größe.mp4".encode()).decode() + ",filetype dmlkZW8vbXA0,odd"
    url = begun(client, **{"upload-metadata": words})
    head = client.head(url, headers=V)
    assert (head.headers["upload-offset"], head.headers["upload-length"]) == ("0", "6")
    assert metadata_of(head.headers["upload-metadata"]) == metadata_of(words)
    assert head.headers["cache-control"] == "no-store"
    first = client.patch(url, content=b"012", headers=PIECE | {"upload-offset": "0"})
    assert (first.status_code, first.headers["upload-offset"]) == (204, "3")
    assert parsedate_to_datetime(first.headers["upload-expires"]).tzinfo is not None
    assert "ingest-file" not in first.headers
    assert client.head(url, headers=V).headers["upload-offset"] == "3"
    last = client.patch(url, content=b"345", headers=PIECE | {"upload-offset": "3"})
    made = core.files.get(None, last.headers["ingest-file"])
    assert (made.path, made.mime, made.stored.read_bytes()) == ("/uploads/Größe.mp4", "video/mp4", b"012345")
    assert made.metadata == {"filename": "../Größe.mp4", "filetype": "video/mp4", "odd": ""}
    assert client.get(url).json()["file"] == made.file_id
    assert client.head(url, headers=V).headers["upload-offset"] == "6"
    assert client.patch(url, content=b"", headers=PIECE | {"upload-offset": "6"}).status_code == 409


def test_creation_with_upload_and_an_empty_file(client: TestClient) -> None:
    whole = client.post("/api/uploads", content=b"film", headers=PIECE | {"upload-length": "4"})
    assert (whole.status_code, whole.headers["upload-offset"]) == (201, "4")
    assert whole.headers["ingest-file"]
    empty = client.post("/api/uploads", headers=V | {"upload-length": "0"})
    assert (empty.status_code, bool(empty.headers["ingest-file"])) == (201, True)


def test_a_length_said_later(client: TestClient) -> None:
    answer = client.post("/api/uploads", headers=V | {"upload-defer-length": "1"})
    url = answer.headers["location"]
    assert client.head(url, headers=V).headers["upload-defer-length"] == "1"
    assert client.patch(url, content=b"01", headers=PIECE | {"upload-offset": "0"}).status_code == 204
    last = client.patch(url, content=b"2", headers=PIECE | {"upload-offset": "2", "upload-length": "3"})
    assert last.headers["ingest-file"]


def test_checksums(client: TestClient) -> None:
    url = begun(client)

    def patch(said: str) -> int:
        headers = PIECE | {"upload-offset": "0", "upload-checksum": said}
        return client.patch(url, content=b"012", headers=headers).status_code

    assert patch("sha1 " + base64.b64encode(hashlib.sha1(b"x").digest()).decode()) == 460
    assert patch("crc32 AAAA") == patch("sha1 !") == 400
    assert client.head(url, headers=V).headers["upload-offset"] == "0"
    assert patch("sha256 " + base64.b64encode(hashlib.sha256(b"012").digest()).decode()) == 204


def test_an_upload_given_up(client: TestClient) -> None:
    url = begun(client)
    assert client.delete(url, headers=V).status_code == 204
    gone = client.head(url, headers=V)
    assert (gone.status_code, gone.headers["tus-resumable"]) == (404, "1.0.0")


def test_methods_by_their_substitute(client: TestClient) -> None:
    url = begun(client, 3)
    override = {"upload-offset": "0", "x-http-method-override": "PATCH"}
    assert client.post(url, content=b"012", headers=PIECE | override).headers["ingest-file"]
    other = begun(client)
    assert client.post(other, headers=V | {"x-http-method-override": "DELETE"}).status_code == 204
    assert client.post(begun(client), headers=V).status_code == 405


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"upload-length": "6"}, 412),
        ({"upload-length": "6", "tus-resumable": "0.2.2"}, 412),
        (V, 400),
        (V | {"upload-length": "-1"}, 400),
        (V | {"upload-length": "1" * 30}, 400),
        (V | {"upload-length": "6", "upload-defer-length": "1"}, 400),
        (V | {"upload-length": "5001"}, 413),
        (V | {"upload-length": "6", "upload-metadata": "filename !!"}, 400),
        (V | {"upload-length": "6", "upload-metadata": "filename /w=="}, 400),
    ],
)
def test_uploads_that_cannot_begin(client: TestClient, headers: dict[str, str], status: int) -> None:
    answer = client.post("/api/uploads", headers=headers)
    assert (answer.status_code, answer.headers["tus-resumable"]) == (status, "1.0.0")
    assert status != 412 or answer.headers["tus-version"] == "1.0.0"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (V | {"upload-offset": "0", "content-type": "video/mp4"}, 415),
        (PIECE, 400),
        (PIECE | {"upload-offset": "1"}, 409),
        ({"upload-offset": "0", "content-type": PIECE["content-type"]}, 412),
        (PIECE | {"upload-offset": "0", "upload-length": "7"}, 409),
    ],
)
def test_pieces_that_cannot_be(client: TestClient, headers: dict[str, str], status: int) -> None:
    url = begun(client)
    assert client.patch(url, content=b"x", headers=headers).status_code == status
    assert client.head(url, headers=V).headers["upload-offset"] == "0"


def test_a_piece_behind_the_end(client: TestClient) -> None:
    url = begun(client, 2)
    assert client.patch(url, content=b"012", headers=PIECE | {"upload-offset": "0"}).status_code == 413


def test_tuspy_resumes_over_a_restart_of_the_server(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(bytes(range(256)) * 4000)
    home = tmp_path / "home"
    with made_core(home, max_upload=10**7) as core:
        key = key_of(core)
        with served(core) as base:
            client = TusClient(f"{base}/api/uploads", headers={"Authorization": f"Bearer {key}"})
            uploader = client.uploader(str(film), chunk_size=100_000, metadata={"filename": "film.mp4"})
            for _ in range(3):
                uploader.upload_chunk()
            path = uploader.url.removeprefix(base)
    with made_core(home, max_upload=10**7) as core, served(core) as base:
        client = TusClient(f"{base}/api/uploads", headers={"Authorization": f"Bearer {key}"})
        again = client.uploader(str(film), chunk_size=100_000, url=base + path, upload_checksum=True)
        assert again.offset == 300_000
        again.upload()
        (made,) = core.files.list(None)
        assert made.stored.read_bytes() == film.read_bytes()
        assert made.etag == hashlib.md5(film.read_bytes()).hexdigest()
        stranger = TusClient(f"{base}/api/uploads", headers={"Authorization": f"Bearer {key_of(core, 'b')}"})
        with pytest.raises(TusCommunicationError):
            stranger.uploader(str(film), url=base + path)
