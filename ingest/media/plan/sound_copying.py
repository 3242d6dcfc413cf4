"""Which audio renditions the source already has, so that its packets are copied and none is encoded. Pure.

Only beside a copied picture: there the sound would cost most of the job. A copied rendition holds what an encoded one
would: as many whole AAC frames as the picture lasts, the first of them at 0. No edit list is needed, and none written.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, lcm
from typing import TYPE_CHECKING

from ingest.media.plan.audio import AAC_FRAME

if TYPE_CHECKING:
    from collections.abc import Collection

    from ingest.media.facts import AudioFacts
    from ingest.media.options import Options
    from ingest.media.packets import PacketTable
    from ingest.media.plan import Plan
    from ingest.media.plan.audio import AudioRendition

SLACK = Fraction(2, 1000)
"""Seconds that a frame may lie beside its place: as much as the encoded sound is left alone (`min_comp`)."""
OVER = Fraction(21, 20)
"""Encoders miss the rate that they are asked for by a few per cent."""
STEADY = frozenset({"mov", "mp4", "matroska", "webm"})
"""Containers that say once for all what their sound is like; in a stream it may change at any place."""


@dataclass(frozen=True, slots=True)
class SoundPackets:
    """Every packet of one audio track; `format` is ffprobe's word for the container, `time_base` seconds a tick."""

    packets: PacketTable
    time_base: Fraction
    format: str


def unlike(rendition: AudioRendition, track: AudioFacts, options: Options) -> str:
    """Why the track is not what the rendition is to be; empty where its packets are worth a look."""
    if options.loudness is not None:
        return "its loudness is changed"
    if options.format != "cmaf":
        return "transport streams are always encoded"
    if (track.codec, track.profile) != ("aac", "LC"):
        return f"the source is {' '.join(filter(None, (track.codec, track.profile)))}, the rendition aac LC"
    if rendition.take != "mixed" or track.layout != rendition.layout:
        return f"the source is {track.layout or 'unknown'}, the rendition {rendition.layout}"
    if track.sample_rate != rendition.sample_rate:
        return f"the source has {track.sample_rate} Hz, the rendition {rendition.sample_rate}"
    return ""


def refused(rendition: AudioRendition, start: Fraction, found: SoundPackets) -> str:
    """Why its packets cannot be copied; empty where they can.

    Args:
        start: when the picture begins, on the source's clock, in seconds.
    """
    packets, base = found.packets, found.time_base
    if not STEADY & set(found.format.split(",")):
        return "only MP4, MOV and Matroska say once for all what their sound is like"
    first = first_packet(rendition, start, found)
    taken = packets[first : first + rendition.frames]
    if not taken.whole():
        return "some of its packets are damaged, not shown or have no time"
    wrong, off = _misplaced(rendition, start, taken, base)
    if wrong == 0:
        return f"its frames lie {_ms(off)} ms beside the picture's start, limit {_ms(SLACK)}"
    if wrong is not None:
        at = float(Fraction(wrong * AAC_FRAME, rendition.sample_rate))
        return f"a hole or an overlap of {_ms(off)} ms at {at:.1f} s, limit {_ms(SLACK)}"
    if len(taken) < rendition.frames:
        missing = Fraction((rendition.frames - len(taken)) * AAC_FRAME, rendition.sample_rate)
        return f"it ends {_ms(missing)} ms before the picture"
    rate = sum(taken.sizes) * 8 * rendition.sample_rate / Fraction(len(taken) * AAC_FRAME)
    if rate > rendition.bitrate * OVER:
        return f"{float(rate) / 1000:.0f} kbit/s, limit {float(rendition.bitrate * OVER) / 1000:.0f}"
    return ""


def first_packet(rendition: AudioRendition, start: Fraction, found: SoundPackets) -> int:
    """The number of the packet whose sound begins with the picture, or nearest to it.

    What lies before is the encoder's priming, or sound without a picture.
    """
    half = Fraction(AAC_FRAME, 2 * rendition.sample_rate)
    return bisect_left(found.packets.pts, ceil((start - half) / found.time_base))


def with_copied_sound(plan: Plan, names: Collection[str]) -> Plan:
    """`plan` with the audio renditions `names` copied, and no others."""
    return replace(plan, audio=tuple(replace(a, copied=a.name in names) for a in plan.audio))


def _misplaced(
    rendition: AudioRendition, start: Fraction, taken: PacketTable, base: Fraction
) -> tuple[int | None, Fraction]:
    """The number of the first packet that is not at its place, and seconds that it lies behind it."""
    frame = Fraction(AAC_FRAME, rendition.sample_rate)
    # An hour has 170000 of them: in integers, over a denominator that all share.
    whole = lcm(base.denominator, frame.denominator, start.denominator, SLACK.denominator)
    tick, step, begin, most = (int(v * whole) for v in (base, frame, start, SLACK))
    for n, t in enumerate(taken.pts):
        off = t * tick - begin - n * step
        if not -most <= off <= most:
            return n, Fraction(off, whole)
    return None, Fraction(0)


def _ms(seconds: Fraction) -> str:
    return f"{abs(float(seconds)) * 1000:.2f}".rstrip("0").rstrip(".")
