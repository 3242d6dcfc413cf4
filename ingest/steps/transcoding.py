"""9001 Transcoding with CPU: every rung, every audio rendition and all stills; a long film's picture in chunks.

159 Transcoding with GPU is the same with a hardware encoder for the rungs that it can make. Where that fails, 9001
begins again without it. What an earlier run of the same work has finished is not made again.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ingest.job import codes
from ingest.job.errors import IngestError, ProcessingError
from ingest.media import process
from ingest.media.command import encode_arguments, names
from ingest.media.command.sound import cut_arguments
from ingest.media.plan.audio import AAC_FRAME
from ingest.media.plan.copying import without_copies
from ingest.media.plan.encoders import in_software
from ingest.media.plan.space import NOTHING
from ingest.media.process import Command, Confinement
from ingest.packaging.boxes import BoxError
from ingest.packaging.ending import end_at
from ingest.steps import checkpoints, chunked, decode_damage, loudness, steady_sound, taking_over
from ingest.steps.context import Env, Note, Outcome, write_json
from ingest.steps.encoding import Encoded, encode_whole, encoded_files, source_of

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from ingest.media.plan import Plan
    from ingest.media.source import Source
    from ingest.steps.encoding import Run

DURABLE = 90  # seconds; what is longer has cost enough to outlive a power cut


def run_with_gpu(env: Env, source: Source, plan: Plan) -> Outcome[Encoded | None]:
    """The value is None where the hardware failed or an earlier run did without, and the warning says how.

    Raises:
        IngestError: what no other encoder would mend: a full disk, a changed source, a person's wish.
    """
    mended = {codes.TRANSCODING_FAILED, codes.TOOL_KILLED, codes.TOOL_STALLED, codes.SOURCE_TOO_DAMAGED}
    if any(begun(env, source, p) for p in _given_up(plan)):
        why = "the run that this one goes on from encodes in software"
        return Outcome(None, warnings=(Note(codes.GPU_NOT_USED, why),), failed=True)
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
    return Outcome(None, warnings=(Note(codes.GPU_FAILED, reason),), failed=True)


def run(env: Env, source: Source, plan: Plan) -> Outcome[Encoded]:
    """Raises ProcessingError, ResourceError, Cancelled, or SourceError when too much does not decode."""
    checkpoints.begin(env.temporary, key_of(env, source, plan), env.left)
    taking_over.write_recipes(env, source, plan)
    finished = checkpoints.kept(env.temporary)
    if finished is not None:
        return _as_before(env, plan, finished)
    taken = taking_over.take_over(env, plan, taking_over.known(env, source, plan))
    levelled = loudness.level(env, source, plan)
    whole = levelled.plan
    made, told = _encode(env, source, without(whole, taken))
    damage = decode_damage.examine(env, source, whole, made.errors, made.lost, made.stderr)
    spent = levelled.cpu_seconds + made.cpu_seconds
    if made.lost and made.frames > 1:
        # Once more, with pictures that stay where others are lost: else the times of those around come to harm.
        for stills in (names.CANDIDATES, names.PREVIEWS, names.THUMBNAILS):
            shutil.rmtree(env.temporary / stills, ignore_errors=True)
        grid = whole.video.grid.with_losses()
        made = encode_whole(env, source, replace(whole, video=replace(whole.video, grid=grid)))
        spent += made.cpu_seconds
    encoded = encoded_files(env, plan)
    if not made.lost and whole.video.grid.frames is not None:
        end_as_planned(whole, encoded)
    if steady_sound.began_again(env, whole, encoded.audio):
        levelled = steady_sound.make(env, source, whole)
        spent += levelled.cpu_seconds
    if made.lost and encoded.audio:
        fit_audio(env, whole, encoded)
    measured = loudness.measure(env, levelled, encoded.audio)
    notes, warnings = (*_of_taken(plan, taken), *told, *measured.notes), (*damage, *measured.warnings)
    lasting = [n for n in notes if n.code is not codes.WORK_TAKEN_UP]
    durable = bool(plan.chunks) or plan.duration > DURABLE
    checkpoints.keep(env.temporary, lasting, warnings, measured.document, durable=durable)
    if measured.document is not None:
        write_json(env.package / loudness.FILE, measured.document)
    return Outcome(encoded, notes=notes, warnings=warnings, cpu_seconds=spent + measured.cpu_seconds)


def without(plan: Plan, names: Collection[str]) -> Plan:
    """The plan with the renditions `names` left to somebody else."""
    return replace(
        plan,
        rungs=tuple(r for r in plan.rungs if r.name not in names),
        mp4=tuple(m for m in plan.mp4 if m.rung not in names),
    )


def _of_taken(plan: Plan, names: Collection[str]) -> tuple[Note, ...]:
    return tuple(
        Note(codes.TAKEN_OVER, f"{r.name} of the package that was there", r.resolution)
        for r in plan.rungs
        if r.name in names
    )


def key_of(env: Env, source: Source, plan: Plan) -> str:
    """What all of this step's work depends on."""
    # Limits change what is refused and not what is made; what is made of the encoded files changes nothing in them.
    given = replace(source_of(env, source), url="", max_pixels=0, max_streams=0)
    command = encode_arguments("ffmpeg", plan, given)
    made = replace(plan, mp4=(), beside=NOTHING)
    return checkpoints.digest(env, source, made, command, env.options.loudness, env.options.allow_damage)


def begun(env: Env, source: Source, plan: Plan) -> bool:
    """Whether an earlier run, of this job or of one that makes the same, has begun with this very plan."""
    key = key_of(env, source, plan)
    return any(checkpoints.holds(folder, key) for folder in (env.temporary, *env.left))


def left_by_another(env: Env, source: Source, plan: Plan) -> Path | None:
    """The folder of another job that will be taken over, whether as planned or as where something was given up."""
    if not env.left:
        return None
    keys = {key_of(env, source, p) for p in (plan, *_given_up(plan))}
    return next((f for f in env.left if any(checkpoints.holds(f, key) for key in keys)), None)


def _given_up(plan: Plan) -> tuple[Plan, Plan]:
    """What is done where hardware, and where copying as well, has failed."""
    return in_software(plan), without_copies(in_software(plan))


def _encode(env: Env, source: Source, plan: Plan) -> tuple[Run, tuple[Note, ...]]:
    """In chunks where the plan has any and they fit together, else in one piece."""
    refused = env.temporary / checkpoints.UNDIVIDED
    before = checkpoints.stored(refused)
    if not plan.chunks:
        return encode_whole(env, source, plan), ()
    if before is None:
        try:
            made, again = chunked.encode_chunks(env, source, plan)
        except chunked.NotExact as why:
            before = {"why": str(why)}
            checkpoints.store(refused, before)
            shutil.rmtree(env.temporary / checkpoints.CHUNKS)
        else:
            count = len(plan.chunks)
            notes = [
                Note(codes.ENCODED_IN_CHUNKS, f"{count} of about {float(plan.duration / count):.0f} s each")
            ]
            if again:
                notes.append(Note(codes.WORK_TAKEN_UP, f"{again} of {count} chunks were there already"))
            return made, tuple(notes)
    return encode_whole(env, source, plan), (Note(codes.ENCODED_IN_ONE_PIECE, before["why"]),)


def _as_before(env: Env, plan: Plan, finished: dict[str, Any]) -> Outcome[Encoded]:
    """The result of a run that came to an end behind this step."""
    if finished["loudness"] is not None:
        write_json(env.package / loudness.FILE, finished["loudness"])
    notes = (
        Note(codes.WORK_TAKEN_UP, "everything was encoded already"),
        *checkpoints.notes_of(finished["notes"]),
    )
    return Outcome(encoded_files(env, plan), notes, checkpoints.notes_of(finished["warnings"]))


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
