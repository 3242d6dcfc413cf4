"""9004 Copying: the renditions of picture and sound that the source already is, taken over packet by packet.

What cannot be taken over after all, or does not fit to the others, is encoded as if nobody had tried.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import ProcessingError
from ingest.media import process
from ingest.media.command import names, sound_arguments
from ingest.media.command.copying import copy_arguments
from ingest.media.key_pictures import sets_alike
from ingest.media.plan.copying import without_copies
from ingest.media.plan.sound_copying import with_copied_sound
from ingest.media.process import Command, Confinement
from ingest.media.progress import ProgressReader
from ingest.packaging.boxes import BoxError
from ingest.packaging.colour_box import name_bt709
from ingest.packaging.ending import end_at
from ingest.steps import transcoding
from ingest.steps.context import Env, Note, Outcome
from ingest.steps.encoding import copies_folder, encoded_files, make_folders, source_of
from ingest.steps.planning_resolutions import file_limits
from ingest.steps.steady_sound import frames_of

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.media.plan import Plan
    from ingest.media.source import Source
    from ingest.steps.encoding import Encoded


def run(env: Env, source: Source, plan: Plan) -> Outcome[Encoded | None]:
    """Copies, and where that is all that is to be made of the picture, makes sound and stills, too.

    The value is None where there is something to be encoded yet.

    Raises:
        ProcessingError: copying was insisted on and failed; or whatever transcoding says.
        ResourceError, Cancelled: as usual.
    """
    why, seconds = _copy(env, source, plan)
    if why and env.options.copy == "require":
        raise ProcessingError(
            codes.COPYING_FAILED, f"the picture cannot be copied: {why}", remedy="leave --copy require out"
        )
    if why:
        shutil.rmtree(copies_folder(env), ignore_errors=True)
        notes = _not_copied(plan, why)
        return Outcome(None, notes, cpu_seconds=seconds, failed=True, plan=without_copies(plan))
    whole = with_copied_sound(plan, _whole_sounds(env, plan))
    notes = _sound_not_copied(plan, whole, "not all of it came out")
    if plan.encoded:
        return Outcome(None, notes, cpu_seconds=seconds, plan=whole)
    made = _mended(env, source, whole, transcoding.run(env, source, whole))
    return Outcome(
        made.value, (*notes, *made.notes), made.warnings, seconds + made.cpu_seconds, plan=made.plan or whole
    )


def transcode(env: Env, source: Source, plan: Plan) -> Outcome[Encoded]:
    """As `transcoding.run`; where pictures of the source turn out to be damaged, what was copied is encoded as well.

    A copy has the damage as it is: no decoder is made to bridge it, and what is missing is missing in it alone.
    """
    whole, spent = without_copies(plan), 0.0
    if plan.copies is None or not transcoding.begun(env, source, whole):
        made = transcoding.run(env, source, plan)
        if plan.copies is None or not _DAMAGE & {w.code for w in made.warnings}:
            return _mended(env, source, plan, made)
        spent = made.cpu_seconds
    again = transcoding.run(env, source, whole)
    notes = (*_not_copied(plan, "some of its pictures are damaged"), *again.notes)
    return Outcome(again.value, notes, again.warnings, spent + again.cpu_seconds, plan=whole)


def _mended(env: Env, source: Source, plan: Plan, made: Outcome[Encoded]) -> Outcome[Encoded]:
    """Copied sound that turns out to be damaged is encoded instead, with silence where nothing decodes."""
    if not any(a.copied for a in plan.audio) or codes.SOUND_DAMAGED not in {w.code for w in made.warnings}:
        return made
    whole = with_copied_sound(plan, ())
    make_folders(env.temporary, whole)
    done = process.run(
        Command(
            argv=sound_arguments(str(env.tools.ffmpeg.path), whole, source_of(env, source)),
            cwd=env.temporary,
            confinement=Confinement(write=(env.temporary,), descriptors=(source.descriptor,)),
            limits=file_limits(whole, env.limits),
        ),
        cancel=env.cancel,
        on_stdout_line=ProgressReader(lambda _: None).line,
    )
    process.check(done, codes.TRANSCODING_FAILED)
    source.check_unchanged()
    notes = (*made.notes, *_sound_not_copied(plan, whole, "some of it is damaged"))
    seconds = made.cpu_seconds + done.cpu_seconds
    return Outcome(encoded_files(env, whole), notes, made.warnings, seconds, plan=whole)


def _whole_sounds(env: Env, plan: Plan) -> tuple[str, ...]:
    """The copied renditions of sound that have all their frames."""
    files = {a.name: copies_folder(env) / names.copied_sound(a.name) for a in plan.audio if a.copied}
    return tuple(a.name for a in plan.audio if a.copied and frames_of(env, files[a.name]) == a.frames)


def _sound_not_copied(before: Plan, after: Plan, why: str) -> tuple[Note, ...]:
    still = {a.name for a in after.audio if a.copied}
    return tuple(
        Note(codes.SOUND_NOT_COPIED, f"{a.name}: {why}")
        for a in before.audio
        if a.copied and a.name not in still
    )


_DAMAGE = {codes.SOURCE_DAMAGED, codes.PICTURES_DAMAGED}


def _not_copied(plan: Plan, why: str) -> tuple[Note, ...]:
    return tuple(Note(codes.NOT_COPIED, why, r.resolution) for r in plan.rungs if r.copied)


def _copy(env: Env, source: Source, plan: Plan) -> tuple[str, float]:
    """What went wrong, empty where nothing did, and CPU seconds."""
    folder = copies_folder(env)
    folder.mkdir(parents=True, exist_ok=True)
    done = process.run(
        Command(
            argv=arguments(env, source, plan),
            cwd=folder,
            confinement=Confinement(write=(folder,), descriptors=(source.descriptor,)),
            limits=file_limits(plan, env.limits),
        ),
        cancel=env.cancel,
        on_stdout_line=ProgressReader(lambda _: None).line,
    )
    source.check_unchanged()
    try:
        process.check(done, codes.COPYING_FAILED)
    except ProcessingError as error:
        if error.code is not codes.COPYING_FAILED:
            raise
        return error.message, done.cpu_seconds
    wrong = (_wrong(folder, r.name, plan) for r in plan.rungs if r.copied)
    return next(filter(None, wrong), ""), done.cpu_seconds


def arguments(env: Env, source: Source, plan: Plan) -> tuple[str, ...]:
    """The command that copies."""
    return copy_arguments(str(env.tools.ffmpeg.path), plan, source_of(env, source))


def _wrong(folder: Path, name: str, plan: Plan) -> str:
    """What the packets say of themselves once all of them have been seen; a good file gets the planned end, and
    its colours their names."""
    if not sets_alike((folder / names.copied_sets(name)).read_text("ascii", "replace")):
        return "its parameter sets change"
    try:
        name_bt709(folder / names.copied_file(name))
        end_at(folder / names.copied_file(name), plan.video.grid.duration)
    except (BoxError, OSError) as error:
        return f"what came out cannot be finished: {error}"
    return ""
