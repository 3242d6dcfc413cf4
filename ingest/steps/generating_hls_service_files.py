"""161 Generating HLS Service Files: segments, media playlists and I-frame playlists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.media import process
from ingest.media.process import Command, Confinement
from ingest.packaging import packager
from ingest.packaging.manifests import rewrite_iframe_playlist, rewrite_media_playlist
from ingest.packaging.measure import Track, measure_track, on_one_clock
from ingest.packaging.packager import AudioInput, VideoInput, audio_folder, video_folder
from ingest.steps.context import Env, Note, Outcome
from ingest.steps.planning_resolutions import file_limits

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path

    from ingest.media.facts import Role
    from ingest.media.plan import Plan
    from ingest.media.plan.audio import AudioRendition
    from ingest.media.plan.grid import Grid
    from ingest.steps.encoding import Encoded
    from ingest.telemetry.set_store import SetStore


@dataclass(frozen=True, slots=True)
class Packaged:
    """The measured renditions, by resolution and by audio rendition name."""

    videos: dict[str, Track]
    audios: dict[str, Track]
    trick: Track


def run(env: Env, plan: Plan, encoded: Encoded, klv: SetStore | None = None) -> Outcome[Packaged]:
    """Raises ProcessingError, ResourceError or Cancelled.

    Args:
        klv: sets that transport streams are to carry.
    """
    work = env.package.parent
    used = 0.0
    for argv in (arguments(env, plan, encoded), trick_arguments(env, plan, encoded)):
        done = process.run(
            Command(
                argv=argv,
                cwd=work,
                confinement=Confinement(write=(work,)),
                limits=file_limits(plan, env.limits),
            ),
            cancel=env.cancel,
        )
        process.check(done, codes.PACKAGING_FAILED)
        used += done.cpu_seconds
    notes: tuple[Note, ...] = ()
    if klv is not None:
        from ingest.steps.klv_in_segments import add_klv

        for rung in plan.rungs:
            add_klv(env.package / video_folder(rung.name), klv, env.cancel)
        notes = (Note(codes.KLV_KEPT, f"{len(klv)} sets in each rendition's segments"),)
    packaged = measured(env.package, plan)
    rewrite_playlists(packaged)
    return Outcome(packaged, notes=notes, cpu_seconds=used)


def arguments(env: Env, plan: Plan, encoded: Encoded) -> tuple[str, ...]:
    """The packager command; paths are relative to the folder above the package."""
    work = env.package.parent
    return packager.packager_arguments(
        str(env.tools.packager.path),
        env.package.name,
        tuple(VideoInput(_inside(work, path), video_folder(name)) for name, path in encoded.rungs),
        tuple(
            AudioInput(
                file=_inside(work, path),
                folder=audio_folder(rendition.name),
                language=rendition.language,
                label=rendition.label,
                group=packager.GROUP_SURROUND if rendition.channels > 2 else packager.GROUP_STEREO,
                default=rendition.default,
                role=dash_role(rendition),
                accessibility=_ACCESSIBILITY.get(rendition.role),
                characteristics=rendition.characteristics,
            )
            for rendition, (_, path) in zip(plan.audio, encoded.audio, strict=True)
        ),
        segment=plan.video.grid.segment,
        fragment=fragment_seconds(plan.video.grid),
        transport=env.options.format == "ts",
    )


# TV-Anytime's AudioPurposeCS, as DVB-DASH (ETSI TS 103 285, 6.1.2) and Shaka Player read it.
_PURPOSE = "urn:tva:metadata:cs:AudioPurposeCS:2007"
_ACCESSIBILITY = {"description": f"{_PURPOSE}=1", "clear-speech": f"{_PURPOSE}=2"}


def dash_role(rendition: AudioRendition) -> str:
    """The value of DASH's Role (urn:mpeg:dash:role:2011): what plays by itself is `main`."""
    purposes: dict[Role, str] = {
        "commentary": "commentary",
        "description": "description",
        "clear-speech": "enhanced-audio-intelligibility",
    }
    return purposes.get(rendition.role) or ("main" if rendition.default else "alternate")


def trick_arguments(env: Env, plan: Plan, encoded: Encoded) -> tuple[str, ...]:
    """The packager command for the trick play rendition."""
    work, grid = env.package.parent, plan.video.grid
    return packager.trick_arguments(
        str(env.tools.packager.path),
        env.package.name,
        _inside(work, encoded.trick),
        segment=grid.segment,
        # Half, as below: the first picture of a part may come a little early, and never two parts in one.
        fragment=grid.gop / plan.trick.per_gop / 2,
        transport=env.options.format == "ts",
    )


def fragment_seconds(grid: Grid) -> Fraction:
    """One fragment a GOP.

    The packager starts a fragment at the first key picture after a multiple of this since the segment's start.
    On a constant grid that is the GOP itself; key pictures on uneven times may come a little early, so half. Where
    they are those of a copied rendition, each begins one.
    """
    if grid.keys:
        return grid.shortest_gop / 2
    return grid.gop if grid.rate is not None else grid.gop / 2


def rewrite_playlists(packaged: Packaged) -> None:
    """Make the media playlists say what was measured."""
    target = target_duration(packaged)
    for track in (*packaged.videos.values(), *packaged.audios.values()):
        rewrite_media_playlist(track.playlist, track, target)
    for track in packaged.videos.values():
        rewrite_iframe_playlist(track.folder / packager.IFRAME_PLAYLIST, track)
    trick = packaged.trick
    rewrite_iframe_playlist(trick.folder / packager.IFRAME_PLAYLIST, trick, film_end(packaged))
    # It is no variant: nobody may play it as one.
    trick.playlist.unlink()
    trick.folder.with_name(packager.TRICK_MASTER).unlink()


def film_end(packaged: Packaged) -> Fraction:
    """Seconds from 0 to the end of the picture."""
    return max(t.last_presentation for t in packaged.videos.values())


def target_duration(packaged: Packaged) -> int:
    """Seconds: one EXT-X-TARGETDURATION for all renditions (Apple 8.2)."""
    return max(t.target_duration for t in (*packaged.videos.values(), *packaged.audios.values()))


def measured(package: Path, plan: Plan) -> Packaged:
    """Every rendition as the packager wrote it. Raises ProcessingError."""
    folders = [video_folder(r.name) for r in plan.rungs] + [audio_folder(a.name) for a in plan.audio]
    folders.append(packager.TRICK)
    playlists = [package / folder / packager.MEDIA_PLAYLIST for folder in folders]
    *tracks, trick = on_one_clock([measure_track(playlist, root=package) for playlist in playlists])
    videos, audios = tracks[: len(plan.rungs)], tracks[len(plan.rungs) :]
    return Packaged(
        videos=dict(zip((r.name for r in plan.rungs), videos, strict=True)),
        audios=dict(zip((a.name for a in plan.audio), audios, strict=True)),
        trick=trick,
    )


def _inside(work: Path, path: Path) -> str:
    return str(path.relative_to(work))
