"""The ordered pipeline, readable as a list: message, what it makes, how it is done.

Each step's work is in `ingest/steps/`, in a file named like its message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ingest.job import codes
from ingest.media.key_pictures import key_pictures
from ingest.media.plan.encoders import in_software
from ingest.media.plan.space import Beside
from ingest.steps import (
    copying,
    extracting_klv_metadata,
    generating_video_info,
    generating_video_stream_info,
    planning_resolutions,
    probing_audio,
    probing_video_codec,
    probing_video_klv,
    removing_temporary_files,
    starting_ingest,
    transcoding,
    video_files_created,
)
from ingest.steps.context import Note, Outcome
from ingest.steps.copy_choice import sound_packets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ingest.images.sprites import Previews
    from ingest.job.codes import Code
    from ingest.media.cancel import CancelToken
    from ingest.media.facts import AudioFacts, Container
    from ingest.media.logo_choice import Logo
    from ingest.media.plan import Plan
    from ingest.media.presets import Preset
    from ingest.media.probe import Prober
    from ingest.packaging.verify import Report
    from ingest.pipeline.workspace import Workspace
    from ingest.steps.context import Env
    from ingest.steps.encoding import Encoded
    from ingest.steps.extracting_klv_metadata import ExtractedKlv
    from ingest.steps.generating_hls_service_files import Packaged
    from ingest.steps.generating_klv_cues import MadeCues
    from ingest.steps.generating_poster_image import Poster
    from ingest.steps.generating_subtitles import MadeText
    from ingest.steps.generating_thumbnails import Made as MadeThumbnails
    from ingest.steps.probing_video_codec import Probed
    from ingest.steps.probing_video_klv import FoundKlv
    from ingest.steps.starting_ingest import Started
    from ingest.telemetry.cue_store import CueStore


class Made:
    """What the steps have made so far; reading what no step has made yet is a fault of the list's order."""

    # Given by the runner before the first step, or as soon as the first step allows.
    workspace: Workspace
    source_path: Path
    side_path: Path | None
    logo_choices: Sequence[Logo]
    presets: Sequence[Preset]
    env: Env
    prober: Prober
    min_free: int
    cancel: CancelToken
    announce: Callable[[tuple[str, ...]], object]
    damaged: bool = False
    # Made by the steps, in the list's order.
    started: Started
    probed: Probed
    audio: tuple[AudioFacts, ...]
    klv: FoundKlv
    stream_info: Path
    video_info: Path
    plan: Plan
    encoded: Encoded
    telemetry: ExtractedKlv | None = None
    packaged: Packaged
    mp4: tuple[Path, ...] = ()
    poster: Poster
    previews: Previews
    thumbnails: tuple[MadeThumbnails, ...] = ()
    text: tuple[MadeText, ...] = ()
    klv_cues: MadeCues | None = None
    chapter_info: Path
    abr_info: Path
    quality: Path
    report: Report
    freed: int
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of the pipeline.

    `makes` is the attribute of `Made` that it fills, `until` the job's percentage at its end. A step with `per
    resolution` leaves its message in each made output too. A step without `run`, or that does not
    `apply` to a source, leaves what `left_out` says, in messages of our own, else no trace.
    """

    code: Code
    makes: str = ""
    run: Callable[[Made], Outcome[Any]] | None = None
    until: float = 0.0
    per_resolution: bool = False
    left_out: Callable[[Made], tuple[Note, ...]] | None = None
    applies: Callable[[Made], bool] = lambda _: True


# Steps that few sources take are loaded when one does: each costs every job some hundredths of a CPU second. What
# comes after the encode is loaded then: with all of it a job would begin to encode a tenth of a second later.


def _hls(made: Made) -> Outcome[Packaged]:
    from ingest.steps import generating_hls_service_files

    klv = made.telemetry.raw if made.telemetry else None
    return generating_hls_service_files.run(made.env, made.plan, made.encoded, klv)


def _poster(made: Made) -> Outcome[Poster]:
    from ingest.steps import generating_poster_image

    return generating_poster_image.run(made.env, made.encoded)


def _previews(made: Made) -> Outcome[Previews]:
    from ingest.steps import generating_preview_images

    return generating_preview_images.run(made.env, made.plan, made.encoded, made.packaged)


def _abr_info(made: Made) -> Outcome[Path]:
    from ingest.steps import generating_abr_info_files

    return generating_abr_info_files.run(
        made.env, made.plan, made.packaged, made.previews, made.text, made.klv_cues
    )


def _verification(made: Made) -> Outcome[Report]:
    from ingest.steps import verifying_package

    name = made.started.source.name
    return verifying_package.run(made.env, name, made.plan, made.encoded, made.packaged, damaged=made.damaged)


def _mp4(made: Made) -> Outcome[tuple[Path, ...]]:
    from ingest.steps import generating_mp4_files

    return generating_mp4_files.run(made.env, made.plan, made.encoded)


def _thumbnails(made: Made) -> Outcome[tuple[MadeThumbnails, ...]]:
    from ingest.steps import generating_thumbnails

    return generating_thumbnails.run(made.env, made.plan)


def _subtitles(made: Made) -> Outcome[tuple[MadeText, ...]]:
    from ingest.steps import generating_subtitles

    return generating_subtitles.run(made.env, made.started.source, made.plan, made.packaged)


def _chapters(made: Made) -> Outcome[Path]:
    from ingest.steps import generating_chapters

    return generating_chapters.run(made.env.package, made.plan)


def _klv_cues(made: Made) -> Outcome[MadeCues | None]:
    from ingest.steps import generating_klv_cues

    return generating_klv_cues.run(made.env, made.packaged, cues_of(made))


def _quality(made: Made) -> Outcome[Path]:
    from ingest.steps import measuring_quality

    return measuring_quality.run(made.env, made.started.source, made.plan, damaged=made.damaged)


STEPS: tuple[Step, ...] = (
    Step(
        codes.STARTING_INGEST,
        "started",
        lambda m: starting_ingest.run(
            m.source_path, m.workspace.output, m.min_free, m.side_path, m.logo_choices, m.cancel
        ),
        1,
    ),
    Step(
        codes.PROBING_VIDEO_CODEC,
        "probed",
        lambda m: probing_video_codec.run(m.prober, allow_damage=m.env.options.allow_damage),
        2,
    ),
    Step(codes.PROBING_AUDIO, "audio", lambda m: probing_audio.run(m.probed.mine), 2),
    Step(
        codes.PROBING_VIDEO_KLV,
        "klv",
        lambda m: probing_video_klv.run(
            m.probed.mine, m.probed.container, m.prober, m.probed.video.timing.start, m.started.side
        ),
        2,
    ),
    Step(
        codes.GENERATING_VIDEO_STREAM_INFO,
        "stream_info",
        lambda m: generating_video_stream_info.run(m.env.package, m.probed, m.audio, m.klv.declared),
        2,
    ),
    Step(
        codes.GENERATING_VIDEO_INFO,
        "video_info",
        lambda m: generating_video_info.run(
            m.env.package,
            m.probed.container,
            m.probed.video,
            m.audio,
            m.klv.declared,
            m.probed.text,
            m.probed.chapters,
        ),
        2,
    ),
    Step(
        codes.PLANNING_RESOLUTIONS,
        "plan",
        lambda m: planning_resolutions.run(
            m.env,
            m.probed.video,
            m.audio,
            m.presets,
            m.workspace.output,
            packets=m.probed.packets,
            look=lambda: key_pictures(m.prober, m.probed.video),
            listen=lambda index: sound_packets(m.prober, m.probed.mine, m.probed.container, index),
            damaged=m.damaged,
            text=m.probed.text,
            chapters=m.probed.chapters,
            beside=beside(m.klv, m.probed.container),
            adopted=lambda plan: transcoding.left_by_another(m.env, m.started.source, plan),
        ),
        3,
    ),
    Step(
        codes.COPYING,
        "encoded",
        lambda m: copying.run(m.env, m.started.source, m.plan),
        4,
        per_resolution=True,
        applies=lambda m: m.plan.copies is not None,
    ),
    Step(
        codes.TRANSCODING_WITH_GPU,
        "encoded",
        lambda m: transcoding.run_with_gpu(m.env, m.started.source, m.plan),
        90,
        per_resolution=True,
        applies=lambda m: m.plan.hardware is not None,
    ),
    Step(
        codes.TRANSCODING_WITH_CPU,
        "encoded",
        lambda m: copying.transcode(m.env, m.started.source, in_software(m.plan)),
        90,
        per_resolution=True,
        applies=lambda m: getattr(m, "encoded", None) is None,
    ),
    Step(
        codes.EXTRACTING_KLV_METADATA,
        "telemetry",
        lambda m: extracting_klv_metadata.run(
            m.env, m.started.source, m.klv, ground=m.env.options.ground, part=m.plan.video.trim
        ),
        91,
        applies=lambda m: m.klv.present,
        left_out=lambda m: extracting_klv_metadata.left_out(m.klv),
    ),
    Step(
        codes.GENERATING_HLS,
        "packaged",
        _hls,
        93,
        per_resolution=True,
    ),
    Step(
        codes.GENERATING_MP4,
        "mp4",
        _mp4,
        94,
        per_resolution=True,
        applies=lambda m: bool(m.plan.mp4),
    ),
    Step(codes.GENERATING_POSTER, "poster", _poster, 94),
    Step(codes.GENERATING_PREVIEWS, "previews", _previews, 95),
    Step(
        codes.GENERATING_THUMBNAILS,
        "thumbnails",
        _thumbnails,
        95,
        applies=lambda m: bool(m.plan.thumbnails),
    ),
    Step(
        codes.GENERATING_SUBTITLES,
        "text",
        _subtitles,
        95,
        applies=lambda m: bool(m.plan.text),
    ),
    Step(
        codes.GENERATING_CHAPTERS,
        "chapter_info",
        _chapters,
        95,
        applies=lambda m: bool(m.plan.chapters),
    ),
    Step(
        codes.GENERATING_KLV_CUES,
        "klv_cues",
        _klv_cues,
        95,
        applies=lambda m: m.telemetry is not None and m.telemetry.cues is not None,
    ),
    Step(
        codes.GENERATING_ABR_INFO,
        "abr_info",
        _abr_info,
        96,
        per_resolution=True,
    ),
    Step(
        codes.MEASURING_QUALITY,
        "quality",
        _quality,
        96.5,
        applies=lambda m: m.env.options.quality is not None,
    ),
    Step(
        codes.VERIFYING_PACKAGE,
        "report",
        _verification,
        98,
        per_resolution=True,
    ),
    Step(
        codes.REMOVING_TEMPORARY_FILES, "freed", lambda m: removing_temporary_files.run(m.env.temporary), 98
    ),
    Step(
        codes.VIDEO_FILES_CREATED,
        "files",
        lambda m: video_files_created.run(m.env.package, m.announce, m.workspace.publish),
        99,
    ),
    Step(codes.SAVING_TO_STORAGE, left_out=lambda _: (Note(codes.KEPT_IN_OUTPUT_FOLDER),)),
    Step(codes.INGEST_COMPLETE, "complete", lambda _: Outcome(True), 100),
)


def beside(klv: FoundKlv, container: Container) -> Beside:
    """What takes disk beside what is made of the picture and the sound."""
    return Beside(
        sets=klv.sets,
        set_bytes=klv.size,
        lines=klv.long,
        sound_may_change=bool({"mpegts", "mpeg"} & set(container.format.split(","))),
    )


def cues_of(made: Made) -> CueStore:
    """The cues of step 160; asking for them where there are none is a fault of the list's order."""
    if made.telemetry is None or made.telemetry.cues is None:
        raise LookupError("no KLV cues were made")
    return made.telemetry.cues
