"""The only writer of the record: applies each change, tells it to the listener, keeps `job.json` and the store.

`job.json` is replaced at every message, and at most once a second while only progress moves.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.files import write_atomic
from ingest.job import codes
from ingest.job.errors import IngestError
from ingest.job.record import Progress, Record, StepRecord, StepResult, utc_now
from ingest.job.status import Status
from ingest.pipeline.events import Ended, JobStarted, Message, Progressed
from ingest.pipeline.output_folder import JOB_FILE, not_writable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.job.codes import Code
    from ingest.pipeline.events import Event, OnEvent
    from ingest.store import JobStore

WRITE_INTERVAL = 1.0  # seconds between two writes of job.json that carry nothing but progress
STORE_INTERVAL = 10.0  # the same for the store, which costs twice as much and is asked less often


class Recorder:
    """Holds the current record of one job."""

    def __init__(self, record: Record, on_event: OnEvent | None, store: JobStore | None) -> None:
        self.record = record
        self._on_event = on_event
        self._store = store
        self._folder: Path | None = None
        self._began = time.monotonic()
        self._step_began = self._began
        self._written = 0.0
        self._saved = 0.0

    def attach(self, folder: Path) -> None:
        """From now on the record is kept in `folder`/job.json."""
        self._folder = folder
        self._write()

    def detach(self) -> None:
        """Keep the record no longer in the folder: what stands there is another job's package, with its record."""
        self._folder = None

    def begin(self) -> None:
        now = utc_now()
        times = self.record.times.model_copy(update={"started": now})
        self.record = self.record.with_status(Status.EXECUTING).evolve(times=times)
        self._emit(
            JobStarted(
                job_id=self.record.job_id,
                source=self.record.source.path,
                output=self.record.output,
                resolutions=tuple(o.resolution for o in self.record.outputs),
                at=now,
            )
        )

    def change(self, **changes: Any) -> None:
        """Set fields of the record; written with the next message."""
        self.record = self.record.evolve(**changes)

    def change_output(self, resolution: str, **changes: Any) -> None:
        self.record = self.record.with_output(resolution, **changes)

    def start_step(self, code: Code, resolutions: tuple[str, ...] = ()) -> None:
        """Append the step's message; also to the outputs named."""
        now = utc_now()
        self._step_began = time.monotonic()
        record = self.record.with_message(code, resolutions=resolutions)
        step = StepRecord(code=code.number, message=code.text, started=now)
        progress = record.progress.model_copy(
            update={"step": code.text, "code": code.number, "speed": None, "remaining_seconds": None}
        )
        self.record = record.evolve(steps=(*record.steps, step), progress=progress)
        self._write()
        self._emit(Message(code.number, code.text, "step", None, now))

    def write(self) -> None:
        """Write down what has changed, durably."""
        self._write()

    def end_step(
        self, result: StepResult, *, percent: float | None = None, cpu_seconds: float | None = None
    ) -> None:
        if not self.record.steps or self.record.steps[-1].ended is not None:
            return
        step = self.record.steps[-1].model_copy(
            update={
                "ended": utc_now(),
                "seconds": round(time.monotonic() - self._step_began, 3),
                "cpu_seconds": round(cpu_seconds, 3) if cpu_seconds is not None else None,
                "result": result,
            }
        )
        self.record = self.record.evolve(steps=(*self.record.steps[:-1], step))
        if percent is not None:
            self.progress(percent)

    def note(self, code: Code, detail: str = "", resolution: str | None = None) -> None:
        """Append a message of our own: what was left out, and why."""
        self.record = self.record.with_message(code, detail, resolutions=(resolution,) if resolution else ())
        self._write()
        self._emit(Message(code.number, self.record.messages[-1], code.kind, resolution, utc_now()))

    def warn(self, code: Code, detail: str = "") -> None:
        self.record = self.record.with_warning(code, detail)
        self._emit(Message(code.number, self.record.warnings[-1].message, "warning", None, utc_now()))

    def progress(
        self,
        percent: float,
        *,
        speed: float | None = None,
        remaining_seconds: float | None = None,
        resolutions: Mapping[str, float] | None = None,
    ) -> None:
        """Percentages only grow: a late or smaller figure is not shown."""
        done = resolutions or {}
        outputs = tuple(
            o.model_copy(update={"percent": max(o.percent, _percent(done[o.resolution]))})
            if o.resolution in done
            else o
            for o in self.record.outputs
        )
        shown = max(self.record.progress.percent, _percent(percent))
        progress = self.record.progress.model_copy(
            update={"percent": shown, "speed": speed, "remaining_seconds": remaining_seconds}
        )
        self.record = self.record.evolve(outputs=outputs, progress=progress)
        now = time.monotonic()
        if now - self._written >= WRITE_INTERVAL:
            self._write(store=now - self._saved >= STORE_INTERVAL, may_fail=True, at_once=False)
        self._emit_progress(progress)

    def cancelling(self) -> None:
        """The wish to stop was seen; what is left is to tidy up."""
        if self.record.status is Status.EXECUTING:
            self.record = self.record.with_status(Status.CANCELLING)
            self._write(may_fail=True)

    def end(self, status: Status, error: IngestError | None) -> Record:
        """Close the record: final status, times, error. Never raises for want of disk space."""
        running = self.record.steps[-1] if self.record.steps else None
        if error is not None:
            self.end_step("cancelled" if status is Status.CANCELLED else "failed")
            self.record = self.record.with_error(error, running)
        seconds = round(time.monotonic() - self._began, 3)
        times = self.record.times.model_copy(update={"ended": utc_now(), "seconds": seconds})
        progress = Progress(percent=100.0) if status is Status.COMPLETED else self.record.progress
        self.record = self.record.with_status(status).evolve(
            times=times, progress=progress.model_copy(update={"speed": None, "remaining_seconds": None})
        )
        self._write(may_fail=True)
        failure = self.record.error
        self._emit(
            Ended(
                job_id=self.record.job_id,
                status=status.value,
                exit_code=failure.exit_code if failure else 0,
                seconds=seconds,
                error=failure.model_dump(by_alias=True) if failure else None,
                at=utc_now(),
            )
        )
        return self.record

    def _emit_progress(self, progress: Progress) -> None:
        self._emit(
            Progressed(
                percent=progress.percent,
                code=progress.code,
                step=progress.step,
                speed=progress.speed,
                remaining_seconds=progress.remaining_seconds,
                resolutions={o.resolution: o.percent for o in self.record.outputs if o.status != "LEFT_OUT"},
            )
        )

    def _emit(self, event: Event) -> None:
        if self._on_event is not None:
            self._on_event(event)

    def _write(self, *, store: bool = True, may_fail: bool = False, at_once: bool = True) -> None:
        self._written = time.monotonic()
        if store:
            self._save()  # first: where it fails, job.json says so
        try:
            if self._folder is not None:
                write_atomic(self._folder / JOB_FILE, self.record.to_json().encode(), at_once=at_once)
        except OSError as error:
            # A full disk is told best by the program that meets it, and the end of a job is told to the caller.
            if not may_fail:
                raise not_writable(self._folder or Path(), error) from error

    def _save(self) -> None:
        if self._store is None:
            return
        self._saved = self._written
        from ingest.store import JobSummary

        try:
            self._store.save(self.record.to_json(), summary=JobSummary.of(self.record))
        except IngestError as error:
            self._store = None
            self.warn(codes.STORE_NOT_WRITTEN, error.message)


def _percent(value: float) -> float:
    return round(min(max(value, 0.0), 100.0), 1)
