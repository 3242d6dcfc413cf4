"""One picture of a film, without making anything else of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import SourceError
from ingest.media import presets as preset_files
from ingest.media import process
from ingest.media.command import EncodeInput
from ingest.media.command.still import FILE, still_arguments
from ingest.media.key_pictures import KeyPictures
from ingest.media.process import Command, Confinement
from ingest.pipeline.look import surroundings
from ingest.pipeline.request import Request
from ingest.steps import planning_resolutions, probing_video_codec
from ingest.steps.copy_choice import sound_packets

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path

    from ingest.media.cancel import CancelToken
    from ingest.settings import Settings
    from ingest.steps.context import Env

_ANY = "sd"  # whichever: the picture is as large as the film's


def still(path: Path, time: Fraction, settings: Settings, cancel: CancelToken) -> bytes:
    """A JPEG of the picture at `time` (seconds from the first picture), upright, in SDR; behind the end, the last one.

    Raises:
        IngestError: whatever a run would say of the source.
    """
    with surroundings(Request(path, (_ANY,)), settings, cancel) as (env, source, prober):
        probed = probing_video_codec.run(prober, allow_damage=True).value
        plan = planning_resolutions.plan(
            env,
            probed.video,
            (),
            preset_files.load().select((_ANY,)),
            packets=probed.packets,
            look=lambda: KeyPictures(0, alike=False),  # nothing is copied
            listen=lambda index: sound_packets(prober, probed.mine, probed.container, index),
            damaged=True,
        ).value
        grid = plan.video.grid
        last = grid.duration - (1 / grid.rate if grid.rate else 0)
        limits = EncodeInput(source.url, env.probe_limits.pixels, env.probe_limits.streams)
        for wanted in dict.fromkeys((min(time, max(last, 0 * last)), 0 * last)):
            picture = _made(
                env, still_arguments(str(env.tools.ffmpeg.path), plan, limits, wanted), source.descriptor
            )
            if picture is not None:
                return picture
        raise SourceError(codes.SOURCE_NOT_MEDIA, f"no picture of {source.name} can be decoded")


def _made(env: Env, argv: tuple[str, ...], descriptor: int) -> bytes | None:
    env.temporary.mkdir(parents=True, exist_ok=True)
    done = process.run(
        Command(
            argv=argv,
            cwd=env.temporary,
            confinement=Confinement(write=(env.temporary,), descriptors=(descriptor,)),
            limits=env.limits,
        ),
        cancel=env.cancel,
    )
    made = env.temporary / FILE
    if not made.is_file() or made.stat().st_size == 0:
        process.check(done, codes.TRANSCODING_FAILED)
        return None  # no picture is shown so late
    return made.read_bytes()
