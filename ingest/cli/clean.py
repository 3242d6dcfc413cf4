"""`ingest clean`: remove what stopped jobs have left to go on from."""

from __future__ import annotations

import click

from ingest.cli.options import json_option
from ingest.cli.output import echo_json


@click.command(short_help="Remove what stopped jobs have left to go on from.")
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@click.option("--all", "every", is_flag=True, help="Of all jobs that `ingest jobs` knows.")
@json_option
def clean(jobs: tuple[str, ...], every: bool, as_json: bool) -> None:
    """Remove the encoded pieces that jobs which were stopped have left in their output folders.

    Packages and records stay. A job that was cleaned can be run again, from its beginning.

    Each is cleaned whatever becomes of the others; the exit code is that of the first one that could not be.

    JOB is a job's id, as much of its beginning as no other job shares, or the job's output folder.
    """
    from ingest.home import data_home
    from ingest.job.errors import one_line
    from ingest.pipeline.cleaning import clean_all, clean_jobs

    if every == bool(jobs):
        raise click.UsageError("name jobs, or say --all")
    cleaned = clean_all(data_home()) if every else clean_jobs(jobs, data_home())
    if as_json:
        echo_json([{"output": c.output, "freed": c.freed, "whyNot": c.why_not or None} for c in cleaned])
    else:
        for one in cleaned:
            click.echo(one_line(f"{one.output}: {one.why_not or f'{one.freed / 2**20:.1f} MiB freed'}"))
        if not cleaned:
            click.echo("nothing to remove")
    # A job that was named is an error when it stays as it is; among all of them it is news.
    failed = next((c.error for c in cleaned if c.error is not None), None)
    if failed is not None and not every:
        raise failed
