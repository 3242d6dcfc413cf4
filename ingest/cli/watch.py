"""`ingest watch`: the view of a job that another process runs."""

from __future__ import annotations

import click

from ingest.cli.options import json_option, progress_option, quiet_option
from ingest.cli.output import echo_json_text


@click.command(short_help="Watch a job that another process runs, until it has ended.")
@click.argument("job")
@progress_option
@quiet_option
@json_option
@click.pass_context
def watch(ctx: click.Context, job: str, progress: str, quiet: bool, as_json: bool) -> None:
    """Watch a job of the server or of another `ingest run` as if it ran here. Ctrl-C ends the watching, not the job.

    JOB is the job's id, as much of its beginning as no other job shares, or the job's output folder.
    """
    from ingest.cli.run import report_failure
    from ingest.cli.views import choose_view
    from ingest.home import data_home
    from ingest.pipeline.watching import Watcher

    watcher = Watcher(job, data_home())
    view = choose_view("none" if quiet else progress, record_on_stdout=as_json)
    with view:
        for event in watcher.events():
            view.on_event(event)
    code = report_failure(watcher.record)
    if as_json:
        echo_json_text(watcher.record.to_json())
    ctx.exit(code)
