"""9013 Generating MP4 Files: each rendition with its sound in one file, for those who want no streaming."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.media import process
from ingest.media.command.mp4 import mp4_arguments
from ingest.media.command.names import MP4, mp4_file
from ingest.media.process import Command, Confinement
from ingest.steps.context import Env, Outcome
from ingest.steps.planning_resolutions import file_limits

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.media.plan import Plan
    from ingest.media.process import Limits
    from ingest.steps.encoding import Encoded

_SLOWEST = 20_000_000  # bytes a second; while ffmpeg makes room for the index it tells no progress


def run(env: Env, plan: Plan, encoded: Encoded) -> Outcome[tuple[Path, ...]]:
    """Raises ProcessingError, ResourceError or Cancelled."""
    work = env.package.parent
    (env.package / MP4).mkdir()
    pictures = dict(encoded.rungs)
    used = 0.0
    for one, argv in zip(plan.mp4, commands(env, plan, encoded), strict=True):
        done = process.run(
            Command(
                argv=argv,
                cwd=work,
                confinement=Confinement(write=(work,)),
                limits=_patient(file_limits(plan, env.limits), pictures[one.rung].stat().st_size),
            ),
            cancel=env.cancel,
            on_stdout_line=lambda line: line if line.startswith("total_size=") else None,
        )
        process.check(done, codes.PACKAGING_FAILED)
        used += done.cpu_seconds
    return Outcome(tuple(env.package / mp4_file(m.rung) for m in plan.mp4), cpu_seconds=used)


def commands(env: Env, plan: Plan, encoded: Encoded) -> tuple[tuple[str, ...], ...]:
    """One for each file; names are relative to the folder above the package."""
    work = env.package.parent
    files = {name: str(path.relative_to(work)) for name, path in (*encoded.rungs, *encoded.audio)}
    return tuple(
        mp4_arguments(
            str(env.tools.ffmpeg.path),
            one,
            files[one.rung],
            files[one.sound] if one.sound else None,
            f"{env.package.name}/{mp4_file(one.rung)}",
            plan.video.grid.timescale,
        )
        for one in plan.mp4
    )


def _patient(limits: Limits, size: int) -> Limits:
    """Time enough to move a file of `size` bytes."""
    stall = limits.stall_seconds
    return limits if stall is None else replace(limits, stall_seconds=stall + size / _SLOWEST)
