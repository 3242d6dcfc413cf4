"""What a job's own process tells of its source."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ingest.engine.child import _fetched
from ingest.engine.model import Submission, UrlSource
from ingest.engine.orders import Orders
from ingest.engine.queue import JobQueue
from ingest.media.cancel import CancelToken

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://cdn.example/a.mp4?Signature=abc", "cdn.example"),
        ("https://cdn.example?Signature=abc", "cdn.example"),
        ("https://me:word@cdn.example:8443?Signature=a/b@c", "cdn.example:8443"),
        ("https://cdn.example#secret", "cdn.example"),
        ("http://[2001:db8::1]:81/a", "[2001:db8::1]:81"),
    ],
)
def test_the_record_names_the_host_of_a_source_and_nothing_more(tmp_path: Path, url: str, host: str) -> None:
    queue = JobQueue.open(tmp_path / "home")
    source = UrlSource(url, "a.mp4")
    job = queue.submit("a", "maria", Submission(source=source, resolutions=("sd",)))

    def fetch(_source: UrlSource, target: Path, _cancel: CancelToken) -> None:
        target.write_bytes(b"film")

    notes = _fetched(Orders(job.record, source, None), CancelToken(), fetch)
    queue.close()
    assert [note.detail for note in notes] == [f"4 bytes from {host}"]
