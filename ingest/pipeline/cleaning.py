"""Removes what stopped runs have left to go on from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.job.errors import BusyError, OutputError
from ingest.pipeline.finding import find_job
from ingest.pipeline.leftovers import left_work, remove_left_work
from ingest.store import open_store, store_path

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Cleaned:
    """One output folder: the bytes that were freed, or why it was left as it is."""

    output: str
    freed: int = 0
    why_not: str = ""


def clean_jobs(jobs: Iterable[str], home: Path) -> list[Cleaned]:
    """The jobs called so (id, beginning of an id, output folder).

    Raises:
        UsageError: JOB_NOT_FOUND.
        BusyError: a run holds the folder.
        OutputError: it cannot be written.
    """
    return [_clean(Path(find_job(job, home).summary.output)) for job in jobs]


def clean_all(home: Path) -> list[Cleaned]:
    """Every folder of the store's jobs that holds such work; those in use are told of and left."""
    cleaned = []
    for output in _outputs(home):
        if not left_work(output):
            continue
        try:
            cleaned.append(_clean(output))
        except (BusyError, OutputError) as error:
            cleaned.append(Cleaned(str(output), why_not=error.message))
    return cleaned


def _outputs(home: Path) -> list[Path]:
    if not store_path(home).exists():
        return []
    with open_store(home) as store:
        return [Path(name) for name in dict.fromkeys(job.output for job in store.list(limit=None))]


def _clean(output: Path) -> Cleaned:
    if not output.is_dir():
        return Cleaned(str(output))
    return Cleaned(str(output), freed=remove_left_work(output))
