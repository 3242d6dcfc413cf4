"""`ingest resume`: go on with a job that was stopped."""

from __future__ import annotations

import click

from ingest.cli.options import json_option, progress_option, quiet_option
from ingest.cli.output import echo_json_text


@click.command(short_help="Go on with a job that was stopped, from its last finished piece.")
@click.argument("job")
@progress_option
@quiet_option
@json_option
@click.pass_context
def resume(ctx: click.Context, job: str, progress: str, quiet: bool, as_json: bool) -> None:
    """Go on with a job that failed, was cancelled, or died with its process.

    What it had encoded is used, unless source, presets or programs have changed since.

    JOB is the job's id, as much of its beginning as no other job shares, or the job's output folder.
    """
    from ingest import api
    from ingest.cli.run import report_failure
    from ingest.cli.signals import cancel_on_signals
    from ingest.cli.views import choose_view

    view = choose_view("none" if quiet else progress, record_on_stdout=as_json)
    with view, cancel_on_signals() as cancel:
        record = api.resume(job, on_event=view.on_event, cancel=cancel)
    code = report_failure(record)
    if as_json:
        echo_json_text(record.to_json())
    ctx.exit(code)
