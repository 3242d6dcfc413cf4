"""Runs the pipeline for one job: times the steps, keeps the record, maps any failure to the step that failed."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from ingest.job import codes
from ingest.job.errors import Cancelled, IngestError, ProcessingError, one_line
from ingest.job.status import Status
from ingest.media import presets as preset_files
from ingest.media.command.names import mp4_file
from ingest.media.probe import ProbeLimits, Prober
from ingest.packaging.findings import FaultError, not_as_planned
from ingest.pipeline.adding import with_those_there
from ingest.pipeline.first_record import first_record
from ingest.pipeline.output_folder import not_writable
from ingest.pipeline.published import finish_published
from ingest.pipeline.recorder import Recorder
from ingest.pipeline.steps import STEPS, Made, Step
from ingest.pipeline.wish import JobToken, wish_file
from ingest.pipeline.workspace import Workspace
from ingest.steps.context import Env, Note, Outcome, StepProgress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.job.record import Record
    from ingest.media.cancel import CancelToken
    from ingest.media.plan import Plan
    from ingest.packaging.measure import Track
    from ingest.pipeline.events import OnEvent
    from ingest.pipeline.request import Request
    from ingest.settings import Settings
    from ingest.store import JobStore


# What was encoded is at fault itself, or would be found at fault again.
_NOT_RESUMABLE = {codes.VERIFICATION_FAILED, codes.SOURCE_TOO_DAMAGED, codes.SOURCE_CHANGED}
_ENCODING = {c.number for c in (codes.TRANSCODING_WITH_GPU, codes.TRANSCODING_WITH_CPU, codes.COPYING)}


class Runner:
    """One job, from request to final record. Used once."""

    def __init__(
        self,
        request: Request,
        settings: Settings,
        cancel: CancelToken,
        on_event: OnEvent | None = None,
        store: JobStore | None = None,
        notes: tuple[Note, ...] = (),
        record: Record | None = None,
    ) -> None:
        """`notes` are said before the first step; `record` is that of a job which is taken up again."""
        finish_published(request.folder, store)
        request = request.settled(settings)
        more = with_those_there(request)
        self._adds = more is not None
        self._request = request = more or request
        self._settings = settings
        self._cancel = JobToken(cancel)
        self._steps_before = len(record.steps) if record else 0
        self._recorder = Recorder(record or first_record(request), on_event, store)
        self._notes = notes
        self._workspace: Workspace | None = None
        self._made = Made()
        self._from_percent = 0.0
        self._until_percent = 0.0

    def run(self) -> Record:
        """Never raises for a job that fails: the record says what happened."""
        error: IngestError | None = None
        try:
            self._recorder.begin()
            for note in self._notes:
                if note.code.kind == "warning":
                    self._recorder.warn(note.code, note.detail)
                else:
                    self._recorder.note(note.code, note.detail)
            for step in STEPS:
                self._take(step)
        except FaultError as failure:
            name = one_line(self._request.source.name)
            error = not_as_planned(name, [failure.finding], damaged=self._made.damaged)
        except IngestError as failure:
            error = failure
        except OSError as failure:
            error = not_writable(self._request.folder, failure)
        except KeyboardInterrupt:
            error = Cancelled(2)
        except Exception as failure:  # noqa: BLE001 - a fault of ours must still end in a FAILED record
            error = internal_error(failure)
        try:
            return self._end(error)
        finally:  # also where a listener of the caller's raises at the last event
            self._release()

    def _take(self, step: Step) -> None:
        if self._workspace is None or not self._workspace.published:  # what is published cannot be cancelled
            self._cancel.look()  # the last steps of a short film take less time than lies between two looks
            self._cancel.check()
        if step.run is None or not step.applies(self._made):
            for note in step.left_out(self._made) if step.left_out else ():
                self._recorder.note(note.code, note.detail, note.resolution)
            return
        self._until_percent = step.until
        made = self._made.plan.resolutions if step.per_resolution else ()
        self._recorder.start_step(step.code, made)
        if step.code is codes.STARTING_INGEST:
            self._prepare()
        outcome = step.run(self._made)
        setattr(self._made, step.makes, outcome.value)
        self._settle(step, outcome)
        if outcome.failed:
            self._recorder.end_step("failed", cpu_seconds=outcome.cpu_seconds or None)
            return
        self._recorder.end_step("done", percent=step.until, cpu_seconds=outcome.cpu_seconds or None)
        self._from_percent = step.until

    def _settle(self, step: Step, outcome: Outcome[Any]) -> None:
        """Write down what a step found, and what the next ones need of it."""
        for note in outcome.notes:
            self._recorder.note(note.code, note.detail, note.resolution)
        for warning in outcome.warnings:
            self._recorder.warn(warning.code, warning.detail)
            self._made.damaged |= warning.code is codes.SOURCE_DAMAGED
        if outcome.plan is not None:
            self._made.plan = outcome.plan
        if outcome.plan is not None or step.makes == "plan":
            self._recorder.change(chunks=len(self._made.plan.chunks) or 1)
        if any(note.code is codes.ENCODED_IN_ONE_PIECE for note in outcome.notes):
            self._recorder.change(chunks=1)
        if step.makes == "started":
            self._surround()
        elif step.makes == "plan":
            self._open_outputs(self._made.plan)
        elif step.makes == "files":
            self._close_outputs()

    def _prepare(self) -> None:
        """Before anything is read: the folder, then what was asked for. Part of Starting Ingest."""
        request, made = self._request, self._made
        workspace = Workspace.claim(
            request.folder, request.source, self._recorder.record.job_id, force=request.force or self._adds
        )
        self._workspace = made.workspace = workspace
        if (process := self._recorder.record.process) is not None:
            self._cancel.watch(wish_file(workspace.work, process.pid, process.started))
        self._recorder.attach(workspace.output)
        book = preset_files.load(request.preset_dir)
        made.presets = book.select(request.resolutions)
        made.source_path = request.source
        made.side_path = request.options.klv
        made.logo_choices = request.options.logos
        made.min_free = self._settings.min_free
        made.cancel = self._cancel
        made.announce = self._announce

    def _surround(self) -> None:
        """Once source and tools are there: the surroundings of all later steps."""
        started, settings = self._made.started, self._settings
        limits = ProbeLimits.of(settings)
        self._made.env = Env(
            tools=started.tools,
            package=self._made.workspace.package,
            temporary=self._made.workspace.temporary,
            probe_limits=limits,
            min_free=settings.min_free,
            options=self._request.options,
            cancel=self._cancel,
            on_progress=self._on_progress,
            chunk_seconds=self._request.chunk_seconds or settings.chunk_seconds,
            published=self._made.workspace.output if self._adds else None,
            left=self._made.workspace.left,
            logos=started.logos,
        )
        self._made.prober = Prober(
            ffprobe=started.tools.ffprobe,
            ffmpeg=started.tools.ffmpeg,
            source=started.source,
            folder=self._made.workspace.temporary,
            limits=limits,
            cancel=self._cancel,
        )
        source = self._recorder.record.source.model_copy(
            update={"size": started.source.size, "modified": started.source.modified}
        )
        tools = {
            t.name: t.version for t in (started.tools.ffmpeg, started.tools.ffprobe, started.tools.packager)
        }
        self._recorder.change(source=source, tools=tools)

    def _on_progress(self, progress: StepProgress) -> None:
        span = self._until_percent - self._from_percent
        done = {n: f * self._until_percent for n, f in (progress.resolutions or {}).items()}
        self._recorder.progress(
            self._from_percent + span * progress.fraction,
            speed=progress.speed,
            remaining_seconds=progress.remaining_seconds,
            resolutions=done,
        )

    def _open_outputs(self, plan: Plan) -> None:
        made = {r.resolution: r for r in plan.rungs}
        for output in self._recorder.record.outputs:
            rung = made.get(output.resolution)
            if rung is None:
                self._recorder.change_output(output.resolution, status="LEFT_OUT")
            else:
                self._recorder.change_output(
                    rung.resolution, status="EXECUTING", width=rung.width, height=rung.height
                )

    def _announce(self, files: tuple[str, ...]) -> None:
        """Write down what is about to be published."""
        made = self._made
        for resolution in made.plan.resolutions:
            names = [r.name for r in made.plan.rungs if r.resolution == resolution]
            folders = tuple(f"video/{name}/" for name in names)
            alone = {mp4_file(name) for name in names}
            self._recorder.change_output(
                resolution,
                files=tuple(f for f in files if f.startswith(folders) or f in alone),
                details=output_details(
                    {name: made.packaged.videos[name] for name in names},
                    frozenset(r.name for r in made.plan.rungs if r.copied),
                ),
            )
        self._recorder.change(files=files)
        self._recorder.write()

    def _close_outputs(self) -> None:
        for resolution in self._made.plan.resolutions:
            self._recorder.change_output(resolution, status="COMPLETED", percent=100.0)

    def _end(self, error: IngestError | None) -> Record:
        status = Status.COMPLETED
        if error is not None:
            status = Status.CANCELLED if isinstance(error, Cancelled) else Status.FAILED
            if isinstance(error, Cancelled):
                self._recorder.cancelling()
        workspace = self._workspace
        if workspace is not None:
            # The work folder goes first: on a full disk this is what makes room for the record.
            if error is not None and workspace.replaces and not workspace.published:
                self._recorder.detach()
            # What an earlier job has left stays, too, where this one has not come so far as to look at it.
            encoding = _ENCODING & {s.code for s in self._recorder.record.steps[self._steps_before :]}
            keep = error is not None and (not encoding or error.code not in _NOT_RESUMABLE)
            kept = workspace.discard(keep=keep)
            if error is not None and not workspace.published:
                self._recorder.change(files=())
            if error is not None and kept and encoding:
                self._offer_resuming(error)
            if error is not None and workspace.replaces and not workspace.published:
                self._recorder.warn(codes.PREVIOUS_PACKAGE_KEPT)
        if error is not None:
            for output in self._recorder.record.outputs:
                if output.status in {"WAITING", "EXECUTING"}:
                    self._recorder.change_output(output.resolution, status=status.value, files=(), details={})
        return self._recorder.end(status, error)

    def _offer_resuming(self, error: IngestError) -> None:
        job = self._recorder.record.job_id
        self._recorder.note(codes.CAN_BE_RESUMED, f"ingest resume {job}")
        words = f"go on with `ingest resume {job}`"
        error.remedy = f"{error.remedy}, then {words}" if error.remedy else words

    def _release(self) -> None:
        if self._workspace is not None:
            self._workspace.release()
        if hasattr(self._made, "started"):
            self._made.started.close()


def output_details(tracks: Mapping[str, Track], copied: frozenset[str] = frozenset()) -> dict[str, Any]:
    """What was measured of a resolution: of its first rendition, and of each by name where there are several.

    `copied` are the names of renditions whose packets are the source's.
    """
    each = {
        name: {
            "codecs": track.codec,
            "frames": track.frames,
            "durationSeconds": round(float(track.duration), 6),
            "averageBandwidth": track.average_bandwidth,
            "peakBandwidth": track.peak_bandwidth,
            "segments": len(track.segments),
            "copied": name in copied,
        }
        for name, track in tracks.items()
    }
    first = next(iter(each.values()))
    return first | {"renditions": each} if len(each) > 1 else first


def internal_error(error: Exception) -> IngestError:
    """A fault of ingest itself, told in one line; the traceback goes into the record."""
    return ProcessingError(
        codes.INTERNAL,
        f"internal error: {type(error).__name__}: {error}",
        remedy="please report it with the record's detail",
        detail="".join(traceback.format_exception(error))[-8000:],
    )
