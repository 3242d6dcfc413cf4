"""The renditions against the source: what a key picture shows, how loud each second is. Pure."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from operator import sub
from typing import TYPE_CHECKING

from ingest.packaging.findings import OURS
from ingest.packaging.playlists import place_of
from ingest.packaging.reference import picture_at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ingest.packaging.findings import Checks
    from ingest.packaging.measure import Segment, Track
    from ingest.packaging.reference import SourceReference

_ROUNDING = Fraction(1, 1000)
BLACK = 16
LEAST, MOST = 6.0, 12.0
LEVEL_BOUND = 6.0
"""Difference in dB from which on a second of sound is not the source's."""
AUDIBLE = -50.0
"""dBFS; below this, levels are not compared: encoders may drop what nobody hears."""


def check_pictures(
    track: Track,
    segments: Sequence[Segment],
    pictures: Sequence[bytes],
    reference: SourceReference,
    root: Path,
    checks: Checks,
) -> None:
    """The first picture of each segment is the one that the source shows at that instant, up to its last one."""
    shown = reference.pictures_of(track.folder.name)
    last = Fraction(max(shown, default=0), 1000)
    # A rendition of key pictures alone shows the last one up to the next that would be due.
    keys_alone = track.frames == len(track.sync_times)
    pause = max(track.sync_distances, default=Fraction(0)) if keys_alone else Fraction(0)
    checks.must(
        last < track.last_presentation + pause + _ROUNDING,
        f"{OURS} picture",
        place_of(track.playlist, root),
        f"ends at {float(track.last_presentation):.3f} s",
        f"a picture at {float(last):.3f} s, as the source has",
    )
    for segment, picture in zip(segments, pictures, strict=True):
        place = place_of(segment.path, root)
        wanted = picture_at(shown, segment.presentation_start)
        at = f"at {float(segment.presentation_start):.3f} s"
        if not checks.must(
            wanted is not None,
            f"{OURS} picture",
            place,
            f"a segment starts {at}",
            "a start of the plan's grid",
        ):
            continue
        assert wanted is not None  # noqa: S101 (for the type checker: checked above)
        off, bound = difference(picture, wanted), allowed_difference(wanted)
        found = f"the first picture differs by {off:.1f} of 255 from the source's {at}"
        checks.must(off < bound, f"{OURS} picture", place, found, f"less than {bound:.1f}")


def allowed_difference(picture: bytes) -> float:
    """How much an encoder may change a picture, in steps of 8-bit luma: half of what black differs from it.

    Never less than `LEAST` (a coarse encode of black differs by 2, of noise over black by 4.6) nor more than `MOST`
    (the coarsest of a light picture by 5); pictures of other places in a film differ by 20 and more, unless it
    hardly moves.
    """
    return max(LEAST, min(MOST, difference(picture, bytes([BLACK]) * len(picture)) / 2))


def difference(one: bytes, other: bytes) -> float:
    """Mean absolute difference of the samples."""
    assert len(one) == len(other)  # noqa: S101 - both are of one size
    total: int = sum(map(abs, map(sub, one, other)))
    return total / len(one)


def check_levels(
    track: Track, levels: Sequence[float], reference: SourceReference, root: Path, checks: Checks
) -> None:
    """Each whole second of a sound rendition is as loud as the source."""
    wanted = reference.levels.get(track.folder.name, ())
    place = place_of(track.playlist, root)
    # Of what the encoder was given: the first frame is its own.
    whole = floor(track.duration - track.frame_duration)
    enough = min(len(levels), len(wanted)) >= whole
    found = f"levels of {len(levels)} s, the source's of {len(wanted)} s"
    if not checks.must(enough, f"{OURS} loudness", place, found, f"of {whole} s each"):
        return
    for second in range(whole):
        mine, theirs = levels[second], wanted[second]
        near = abs(max(mine, AUDIBLE) - max(theirs, AUDIBLE)) < LEVEL_BOUND
        found = f"{mine:.1f} dBFS from {second} to {second + 1} s"
        if not checks.must(near, f"{OURS} loudness", place, found, f"{theirs:.1f} dBFS as the source"):
            break
