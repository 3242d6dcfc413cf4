"""9003 Verifying Package: nothing is published that was not read back and measured."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.job.errors import one_line
from ingest.packaging import packager
from ingest.packaging.decode import make_decoder
from ingest.packaging.findings import not_as_planned
from ingest.packaging.reference import read_reference
from ingest.packaging.verify import Expected, ExpectedRung, Report, verify
from ingest.steps.context import Env, Outcome
from ingest.steps.damage import refuse_loss

if TYPE_CHECKING:
    from ingest.media.plan import Plan
    from ingest.steps.encoding import Encoded
    from ingest.steps.generating_hls_service_files import Packaged


def run(
    env: Env, name: str, plan: Plan, encoded: Encoded, packaged: Packaged, *, damaged: bool
) -> Outcome[Report]:
    """Raises ProcessingError(VERIFICATION_FAILED) when a MUST is broken, SourceError when too much is lost.

    Args:
        damaged: pictures of the source could not be decoded, and a warning said so: the rungs are then held to
            each other, no longer to the plan's count.
    """
    if damaged and not env.options.allow_damage:
        shortest = min(t.last_presentation for t in packaged.videos.values())
        refuse_loss(one_line(name), plan.duration - shortest, plan.duration)
    decoder = make_decoder(env.tools.ffmpeg, env.temporary, env.limits, env.cancel)
    report = verify(
        env.package,
        expected=expected(plan, exact=not damaged),
        decode=decoder,
        full=env.options.verify == "full",
        reference=read_reference(
            env.temporary,
            [name for name, _ in encoded.audio],
            frozenset(r.name for r in plan.rungs if r.video_range != "SDR"),
        ),
        encoded={
            **{packager.video_folder(name): path for name, path in encoded.rungs},
            **{packager.audio_folder(name): path for name, path in encoded.audio},
            packager.TRICK: encoded.trick,
        },
        cancel=env.cancel,
    )
    if report.must:
        raise not_as_planned(one_line(name), report.must, damaged=damaged)
    return Outcome(report, cpu_seconds=decoder.cpu_seconds)


def expected(plan: Plan, *, exact: bool) -> Expected:
    grid = plan.video.grid
    rate = grid.rate or (Fraction(grid.frames) / grid.duration if grid.frames else None)
    return Expected(
        rungs={
            r.name: ExpectedRung(
                width=r.width,
                height=r.height,
                frames=grid.frames if exact else None,
                duration=grid.duration if exact else None,
                frame_duration=1 / rate if rate else None,
            )
            for r in plan.rungs
        },
        poster=True,
        previews=True,
        mp4=tuple(m.rung for m in plan.mp4),
        thumbnails={t.name: t.most for t in plan.thumbnails},
    )
