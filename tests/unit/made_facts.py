"""Facts and presets made by hand, for the tests of everything that is decided from them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from ingest.media.facts import AudioFacts, Colour, Container, Timing, VideoFacts
from ingest.media.presets import AudioPreset, Box, Preset, VideoPreset


def preset(name: str, long: int, short: int, kbits: int, crf: int = 22) -> Preset:
    return Preset(
        name=name,
        title=name.upper(),
        box=Box(long, short),
        video=VideoPreset(
            codec="h264",
            profile="high",
            speed="veryfast",
            crf=crf,
            max_bitrate=kbits * 1000,
            buffer=2 * kbits * 1000,
            gop=Fraction(2),
            segment=Fraction(6),
            max_frame_rate=Fraction(60),
        ),
        audio=AudioPreset(stereo_bitrate=128_000, surround_bitrate=320_000),
        origin=Path(f"{name}.toml"),
    )


SD = preset("sd", 720, 480, 2000, crf=21)
HD = preset("hd", 1280, 720, 4500)
FHD = preset("fhd", 1920, 1080, 7800)
QHD = preset("qhd", 2560, 1440, 12000, crf=23)
UHD = preset("uhd", 3840, 2160, 22000, crf=24)
ALL_PRESETS = (SD, HD, FHD, QHD, UHD)


def constant(rate: Fraction, frames: int, time_base: Fraction, start: Fraction = Fraction(0)) -> Timing:
    """Timing of a picture with evenly spaced frames, a key picture every two seconds."""
    per_gop = max(1, round(2 * rate))
    return Timing(
        time_base=time_base,
        start=start,
        duration=frames / rate,
        frames=frames,
        rate=rate,
        mean_rate=rate,
        longest_gap=1 / rate,
        key_frames=-(-frames // per_gop),
        longest_key_distance=per_gop / rate,
        bytes=3_000_000,
        last=1 / rate,
    )


def clip(
    width: int = 1920,
    height: int = 1080,
    *,
    timing: Timing | None = None,
    codec: str = "h264",
    bit_rate: int | None = 20_000_000,
    colour: Colour | None = None,
) -> VideoFacts:
    """Ten seconds of upright progressive 1080p30 unless told otherwise."""
    return VideoFacts(
        index=0,
        codec=codec,
        profile="High",
        level=40,
        pixel_format="yuv420p",
        bit_depth=8,
        width=width,
        height=height,
        sample_aspect=Fraction(1),
        rotation=0,
        display_width=width,
        display_height=height,
        field_order="progressive",
        colour=colour or Colour("bt709", "bt709", "bt709"),
        timing=timing or constant(Fraction(30), 300, Fraction(1, 15360)),
        bit_rate=bit_rate,
    )


def portrait_vfr() -> VideoFacts:
    """Five seconds of an HEVC phone clip on uneven times, standing upright, starting at 1/2 s."""
    timing = Timing(
        time_base=Fraction(1, 30000),
        start=Fraction(1, 2),
        duration=Fraction(5),
        frames=144,
        rate=None,
        mean_rate=Fraction(144, 5),
        longest_gap=Fraction(1001, 10000),
        key_frames=5,
        longest_key_distance=Fraction(1),
        bytes=4_000_000,
    )
    return clip(1376, 1840, timing=timing, codec="hevc", bit_rate=6_000_000)


def hdr10() -> VideoFacts:
    """Four seconds of AV1 at 29.97 pictures a second, 720x1280, PQ in BT.2020."""
    rate = Fraction(30000, 1001)
    return replace(
        clip(
            720,
            1280,
            timing=constant(rate, 120, Fraction(1, 30000)),
            codec="av1",
            bit_rate=1_000_000,
            colour=Colour("bt2020", "smpte2084", "bt2020nc"),
        ),
        pixel_format="yuv420p10le",
        bit_depth=10,
    )


def track(
    index: int = 1,
    channels: int = 2,
    *,
    language: str = "und",
    layout: str | None = None,
    title: str | None = None,
    sample_rate: int = 48_000,
    start: Fraction | None = Fraction(0),
    duration: Fraction | None = Fraction(10),
    default: bool = False,
) -> AudioFacts:
    names = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}
    return AudioFacts(
        index=index,
        codec="aac",
        profile="LC",
        sample_rate=sample_rate,
        channels=channels,
        layout=layout if layout is not None else names.get(channels),
        language=language,
        title=title,
        start=start,
        duration=duration,
        bit_rate=128_000,
        default=default,
    )


def container(name: str = "mov,mp4,m4a,3gp,3g2,mj2", declared: Fraction | None = Fraction(10)) -> Container:
    return Container(
        format=name,
        declared_duration=declared,
        start=Fraction(0),
        bit_rate=20_000_000,
        streams=2,
        size=25_000_000,
    )
