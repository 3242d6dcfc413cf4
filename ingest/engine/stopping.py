"""Cancels a job, whoever runs it: one that waits for the job server or is run by it, or one of `ingest run`."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import ResourceError, UsageError
from ingest.job.status import Status
from ingest.pipeline.cancelling import INTERVAL, PATIENCE, Cancellation, cancel_job
from ingest.pipeline.finding import find_job
from ingest.store import open_store, store_path

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.engine.model import Job
    from ingest.engine.queue import JobQueue


def cancel_anywhere(job: str, home: Path, *, wait: bool = True, patience: float = PATIENCE) -> Cancellation:
    """As `cancel_job`, and for jobs of the server's queue too.

    Raises:
        UsageError: JOB_NOT_FOUND; JOB_NOT_CANCELLABLE.
        OutputError: the store, or the job's folder, cannot be written.
        ResourceError: JOB_NOT_STOPPED.
    """
    found = find_job(job, home).summary
    if not _in_queue(found.job_id, home):
        return cancel_job(job, home, wait=wait, patience=patience)
    from ingest.engine.queue import JobQueue

    queue = JobQueue.open(home)
    try:
        return _cancel_queued(queue, found.job_id, wait=wait, patience=patience)
    finally:
        queue.close()


def _in_queue(job_id: str, home: Path) -> bool:
    if not store_path(home).exists():
        return False
    with open_store(home) as store:
        return store.in_queue(job_id)


def _cancel_queued(queue: JobQueue, job_id: str, *, wait: bool, patience: float) -> Cancellation:
    began = time.monotonic()
    job = queue.cancel(None, job_id)
    interrupted = _settle_if_lost(queue, job)
    while True:
        job = queue.job(None, job_id)
        seconds = round(time.monotonic() - began, 3)
        if job.queue == "ended":
            break
        if not wait:
            return Cancellation(job_id, job.record.output, Status.CANCELLING, seconds)
        if seconds > patience:
            raise ResourceError(
                codes.JOB_NOT_STOPPED,
                f"job {job_id} has not stopped within {patience:g} s",
                remedy="it will when it can; is the server suspended?",
            )
        time.sleep(INTERVAL)
    if job.record.status is not Status.CANCELLED:
        raise UsageError(codes.JOB_NOT_CANCELLABLE, f"job {job_id} has ended: it is {job.record.status}")
    return Cancellation(job_id, job.record.output, Status.CANCELLED, seconds, interrupted)


def _settle_if_lost(queue: JobQueue, job: Job) -> bool:
    """Where the server and the job's process were killed, nobody else is there to say that it is cancelled."""
    from ingest.engine.ends import End, settle
    from ingest.engine.spawning import try_lock

    if job.queue != "running":
        return False
    lock = try_lock(queue.home, job.job_id)
    if lock is None:
        return False
    try:
        settle(queue, job.job_id, End())
    finally:
        os.close(lock)
    return True
