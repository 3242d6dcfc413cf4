"""Whether the source's dynamic range is kept, and in which codecs. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ingest.media.codec_names import Codec
    from ingest.media.facts import VideoFacts
    from ingest.media.light import Light
    from ingest.media.options import Options


@dataclass(frozen=True, slots=True)
class HdrPlan:
    """HEVC and AV1 rungs are HDR10 (`PQ`) or `HLG` in BT.2020, 10 bit; H.264 ones stand beside them in SDR.

    `transfer` is ffmpeg's name of the curve; `primaries` those that are brought to BT.2020, None where they are that;
    `light` goes into the bitstreams.
    """

    video_range: Literal["PQ", "HLG"]
    transfer: str
    primaries: str | None
    light: Light | None


def hdr_plan(video: VideoFacts, options: Options, *, can_convert: bool) -> HdrPlan | None:
    """None where all is SDR; `why_not_kept` says why, where HDR was asked for.

    Args:
        can_convert: this ffmpeg has zscale.
    """
    if options.hdr != "keep" or why_not_kept(video, options, can_convert=can_convert):
        return None
    colour = video.colour
    pq = colour.hdr == "pq"
    return HdrPlan(
        video_range="PQ" if pq else "HLG",
        transfer=colour.transfer,
        primaries=colour.primaries if colour.primaries not in {"bt2020", "unknown"} else None,
        light=video.light if pq else None,
    )


def why_not_kept(video: VideoFacts, options: Options, *, can_convert: bool) -> str | None:
    if video.colour.hdr == "none":
        return "the source is SDR"
    if video.dolby_vision is not None and video.dolby_vision.own_colours:
        return f"Dolby Vision profile {video.dolby_vision.profile} has no HDR10 or HLG picture in it"
    if not set(options.codecs) & {"hevc", "av1"}:
        return "H.264 is made in SDR; --codec hevc or --codec av1 keeps it"
    if video.colour.primaries not in {"bt2020", "unknown"} and not can_convert:
        return f"its primaries {video.colour.primaries} cannot be converted without zscale"
    return None


def made_codecs(options: Options, hdr: HdrPlan | None) -> tuple[Codec, ...]:
    """Those asked for; and H.264, in SDR, where there is HDR (Apple 1.24)."""
    if hdr is None or "h264" in options.codecs:
        return options.codecs
    return ("h264", *options.codecs)
