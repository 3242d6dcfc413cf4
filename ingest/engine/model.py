"""The words of the queue: a submission, the job that it becomes, and what is asked of the list of jobs.

A dialect turns a request into one of these and a `Job` into an answer; it sees nothing else of the core.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from ingest.job import codes
from ingest.job.errors import UsageError
from ingest.job.public import public_error, public_record
from ingest.media.options import DEFAULTS, Options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.job.record import Failure, Record

Shown = TypeVar("Shown", bound="Job | Line")
Queue = Literal["draft", "queued", "running", "ended"]
Happening = Literal["started", "rung_finished", "finished", "failed", "cancelled"]

BY = "a request"  # who cancels, where it is no signal and no `ingest cancel`


class State(StrEnum):
    """A job's state for those who ask over HTTP: the record's statuses, and DRAFT before it was submitted."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    EXECUTING = "EXECUTING"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"
    COMPLETED = "COMPLETED"

    @property
    def final(self) -> bool:
        return self in (State.CANCELLED, State.FAILED, State.COMPLETED)


@dataclass(frozen=True, slots=True)
class LocalSource:
    """A file of this machine, below one of the folders that the server was allowed."""

    path: Path


@dataclass(frozen=True, slots=True)
class UrlSource:
    """A file to fetch over http or https when the job's turn comes; `name` is what it is to be called."""

    url: str
    name: str
    username: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class StoredSource:
    """A file of the account: uploaded, or made by another job."""

    file_id: str


Source = LocalSource | UrlSource | StoredSource


@dataclass(frozen=True, slots=True)
class StoredLogo:
    """A picture that is a file of the account, laid over every rendition; the rest is as of `logo_choice.Logo`."""

    file_id: str
    position: str = "top-right"
    width: float = 10.0
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class Submission:
    """What is to be made of what.

    Attributes:
        resolutions: names of presets: shipped ones, the user's own, and those of `presets`.
        presets: presets of this job alone, as TOML text by name.
        logos: over those of `options`, which name files of this machine.
        source: None only in a draft.
        dialect: the name of the dialect that was spoken, `native` for ours.
        asked: the request's own document, for what the record has no field for; JSON, without secrets.
        label: a marker of the client's that lists can be filtered by.
        priority: higher first; among equals the shortest source first, then the oldest.
        start_at: not before this moment.
        time_limit: the job is ended when it has run for so long.
        webhooks: a URL for each happening that is to be told.
    """

    resolutions: tuple[str, ...]
    source: Source | None = None
    options: Options = DEFAULTS
    presets: Mapping[str, str] = field(default_factory=dict)
    logos: tuple[StoredLogo, ...] = ()
    dialect: str = "native"
    asked: Mapping[str, Any] = field(default_factory=dict)
    label: str | None = None
    priority: int = 0
    start_at: datetime | None = None
    time_limit: timedelta | None = None
    webhooks: Mapping[Happening, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """A job as the store has it. `record` is the truth; the rest is what only the queue knows.

    Attributes:
        account: who owns it; empty for one made by `ingest run`.
        dialect: in which it was asked for; `cli` for one made by `ingest run`.
        queue: where it is in the queue; a job of `ingest run` is `running` or `ended`.
        asked: the request's own document.
        attempts: how often it was begun.
        created, queued, begun, ended: moments, None where not reached; `begun` is the first begin.
        cancelling: somebody has asked to cancel it.
    """

    record: Record
    account: str
    dialect: str
    queue: Queue
    asked: Mapping[str, Any]
    label: str | None
    priority: int
    attempts: int
    created: datetime
    updated: datetime
    queued: datetime | None = None
    start_at: datetime | None = None
    begun: datetime | None = None
    ended: datetime | None = None
    cancelling: bool = False

    @property
    def job_id(self) -> str:
        return self.record.job_id

    @property
    def shown(self) -> Record:
        """The record as it is told over the network; every answer's words are from it."""
        return public_record(self.record)

    @property
    def folder(self) -> Path:
        """The package's folder; it holds files once the state is COMPLETED."""
        return Path(self.record.output)

    @property
    def state(self) -> State:
        """The record's status, but for what the queue knows better."""
        if self.queue == "draft":
            return State.DRAFT
        if self.queue == "queued":
            return State.CANCELLING if self.cancelling else State.SUBMITTED
        status = State(self.record.status.value)
        if self.queue == "running":
            if self.cancelling and not status.final:
                return State.CANCELLING
            return State.EXECUTING if status is State.SUBMITTED else status
        return status

    @property
    def line(self) -> Line:
        record = self.record
        return Line(
            job_id=record.job_id,
            state=self.state,
            percent=record.progress.percent,
            step=record.progress.step,
            source=record.source.name,
            resolutions=tuple(o.resolution for o in record.outputs),
            account=self.account,
            username=record.username,
            dialect=self.dialect,
            label=self.label,
            priority=self.priority,
            attempts=self.attempts,
            created=stamp(self.created),
            updated=stamp(self.updated),
            queued=stamped(self.queued),
            start_at=stamped(self.start_at),
            begun=stamped(self.begun),
            ended=stamped(self.ended),
            error=public_error(record),
        )


@dataclass(frozen=True, slots=True)
class Line:
    """A job as lists show it: what a whole record need not be read for. Its words may be told over the network.

    Times are as the record writes them; the rest is as of `Job` and its record.
    """

    job_id: str
    state: State
    percent: float
    step: str | None
    source: str
    resolutions: tuple[str, ...]
    account: str
    username: str
    dialect: str
    label: str | None
    priority: int
    attempts: int
    created: str
    updated: str
    queued: str | None
    start_at: str | None
    begun: str | None
    ended: str | None
    error: Failure | None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which jobs of an account, in which order; every condition that is not None must hold.

    Attributes:
        account: None: of all accounts (administrators only).
        text: part of the source's name, upper and lower case alike.
        active_since: it runs, or has ended at this moment or later.
        asked: of a key of the request's own document the text that it has, or whether it has anything but null.
        sort: a column; times are equal to the millisecond at best, the id decides then.
        after: `next` of the page before (keyset paging, `engine.cursors`); else `offset` counts.
    """

    account: str | None
    job_id: str | None = None
    states: frozenset[State] | None = None
    dialect: str | None = None
    label: str | None = None
    text: str | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None
    active_since: datetime | None = None
    asked: Mapping[str, str | bool] = field(default_factory=dict)
    sort: Literal["created", "updated", "ended", "status", "percent", "source", "label"] = "created"
    descending: bool = True
    offset: int = 0
    limit: int = 50
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Shown]):
    """Some of the jobs that a filter lets through, and how many there are in all.

    `next` is the cursor of the page behind this one; None where this is the last.
    """

    jobs: tuple[Shown, ...]
    total: int
    more: bool
    next: str | None = None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of an account.

    Attributes:
        file_id: `i` and a UUID, as Esri writes ids of uploads.
        path: its absolute name in the account's own tree (`/uploads/movie.mp4`); unique there.
        size: bytes. `etag`: hex MD5 of the content.
        stored: where its bytes are on this machine.
        metadata, tags: the client's own.
    """

    file_id: str
    account: str
    path: str
    name: str
    mime: str
    size: int
    etag: str
    created: datetime
    stored: Path
    metadata: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()


def stamp(at: datetime) -> str:
    """A moment as the record and the store write it: UTC, milliseconds, `Z`.

    Raises:
        UsageError: it is none in UTC, before the year 1 or after 9999.
    """
    try:
        universal = at.astimezone(UTC)
    except OverflowError:
        raise UsageError(codes.USAGE, "a time lies outside of the years 1 to 9999") from None
    return universal.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def stamped(at: datetime | None) -> str | None:
    """As `stamp`, of what may not be known."""
    return stamp(at) if at else None


def moment(text: str | None) -> datetime | None:
    """The moment that the record writes as `2026-11-22T11:14:29.123Z`."""
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
