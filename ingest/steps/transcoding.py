"""9001 Transcoding with CPU: one ffmpeg run makes every rung, every audio rendition and all stills.

159 Transcoding with GPU is the same with a hardware encoder for the rungs that it can make. Where that fails, 9001
begins again without it.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import IngestError, ProcessingError
from ingest.media import process
from ingest.media.command import EncodeInput, encode_arguments, names
from ingest.media.command.sound import cut_arguments
from ingest.media.decode_errors import DecodeErrors
from ingest.media.plan.audio import AAC_FRAME
from ingest.media.process import Command, Confinement
from ingest.media.progress import EncodeProgress, ProgressReader, remaining_seconds
from ingest.media.toolchain import major_version
from ingest.packaging.boxes import BoxError
from ingest.packaging.ending import end_at
from ingest.steps import decode_damage, loudness, steady_sound
from ingest.steps.context import Env, Note, Outcome, StepProgress
from ingest.steps.planning_resolutions import file_limits

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.media.plan import Plan
    from ingest.media.process import Limits
    from ingest.media.source import Source


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
class _Run:
    """One run of ffmpeg: what it made, what its decoders said, how many pictures it wrote and how many it lost."""

    encoded: Encoded
    errors: DecodeErrors
    frames: int
    lost: int
    stderr: str
    cpu_seconds: float


def run_with_gpu(env: Env, source: Source, plan: Plan) -> Outcome[Encoded | None]:
    """The value is None where the hardware failed, and the warning says how.

    Raises:
        IngestError: what no other encoder would mend: a full disk, a changed source, a person's wish.
    """
    mended = {codes.TRANSCODING_FAILED, codes.TOOL_KILLED, codes.TOOL_STALLED, codes.SOURCE_TOO_DAMAGED}
    try:
        outcome = run(env, source, plan)
    except IngestError as error:
        if error.code not in mended:
            raise
        reason = error.message
    else:
        # Pictures are missing: the source's fault or the card's, which the software encoder will tell.
        reason = next((w.detail for w in outcome.warnings if w.code is codes.SOURCE_DAMAGED), "")
        if not reason:
            return Outcome(outcome.value, outcome.notes, outcome.warnings, outcome.cpu_seconds)
    for name in names.folders():
        shutil.rmtree(env.temporary / name, ignore_errors=True)
    return Outcome(None, warnings=(Note(codes.GPU_FAILED, reason),), failed=True)


def run(env: Env, source: Source, plan: Plan) -> Outcome[Encoded]:
    """Raises ProcessingError, ResourceError, Cancelled, or SourceError when too much does not decode."""
    levelled = loudness.level(env, source, plan)
    plan = levelled.plan
    made = _encode(env, source, plan)
    damage = decode_damage.examine(env, source, plan, made.errors, made.lost, made.stderr)
    spent = levelled.cpu_seconds + made.cpu_seconds
    if made.lost and made.frames > 1:
        # Once more, with pictures that stay where others are lost: else the times of those around come to harm.
        for stills in (made.encoded.candidates, made.encoded.previews):
            shutil.rmtree(stills)
        grid = plan.video.grid.with_losses()
        made = _encode(env, source, replace(plan, video=replace(plan.video, grid=grid)))
        spent += made.cpu_seconds
    if not made.lost and plan.video.grid.frames is not None:
        end_as_planned(plan, made.encoded)
    if steady_sound.began_again(env, plan, made.encoded.audio):
        levelled = steady_sound.make(env, source, plan)
        spent += levelled.cpu_seconds
    if made.lost and made.encoded.audio:
        fit_audio(env, plan, made.encoded)
    notes, warnings, seconds = loudness.report(env, levelled, made.encoded.audio)
    return Outcome(made.encoded, notes=notes, warnings=(*damage, *warnings), cpu_seconds=spent + seconds)


def _encode(env: Env, source: Source, plan: Plan) -> _Run:
    folder = env.temporary
    for name in names.folders():
        (folder / name).mkdir(parents=True, exist_ok=True)
    grid = plan.video.grid

    planned = grid.frames or max(1, round(grid.duration / grid.time_base))

    def tell(progress: EncodeProgress) -> None:
        made = progress.frames / planned if plan.encoded else progress.seconds / grid.duration
        fraction = min(1.0, float(made))
        done = Fraction(fraction) * grid.duration
        env.on_progress(
            StepProgress(
                fraction=fraction,
                speed=progress.speed,
                remaining_seconds=remaining_seconds(done, grid.duration, progress.speed),
                resolutions=dict.fromkeys(plan.resolutions, fraction),
            )
        )

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
    for name, path in (*encoded.rungs, *encoded.audio, ("the trick play rendition", encoded.trick)):
        if not path.is_file() or path.stat().st_size == 0:
            raise ProcessingError(
                codes.TRANSCODING_FAILED,
                f"ffmpeg ended without writing {name}",
                remedy="look at the detail in the record",
                detail=done.stderr,
            )
    frames = reader.last.frames if reader.last else 0
    lost = max(0, (grid.frames or frames) - frames) if plan.encoded else 0
    return _Run(encoded, errors, frames, lost, done.stderr, done.cpu_seconds)


def encode_limits(plan: Plan, limits: Limits) -> Limits:
    """GPU drivers map far more memory than they use: with hardware the bound on it would end every run."""
    limits = file_limits(plan, limits)
    return replace(limits, memory_bytes=None) if plan.hardware else limits


def arguments(env: Env, source: Source, plan: Plan) -> tuple[str, ...]:
    """The ffmpeg command that makes everything."""
    return encode_arguments(
        str(env.tools.ffmpeg.path),
        plan,
        source_of(env, source),
    )


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
        audio=tuple((a.name, folder / names.audio_file(a.name)) for a in plan.audio),
        candidates=folder / names.CANDIDATES,
        previews=folder / names.PREVIEWS,
        trick=folder / names.TRICK,
    )


def copies_folder(env: Env) -> Path:
    """Where copied renditions are, beside what is encoded."""
    return env.package.parent / names.COPIES


def end_as_planned(plan: Plan, encoded: Encoded) -> None:
    """All renditions end when their last picture is to end, whatever the order of decoding and the source say."""
    made = {r.name for r in plan.encoded}
    for name, path in encoded.rungs:
        if name not in made:
            continue
        try:
            end_at(path, plan.video.grid.duration)
        except (BoxError, OSError) as error:
            raise ProcessingError(
                codes.TRANSCODING_FAILED, f"what ffmpeg wrote for {name} cannot be given its end: {error}"
            ) from error


def fit_audio(env: Env, plan: Plan, encoded: Encoded) -> None:
    """Cut the sound, which has the planned length, to a picture that came out shorter."""
    length = encoded_duration(env, encoded.rungs[0][1])
    for rendition, (name, path) in zip(plan.audio, encoded.audio, strict=True):
        frames = max(1, round(length * rendition.sample_rate / AAC_FRAME))
        if frames >= rendition.frames:
            continue
        whole = path.rename(path.with_suffix(".whole.mp4"))
        done = process.run(
            Command(
                argv=cut_arguments(str(env.tools.ffmpeg.path), whole.name, names.audio_name(name), frames),
                cwd=path.parent,
                confinement=Confinement(write=(path.parent,)),
                limits=env.limits,
            ),
            cancel=env.cancel,
        )
        process.check(done, codes.TRANSCODING_FAILED)
        whole.unlink()


def encoded_duration(env: Env, path: Path) -> Fraction:
    """Seconds of an encoded rung, from its own index."""
    done = process.run(
        Command(
            argv=(
                *(str(env.tools.ffprobe.path), "-v", "error", "-select_streams", "v:0"),
                *("-show_entries", "stream=duration_ts,time_base", "-of", "json", "-i", path.name),
            ),
            cwd=path.parent,
            confinement=Confinement(read=(path.parent,)),
            limits=env.limits,
        ),
        cancel=env.cancel,
    )
    process.check(done, codes.TRANSCODING_FAILED)
    stream = json.loads(done.stdout)["streams"][0]
    return int(stream["duration_ts"]) * Fraction(stream["time_base"])
