"""162 Generating ABR Info Files: ABR.m3u8 and manifest.mpd with measured figures, and info/abr.json."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.images.previews import uniform
from ingest.job import codes
from ingest.packaging import packager, thumbnails
from ingest.packaging.manifests import (
    add_image_stream,
    add_trick_play,
    iframe_bandwidths,
    rewrite_master,
    rewrite_mpd,
)
from ingest.packaging.text_manifests import KlvEntry, TextEntry, add_subtitles, add_text_sets
from ingest.packaging.thumbnails import TiledSheets
from ingest.steps.context import Env, Note, Outcome, rate_text, write_json
from ingest.steps.generating_hls_service_files import Packaged, film_end
from ingest.steps.generating_preview_images import FOLDER as PREVIEWS

if TYPE_CHECKING:
    from fractions import Fraction

    from ingest.images.sprites import Previews
    from ingest.media.options import Format
    from ingest.media.plan import Plan
    from ingest.media.plan.audio import AudioRendition
    from ingest.media.plan.rungs import Rung
    from ingest.packaging.measure import Track
    from ingest.steps.generating_klv_cues import MadeCues
    from ingest.steps.generating_subtitles import MadeText

FILE = Path("info/abr.json")


def run(
    env: Env,
    plan: Plan,
    packaged: Packaged,
    previews: Previews,
    texts: tuple[MadeText, ...] = (),
    klv: MadeCues | None = None,
) -> Outcome[Path]:
    videos = {f"{packager.video_folder(n)}/{packager.MEDIA_PLAYLIST}": t for n, t in packaged.videos.items()}
    audios = {f"{packager.audio_folder(n)}/{packager.MEDIA_PLAYLIST}": t for n, t in packaged.audios.items()}
    default = next((a.name for a in plan.audio if a.default), None)
    rewrite_master(
        env.package / packager.MASTER,
        videos,
        audios,
        {uri: frame_rate(plan, track) for uri, track in videos.items()},
        f"{packager.audio_folder(default)}/{packager.MEDIA_PLAYLIST}" if default else None,
        {f"{packager.audio_folder(a.name)}/{packager.MEDIA_PLAYLIST}" for a in plan.audio if a.autoselect},
    )
    add_trick_play(
        env.package / packager.MASTER,
        packaged.trick,
        film_end(packaged),
        f"{packager.TRICK}/{packager.IFRAME_PLAYLIST}",
    )
    sheets = tiled_sheets(env.package / PREVIEWS, previews)
    (env.package / PREVIEWS / thumbnails.PLAYLIST).write_text(thumbnails.image_playlist(sheets), "ascii")
    add_image_stream(env.package / packager.MASTER, sheets, f"{PREVIEWS}/{thumbnails.PLAYLIST}")
    tracks = (*packaged.videos.values(), *packaged.audios.values())
    by_init = {t.init_path.relative_to(env.package).as_posix(): t for t in tracks if t.init_path}
    notes = []
    entries = [text_manifest_entry(t) for t in texts]
    told = KlvEntry(klv.playlist, klv.peak_bandwidth, klv.average_bandwidth) if klv else None
    add_subtitles(env.package / packager.MASTER, entries, told)
    if env.options.format == "cmaf":
        rate = max(frame_rate(plan, t) for t in packaged.videos.values())
        rewrite_mpd(env.package / packager.MPD, by_init, rate.limit_denominator(1001))
        thumbnails.add_image_set(env.package / packager.MPD, sheets, str(PREVIEWS))
        add_text_sets(env.package / packager.MPD, entries)
    else:
        notes.append(Note(codes.NO_DASH_MANIFEST, "transport streams and packed audio are for HLS alone"))
    write_json(env.package / FILE, document(plan, packaged, texts, klv, container=env.options.format))
    return Outcome(FILE, notes=tuple(notes))


def tiled_sheets(folder: Path, previews: Previews) -> TiledSheets:
    names, (columns, rows), interval = uniform(previews)
    return TiledSheets(
        names=names,
        sizes=tuple((folder / name).stat().st_size for name in names),
        columns=columns,
        rows=rows,
        tile_width=previews.tile_width,
        tile_height=previews.tile_height,
        interval=interval,
        duration=previews.tiles[-1].end,
    )


def frame_rate(plan: Plan, track: Track) -> Fraction:
    """The plan's exact rate, else the measured one."""
    return plan.video.grid.rate or track.frame_rate


def document(
    plan: Plan,
    packaged: Packaged,
    texts: tuple[MadeText, ...] = (),
    klv: MadeCues | None = None,
    *,
    container: Format = "cmaf",
) -> dict[str, Any]:
    return {
        "format": container,
        "masterPlaylist": packager.MASTER,
        "dashManifest": packager.MPD if container == "cmaf" else None,
        "durationSeconds": plan.duration,
        "segmentSeconds": plan.video.grid.segment,
        "rungs": [video_entry(plan, rung, packaged.videos[rung.name]) for rung in plan.rungs],
        "trickPlay": trick_entry(packaged),
        "audio": [audio_entry(a, packaged.audios[a.name]) for a in plan.audio],
        "text": [text_entry(t) for t in texts],
        "klv": klv
        and {
            "cues": klv.cues,
            "averageBandwidth": klv.average_bandwidth,
            "peakBandwidth": klv.peak_bandwidth,
            "playlist": klv.playlist,
        },
    }


def video_entry(plan: Plan, rung: Rung, track: Track) -> dict[str, Any]:
    return {
        "name": rung.name,
        "resolution": rung.resolution,
        "width": track.width,
        "height": track.height,
        "codecs": track.codec,
        "frameRate": rate_text(plan.video.grid.rate) if plan.video.grid.rate else None,
        "meanFrameRate": track.frames / track.last_presentation,
        "frames": track.frames,
        "maxBitrate": rung.max_bitrate,
        **_measured(track),
        "gop": {
            "keyFrames": len(track.sync_times),
            "longestSeconds": max(track.sync_distances),
            "shortestSeconds": min(track.sync_distances),
        },
        "playlist": f"{packager.video_folder(rung.name)}/{packager.MEDIA_PLAYLIST}",
        "iframePlaylist": f"{packager.video_folder(rung.name)}/{packager.IFRAME_PLAYLIST}",
    }


def trick_entry(packaged: Packaged) -> dict[str, Any]:
    track = packaged.trick
    peak, average = iframe_bandwidths(track, film_end(packaged))
    return {
        "width": track.width,
        "height": track.height,
        "codecs": track.codec,
        "pictures": track.frames,
        "averageBandwidth": average,
        "peakBandwidth": peak,
        "bytes": track.size,
        "iframePlaylist": f"{packager.TRICK}/{packager.IFRAME_PLAYLIST}",
    }


def audio_entry(rendition: AudioRendition, track: Track) -> dict[str, Any]:
    return {
        "name": rendition.name,
        "label": rendition.label,
        "role": rendition.role,
        "language": rendition.language,
        "layout": rendition.layout,
        "channels": track.channels,
        "sampleRate": track.sample_rate,
        "codecs": track.codec,
        "default": rendition.default,
        **_measured(track),
        "playlist": f"{packager.audio_folder(rendition.name)}/{packager.MEDIA_PLAYLIST}",
    }


def text_manifest_entry(text: MadeText) -> TextEntry:
    rendition = text.rendition
    return TextEntry(
        playlist=text.playlist,
        whole=text.whole,
        language=rendition.language,
        label=rendition.label,
        forced=rendition.forced,
        hearing_impaired=rendition.hearing_impaired,
        default=rendition.default,
        selectable=rendition.selectable,
        peak_bandwidth=text.peak_bandwidth,
        average_bandwidth=text.average_bandwidth,
    )


def text_entry(text: MadeText) -> dict[str, Any]:
    rendition = text.rendition
    return {
        "name": rendition.name,
        "language": rendition.language,
        "label": rendition.label,
        "forced": rendition.forced,
        "hearingImpaired": rendition.hearing_impaired,
        "default": rendition.default,
        "sourceStream": rendition.index,
        "sourceCodec": rendition.codec,
        "cues": text.cues,
        "averageBandwidth": text.average_bandwidth,
        "peakBandwidth": text.peak_bandwidth,
        "playlist": text.playlist,
        "whole": text.whole,
    }


def _measured(track: Track) -> dict[str, Any]:
    return {
        "averageBandwidth": track.average_bandwidth,
        "peakBandwidth": track.peak_bandwidth,
        "bytes": track.size,
        "durationSeconds": track.last_presentation,
        "segmentCount": len(track.segments),
        "segmentSeconds": track.presented_durations,
    }
