"""Makes the sound again where it changed its channels or rate in the middle of the source."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.media import process
from ingest.media.command.steady_sound import STEADY, sound_arguments, steady_arguments, steady_plan
from ingest.media.process import Command, Confinement
from ingest.steps import loudness
from ingest.steps.planning_resolutions import file_limits

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.media.plan import Plan
    from ingest.media.source import Source
    from ingest.steps.context import Env
    from ingest.steps.loudness import Levelled


def began_again(env: Env, plan: Plan, audio: tuple[tuple[str, Path], ...]) -> bool:
    """Whether the filters of any rendition began anew: it then has more frames than its length has room for."""
    return any(
        frames_of(env, path) > rendition.frames
        for rendition, (_, path) in zip(plan.audio, audio, strict=True)
    )


def make(env: Env, source: Source, plan: Plan) -> Levelled:
    """Write every rendition anew, by way of one form for all of the source; the loudness is found anew, too."""
    program = str(env.tools.ffmpeg.path)
    first = steady_arguments(program, plan, source.url, env.probe_limits.streams)
    seconds = _run(env, plan, first, Confinement(write=(env.temporary,), descriptors=(source.descriptor,)))
    steady = steady_plan(plan)
    levelled = loudness.level(env, STEADY, steady)
    seconds += _run(
        env, plan, sound_arguments(program, levelled.plan, STEADY), Confinement(write=(env.temporary,))
    )
    (env.temporary / STEADY).unlink()
    return levelled.with_streams_of(plan, seconds)


def _run(env: Env, plan: Plan, argv: tuple[str, ...], confinement: Confinement) -> float:
    done = process.run(
        Command(argv=argv, cwd=env.temporary, confinement=confinement, limits=file_limits(plan, env.limits)),
        cancel=env.cancel,
        on_stdout_line=lambda line: line if line.startswith("out_time_us=") else None,
    )
    process.check(done, codes.TRANSCODING_FAILED)
    return done.cpu_seconds


def frames_of(env: Env, path: Path) -> int:
    """How many AAC frames a file of ours has, from its own index."""
    done = process.run(
        Command(
            argv=(
                *(str(env.tools.ffprobe.path), "-v", "error", "-select_streams", "a:0"),
                *("-show_entries", "stream=nb_frames", "-of", "json", "-i", path.name),
            ),
            cwd=path.parent,
            confinement=Confinement(read=(path.parent,)),
            limits=env.limits,
        ),
        cancel=env.cancel,
    )
    process.check(done, codes.TRANSCODING_FAILED)
    return int(json.loads(done.stdout)["streams"][0]["nb_frames"])
