"""Which renditions are made of which resolution in which codec, and their encoder settings. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Literal

from ingest.job import codes
from ingest.job.errors import UsageError
from ingest.media import av1, h264, hevc, levels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.media.codec_names import Codec
    from ingest.media.facts import VideoFacts
    from ingest.media.ladder import Fit
    from ingest.media.plan.grid import Grid
    from ingest.media.plan.hdr import HdrPlan

MIN_BITRATE = 64_000
SMALLEST = 64  # pixels of a side for HEVC and AV1: x265 corrupts its memory on some pictures that are smaller
VideoRange = Literal["SDR", "PQ", "HLG"]

# How many H.264 bits say what one bit of another codec says: a rung may cost its source times this.
CODEC_WORTH: dict[str, Fraction] = {"hevc": Fraction(3, 2), "vp9": Fraction(3, 2), "av1": Fraction(2)}
COPY = "copy"  # ffmpeg's word for a stream whose packets are taken as they are
ENCODERS: dict[Codec, str] = {"h264": "libx264", "hevc": "libx265", "av1": "libsvtav1"}


@dataclass(frozen=True, slots=True)
class Rung:
    """One rendition: bits per second, bits of buffer, sizes in square pixels.

    `name` is its own, `resolution` the one that was asked for; `rate` is what its encoder reckons with, pictures a
    second. `encoder` is ffmpeg's name of it, `COPY` where the source's packets are taken.
    `video_range` as HLS spells it (RFC 8216bis 4.4.6.2).
    """

    name: str
    resolution: str
    width: int
    height: int
    codec: Codec
    profile: str
    level: str
    tier: levels.Tier
    speed: str
    crf: Fraction
    max_bitrate: int
    buffer: int
    rate: Fraction
    encoder: str
    video_range: VideoRange = "SDR"

    @property
    def copied(self) -> bool:
        """Whether the source's packets are taken as they are."""
        return self.encoder == COPY


def rung_name(resolution: str, codec: Codec) -> str:
    """H.264 has the resolution's own name, the others stand beside it."""
    return resolution if codec == "h264" else f"{resolution}-{codec}"


def possible_codecs(codecs: Sequence[Codec], fits: Sequence[Fit]) -> tuple[Codec, ...]:
    """Those of `codecs` whose encoders take pictures of these sizes; H.264 where none does."""
    if all(min(f.size.width, f.size.height) >= SMALLEST for f in fits):
        return tuple(codecs)
    return ("h264",)


def make_rungs(
    fits: Sequence[Fit],
    codecs: Sequence[Codec],
    video: VideoFacts,
    grid: Grid,
    hdr: HdrPlan | None = None,
) -> tuple[Rung, ...]:
    """Every codec has its whole ladder (Apple 1.23), from small to large.

    Raises:
        UsageError: two renditions would have one name, or a level cannot hold a preset.
    """
    rungs = tuple(make_rung(fit, codec, video, grid, hdr) for codec in codecs for fit in fits)
    taken: dict[str, Rung] = {}
    for rung in rungs:
        if (other := taken.setdefault(rung.name, rung)) is not rung:
            raise UsageError(
                codes.USAGE,
                f"{other.codec} of {other.resolution} and {rung.codec} of {rung.resolution} would both be {rung.name}",
                remedy="rename the preset",
            )
    return rungs


def make_rung(fit: Fit, codec: Codec, video: VideoFacts, grid: Grid, hdr: HdrPlan | None = None) -> Rung:
    """Encoder settings of one rendition: the preset's, capped by what the source would cost (`source_cost`).

    Raises:
        UsageError: no level that players take holds it.
    """
    preset = fit.preset.video.of(codec)
    cap = preset.max_bitrate
    if cost := source_cost(video, grid.gop):
        worth = CODEC_WORTH.get(video.codec, Fraction(1)) / CODEC_WORTH.get(codec, Fraction(1))
        cap = max(MIN_BITRATE, min(cap, int(cost * worth)))
    rate = grid.rate or video.timing.mean_rate
    level, tier = _level(fit, codec, rate, cap)
    return Rung(
        name=rung_name(fit.preset.name, codec),
        resolution=fit.preset.name,
        width=fit.size.width,
        height=fit.size.height,
        codec=codec,
        profile=_profile(fit, codec, hdr),
        level=level,
        tier=tier,
        speed=preset.speed,
        crf=Fraction(preset.crf),
        max_bitrate=cap,
        buffer=preset.buffer * cap // preset.max_bitrate,
        rate=max(Fraction(1), rate.limit_denominator(1001)),
        encoder=ENCODERS[codec],
        video_range=hdr.video_range if hdr and codec != "h264" else "SDR",
    )


def source_cost(video: VideoFacts, gop: Fraction) -> Fraction | None:
    """Bits a second that the source takes, and would take with a key picture in each `gop` seconds, as renditions have.

    A still scene with a key picture every ten seconds costs next to nothing; a rendition held to that has no room
    for the key pictures that it must have.
    """
    timing = video.timing
    if not video.bit_rate:
        return None
    missing = max(0, ceil(timing.duration / gop) - timing.key_frames) if timing.key_frames else 0
    added = Fraction(missing * timing.key_bytes * 8, timing.key_frames) / timing.duration if missing else 0
    return video.bit_rate + Fraction(added)


def _profile(fit: Fit, codec: Codec, hdr: HdrPlan | None) -> str:
    if codec == "h264":
        return fit.preset.video.profile
    return "main10" if codec == "hevc" and hdr else "main"  # AV1's Main has ten bits as well


def _level(fit: Fit, codec: Codec, rate: Fraction, cap: int) -> tuple[str, levels.Tier]:
    width, height = fit.size.width, fit.size.height
    if codec == "h264":
        return h264.level_for(width, height, rate, cap), "main"
    found = levels.lowest(hevc.LEVELS if codec == "hevc" else av1.LEVELS, width, height, rate, cap)
    if found is None:
        raise UsageError(
            codes.PRESET_INVALID,
            f"{fit.preset.name} cannot be made in {codec}: {fit.size} at {float(rate):.3g} pictures a second "
            "is above level 5.1",
            remedy=f"leave {codec} or {fit.preset.name} out, or make its box smaller",
        )
    level, tier = found
    return level.name, tier
