"""The library's front door; `ingest.run` is this module's `run`."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import IngestError
from ingest.media.cancel import CancelToken
from ingest.media.choices import check_path, options_of, texts
from ingest.pipeline.request import Request, split_resolutions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from ingest.job.record import Record
    from ingest.media.choices import Choices
    from ingest.media.options import Options
    from ingest.pipeline.cancelling import Cancellation
    from ingest.pipeline.events import OnEvent
    from ingest.pipeline.look import Looked


def run(
    source: str | os.PathLike[str],
    resolutions: str | Sequence[str],
    output: str | os.PathLike[str] | None = None,
    *,
    force: bool = False,
    preset_dir: str | os.PathLike[str] | None = None,
    on_event: OnEvent | None = None,
    cancel: CancelToken | None = None,
    **choices: Unpack[Choices],
) -> Record:
    """Ingest one video file and return the job's record.

    Call it from a thread that lives until it returns: the programs it starts are bound to that thread's life.

    Args:
        source: the video file.
        resolutions: names of presets: `"fhd"`, `"sd,hd"` or `["sd", "hd"]`.
        output: the package's folder; by default `./<stem>_ingest`.
        force: replace a finished package that is already there.
        preset_dir: a folder of presets that come before the shipped ones.
        on_event: called with each event of `ingest.pipeline.events`, in the calling thread.
        cancel: set it from elsewhere to stop the job.
        choices: how the package is made, see `ingest.media.choices.Choices`.

    Returns:
        The final record. A job that failed or was cancelled returns too: look at `status` and `error`.

    Raises:
        UsageError: an INGEST_* setting, a choice, or a path that can be no path, cannot be understood.
    """
    request = _request(source, resolutions, output, preset_dir, options_of(**choices), force=force)
    return _run(request, on_event, cancel)


def resume(
    job: str | os.PathLike[str],
    *,
    on_event: OnEvent | None = None,
    cancel: CancelToken | None = None,
) -> Record:
    """Go on with a job that failed, was cancelled, or died with its process, from its last finished piece.

    Args:
        job: its id, the beginning of its id that no other job shares, or its output folder.
        on_event, cancel: as for `run`.

    Returns:
        The final record, under the same id.

    Raises:
        UsageError: there is no such job, or it cannot be taken up.
        BusyError: it runs.
    """
    from ingest.home import data_home
    from ingest.pipeline.resuming import Stopped, stopped_job

    stopped = stopped_job(os.fspath(job), data_home())
    if not isinstance(stopped, Stopped):
        return stopped
    return _run(stopped.request, on_event, cancel, stopped.record, f"it was {stopped.was}")


def _run(
    request: Request,
    on_event: OnEvent | None,
    cancel: CancelToken | None,
    record: Record | None = None,
    why: str = "",
) -> Record:
    from ingest import settings as settings_module
    from ingest.pipeline.runner import Runner
    from ingest.steps.context import Note
    from ingest.store import JobStore, open_store

    settings = settings_module.load()
    notes = (Note(codes.RESUMED, why),) if record is not None else ()
    with contextlib.ExitStack() as stack:
        store: JobStore | None = None
        try:
            store = stack.enter_context(open_store(settings.home))
        except IngestError as error:
            # The package matters more than its entry in the list of jobs.
            notes = (*notes, Note(codes.STORE_NOT_WRITTEN, error.message))
        return Runner(request, settings, cancel or CancelToken(), on_event, store, notes, record).run()


def look(
    source: str | os.PathLike[str],
    resolutions: str | Sequence[str] | None = None,
    output: str | os.PathLike[str] | None = None,
    *,
    preset_dir: str | os.PathLike[str] | None = None,
    cancel: CancelToken | None = None,
    **choices: Unpack[Choices],
) -> Looked:
    """What `run` with the same arguments would see and do, without making anything.

    Args:
        resolutions: as for `run`; None: all that there are, whatever space is free.

    Raises:
        IngestError: whatever a run would say of the source, the resolutions or the free space.
    """
    from ingest import settings as settings_module
    from ingest.pipeline import look as looking

    request = _request(source, resolutions or (), output, preset_dir, options_of(**choices))
    every = resolutions is None
    return looking.look(request, settings_module.load(), cancel or CancelToken(), every_resolution=every)


def cancel(job: str | os.PathLike[str], *, wait: bool = True) -> Cancellation:
    """Stop a job that another process runs, as `ingest cancel` does.

    Args:
        job: its id, the beginning of its id that no other job shares, or its output folder.
        wait: return only when it has ended.

    Raises:
        UsageError: there is no such job, it has ended, or another machine runs it.
        OutputError: its folder cannot be written.
        ResourceError: it has not ended within half a minute.
    """
    from ingest.engine.stopping import cancel_anywhere
    from ingest.home import data_home

    return cancel_anywhere(os.fspath(job), data_home(), wait=wait)


def _request(
    source: str | os.PathLike[str],
    resolutions: str | Sequence[str],
    output: str | os.PathLike[str] | None,
    preset_dir: str | os.PathLike[str] | None,
    options: Options,
    *,
    force: bool = False,
) -> Request:
    for place in (source, output, preset_dir):
        if place is not None:
            check_path(place)
    return Request(
        source=Path(source),
        resolutions=split_resolutions(texts(resolutions)),
        output=Path(output) if output is not None else None,
        force=force,
        preset_dir=Path(preset_dir) if preset_dir is not None else None,
        options=options,
    )
