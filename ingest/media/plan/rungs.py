"""One rendition's encoder settings. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.media import h264

if TYPE_CHECKING:
    from ingest.media.facts import VideoFacts
    from ingest.media.ladder import Fit
    from ingest.media.plan.grid import Grid

MIN_BITRATE = 64_000

# How many H.264 bits say what one bit of the source's codec says: a rung may cost its source times this.
CODEC_WORTH: dict[str, Fraction] = {"hevc": Fraction(3, 2), "vp9": Fraction(3, 2), "av1": Fraction(2)}


@dataclass(frozen=True, slots=True)
class Rung:
    """One rendition: bits per second, bits of buffer, sizes in square pixels."""

    name: str
    width: int
    height: int
    codec: str
    profile: str
    level: str
    speed: str
    crf: Fraction
    max_bitrate: int
    buffer: int


def make_rung(fit: Fit, video: VideoFacts, grid: Grid) -> Rung:
    """Encoder settings of one rendition: the preset's, capped by what the source itself costs."""
    preset = fit.preset.video
    cap = preset.max_bitrate
    if video.bit_rate:
        worth = CODEC_WORTH.get(video.codec, Fraction(1))
        cap = max(MIN_BITRATE, min(cap, int(video.bit_rate * worth)))
    rate = grid.rate or video.timing.mean_rate
    return Rung(
        name=fit.preset.name,
        width=fit.size.width,
        height=fit.size.height,
        codec=preset.codec,
        profile=preset.profile,
        level=h264.level_for(fit.size.width, fit.size.height, rate, cap),
        speed=preset.speed,
        crf=Fraction(str(preset.crf)),
        max_bitrate=cap,
        buffer=preset.buffer * cap // preset.max_bitrate,
    )
