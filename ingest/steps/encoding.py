"""One run of ffmpeg over the whole source; what its result is, however it was made."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import ProcessingError
from ingest.media import process
from ingest.media.command import EncodeInput, encode_arguments, names
from ingest.media.decode_errors import DecodeErrors
from ingest.media.plan.logos import marked_sizes
from ingest.media.process import Command, Confinement
from ingest.media.progress import EncodeProgress, ProgressReader, remaining_seconds
from ingest.media.toolchain import major_version
from ingest.steps.context import StepProgress
from ingest.steps.planning_resolutions import file_limits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ingest.media.plan import Plan
    from ingest.media.plan.logos import LogoPlan
    from ingest.media.process import Limits
    from ingest.media.source import Source
    from ingest.steps.context import Env

FIRST_WITH_INPUT_FILTERS = 8  # of ffmpeg, as far as tried: it takes -bsf before -i
NEWEST = 1000  # what a build without a version counts as


@dataclass(frozen=True, slots=True)
class Encoded:
    """Where the encoded files and the stills are."""

    rungs: tuple[tuple[str, Path], ...]
    audio: tuple[tuple[str, Path], ...]
    candidates: Path
    previews: Path
    trick: Path


@dataclass(frozen=True, slots=True)
class Run:
    """What was made, what the decoders said, how many pictures were written and how many were lost."""

    encoded: Encoded
    errors: DecodeErrors
    frames: int
    lost: int
    stderr: str
    cpu_seconds: float


def encode_whole(env: Env, source: Source, plan: Plan) -> Run:
    """Raises ProcessingError, ResourceError, SourceError or Cancelled."""
    folder = env.temporary
    make_folders(folder, plan)
    put_logos(env, folder, plan.video.logos, marked_sizes(plan))
    grid = plan.video.grid
    planned = planned_pictures(plan)

    def tell(progress: EncodeProgress) -> None:
        made = progress.frames / planned if plan.encoded else progress.seconds / grid.duration
        env.on_progress(step_progress(plan, min(1.0, float(made)), progress.speed))

    reader, errors = ProgressReader(tell), DecodeErrors()
    done = process.run(
        Command(
            argv=arguments(env, source, plan),
            cwd=folder,
            confinement=Confinement(
                write=(folder,), descriptors=(source.descriptor,), devices=plan.hardware is not None
            ),
            limits=encode_limits(plan, env.limits),
        ),
        cancel=env.cancel,
        on_stdout_line=reader.line,
        on_stderr_line=errors.line,
    )
    process.check(done, codes.TRANSCODING_FAILED)
    source.check_unchanged()
    encoded = encoded_files(env, plan)
    check_written(encoded, done.stderr)
    frames = reader.last.frames if reader.last else 0
    lost = max(0, (grid.frames or frames) - frames) if plan.encoded else 0
    return Run(encoded, errors, frames, lost, done.stderr, done.cpu_seconds)


def planned_pictures(plan: Plan) -> int:
    grid = plan.video.grid
    return grid.frames or max(1, round(grid.duration / grid.time_base))


def step_progress(plan: Plan, fraction: float, speed: float | None) -> StepProgress:
    duration = plan.duration
    return StepProgress(
        fraction=fraction,
        speed=speed,
        remaining_seconds=remaining_seconds(Fraction(fraction) * duration, duration, speed),
        resolutions=dict.fromkeys(plan.resolutions, fraction),
    )


def make_folders(folder: Path, plan: Plan) -> None:
    """Those that ffmpeg writes into."""
    for name in names.folders(len(plan.thumbnails)):
        (folder / name).mkdir(parents=True, exist_ok=True)


def put_logos(
    env: Env, folder: Path, logos: Sequence[LogoPlan], sizes: Mapping[str, tuple[int, int]]
) -> None:
    """The files that ffmpeg lays over finished pictures of these sizes, below its current folder."""
    if not logos:
        return
    from ingest.images.logos import write_logos  # Pillow is loaded behind the encode otherwise

    write_logos(folder, logos, env.logos, sizes)


def check_written(encoded: Encoded, words: str) -> None:
    """Raises ProcessingError where a file is missing or empty: ffmpeg's exit status does not tell."""
    for name, path in (*encoded.rungs, *encoded.audio, ("the trick play rendition", encoded.trick)):
        if not path.is_file() or path.stat().st_size == 0:
            raise ProcessingError(
                codes.TRANSCODING_FAILED,
                f"ffmpeg ended without writing {name}",
                remedy="look at the detail in the record",
                detail=words,
            )


def encode_limits(plan: Plan, limits: Limits) -> Limits:
    """GPU drivers map far more memory than they use: with hardware the bound on it would end every run."""
    limits = file_limits(plan, limits)
    return replace(limits, memory_bytes=None) if plan.hardware else limits


def arguments(env: Env, source: Source, plan: Plan) -> tuple[str, ...]:
    """The ffmpeg command that makes everything."""
    return encode_arguments(str(env.tools.ffmpeg.path), plan, source_of(env, source))


def source_of(env: Env, source: Source) -> EncodeInput:
    """The source as ffmpeg may read it."""
    return EncodeInput(
        source.url,
        env.probe_limits.pixels,
        env.probe_limits.streams,
        filters=(major_version(env.tools.ffmpeg.version) or NEWEST) >= FIRST_WITH_INPUT_FILTERS,
    )


def encoded_files(env: Env, plan: Plan) -> Encoded:
    """Where that command writes."""
    folder = env.temporary
    return Encoded(
        rungs=tuple(
            (
                r.name,
                copies_folder(env) / names.copied_file(r.name)
                if r.copied
                else folder / names.rung_file(r.name),
            )
            for r in plan.rungs
        ),
        audio=tuple(
            (
                a.name,
                copies_folder(env) / names.copied_sound(a.name)
                if a.copied
                else folder / names.audio_file(a.name),
            )
            for a in plan.audio
        ),
        candidates=folder / names.CANDIDATES,
        previews=folder / names.PREVIEWS,
        trick=folder / names.TRICK,
    )


def copies_folder(env: Env) -> Path:
    """Where copied renditions are, beside what is encoded."""
    return env.package.parent / names.COPIES
