"""A film of one picture: it stays while the sound goes on, as players show it. Pure."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingest.media.facts import AudioFacts, Timing

RATE = Fraction(5)
"""Pictures a second that the one becomes: enough for segments and seeking, and hardly any work."""
MOST_SECONDS = 48 * 3600  # what a header claims of its sound costs real pictures
_SLACK = Fraction(1, 2)  # seconds; sound that is so little longer ends with the picture


def held(timing: Timing, audio: Iterable[AudioFacts]) -> Timing | None:
    """The timing of the only picture of a film once it is shown again and again to the end of the sound.

    None where there are several pictures, or no sound that is longer.
    """
    if timing.frames != 1:
        return None
    ends = [t.start + t.duration for t in audio if t.start is not None and t.duration is not None]
    length = max(ends, default=Fraction(0)) - timing.start
    if not timing.duration + _SLACK < length <= MOST_SECONDS:
        return None
    frames = ceil(length * RATE)
    return replace(
        timing,
        duration=frames / RATE,
        frames=frames,
        rate=RATE,
        mean_rate=RATE,
        longest_gap=1 / RATE,
        longest_key_distance=frames / RATE,
        last=1 / RATE,
    )
