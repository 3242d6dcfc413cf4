"""What the store keeps of a job: the record's text, untouched, and the columns that lists are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from ingest.job.record import Record


@dataclass(frozen=True, slots=True)
class JobSummary:
    """One line of `ingest jobs`.

    `created` and `updated` are ISO 8601 in UTC with milliseconds and `Z`; `percent` runs from 0 to 100.
    `pid`, `host` and `pid_started` (the kernel's start time of the process, clock ticks since boot) name the
    process that runs the job; None where none does.
    """

    job_id: str
    status: str
    source: str
    output: str
    resolutions: tuple[str, ...]
    created: str
    updated: str
    percent: float
    step: str
    pid: int | None = None
    host: str | None = None
    pid_started: int | None = None

    @classmethod
    def of(cls, record: Record) -> Self:
        """The summary of a record."""
        process = record.process
        return cls(
            job_id=record.job_id,
            status=record.status.value,
            source=record.source.path,
            output=record.output,
            resolutions=tuple(o.resolution for o in record.outputs),
            created=record.times.submitted,
            updated=record.times.updated,
            percent=record.progress.percent,
            step=record.progress.step or "",
            pid=process.pid if process else None,
            host=process.host if process else None,
            pid_started=process.started if process else None,
        )


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A job as it was saved; `record_json` is the record's text, byte for byte."""

    summary: JobSummary
    record_json: str


def storable(text: str) -> str:
    """`text` without lone surrogates (file names that are not UTF-8), which SQLite refuses.

    In JSON, the only place where they stand is inside strings, where `\\udcff` is what JSON itself writes.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
