"""Downloads a source over http or https, within limits, from public addresses only."""

from __future__ import annotations

import contextlib
import os
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx2

from ingest.files import sync_folder
from ingest.job import codes
from ingest.job.errors import ResourceError, SourceError
from ingest.server.addresses import (
    CONNECT_SECONDS,
    ForbiddenAddressError,
    PinnedTransport,
    checked_url,
    shown_url,
)
from ingest.server.refusals import Refusal
from ingest.server.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ingest.engine.model import UrlSource
    from ingest.media.cancel import CancelToken
    from ingest.settings import Settings

READ_SECONDS: Final = 60.0
REDIRECTS: Final = 5
ATTEMPTS: Final = 5  # to go on with a download that broke off, while each brings something
_PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """`size` in bytes and `seconds` for a whole download; `private`: also from private and loopback addresses."""

    size: int
    seconds: float
    private: bool = False

    @classmethod
    def of(cls, settings: Settings) -> FetchLimits:
        return cls(settings.max_download, settings.download_seconds, settings.private_urls)


def fetch(source: UrlSource, target: Path, cancel: CancelToken, limits: FetchLimits | None = None) -> None:
    """Write the file behind the URL to `target`, whole and on the disk; without `limits`, the environment's.

    A connection that breaks off is taken up again where the server can say that the file is the same.

    Raises:
        SourceError: SOURCE_NOT_FETCHED, with the reason, and without what is secret in the URL.
        ResourceError: DISK_FULL.
        Cancelled: `cancel` was set.
    """
    if limits is None:
        from ingest.settings import load

        limits = FetchLimits.of(load())
    try:
        checked_url(source.url, private=limits.private)
    except Refusal as refusal:
        raise _failed(source, refusal.message) from refusal
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.part")
    try:
        with partial.open("wb") as file:
            _Download(source, limits, cancel).into(file.fileno())
            os.fsync(file.fileno())
        partial.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise ResourceError(
            codes.DISK_FULL, "no space left for the source", remedy="free some space"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def size_of(source: UrlSource, cancel: CancelToken, limits: FetchLimits) -> int | None:
    """Bytes that the file behind the URL has, as its server says, which is asked for one of them; None: it does not.

    Raises:
        SourceError: SOURCE_NOT_FETCHED, as `fetch`; for one that is too large as well.
        Cancelled: `cancel` was set.
        Refusal: `invalid`, the URL is none that is asked.
    """
    checked_url(source.url, private=limits.private)
    return _Download(source, limits, cancel).size()


class _Download:
    """One file on its way; `reached` bytes of it are written."""

    def __init__(self, source: UrlSource, limits: FetchLimits, cancel: CancelToken) -> None:
        self._source, self._limits, self._cancel = source, limits, cancel
        self._watchdog = Watchdog(limits.seconds, lambda: cancel.requested)
        self._reached = 0
        self._validator = ""

    def size(self) -> int | None:
        with self._client() as client:
            try:
                response = self._asked(client, {"range": "bytes=0-0"})
            except httpx2.TransportError as error:
                self._look()
                raise self._failed(_reason(error)) from error
            with contextlib.closing(response):
                found = _whole_length(response)
                if found is None and response.status_code not in (200, 206):
                    raise self._failed(f"the server answers {response.status_code}")
        if found is not None and found > self._limits.size:
            raise self._too_large()
        return found

    @contextlib.contextmanager
    def _client(self) -> Iterator[httpx2.Client]:
        """Who asks, until the watchdog breaks it off."""
        # Content codings would let a small answer become a large file.
        headers = {"accept-encoding": "identity", "user-agent": "ingest"}
        secret = self._source.username or self._source.password
        with (
            self._watchdog,
            httpx2.Client(
                transport=PinnedTransport(private=self._limits.private),
                timeout=httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
                headers=headers,
                auth=(self._source.username, self._source.password) if secret else None,
                trust_env=False,
            ) as client,
        ):
            try:
                yield client
            except ForbiddenAddressError as error:
                raise self._failed("it leads to an address that is not asked") from error

    def into(self, descriptor: int) -> None:
        failures = 0
        with self._client() as client:
            while True:
                before = self._reached
                try:
                    self._once(client, descriptor)
                except httpx2.TransportError as error:
                    self._look()  # it may be the watchdog who broke it off
                    failures = 1 if self._reached > before else failures + 1
                    if failures >= ATTEMPTS or (self._reached and not self._validator):
                        raise self._failed(_reason(error)) from error
                else:
                    return
                self._wait(failures * _PAUSE_SECONDS)

    def _once(self, client: httpx2.Client, descriptor: int) -> None:
        headers = {}
        if self._reached:
            headers = {"range": f"bytes={self._reached}-", "if-range": self._validator}
        with contextlib.closing(self._asked(client, headers)) as response:
            if not self._goes_on(response):
                self._reached = 0
                os.ftruncate(descriptor, 0)
            total = _length(response)
            if total is not None and self._reached + total > self._limits.size:
                raise self._too_large()
            # As it arrives: gathered into larger blocks, what came before a break would be lost.
            for block in response.iter_raw():
                self._look()
                if self._reached + len(block) > self._limits.size:
                    raise self._too_large()
                self._reached += os.pwrite(descriptor, block, self._reached)
            self._look()  # an answer without a length ends where the watchdog ended it

    def _asked(self, client: httpx2.Client, headers: Mapping[str, str]) -> httpx2.Response:
        """The answer at the end of all redirects; what stands in those is not read, however long it is."""
        response = client.send(
            client.build_request(
                "GET", self._source.url, headers=headers, extensions=dict(self._watchdog.extensions)
            ),
            stream=True,
        )
        for _ in range(REDIRECTS):
            if response.next_request is None:
                return response
            response.close()
            self._look()
            # User and password stay in the request where the host is the same, and are added to no other.
            response = client.send(response.next_request, stream=True, auth=None)
        if response.next_request is None:
            return response
        response.close()
        raise self._failed(f"more than {REDIRECTS} redirects")

    def _goes_on(self, response: httpx2.Response) -> bool:
        """Whether what comes is the rest; else it is the whole file."""
        if response.status_code not in (200, 206):
            raise self._failed(f"the server answers {response.status_code}")
        etag = response.headers.get("etag", "")
        self._validator = etag if etag.startswith('"') else response.headers.get("last-modified", "")
        begins = f"bytes {self._reached}-"
        if response.status_code == 206 and not response.headers.get("content-range", "").startswith(begins):
            raise self._failed("the server sends another range than was asked for")
        return response.status_code == 206

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._look()
            time.sleep(0.05)

    def _look(self) -> None:
        self._cancel.check()
        if self._watchdog.ended:
            raise self._failed(f"it took longer than {self._limits.seconds:g} s")

    def _too_large(self) -> SourceError:
        return self._failed(f"it has more than {self._limits.size} bytes")

    def _failed(self, reason: str) -> SourceError:
        return _failed(self._source, reason)


def _whole_length(response: httpx2.Response) -> int | None:
    """Of the file, by an answer to a request for its first byte (RFC 9110, sections 14.4 and 15.5.17)."""
    match response.status_code:
        case 200:
            return _length(response)
        case 206 | 416:
            total = response.headers.get("content-range", "").rpartition("/")[2]
            return _number(total)
        case _:
            return None


def _length(response: httpx2.Response) -> int | None:
    return _number(response.headers.get("content-length", ""))


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,19}", text) else None


def _reason(error: httpx2.TransportError) -> str:
    match error:
        case httpx2.TimeoutException():
            return "the server does not answer in time"
        case httpx2.ConnectError():
            return "the server cannot be reached"
        case _:
            return "the connection broke off"


def _failed(source: UrlSource, reason: str) -> SourceError:
    return SourceError(codes.SOURCE_NOT_FETCHED, f"{shown_url(source.url)} cannot be fetched: {reason}")
