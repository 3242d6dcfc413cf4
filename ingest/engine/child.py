"""One job of the queue in a process of its own: `python -m ingest.engine.child`, with its orders on stdin.

It dies with the thread that started it. SIGTERM cancels the job. Whatever happens, the store is told how it ended; a
process that dies without a word leaves the job as the runs of `ingest run` do, to be gone on with.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ingest.engine.model import BY, UrlSource
from ingest.engine.orders import Orders, die_with
from ingest.job import codes
from ingest.job.errors import IngestError, ResourceError, SourceError
from ingest.job.record import Record
from ingest.job.status import Status
from ingest.media.cancel import CancelToken
from ingest.pipeline.closing import close_in_folder, closed
from ingest.pipeline.finding import job_in
from ingest.pipeline.first_record import path_of, request_of, this_process
from ingest.pipeline.resuming import Stopped, stopped_job
from ingest.pipeline.runner import Runner, internal_error
from ingest.settings import Settings
from ingest.settings import load as load_settings
from ingest.steps.context import Note
from ingest.store import JobStore, JobSummary, open_store

if TYPE_CHECKING:
    from types import FrameType

NICE = 5  # the server answers also while its jobs encode
# Writes the whole file, durably, or nothing and raises an IngestError.
Fetch = Callable[[UrlSource, Path, CancelToken], object]


class Deadline(CancelToken):
    """A token that is also set when `seconds` are over; what then ends the job is an error of its own."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__()
        self._seconds = seconds
        self._end = time.monotonic() + seconds if seconds is not None else None

    @property
    def requested(self) -> bool:
        return super().requested or self._over()

    def reason(self) -> IngestError:
        if super().requested or not self._over():
            return super().reason()
        return ResourceError(
            codes.TIME_LIMIT,
            "the job has run as long as it was allowed to, and was ended",
            remedy="give it a longer time limit, and try it again: it goes on where it was",
        )

    def _over(self) -> bool:
        return self._end is not None and time.monotonic() >= self._end


def run_job(orders: Orders, settings: Settings, store: JobStore, cancel: CancelToken, fetch: Fetch) -> Record:
    """Run the job to its end, which is in the store on return.

    Raises:
        IngestError: the store cannot be written.
    """
    record = orders.record
    try:
        notes = _fetched(orders, cancel, fetch)
        last = _begin(record, settings, store, cancel, notes)
    except IngestError as error:
        last = closed(record, error)
        close_in_folder(Path(record.output), last)
    store.save(last.to_json(), summary=JobSummary.of(last))
    return last


def _fetched(orders: Orders, cancel: CancelToken, fetch: Fetch) -> tuple[Note, ...]:
    """The source is there, or an IngestError is raised; what was done is told."""
    source, request = orders.source, orders.record.request
    if source is None or request is None:
        return ()
    target = path_of(request.source)
    if target.exists():  # an earlier attempt has fetched it
        return ()
    target.parent.mkdir(parents=True, exist_ok=True)
    fetch(source, target, cancel)
    size = target.stat().st_size
    host = urlsplit(source.url).netloc.rpartition("@")[2]  # a query may follow it at once, with a signature
    return (Note(codes.SOURCE_FETCHED, f"{size} bytes from {host}"),)


def _begin(
    record: Record, settings: Settings, store: JobStore, cancel: CancelToken, notes: tuple[Note, ...]
) -> Record:
    """The first run of a job, or the next one."""
    own = job_in(Path(record.output))
    if own is None or own.summary.job_id != record.job_id:
        if record.request is None:
            raise SourceError(codes.SOURCE_NOT_FOUND, "the job has no source")
        request = request_of(record.request)
        if record.status is not Status.SUBMITTED:  # it died before it had claimed its folder
            record = record.resumed(None)
        record = record.evolve(process=this_process())
        return Runner(request, settings, cancel, None, store, notes, record).run()
    if own.summary.status == Status.COMPLETED:
        return Record.from_json(own.record_json)
    stopped = stopped_job(record.output, settings.home, held=True)
    if not isinstance(stopped, Stopped):
        return stopped
    notes = (*notes, Note(codes.RESUMED, f"it was {stopped.was}"))
    return Runner(stopped.request, settings, cancel, None, store, notes, stopped.record).run()


def safe_fetch(source: UrlSource, target: Path, cancel: CancelToken) -> None:
    """The server's download, which goes to no address that is not public. Raises IngestError."""
    try:
        fetching = importlib.import_module("ingest.server.fetching")
    except ModuleNotFoundError as error:
        raise SourceError(
            codes.SOURCE_NOT_FETCHED,
            "sources can be fetched only where ingest is installed with its server",
            remedy="pip install 'ingest[server]'",
        ) from error
    fetching.fetch(source, target, cancel)


def main(arguments: list[str] | None = None) -> int:
    """0 where the store knows how the job ended."""
    from ingest.cli import spare_the_processor

    parser = argparse.ArgumentParser(prog="ingest.engine.child")
    parser.add_argument("--lock", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True)
    given = parser.parse_args(arguments)
    os.set_inheritable(given.lock, False)
    die_with(given.parent)
    spare_the_processor()
    os.nice(NICE)
    orders = Orders.of(json.loads(sys.stdin.buffer.read()))
    token = Deadline(orders.seconds)

    def stop(number: int, _frame: FrameType | None) -> None:
        token.cancel(number, BY)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings = load_settings()
    with open_store(settings.home, known_only=True) as store:
        try:
            run_job(orders, settings, store, token, safe_fetch)
        except Exception as error:  # noqa: BLE001 - a fault of ours must still end in a FAILED record
            last = closed(orders.record, internal_error(error))
            store.save(last.to_json(), summary=JobSummary.of(last))
    return 0


if __name__ == "__main__":
    sys.exit(main())
