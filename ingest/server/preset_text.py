"""The TOML of a job's own preset, for dialects that say sizes and bitrates in words of their own. Pure.

Whatever a dialect leaves unsaid is as the shipped presets have it: closed GOPs of 2 s in segments of 6 s (Apple's HLS
authoring specification, 1.13 and 7.5), capped CRF with two seconds of buffer.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

LARGEST = (4096, 2160)  # pixels, of H.264 level 5.2 at 60 pictures a second
CRF, HEVC_CRF = 22, 25


@dataclass(frozen=True, slots=True)
class Wanted:
    """One rendition; sides in pixels of the upright picture, bitrates in bits/s, None where nothing was said.

    Attributes:
        name: as presets are named: lower-case letters, digits, `-` and `_`.
        width, height: neither is exceeded; the shape of the picture stays, and nothing is enlarged.
        box: long and short side that are not exceeded whichever way the picture is turned; None: by the sides.
        bitrate: the cap.
        buffer: of the VBV, bits.
        rate: most pictures a second.
        speed: x264's and x265's preset.
        codec: for HEVC, `crf`, `bitrate` and `buffer` are those of the HEVC renditions.
    """

    name: str
    title: str
    width: int | None = None
    height: int | None = None
    box: tuple[int, int] | None = None
    bitrate: int | None = None
    buffer: int | None = None
    crf: int = CRF
    rate: Fraction = Fraction(60)
    profile: Literal["baseline", "main", "high"] = "high"
    speed: str = "veryfast"
    stereo_bitrate: int = 128_000
    surround_bitrate: int = 320_000
    codec: Literal["h264", "hevc"] = "h264"


def preset_text(wanted: Wanted) -> str:
    """A preset as `presets/*.toml` are written."""
    bitrate = wanted.bitrate or default_bitrate(wanted.width, wanted.height)
    short = min(wanted.width or LARGEST[1], wanted.height or LARGEST[1], LARGEST[1])
    box = wanted.box or (LARGEST[0], short)
    sides = (("max_width", wanted.width), ("max_height", wanted.height))
    lines = [
        f"name = {json.dumps(wanted.name)}",
        f"title = {json.dumps(wanted.title)}",
        f"box = [{even(box[0])}, {even(box[1])}]",
        *(f"{name} = {even(side)}" for name, side in sides if side),
        "",
        "[video]",
        'codec = "h264"',
        f"profile = {json.dumps(wanted.profile)}",
        f"speed = {json.dumps(wanted.speed)}",
        f"crf = {wanted.crf}",
        f"max_bitrate = {json.dumps(_kilo(bitrate))}",
        f"buffer = {json.dumps(_kilo(wanted.buffer or 2 * bitrate))}",
        'gop = "2s"',
        'segment = "6s"',
        f"max_frame_rate = {_rate(wanted.rate)}",
        *(_hevc(wanted) if wanted.codec == "hevc" else ()),
        "",
        "[audio]",
        f"stereo_bitrate = {json.dumps(_kilo(wanted.stereo_bitrate))}",
        f"surround_bitrate = {json.dumps(_kilo(wanted.surround_bitrate))}",
    ]
    return "\n".join(lines) + "\n"


def _hevc(wanted: Wanted) -> tuple[str, ...]:
    """`[video.hevc]`: unsaid, the cap is seven tenths of what H.264 has, as in the shipped presets."""
    bitrate = wanted.bitrate or default_bitrate(wanted.width, wanted.height) * 7 // 10
    return (
        "",
        "[video.hevc]",
        f"speed = {json.dumps(wanted.speed)}",
        f"crf = {wanted.crf}",
        f"max_bitrate = {json.dumps(_kilo(bitrate))}",
        f"buffer = {json.dumps(_kilo(wanted.buffer or 2 * bitrate))}",
    )


def default_bitrate(width: int | None, height: int | None) -> int:
    """The cap for a size, bits/s: what the shipped presets have at theirs, and a curve through those between."""
    if width is None and height is None:
        return 22_000_000
    across = float(width or Fraction(16, 9) * (height or 0))
    down = float(height or Fraction(9, 16) * (width or 0))
    hundreds = round(45 * math.pow(across * down / (1280 * 720), 0.68))
    return max(1, min(220, hundreds)) * 100_000


def even(side: int) -> int:
    """Pictures in 4:2:0 have even sides.

    >>> even(427)
    426
    """
    return side // 2 * 2


def _rate(rate: Fraction) -> str:
    return str(rate) if rate.denominator == 1 else json.dumps(str(rate))


def _kilo(bits: int) -> str:
    return f"{round(bits / 1000)}k"
