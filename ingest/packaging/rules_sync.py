"""Sound against picture, as readers that honour edit lists see them and as browsers do."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.packaging.boxes import edit_shift
from ingest.packaging.findings import OURS
from ingest.packaging.playlists import place_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ingest.packaging.findings import Checks
    from ingest.packaging.measure import Track


def browser_start(track: Track) -> Fraction:
    """When Media Source Extensions present the first sample, in seconds.

    Browsers know one edit: where the list begins with an empty one, they apply nothing at all.
    """
    if track.container != "mp4":
        return track.first_presentation
    edits = track.header.edits
    shift, _ = edit_shift(track.init, track.header)
    applied = shift if edits and edits[0].media_time >= 0 else Fraction(0)
    return track.first_presentation - shift + applied


def check_sync(videos: Sequence[Track], sounds: Sequence[Track], root: Path, checks: Checks) -> None:
    """Every sound starts with the first picture, within one sound frame, in both readings."""
    muxed = [(sound, video) for video in videos for sound in video.sounds]
    for sound, video in (*((s, videos[0]) for s in sounds if videos), *muxed):
        readings = {
            "with edit lists": sound.first_presentation - video.first_presentation,
            "in a browser": browser_start(sound) - browser_start(video),
        }
        allowed = max(sound.frame_duration, video.frame_duration / 2)
        for reading, apart in readings.items():
            found = f"sound starts {float(apart) * 1000:.1f} ms after the picture {reading}"
            wanted = f"within {float(allowed) * 1000:.1f} ms"
            if not checks.must(
                abs(apart) <= allowed, f"{OURS} sync", place_of(sound.playlist, root), found, wanted
            ):
                break
