"""9020 Generating KLV Cues: each set becomes a cue of a WebVTT rendition on the segment grid of the video."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.packaging.klv_rendition import write_klv_rendition
from ingest.packaging.packager import KLV_FOLDER, MEDIA_PLAYLIST
from ingest.packaging.transport import TICKS
from ingest.steps.context import Env, Note, Outcome
from ingest.steps.generating_hls_service_files import film_end, target_duration

if TYPE_CHECKING:
    from ingest.steps.generating_hls_service_files import Packaged
    from ingest.telemetry.cue_store import CueStore


@dataclass(frozen=True, slots=True)
class MadeCues:
    """The rendition: how many cues it has, and its bit rates as RFC 8216bis 4.1 counts them."""

    cues: int
    peak_bandwidth: int
    average_bandwidth: int
    playlist: str = f"{KLV_FOLDER}/{MEDIA_PLAYLIST}"


def run(env: Env, packaged: Packaged, store: CueStore) -> Outcome[MadeCues | None]:
    """None where no set is on show in the film."""
    first = next(iter(packaged.videos.values()))
    end = film_end(packaged)
    edges = [s.presentation_start for s in first.segments]
    edges.append(end)
    count, peak, average = write_klv_rendition(
        env.package / KLV_FOLDER,
        store.cues(ceil(end * 1000)),
        edges,
        target_duration(packaged),
        mpegts=round(first.origin * TICKS),
    )
    made = MadeCues(count, peak, average)
    return Outcome(made, notes=(Note(codes.SUBTITLES_MADE, f"{KLV_FOLDER}: {count} cues of KLV sets"),))
