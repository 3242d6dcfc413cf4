"""`ingest jobs`: the jobs of this machine."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ingest.cli.options import json_option
from ingest.cli.output import echo_json, echo_table
from ingest.home import data_home
from ingest.job.status import Status

if TYPE_CHECKING:
    from ingest.store import JobSummary

INTERRUPTED = "interrupted: its process is gone; run the same command again"


@click.command()
@click.option(
    "--status",
    type=click.Choice([s.value for s in Status], case_sensitive=False),
    help="Only jobs of this status.",
)
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="At most so many."
)
@json_option
def jobs(status: str | None, limit: int, as_json: bool) -> None:
    """List the jobs of this machine, newest first."""
    from ingest.store import is_interrupted

    found = [(job, is_interrupted(job)) for job in _stored(status, limit)]
    if as_json:
        echo_json([_document(job, interrupted) for job, interrupted in found])
        return
    if not found:
        click.echo(f"no {status} jobs" if status else "no jobs")
        return
    echo_table(
        ("JOB", "STATUS", "%", "STEP", "CREATED", "RESOLUTIONS", "SOURCE"),
        [_row(job, interrupted) for job, interrupted in found],
        right=("%",),
    )
    if any(interrupted for _, interrupted in found):
        click.echo(f"dead = {INTERRUPTED}")


def _stored(status: str | None, limit: int) -> tuple[JobSummary, ...]:
    from ingest.store import open_store, store_path

    home = data_home()
    if not store_path(home).exists():  # looking leaves no folder behind
        return ()
    with open_store(home) as store:
        return store.list(status, limit)


def _row(job: JobSummary, interrupted: bool) -> tuple[str, ...]:
    return (
        job.job_id[:9],
        f"{job.status} (dead)" if interrupted else job.status,
        f"{job.percent:.0f}",
        job.step,
        f"{job.created[:10]} {job.created[11:19]}Z",
        ",".join(job.resolutions),
        job.source,
    )


def _document(job: JobSummary, interrupted: bool) -> dict[str, Any]:
    """The summary in the record's spelling."""
    spelling = {"job_id": "jobId", "pid_started": "pidStarted"}
    return {spelling.get(k, k): v for k, v in asdict(job).items()} | {"interrupted": interrupted}
