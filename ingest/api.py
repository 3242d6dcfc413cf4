"""The library's front door; `ingest.run` is this module's `run`."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from ingest.job import codes
from ingest.job.errors import IngestError, UsageError
from ingest.media.cancel import CancelToken
from ingest.media.codec_names import parse_codecs
from ingest.media.options import (
    GROUND_HIGHEST,
    GROUND_LOWEST,
    LOUDNESS_LOUDEST,
    LOUDNESS_SOFTEST,
    Copy,
    EncoderChoice,
    Format,
    Hdr,
    Options,
    Quality,
    Verify,
)
from ingest.pipeline.request import Request, split_resolutions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.job.record import Record
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
    allow_damage: bool = False,
    codecs: str | Sequence[str] = "h264",
    hdr: Hdr = "sdr",
    encoder: EncoderChoice = "auto",
    loudness: float | None = None,
    verify: Verify = "default",
    format: Format = "cmaf",  # noqa: A002 (as the command has it)
    quality: Quality | None = None,
    klv: str | os.PathLike[str] | None = None,
    ground: float = 0.0,
    copy: Copy = "auto",
    jobs: int | None = None,
    on_event: OnEvent | None = None,
    cancel: CancelToken | None = None,
) -> Record:
    """Ingest one video file and return the job's record.

    Call it from a thread that lives until it returns: the programs it starts are bound to that thread's life.

    Args:
        source: the video file.
        resolutions: names of presets: `"fhd"`, `"sd,hd"` or `["sd", "hd"]`.
        output: the package's folder; by default `./<stem>_ingest`.
        force: replace a finished package that is already there.
        preset_dir: a folder of presets that come before the shipped ones.
        allow_damage: take a source of which more than 1 % or 2 s is lost.
        codecs: `"h264"`, `"hevc"` and `"av1"`, one or several: every resolution is made in each.
        hdr: `"sdr"` tone maps an HDR source, `"keep"` keeps its range in HEVC and AV1.
        encoder: `"auto"`: hardware where a trial encode works; `"cpu"`; or one kind of hardware, for example `"nvenc"`.
        loudness: LUFS (EBU R 128), -70 to -5, that the sound is brought to by a constant gain; None: as it is.
        verify: what is decoded of the finished renditions: `"default"` the first picture of each segment, the last
            ones and all sound, `"full"` everything.
        format: `"cmaf"` for HLS and DASH, `"ts"` for HLS alone over MPEG-2 transport streams, H.264 only.
        klv: a file of telemetry beside the film: bare KLV, a transport stream, Esri's CSV, DJI's SRT.
        ground: metres above the sea of the ground where telemetry does not say it, for computed footprints.
        quality: `"vmaf"` measures each rendition against the source, into `info/abr.json`.
        copy: a rendition that the source already is is copied (`"auto"`), encoded like the others (`"never"`), or the
            job fails where it cannot be copied (`"require"`).
        jobs: pieces of a long film that are encoded side by side; None: as many as cores and memory allow.
        on_event: called with each event of `ingest.pipeline.events`, in the calling thread.
        cancel: set it from elsewhere to stop the job.

    Returns:
        The final record. A job that failed or was cancelled returns too: look at `status` and `error`.

    Raises:
        UsageError: an INGEST_* setting, a codec, or a path that can be no path, cannot be understood.
    """
    options = _options(
        allow_damage=allow_damage,
        codecs=codecs,
        hdr=hdr,
        encoder=encoder,
        loudness=loudness,
        verify=verify,
        format=format,
        quality=quality,
        klv=klv,
        ground=ground,
        copy=copy,
        jobs=jobs,
    )
    request = _request(source, resolutions, output, preset_dir, options, force=force)
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
    allow_damage: bool = False,
    codecs: str | Sequence[str] = "h264",
    hdr: Hdr = "sdr",
    encoder: EncoderChoice = "auto",
    loudness: float | None = None,
    verify: Verify = "default",
    format: Format = "cmaf",  # noqa: A002 (as the command has it)
    quality: Quality | None = None,
    klv: str | os.PathLike[str] | None = None,
    ground: float = 0.0,
    copy: Copy = "auto",
    jobs: int | None = None,
    cancel: CancelToken | None = None,
) -> Looked:
    """What `run` with the same arguments would see and do, without making anything.

    Args:
        resolutions: as for `run`; None: all that there are, whatever space is free.

    Raises:
        IngestError: whatever a run would say of the source, the resolutions or the free space.
    """
    from ingest import settings as settings_module
    from ingest.pipeline import look as looking

    options = _options(
        allow_damage=allow_damage,
        codecs=codecs,
        hdr=hdr,
        encoder=encoder,
        loudness=loudness,
        verify=verify,
        format=format,
        quality=quality,
        klv=klv,
        ground=ground,
        copy=copy,
        jobs=jobs,
    )
    request = _request(source, resolutions or (), output, preset_dir, options)
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
    from ingest.home import data_home
    from ingest.pipeline.cancelling import cancel_job

    return cancel_job(os.fspath(job), data_home(), wait=wait)


def _request(
    source: str | os.PathLike[str],
    resolutions: str | Sequence[str],
    output: str | os.PathLike[str] | None,
    preset_dir: str | os.PathLike[str] | None,
    options: Options,
    *,
    force: bool = False,
) -> Request:
    for place in (source, output, preset_dir, options.klv):
        if place is not None and (not os.fspath(place) or "\0" in os.fsdecode(place)):
            raise UsageError(
                codes.USAGE, f"{os.fspath(place)!r} is not a path", remedy="name a file or folder"
            )
    if options.loudness is not None and not LOUDNESS_SOFTEST <= options.loudness <= LOUDNESS_LOUDEST:
        raise UsageError(
            codes.USAGE,
            f"a loudness of {options.loudness:g} LUFS",
            remedy=f"ask for one from {LOUDNESS_SOFTEST:g} to {LOUDNESS_LOUDEST:g}, for example -23",
        )
    if not GROUND_LOWEST <= options.ground <= GROUND_HIGHEST:
        raise UsageError(
            codes.USAGE,
            f"ground at {options.ground:g} m",
            remedy=f"give metres above the sea from {GROUND_LOWEST:g} to {GROUND_HIGHEST:g}",
        )
    return Request(
        source=Path(source),
        resolutions=split_resolutions(_texts(resolutions)),
        output=Path(output) if output is not None else None,
        force=force,
        preset_dir=Path(preset_dir) if preset_dir is not None else None,
        options=options,
    )


def _options(
    *,
    allow_damage: bool,
    codecs: str | Sequence[str],
    hdr: Hdr,
    encoder: EncoderChoice,
    loudness: float | None,
    verify: Verify,
    format: Format,  # noqa: A002
    quality: Quality | None,
    klv: str | os.PathLike[str] | None,
    ground: float,
    copy: Copy,
    jobs: int | None,
) -> Options:
    _check_choice("hdr", hdr, get_args(Hdr))
    _check_choice("encoder", encoder, get_args(EncoderChoice))
    _check_choice("verify", verify, get_args(Verify))
    _check_choice("format", format, get_args(Format))
    _check_choice("copy", copy, get_args(Copy))
    if quality is not None:
        _check_choice("quality", quality, get_args(Quality))
    if jobs is not None and jobs < 1:
        raise UsageError(codes.USAGE, f"{jobs} jobs", remedy="ask for 1 or more, or for none")
    options = Options(
        allow_damage=allow_damage,
        codecs=parse_codecs(_texts(codecs)),
        hdr=hdr,
        encoder=encoder,
        loudness=loudness,
        verify=verify,
        format=format,
        quality=quality,
        klv=Path(klv) if klv is not None else None,
        ground=ground,
        copy=copy,
        jobs=jobs,
    )
    modern = [codec for codec in options.codecs if codec != "h264"]
    if options.format == "ts" and modern:
        raise UsageError(
            codes.USAGE,
            f"{' and '.join(modern)} cannot be made as transport streams",
            remedy="use --format cmaf, or --codec h264",
        )
    return options


def _check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UsageError(codes.USAGE, f"unknown {name} {value!r}: known are {', '.join(known)}")


def _texts(values: str | Sequence[str]) -> tuple[str, ...]:
    return (values,) if isinstance(values, str) else tuple(values)
