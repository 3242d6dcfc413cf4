"""One more resolution of a source whose package is there already: all of them are asked for, and the old ones kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ingest.job.record import Record
from ingest.job.status import Status
from ingest.media.options import DEFAULTS
from ingest.media.source import mtime_text
from ingest.pipeline.first_record import asked
from ingest.pipeline.output_folder import JOB_FILE, PREVIOUS_JOB_FILE, WORK_PREFIX

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.pipeline.request import Request


def with_those_there(request: Request) -> Request | None:
    """The request for what the output folder's package has and what is asked for beside it; None where it is not that.

    The package must be of the same source and made with the same options; something asked for must be missing in it.
    """
    if request.force:
        return None
    record = _standing(request.folder)
    if record is None or record.request is None:
        return None
    try:
        facts = request.source.stat()
    except OSError:
        return None
    mine, theirs = asked(request), record.request
    usual = asked(replace(request, options=DEFAULTS)).options  # for options that are younger than the package
    there = tuple(o.resolution for o in record.outputs)
    same = (
        mine.source == theirs.source
        and mine.preset_dir == theirs.preset_dir
        and _but_jobs(mine.options) == _but_jobs(usual | theirs.options)
        and (record.source.size, record.source.modified) == (facts.st_size, mtime_text(facts.st_mtime_ns))
    )
    if not same or set(request.resolutions) <= set(there):
        return None
    return replace(request, resolutions=tuple(dict.fromkeys((*there, *request.resolutions))))


def _standing(output: Path) -> Record | None:
    """The record of the package that is there, also where a run that was to replace it has died."""
    for path in (*output.glob(f"{WORK_PREFIX}*/{PREVIOUS_JOB_FILE}"), output / JOB_FILE):
        try:
            record = Record.from_json(path.read_bytes())
        except (OSError, ValidationError):
            continue
        if record.status is Status.COMPLETED:
            return record
    return None


def _but_jobs(options: dict[str, object]) -> dict[str, object]:
    """How many chunks are made side by side changes nothing."""
    return {name: value for name, value in options.items() if name != "jobs"}
