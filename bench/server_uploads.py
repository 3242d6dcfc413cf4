"""Uploads films to a server that is killed again and again, by tus and in Bytescale's parts, and believes no answer.

What the server has acknowledged it must know after each start: the offset that a piece has reached, the part that
has an etag, the file that was made. Each upload goes on where the server says it is, and in the end the file must be
what was sent. Now and then a job is made of it, over HTTP.
"""

from __future__ import annotations

import base64
import hashlib
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ingest.server.core import Core

BLOCK = 128 * 1024
PAUSE = 0.02  # seconds between two blocks, so that a kill finds pieces on their way
PIECES = (64 * 1024, 1024 * 1024)  # bytes of a piece of tus's
FILLING = 10 * 1024 * 1024  # of most films two of Bytescale's parts
SECONDS = 30.0


class GoneError(Exception):
    """The server is, or it never was there: what was asked may have been done or not."""


class WrongError(Exception):
    """An answer that cannot be."""


@dataclass
class Uploads:
    """What has been uploaded. `url` is of the server that is there, None between two.

    Attributes:
        stored: MD5 of each file that the server said it has, by id.
        jobs: those that were answered.
        on_their_way: bodies that are being sent.
    """

    film: bytes
    preset: str
    most_jobs: Callable[[], bool]
    url: str | None = None
    stored: dict[str, str] = field(default_factory=dict)
    jobs: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    on_their_way: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)
    _change: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        for kind in (by_tus, in_parts):
            thread = threading.Thread(
                target=self._again_and_again, args=(kind,), name=kind.__name__, daemon=True
            )
            thread.start()
            self.threads.append(thread)

    def finish(self, seconds: float) -> None:
        """Let those that have begun come to their end."""
        self.over.set()
        until = time.monotonic() + seconds
        for thread in self.threads:
            thread.join(max(0.0, until - time.monotonic()))
            if thread.is_alive():
                self.faults.append(f"the upload {thread.name} does not end")

    def _again_and_again(self, kind: Callable[[Client, bytes, str], str]) -> None:
        number = 0
        while not self.over.is_set():
            number += 1
            filling = random.randbytes(random.randint(1, FILLING))
            # A box that players and ffmpeg pass over makes each film another one (ISO/IEC 14496-12, 8.1.2).
            content = self.film + (len(filling) + 8).to_bytes(4, "big") + b"free" + filling
            try:
                file_id = kind(Client(self), content, f"{kind.__name__}-{number}.mp4")
                self.stored[file_id] = hashlib.md5(content).hexdigest()
                self.counts[kind.__name__] += 1
                if self.most_jobs():
                    self._submit(file_id)
            except WrongError as error:
                self.faults.append(f"{kind.__name__} {number}: {error}")

    def _submit(self, file_id: str) -> None:
        """A job, if the server lives that long: whether one that was not answered is there does not matter."""
        body = {"source": {"file": file_id}, "resolutions": ["tiny"], "presets": {"tiny": self.preset}}
        try:
            answer = Client(self).ask("POST", "/api/jobs", json=body)
        except GoneError:
            return
        self.jobs.add(expect(answer, 201).json()["jobId"])

    def sending(self, content: bytes) -> Iterator[bytes]:
        with self._change:
            self.on_their_way += 1
        try:
            for start in range(0, len(content), BLOCK):
                yield content[start : start + BLOCK]
                time.sleep(PAUSE)
        finally:
            with self._change:
                self.on_their_way -= 1

    def look(self, core: Core) -> list[str]:
        """What is wrong in the end."""
        wrong = list(self.faults)
        for file_id, md5 in self.stored.items():
            stored = core.files.get(None, file_id)
            if not md5 == stored.etag == hashlib.md5(stored.stored.read_bytes()).hexdigest():
                wrong.append(f"the file {file_id} is another than was sent")
        return wrong


class Client:
    """Asks the server that there is, once it is there."""

    def __init__(self, uploads: Uploads) -> None:
        self.uploads = uploads

    def ask(self, method: str, path: str, content: bytes | None = None, **said: Any) -> httpx2.Response:
        """Raises GoneError."""
        while (url := self.uploads.url) is None:
            time.sleep(0.05)
        if content is not None:
            said["content"] = self.uploads.sending(content)
            said["headers"] = {"content-length": str(len(content)), **said.get("headers", {})}
        try:
            with httpx2.Client(timeout=SECONDS, trust_env=False) as client:
                return client.request(method, url + path, **said)
        except httpx2.HTTPError as error:
            self.uploads.counts["broken off"] += 1
            time.sleep(0.1)
            raise GoneError(str(error)) from error


def expect(answer: httpx2.Response, *statuses: int) -> httpx2.Response:
    """Raises WrongError."""
    if answer.status_code not in statuses:
        raise WrongError(
            f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:300]}"
        )
    return answer


def until_answered(call: Callable[[], httpx2.Response]) -> httpx2.Response:
    while True:
        try:
            return call()
        except GoneError:
            continue


TUS = {"tus-resumable": "1.0.0"}


def by_tus(client: Client, content: bytes, name: str) -> str:
    """One upload by tus 1.0, taken up again wherever it broke off; the file's id. Raises WrongError."""
    told = {"upload-length": str(len(content)), "upload-metadata": f"filename {_base64(name)}"}
    made = until_answered(lambda: client.ask("POST", "/api/uploads", headers=TUS | told))
    path = "/api/uploads/" + expect(made, 201).headers["location"].rpartition("/")[2]
    acknowledged = 0
    while True:
        at = expect(until_answered(lambda: client.ask("HEAD", path, headers=TUS)), 200).headers
        offset = int(at["upload-offset"])
        if offset < acknowledged:
            raise WrongError(f"{path} had reached {acknowledged}, and is at {offset}")
        acknowledged = offset
        if "ingest-file" in at:
            return str(at["ingest-file"])
        # At the very end an empty piece makes it a file, where the server was killed before it had.
        piece = content[offset : offset + random.randint(*PIECES)]
        headers = TUS | {"upload-offset": str(offset), "content-type": "application/offset+octet-stream"}
        try:
            answer = expect(client.ask("PATCH", path, piece, headers=headers), 204, 423)
        except GoneError:
            continue
        if answer.status_code == 423:  # its other end has not noticed yet that we are gone
            time.sleep(0.2)
            continue
        acknowledged = int(answer.headers["upload-offset"])
        if acknowledged != offset + len(piece):
            raise WrongError(f"{path} was given {len(piece)} bytes at {offset}, and is at {acknowledged}")


def in_parts(client: Client, content: bytes, name: str) -> str:
    """One upload as Bytescale's UploadManager does it; the file's id. Raises WrongError."""
    account = expect(until_answered(lambda: client.ask("GET", "/api/me")), 200).json()["account"]
    base = f"/v2/accounts/{account}"
    body = {"size": len(content), "originalFileName": name, "path": f"/parts/{name}"}
    begun = expect(until_answered(lambda: client.ask("POST", f"{base}/uploads", json=body)), 200).json()
    upload = f"{base}/uploads/{begun['uploadId']}/parts"
    acknowledged: set[int] = set()
    while True:
        try:
            left = expect(client.ask("GET", upload), 200).json()["remainingUploadParts"]
            if lost := acknowledged & set(left):
                raise WrongError(f"{upload}: {sorted(lost)} were there, and are not")
            for number in left or [begun["uploadParts"]["count"] - 1]:
                etag = _send_part(client, upload, number, content) if left else _etag(content, number, begun)
                acknowledged.add(number)
                said = expect(client.ask("PUT", f"{upload}/{number}", json={"etag": etag}), 200)
            if said.json()["status"] == "Completed":
                break
        except GoneError:
            continue
    found = expect(
        until_answered(lambda: client.ask("GET", "/api/files", params={"folder": "/parts", "limit": 500})),
        200,
    )
    files = {file["path"]: file["file"] for file in found.json()["files"]}
    if f"/parts/{name}" not in files:
        raise WrongError(f"{upload} was completed, and there is no file")
    return str(files[f"/parts/{name}"])


def _send_part(client: Client, upload: str, number: int, content: bytes) -> str:
    part = expect(client.ask("GET", f"{upload}/{number}"), 200).json()
    first, last = part["range"]["inclusiveStart"], part["range"]["inclusiveEnd"]
    path = "/v2/" + part["uploadUrl"].partition("/v2/")[2]
    while True:
        answer = expect(client.ask("PUT", path, content[first : last + 1]), 200, 423)
        if answer.status_code == 200:
            break
        time.sleep(0.2)
    etag = str(answer.headers["etag"])
    if etag.strip('"') != hashlib.md5(content[first : last + 1]).hexdigest():
        raise WrongError(f"{path} is another than was sent")
    return etag


def _etag(content: bytes, number: int, begun: dict[str, Any]) -> str:
    """Of the last part, where all have arrived and the file was not made yet."""
    size = begun["uploadParts"]["first"]["range"]["inclusiveEnd"] + 1
    return hashlib.md5(content[number * size : (number + 1) * size]).hexdigest()


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
