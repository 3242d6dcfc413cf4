"""9001 Transcoding with CPU: one ffmpeg run makes every rung, every audio rendition and all stills.

(159 Transcoding with GPU is for a hardware encoder, which this version does not use.)
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from ingest.job import codes
from ingest.job.errors import ProcessingError
from ingest.media import command, process
from ingest.media.command import EncodeInput
from ingest.media.plan import Plan
from ingest.media.process import Command, Confinement
from ingest.media.progress import EncodeProgress, ProgressReader, remaining_seconds
from ingest.media.source import Source
from ingest.steps.context import Env, Note, Outcome, StepProgress
from ingest.steps.planning_resolutions import file_limits


@dataclass(frozen=True, slots=True)
class Encoded:
    """Where the encoded files and the stills are; `arguments` is the command that made them."""

    rungs: tuple[tuple[str, Path], ...]
    audio: tuple[tuple[str, Path], ...]
    candidates: Path
    previews: Path
    arguments: tuple[str, ...]


def run(env: Env, source: Source, plan: Plan) -> Outcome[Encoded]:
    """Raises ProcessingError, ResourceError or Cancelled."""
    folder = env.temporary
    for name in command.folders():
        (folder / name).mkdir(parents=True, exist_ok=True)
    arguments = command.encode_arguments(
        str(env.tools.ffmpeg.path),
        plan,
        EncodeInput(source.url, env.probe_limits.pixels, env.probe_limits.streams),
    )
    grid = plan.video.grid

    def tell(progress: EncodeProgress) -> None:
        fraction = min(1.0, progress.frames / grid.frames) if grid.frames else 0.0
        done = Fraction(fraction) * grid.duration
        env.on_progress(
            StepProgress(
                fraction=fraction,
                speed=progress.speed,
                remaining_seconds=remaining_seconds(done, grid.duration, progress.speed),
                resolutions={r.name: fraction for r in plan.rungs},
            )
        )

    reader = ProgressReader(tell)
    done = process.run(
        Command(
            argv=arguments,
            cwd=folder,
            confinement=Confinement(write=(folder,), descriptors=(source.descriptor,)),
            limits=file_limits(plan, env.limits),
        ),
        cancel=env.cancel,
        on_stdout_line=reader.line,
    )
    if done.returncode != 0 or done.limit is not None:
        process.check(done, codes.TRANSCODING_FAILED)
    source.check_unchanged()
    encoded = Encoded(
        rungs=tuple((r.name, folder / command.rung_file(r.name)) for r in plan.rungs),
        audio=tuple((a.name, folder / command.audio_file(a.name)) for a in plan.audio),
        candidates=folder / command.CANDIDATES,
        previews=folder / command.PREVIEWS,
        arguments=arguments,
    )
    for name, path in (*encoded.rungs, *encoded.audio):
        if not path.is_file() or path.stat().st_size == 0:
            raise ProcessingError(
                codes.TRANSCODING_FAILED,
                f"ffmpeg ended without writing {name}",
                remedy="look at the detail in the record",
                detail=done.stderr,
            )
    return Outcome(encoded, warnings=damage(done.stderr, reader, grid.frames), cpu_seconds=done.cpu_seconds)


def damage(stderr: str, reader: ProgressReader, expected: int | None) -> tuple[Note, ...]:
    """ffmpeg ends with 0 on damaged input: its error lines and a short count say what the exit code does not."""
    frames = reader.last.frames if reader.last else 0
    missing = expected - frames if expected is not None else 0
    if missing <= 0:
        return ()
    return (Note(codes.SOURCE_DAMAGED, f"{missing} of {expected} pictures could not be decoded: {process.last_words(stderr)}"),)
