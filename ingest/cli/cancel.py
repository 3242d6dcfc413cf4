"""`ingest cancel`: stop a job that runs elsewhere on this machine."""

from __future__ import annotations

import click

from ingest.cli.options import json_option
from ingest.cli.output import echo_json


@click.command(short_help="Stop a running job and wait until it has stopped.")
@click.argument("job")
@click.option("--no-wait", is_flag=True, help="Ask the job to stop, and do not wait until it has.")
@json_option
def cancel(job: str, no_wait: bool, as_json: bool) -> None:
    """Stop a job that another process runs or that waits for the server; also inside a program of somebody's own.

    JOB is the job's id, as much of its beginning as no other job shares, or the job's output folder.
    """
    from ingest.engine.stopping import cancel_anywhere
    from ingest.home import data_home
    from ingest.job.errors import one_line
    from ingest.job.status import Status

    done = cancel_anywhere(job, data_home(), wait=not no_wait)
    if as_json:
        echo_json(done.as_json())
    elif done.status is Status.CANCELLING:
        click.echo(f"job {one_line(done.job_id)} was asked to stop")
    elif done.interrupted:
        click.echo(f"job {one_line(done.job_id)} is CANCELLED; its process had ended before")
    else:
        click.echo(f"job {one_line(done.job_id)} is CANCELLED")
