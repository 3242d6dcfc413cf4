"""9012 Measuring Quality: on demand, how near each rendition comes to the source, into info/abr.json."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import ProcessingError
from ingest.media import process
from ingest.media.command import names
from ingest.media.command.quality import quality_arguments
from ingest.media.process import Command, Confinement
from ingest.media.progress import EncodeProgress, ProgressReader
from ingest.media.quality import Sampling, document, plan_sampling, read_scores
from ingest.steps.context import Env, Note, Outcome, StepProgress, write_json
from ingest.steps.encoding import put_logos, source_of
from ingest.steps.generating_abr_info_files import FILE

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.media.plan import Plan
    from ingest.media.source import Source


def run(env: Env, source: Source, plan: Plan, *, damaged: bool) -> Outcome[Path]:
    """Raises ProcessingError, ResourceError or Cancelled."""
    sampling = plan_sampling(plan)
    notes = tuple(
        Note(
            codes.QUALITY_NOT_MEASURED,
            f"{r.name} is {'the source itself' if r.copied else r.video_range}",
            r.resolution,
        )
        for r in plan.rungs
        if r.video_range != "SDR" or r.copied
    )
    if not sampling.rungs:
        return Outcome(FILE, notes=notes)
    expected = sampling.expected(plan.video.grid.frames or 0)

    def tell(progress: EncodeProgress) -> None:
        if expected:
            env.on_progress(StepProgress(fraction=min(1.0, progress.frames / expected), speed=progress.speed))

    size = (sampling.width, sampling.height)
    put_logos(env, env.temporary, plan.video.logos, {names.QUALITY: size})
    reader = ProgressReader(tell)
    done = process.run(
        Command(
            argv=arguments(env, source, plan, sampling),
            cwd=env.temporary,
            confinement=Confinement(write=(env.temporary,), descriptors=(source.descriptor,)),
            limits=env.limits,
        ),
        cancel=env.cancel,
        on_stdout_line=reader.line,
    )
    process.check(done, codes.QUALITY_FAILED)
    source.check_unchanged()
    abr = json.loads((env.package / FILE).read_text(encoding="ascii"))
    for number, name in sampling.rungs:
        try:
            scores = read_scores((env.temporary / names.quality_file(number)).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise _failed(f"{name} was not scored: {error}", done.stderr) from error
        if expected and scores.frames != expected and not damaged:
            raise _failed(f"{scores.frames} of {expected} pictures of {name} were compared", done.stderr)
        abr["rungs"][number]["quality"] = document(scores, sampling)
    write_json(env.package / FILE, abr)
    return Outcome(FILE, notes=notes, cpu_seconds=done.cpu_seconds)


def arguments(env: Env, source: Source, plan: Plan, sampling: Sampling) -> tuple[str, ...]:
    """The command that scores every rendition."""
    return quality_arguments(str(env.tools.ffmpeg.path), plan, source_of(env, source), sampling)


def commands(env: Env, source: Source, plan: Plan) -> tuple[tuple[str, ...], ...]:
    """What this step would run."""
    sampling = plan_sampling(plan)
    wanted = env.options.quality is not None and sampling.rungs
    return (arguments(env, source, plan, sampling),) if wanted else ()


def _failed(text: str, detail: str) -> ProcessingError:
    return ProcessingError(
        codes.QUALITY_FAILED, text, remedy="run again without --quality, and report it", detail=detail
    )
