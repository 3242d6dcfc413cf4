"""Removes what stopped runs have left to go on from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.job.errors import BusyError, OutputError, UsageError
from ingest.pipeline.finding import find_job
from ingest.pipeline.leftovers import left_work, remove_left_work
from ingest.store import open_store, store_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingest.job.errors import IngestError


@dataclass(frozen=True, slots=True)
class Cleaned:
    """One output folder (of a job that is not known, what it was called): the bytes that were freed, or why it was
    left as it is."""

    output: str
    freed: int = 0
    error: IngestError | None = None

    @property
    def why_not(self) -> str:
        return self.error.message if self.error is not None else ""


def clean_jobs(jobs: Iterable[str], home: Path) -> list[Cleaned]:
    """The jobs called so (id, beginning of an id, output folder), each whatever becomes of the others.

    The errors: UsageError JOB_NOT_FOUND; BusyError, a run holds the folder; OutputError, it cannot be written.
    """
    cleaned = []
    for job in jobs:
        try:
            output = Path(find_job(job, home).summary.output)
        except UsageError as error:
            cleaned.append(Cleaned(job, error=error))
        else:
            cleaned.append(_clean(output))
    return cleaned


def clean_all(home: Path) -> list[Cleaned]:
    """Every folder of the store's jobs that holds such work; those in use are told of and left."""
    return [_clean(output) for output in _outputs(home) if left_work(output)]


def _outputs(home: Path) -> list[Path]:
    if not store_path(home).exists():
        return []
    with open_store(home) as store:
        return [Path(name) for name in dict.fromkeys(job.output for job in store.list(limit=None))]


def _clean(output: Path) -> Cleaned:
    if not output.is_dir():
        return Cleaned(str(output))
    try:
        return Cleaned(str(output), freed=remove_left_work(output))
    except (BusyError, OutputError) as error:
        return Cleaned(str(output), error=error)
