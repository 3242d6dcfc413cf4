"""Looks at a source and plans, without making anything: `ingest probe` and `ingest run --dry-run`."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.job import codes
from ingest.media import presets as preset_files
from ingest.media import toolchain
from ingest.media.key_pictures import key_pictures
from ingest.media.plan import describe
from ingest.media.probe import ProbeLimits, Prober
from ingest.media.rejoining import open_rejoined
from ingest.media.source import open_source
from ingest.pipeline.steps import beside
from ingest.steps import (
    chunked,
    copying,
    encoding,
    generating_hls_service_files,
    generating_mp4_files,
    generating_subtitles,
    generating_video_info,
    generating_video_stream_info,
    loudness,
    measuring_quality,
    planning_resolutions,
    probing_audio,
    probing_video_codec,
    probing_video_klv,
    starting_ingest,
)
from ingest.steps.context import Env, as_plain
from ingest.steps.copy_choice import sound_packets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.job.codes import Code
    from ingest.media.cancel import CancelToken
    from ingest.media.facts import AudioFacts
    from ingest.media.plan import Plan
    from ingest.media.source import Source
    from ingest.pipeline.request import Request
    from ingest.settings import Settings
    from ingest.steps.context import Note, Outcome
    from ingest.steps.probing_video_codec import Probed
    from ingest.steps.probing_video_klv import FoundKlv


@dataclass(frozen=True, slots=True)
class Found:
    """What the probe steps found, with their notes and warnings."""

    probed: Probed
    audio: tuple[AudioFacts, ...]
    klv: FoundKlv
    notes: tuple[Note, ...]
    warnings: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """What was seen and what would be done: JSON-able documents, rows for people, commands word for word."""

    found: dict[str, Any]
    plan: dict[str, Any]
    rows: list[tuple[str, str]]
    commands: tuple[tuple[str, ...], ...]


def look(request: Request, settings: Settings, cancel: CancelToken, *, every_resolution: bool) -> Looked:
    """Probe the source and plan the request; its output folder is neither made nor looked into.

    Args:
        every_resolution: plan all that there are, whatever was asked for and whatever space is free.

    Raises:
        IngestError: whatever a run would say of the source, the resolutions or the free space.
    """
    request = request.settled(settings)
    book = preset_files.load(request.preset_dir)
    chosen = tuple(book.values()) if every_resolution else book.select(request.resolutions)
    with surroundings(request, settings, cancel) as (env, source, prober):
        found = _probe(prober, request)
        probed = found.probed
        outcome = planning_resolutions.plan(
            env,
            probed.video,
            found.audio,
            chosen,
            packets=probed.packets,
            look=lambda: key_pictures(prober, probed.video),
            listen=lambda index: sound_packets(prober, probed.mine, probed.container, index),
            damaged=any(w.code is codes.SOURCE_DAMAGED for w in found.warnings),
            text=probed.text,
            chapters=probed.chapters,
            beside=beside(found.klv, probed.container),
        )
        if not every_resolution:
            planning_resolutions.check_space(outcome.value, _standing(request.folder), env.min_free)
        return Looked(
            found=_document(source, found, outcome),
            plan=describe.document(outcome.value),
            rows=describe.rows(outcome.value),
            commands=_commands(env, source, outcome.value),
        )


@contextmanager
def surroundings(
    request: Request, settings: Settings, cancel: CancelToken
) -> Iterator[tuple[Env, Source, Prober]]:
    limits = ProbeLimits.of(settings)
    with (
        tempfile.TemporaryDirectory(prefix="ingest-look-") as name,
        open_rejoined(request.source, Path(name), settings.min_free, cancel) as source,
    ):
        folder = Path(name)
        tools = toolchain.find()
        env = Env(
            tools=tools,
            package=folder / "package",
            temporary=folder / "temporary",
            probe_limits=limits,
            min_free=settings.min_free,
            options=request.options,
            cancel=cancel,
            on_progress=lambda _: None,
            chunk_seconds=request.chunk_seconds or settings.chunk_seconds,
            logos=starting_ingest.read_logos(request.options.logos),
        )
        yield env, source, Prober(tools.ffprobe, tools.ffmpeg, source, folder, limits, cancel)


def _probe(prober: Prober, request: Request) -> Found:
    probed = probing_video_codec.run(prober, allow_damage=request.options.allow_damage)
    audio = probing_audio.run(probed.value.mine)
    start, side_path = probed.value.video.timing.start, request.options.klv
    with open_source(side_path) if side_path is not None else nullcontext() as side:
        klv = probing_video_klv.run(probed.value.mine, probed.value.container, prober, start, side)
    outcomes: tuple[Outcome[Any], ...] = (probed, audio, klv)
    return Found(
        probed=probed.value,
        audio=audio.value,
        klv=klv.value,
        notes=tuple(n for o in outcomes for n in o.notes),
        warnings=tuple(n for o in outcomes for n in o.warnings),
    )


def _document(source: Source, found: Found, planned: Outcome[Plan]) -> dict[str, Any]:
    probed = found.probed
    return {
        "file": source.name,
        "video": as_plain(
            generating_video_info.document(
                probed.container, probed.video, found.audio, found.klv.declared, probed.text, probed.chapters
            )
        ),
        "streams": as_plain(generating_video_stream_info.document(probed, found.audio, found.klv.declared))[
            "streams"
        ],
        "notes": [text_of(n.code, n.detail) for n in (*found.notes, *planned.notes)],
        "warnings": [text_of(n.code, n.detail) for n in (*found.warnings, *planned.warnings)],
    }


def text_of(code: Code, detail: str) -> str:
    return f"{code.text}: {detail}" if detail else code.text


def _commands(env: Env, source: Source, plan: Plan) -> tuple[tuple[str, ...], ...]:
    encoded = encoding.encoded_files(env, plan)
    first = (
        (loudness.arguments(env, source, plan),) if env.options.loudness is not None and plan.audio else ()
    )
    return (
        *first,
        *((copying.arguments(env, source, plan),) if plan.copies else ()),
        *chunked.commands(env, source, plan),
        generating_hls_service_files.arguments(env, plan, encoded),
        generating_hls_service_files.trick_arguments(env, plan, encoded),
        *(generating_mp4_files.commands(env, plan, encoded) if plan.mp4 else ()),
        *generating_subtitles.commands(env, source, plan),
        *measuring_quality.commands(env, source, plan),
    )


def _standing(folder: Path) -> Path:
    """The nearest folder on the way to `folder` that is there: its disk is the one that must have room."""
    return next(p for p in (folder, *folder.parents) if p.is_dir())
