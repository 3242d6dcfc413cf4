"""Renditions of the package that stands in the output folder: what is as it would be made again is taken over.

So one more resolution of the same source costs what that one costs. A rendition is known by its recipe: a digest of all
that it depends on (the source, its own plan, what becomes of the picture, the encoder's program).
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import ProcessingError
from ingest.media import process
from ingest.media.command import names
from ingest.media.command.chunks import remuxing_arguments
from ingest.media.process import Command, Confinement
from ingest.packaging.boxes import BoxError
from ingest.packaging.packager import INIT, video_folder
from ingest.packaging.sample_times import shown
from ingest.steps import checkpoints
from ingest.steps.context import write_json
from ingest.steps.encoding import encode_limits

if TYPE_CHECKING:
    from collections.abc import Collection

    from ingest.media.plan import Plan
    from ingest.media.plan.rungs import Rung
    from ingest.media.source import Source
    from ingest.steps.context import Env

FILE = Path("info/encoding.json")


def recipes(env: Env, source: Source, plan: Plan) -> dict[str, str]:
    """The recipe of each rendition that is encoded, by name."""
    shared = checkpoints.digest(env, source, plan.video, plan.hdr)
    return {r.name: checkpoints.digest_of(shared, r) for r in plan.encoded}


def write_recipes(env: Env, source: Source, plan: Plan) -> None:
    write_json(env.package / FILE, {"renditions": recipes(env, source, plan)})


def known(env: Env, source: Source, plan: Plan) -> frozenset[str]:
    """The names of the renditions that can be taken over."""
    if env.published is None or env.options.format != "cmaf":
        return frozenset()
    try:
        document = json.loads((env.published / FILE).read_bytes())
        there = dict(document["renditions"])
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()
    return frozenset(n for n, recipe in recipes(env, source, plan).items() if there.get(n) == recipe)


def take_over(env: Env, plan: Plan, wanted: Collection[str]) -> frozenset[str]:
    """Put the renditions `wanted` where the encoder would, as it would; the names of those that are whole."""
    (env.temporary / names.RUNGS).mkdir(parents=True, exist_ok=True)
    return frozenset(r.name for r in plan.encoded if r.name in wanted and _taken(env, plan, r))


def _taken(env: Env, plan: Plan, rung: Rung) -> bool:
    assert env.published is not None  # noqa: S101 - `known` has looked there
    folder = env.published / video_folder(rung.name)
    segments = env.temporary / f"{names.rung_file(rung.name)}.taken"
    made = env.temporary / names.rung_file(rung.name)
    try:
        with segments.open("wb") as whole:
            for path in (folder / INIT, *sorted(folder.glob("seg-*.m4s"))):
                with path.open("rb") as file:
                    shutil.copyfileobj(file, whole, 1 << 20)
    except OSError:
        segments.unlink(missing_ok=True)
        return False
    done = process.run(
        Command(
            argv=remuxing_arguments(
                str(env.tools.ffmpeg.path),
                f"file:{segments.relative_to(env.temporary)}",
                names.rung_file(rung.name),
                plan.video.grid.timescale,
                "hvc1" if rung.codec == "hevc" else None,
            ),
            cwd=env.temporary,
            confinement=Confinement(write=(env.temporary,)),
            limits=encode_limits(plan, env.limits),
        ),
        cancel=env.cancel,
        on_stdout_line=lambda line: line if line.startswith("total_size=") else None,
    )
    try:
        process.check(done, codes.TRANSCODING_FAILED)
        segments.unlink()
        return plan.video.grid.frames in {None, shown(made).pictures}
    except (BoxError, OSError, ProcessingError):
        return False
