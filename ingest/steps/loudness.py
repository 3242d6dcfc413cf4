"""The loudness part of transcoding: measured in any job, levelled where it was asked for; info/loudness.json."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.job import codes
from ingest.media import process
from ingest.media.command import names
from ingest.media.command.loudness import result_arguments, source_arguments
from ingest.media.loudness import CEILING, KEYS, Levelling, Loudness, levelling, read
from ingest.media.process import Command, Confinement
from ingest.steps.context import Env, Note
from ingest.steps.planning_resolutions import file_limits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.media.plan import Plan
    from ingest.media.source import Source

FILE = Path("info/loudness.json")
_BLOCK = Fraction(2, 5)  # seconds that the shortest measurement takes (ITU-R BS.1770-4)
_HEARD = 0.1  # LU: less than this below the loudness asked for is no news


@dataclass(frozen=True, slots=True)
class Levelled:
    """The plan with its gains, and by rendition what was measured before and how it is levelled."""

    plan: Plan
    before: Mapping[str, Loudness]
    levellings: Mapping[str, Levelling]
    cpu_seconds: float = 0.0

    def with_streams_of(self, plan: Plan, seconds: float) -> Levelled:
        """The same, said of the source's own streams; `seconds` of CPU more."""
        gains = {a.name: a.gain for a in self.plan.audio}
        audio = tuple(replace(a, gain=gains[a.name]) for a in plan.audio)
        return replace(self, plan=replace(plan, audio=audio), cpu_seconds=self.cpu_seconds + seconds)


def level(env: Env, source: Source | str, plan: Plan) -> Levelled:
    """Find the gain of each rendition, in a decode of the sound alone; nothing where no loudness was asked for.

    Args:
        source: or the name of a file of our own in the work folder.
    """
    target = env.options.loudness
    if target is None or not plan.audio:
        return Levelled(plan, {}, {})
    descriptors = () if isinstance(source, str) else (source.descriptor,)
    confinement = Confinement(write=(env.temporary,), descriptors=descriptors)
    seconds = _measure(env, arguments(env, source, plan), confinement, plan)
    before = figures(env, plan)
    levellings = {name: levelling(found, target) for name, found in before.items()}
    audio = tuple(replace(a, gain=levellings[a.name].gain) for a in plan.audio)
    return Levelled(replace(plan, audio=audio), before, levellings, seconds)


def arguments(env: Env, source: Source | str, plan: Plan) -> tuple[str, ...]:
    """The ffmpeg command that measures the source's sound before it is encoded."""
    url = source if isinstance(source, str) else source.url
    return source_arguments(str(env.tools.ffmpeg.path), plan, url, env.probe_limits.streams)


@dataclass(frozen=True, slots=True)
class Measured:
    """`document` is for info/loudness.json; None where there is no sound."""

    document: dict[str, Any] | None = None
    notes: tuple[Note, ...] = ()
    warnings: tuple[Note, ...] = ()
    cpu_seconds: float = 0.0


def measure(env: Env, levelled: Levelled, audio: tuple[tuple[str, Path], ...]) -> Measured:
    """What to say of the sound once the encoder has ended."""
    plan = levelled.plan
    if not plan.audio:
        return Measured()
    source = levelled.before or figures(env, plan)
    encoded: Mapping[str, Loudness] = {}
    seconds = 0.0
    if env.options.loudness is not None:
        files = [(name, path.relative_to(env.temporary).as_posix()) for name, path in audio]
        asked = result_arguments(str(env.tools.ffmpeg.path), files)
        seconds = _measure(env, asked, Confinement(write=(env.temporary,)), plan)
        encoded = figures(env, plan)
    return Measured(
        document(plan, env.options.loudness, source, encoded),
        silent(plan, source),
        not_reached(plan, levelled.levellings),
        seconds,
    )


def figures(env: Env, plan: Plan) -> dict[str, Loudness]:
    """What the last run has written of each rendition."""
    folder = env.temporary
    return {a.name: read([folder / names.loudness_file(a.name, key) for key in KEYS]) for a in plan.audio}


def document(
    plan: Plan, target: float | None, source: Mapping[str, Loudness], encoded: Mapping[str, Loudness]
) -> dict[str, Any]:
    """`source`: the sound before any gain, mixed to the rendition's layout; `encoded`: decoded again, if measured."""
    return {
        "standard": "EBU R 128, ITU-R BS.1770",
        "targetLufs": target,
        "truePeakCeilingDbtp": CEILING if target is not None else None,
        "audio": [
            {
                "name": a.name,
                "streams": list(a.indexes),
                "language": a.language,
                "layout": a.layout,
                "source": _plain(source[a.name]),
                "gainDb": a.gain,
                "encoded": _plain(encoded[a.name]) if a.name in encoded else None,
            }
            for a in plan.audio
        ],
    }


def silent(plan: Plan, found: Mapping[str, Loudness]) -> tuple[Note, ...]:
    """A track without any sound is carried all the same; said once for all its layouts.

    Of what is shorter than one measurement, nothing is known.
    """
    long_enough = [a for a in plan.audio if a.samples >= a.sample_rate * _BLOCK]
    quiet = dict.fromkeys(a.indexes for a in long_enough if found[a.name].true_peak is None)
    return tuple(Note(codes.AUDIO_SILENT, f"stream {'+'.join(map(str, indexes))}") for indexes in quiet)


def not_reached(plan: Plan, levellings: Mapping[str, Levelling]) -> tuple[Note, ...]:
    return tuple(
        Note(
            codes.LOUDNESS_NOT_REACHED,
            f"{a.name} stays {levellings[a.name].short_by:.1f} LU below, its true peak would pass {CEILING:g} dBTP",
        )
        for a in plan.audio
        if a.name in levellings and levellings[a.name].short_by > _HEARD
    )


def _plain(found: Loudness) -> dict[str, float | None]:
    return {
        "integratedLufs": found.integrated,
        "rangeLu": found.range,
        "truePeakDbtp": found.true_peak,
    }


def _measure(env: Env, argv: tuple[str, ...], confinement: Confinement, plan: Plan) -> float:
    """CPU seconds. The time that ffmpeg has reached is the progress that the stall watchdog looks at."""
    (env.temporary / names.LOUDNESS).mkdir(parents=True, exist_ok=True)
    done = process.run(
        Command(
            argv=argv,
            cwd=env.temporary,
            confinement=confinement,
            limits=file_limits(plan, env.limits),
        ),
        cancel=env.cancel,
        on_stdout_line=lambda line: line if line.startswith("out_time_us=") else None,
    )
    process.check(done, codes.TRANSCODING_FAILED)
    return done.cpu_seconds
