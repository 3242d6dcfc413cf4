"""`ingest show`: one job's record, as a page to read or exactly as it was saved.

The record is read as plain JSON: one of an older or newer ingest is shown as far as it goes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from ingest.cli.jobs import INTERRUPTED
from ingest.cli.options import json_option
from ingest.cli.output import echo_json_text
from ingest.home import data_home
from ingest.job import codes
from ingest.job.errors import OutputError, one_line

if TYPE_CHECKING:
    from collections.abc import Callable

Cells = tuple[str, ...]


@click.command()
@click.argument("job")
@json_option
def show(job: str, as_json: bool) -> None:
    """Show one job: its steps, its results and why it failed.

    JOB is the job's id, as much of its beginning as no other job shares, or the job's output folder.
    """
    from ingest.pipeline.finding import find_job
    from ingest.store import is_interrupted

    stored = find_job(job, data_home())
    if as_json:
        echo_json_text(stored.record_json)
        return
    try:
        record = json.loads(stored.record_json)
    except ValueError as error:
        message = f"the stored record of {stored.summary.job_id} is not JSON"
        raise OutputError(codes.STORE_UNUSABLE, message) from error
    click.echo(page(_table(record), interrupted=is_interrupted(stored.summary)))


def page(record: dict[str, Any], *, interrupted: bool = False) -> str:
    """The record as lines to read. What it lacks, or holds in another shape, is left out."""
    blocks = (
        _head(record, interrupted),
        _block("Steps", record.get("steps"), _step),
        _block("Resolutions", record.get("outputs"), _output),
        _block("Warnings", record.get("warnings"), _warning),
        _error(_table(record.get("error"))),
    )
    return "\n\n".join("\n".join(map(one_line, lines)) for lines in blocks if lines)


def _head(record: dict[str, Any], interrupted: bool) -> list[str]:
    times, progress = _table(record.get("times")), _table(record.get("progress"))
    rows = (
        ("job", _text(record.get("jobId"))),
        ("status", _text(record.get("status")) + (f" ({INTERRUPTED})" if interrupted else "")),
        ("source", _text(_table(record.get("source")).get("path"))),
        ("output", _text(record.get("output"))),
        ("submitted", _text(times.get("submitted"))),
        ("started", _text(times.get("started"))),
        ("ended", _text(times.get("ended"))),
        ("took", _number(times.get("seconds"), " s")),
        ("progress", _joined(_number(progress.get("percent"), " %"), _text(progress.get("step")))),
        ("made with", _joined(*(f"{k} {_text(v)}" for k, v in _table(record.get("tools")).items()), by=", ")),
    )
    return _aligned([row for row in rows if row[1]])


def _step(step: dict[str, Any]) -> Cells:
    seconds = _number(step.get("seconds"), " s")
    return _text(step.get("code")), _text(step.get("message")), _text(step.get("result")), seconds


def _output(output: dict[str, Any]) -> Cells:
    width, height = _text(output.get("width")), _text(output.get("height"))
    return (
        _text(output.get("resolution")),
        _text(output.get("status")),
        f"{width}x{height}" if width and height else "",
        _number(output.get("percent"), " %"),
        _joined(*map(_text, _list(output.get("messages"))), by="; "),
    )


def _warning(warning: dict[str, Any]) -> Cells:
    return _text(warning.get("code")), _text(warning.get("message"))


def _error(error: dict[str, Any]) -> list[str]:
    rows = (
        ("code", _text(error.get("code"))),
        ("message", _text(error.get("message"))),
        ("step", _text(error.get("step"))),
        ("remedy", _text(error.get("remedy"))),
    )
    detail = [f"  | {line}" for line in _text(error.get("detail")).splitlines()]
    lines = [f"  {line}" for line in _aligned([row for row in rows if row[1]])] + detail
    return ["Error", *lines] if lines else []


def _block(title: str, items: object, cells: Callable[[dict[str, Any]], Cells]) -> list[str]:
    rows = [cells(item) for item in _list(items) if isinstance(item, dict)]
    return [title, *(f"  {line}" for line in _aligned(rows))] if rows else []


def _aligned(rows: list[Cells]) -> list[str]:
    """Rows of one length as lines with columns two spaces apart."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _number(value: object, unit: str) -> str:
    """At most one decimal: steps differ by tenths of a second, not by more."""
    return f"{value:.1f}{unit}" if isinstance(value, (int, float)) else ""


def _joined(*parts: str, by: str = "  ") -> str:
    return by.join(part for part in parts if part)
