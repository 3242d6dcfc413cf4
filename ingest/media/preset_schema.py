"""What a preset file may say: TOML text -> checked values, or one line that names file, key and reason.

Limits of the picture and of the rate come from H.264 level 5.2 (ITU-T H.264, Table A-1), the highest that
Apple's authoring specification allows (rule 1.3b).
"""

from __future__ import annotations

import re
import tomllib
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from ingest.job import codes
from ingest.job.errors import UsageError
from ingest.media import av1, hevc, levels

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

MAX_FRAME_MACROBLOCKS = 36_864
MAX_MACROBLOCKS_PER_SECOND = 2_073_600
MAX_SIDE_MACROBLOCKS = 543  # the square root of 8 x MaxFS (A.3.1 f, g)
MAX_TIER_RATE = 160_000_000  # HEVC and AV1, level 5.1, High tier
MAX_RATE = {"baseline": 240_000_000, "main": 240_000_000, "high": 300_000_000}

_BITRATE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)([kM])")
_DURATION = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,6})?)(ms|s)")
_RATE = re.compile(r"([1-9][0-9]{0,6})(?:/([1-9][0-9]{0,5}))?")


def parse_bitrate(value: object) -> int:
    """Bits per second (or bits, for a buffer) of `7800k` or `7.8M`; k and M are 1000 and 1 000 000.

    A plain number is refused: it could mean bits or kilobits, and a wrong guess is off by a thousand.

    Raises:
        ValueError: not a string of this form, not whole bits, or zero.

    >>> parse_bitrate("7.8M")
    7800000
    """
    match = _BITRATE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'is {_shown(value)}, write it with its unit, for example "7800k" or "7.8M"')
    bits = Fraction(match[1]) * {"k": 1000, "M": 1_000_000}[match[2]]
    if bits.denominator != 1 or bits <= 0:
        raise ValueError(f"is {_shown(value)}, must be a whole number of bits above 0")
    return int(bits)


def parse_duration(value: object) -> Fraction:
    """Seconds of `2s`, `2.5s` or `500ms`, exact.

    Raises:
        ValueError: not a string of this form, or zero.

    >>> parse_duration("500ms")
    Fraction(1, 2)
    """
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'is {_shown(value)}, write it with its unit, for example "2s" or "500ms"')
    seconds = Fraction(match[1]) / {"s": 1, "ms": 1000}[match[2]]
    if seconds <= 0:
        raise ValueError(f"is {_shown(value)}, must be above 0")
    return seconds


def parse_frame_rate(value: object) -> Fraction:
    """Frames per second of `60` or `"60000/1001"`, 1 to 60 (Apple 1.19: never above 60).

    Raises:
        ValueError: not of this form (a decimal such as 59.94 is not exact), or outside 1 to 60.

    >>> parse_frame_rate("60000/1001")
    Fraction(60000, 1001)
    """
    plain = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    match = _RATE.fullmatch(plain)
    if match is None:
        raise ValueError(f'is {_shown(value)}, write 60 or an exact fraction such as "60000/1001"')
    rate = Fraction(int(match[1]), int(match[2] or 1))
    if not 1 <= rate <= 60:
        raise ValueError(f"is {_shown(value)}, must be from 1 to 60")
    return rate


def _parse_box(value: object) -> tuple[int, int]:
    sides = value if isinstance(value, (list, tuple)) else ()
    if len(sides) != 2 or any(not isinstance(s, int) or isinstance(s, bool) for s in sides):
        raise ValueError(f"is {_shown(value)}, must be [long side, short side], for example [1920, 1080]")
    long, short = sides
    if short < 16 or long % 2 or short % 2:
        raise ValueError(f"is {_shown(value)}, both sides must be even and at least 16")
    if long < short:
        raise ValueError(f"is {_shown(value)}, the long side must stand first")
    return long, short


def _parse_side(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 16 or value % 2:
        raise ValueError(f"is {_shown(value)}, must be an even number of pixels, at least 16")
    return value


def _parse_title(value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= 80 or not value.isprintable():
        raise ValueError(f"is {_shown(value)}, must be a text of 1 to 80 printable characters")
    return value


Bits = Annotated[int, BeforeValidator(parse_bitrate)]
Seconds = Annotated[Fraction, PlainValidator(parse_duration)]
FrameRate = Annotated[Fraction, PlainValidator(parse_frame_rate)]
Speed = Literal[
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo"
]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class _CodecTable(_Table):
    """What the tables of the codecs beside H.264 have in common: capped quality, as in `[video]`."""

    max_bitrate: Bits
    buffer: Bits

    @field_validator("max_bitrate")
    @classmethod
    def _within_level(cls, value: int) -> int:
        if not 32_000 <= value <= MAX_TIER_RATE:
            raise ValueError(f"is {value // 1000}k, must be from 32k to {MAX_TIER_RATE // 1000}k (level 5.1)")
        return value

    @field_validator("buffer")
    @classmethod
    def _holds_half_a_second(cls, value: int, info: ValidationInfo) -> int:
        rate = info.data.get("max_bitrate", 0)
        if 2 * value < rate:
            raise ValueError(f"is {value // 1000}k, must hold half a second of max_bitrate: {rate // 2000}k")
        if value > MAX_TIER_RATE:
            raise ValueError(f"is {value // 1000}k, must be at most {MAX_TIER_RATE // 1000}k (level 5.1)")
        return value


class HevcTable(_CodecTable):
    """`[video.hevc]`: x265's preset and quality."""

    speed: Speed
    crf: Annotated[int, Field(strict=True, ge=1, le=51)]


class Av1Table(_CodecTable):
    """`[video.av1]`: SVT-AV1's preset (0 is the slowest) and quality."""

    speed: Annotated[int, Field(strict=True, ge=0, le=13)]
    crf: Annotated[int, Field(strict=True, ge=1, le=63)]


class VideoTable(_Table):
    """`[video]`. The order of the fields matters: later ones are checked against earlier ones."""

    codec: Literal["h264"]
    profile: Literal["baseline", "main", "high"]
    speed: Speed
    # 0 would be lossless, which none of these profiles can carry.
    crf: Annotated[int, Field(strict=True, ge=1, le=51)]
    max_bitrate: Bits
    buffer: Bits
    gop: Seconds
    segment: Seconds
    max_frame_rate: FrameRate
    deinterlace: Literal["auto", "field", "frame", "off"] = "auto"
    hevc: HevcTable | None = None
    av1: Av1Table | None = None

    @field_validator("max_bitrate")
    @classmethod
    def _within_level(cls, value: int, info: ValidationInfo) -> int:
        top = MAX_RATE[info.data.get("profile", "high")]
        if not 32_000 <= value <= top:
            raise ValueError(f"is {value // 1000}k, must be from 32k to {top // 1000}k (H.264 level 5.2)")
        return value

    @field_validator("buffer")
    @classmethod
    def _holds_half_a_second(cls, value: int, info: ValidationInfo) -> int:
        rate = info.data.get("max_bitrate", 0)
        top = MAX_RATE[info.data.get("profile", "high")]
        # Below that a key frame does not fit and the encoder falls out of the cap or starves.
        if 2 * value < rate:
            raise ValueError(f"is {value // 1000}k, must hold half a second of max_bitrate: {rate // 2000}k")
        if value > top:
            raise ValueError(f"is {value // 1000}k, must be at most {top // 1000}k (H.264 level 5.2)")
        return value

    @field_validator("gop")
    @classmethod
    def _usable_gop(cls, value: Fraction) -> Fraction:
        if not Fraction(1, 2) <= value <= 10:
            raise ValueError(f"is {float(value):g}s, must be from 0.5s to 10s")
        return value

    @field_validator("segment")
    @classmethod
    def _whole_gops(cls, value: Fraction, info: ValidationInfo) -> Fraction:
        gop = info.data.get("gop", value)
        if (value / gop).denominator != 1:
            raise ValueError(f"is {float(value):g}s, must be a whole multiple of gop, {float(gop):g}s")
        if value > 30:
            raise ValueError(f"is {float(value):g}s, must be at most 30s")
        return value


class AudioTable(_Table):
    """`[audio]`: AAC-LC rates for two and for six channels; AAC ends at 6144 bits per channel and frame."""

    stereo_bitrate: Bits
    surround_bitrate: Bits

    @field_validator("stereo_bitrate", "surround_bitrate")
    @classmethod
    def _usable_rate(cls, value: int, info: ValidationInfo) -> int:
        low, high = (32_000, 512_000) if info.field_name == "stereo_bitrate" else (96_000, 1_536_000)
        if not low <= value <= high:
            raise ValueError(f"is {value // 1000}k, must be from {low // 1000}k to {high // 1000}k")
        return value


class PresetTable(_Table):
    """A whole preset file. `video` stands before `box`, which is checked against it."""

    name: str
    title: Annotated[str, BeforeValidator(_parse_title)]
    video: VideoTable
    audio: AudioTable
    box: Annotated[tuple[int, int], BeforeValidator(_parse_box)]
    max_width: Annotated[int | None, BeforeValidator(_parse_side)] = None
    max_height: Annotated[int | None, BeforeValidator(_parse_side)] = None

    @field_validator("box")
    @classmethod
    def _fits_level(cls, value: tuple[int, int], info: ValidationInfo) -> tuple[int, int]:
        long, short = (-(-side // 16) for side in value)
        size = f"{value[0]}x{value[1]}"
        if long > MAX_SIDE_MACROBLOCKS or long * short > MAX_FRAME_MACROBLOCKS:
            raise ValueError(f"is {size}, larger than H.264 level 5.2 allows (4096x2304)")
        video = info.data.get("video")
        rate = video.max_frame_rate if isinstance(video, VideoTable) else Fraction(1)
        if long * short * rate > MAX_MACROBLOCKS_PER_SECOND:
            raise ValueError(f"is {size}, too large for max_frame_rate {float(rate):g} in H.264 level 5.2")
        if isinstance(video, VideoTable):
            for name, table, bounds in (("hevc", video.hevc, hevc.LEVELS), ("av1", video.av1, av1.LEVELS)):
                if table and levels.lowest(bounds, *value, rate, table.max_bitrate) is None:
                    raise ValueError(
                        f"is {size}, too large for [video.{name}]: level 5.1 ends at 8912896 pixels"
                    )
        return value


def parse(path: Path, text: str) -> PresetTable:
    """The checked content of the preset file at `path` (which is only named in errors and gives the name).

    Raises:
        UsageError: PRESET_INVALID, `<file>: <key>: <reason>`; of several faults the first, and how many more.
    """
    try:
        # Not only TOMLDecodeError: an endless integer is a plain ValueError, deep nesting a RecursionError.
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise UsageError(codes.PRESET_INVALID, f"{path}: not TOML: {reason}") from error
    try:
        table = PresetTable.model_validate(data)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise UsageError(codes.PRESET_INVALID, f"{path}: {_explained(faults[0])}{more}") from error
    if table.name != path.stem:
        reason = f"is {_shown(table.name)}, must be the file's own name, {path.stem!r}"
        raise UsageError(codes.PRESET_INVALID, f"{path}: name: {reason}")
    return table


def _explained(fault: ErrorDetails) -> str:
    """`<key>: <reason>` of one of pydantic's errors."""
    return f"{'.'.join(map(str, fault['loc']))}: {_reason(fault)}"


def _reason(fault: ErrorDetails) -> str:
    context: dict[str, Any] = fault.get("ctx", {})
    match fault["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return f"unknown key; known here are {', '.join(_fields_beside(fault['loc']))}"
        case "value_error":
            return str(context["error"])
        case "literal_error":
            return f"is {_shown(fault['input'])}, must be {context['expected']}"
        case "greater_than_equal" | "less_than_equal":
            low, high = _bounds(fault["loc"])
            return f"is {_shown(fault['input'])}, must be from {low} to {high}"
        case _:
            return f"is {_shown(fault['input'])}: {fault['msg'][:1].lower()}{fault['msg'][1:]}"


def _fields_beside(loc: tuple[int | str, ...]) -> list[str]:
    tables: dict[tuple[int | str, ...], type[_Table]] = {
        ("video",): VideoTable,
        ("video", "hevc"): HevcTable,
        ("video", "av1"): Av1Table,
        ("audio",): AudioTable,
    }
    return list(tables.get(loc[:-1], PresetTable).model_fields)


def _bounds(loc: tuple[int | str, ...]) -> tuple[int, int]:
    """The least and the greatest value of a whole number; all others say their bounds themselves."""
    of_av1: dict[tuple[int | str, ...], tuple[int, int]] = {
        ("video", "av1", "speed"): (0, 13),
        ("video", "av1", "crf"): (1, 63),
    }
    return of_av1.get(loc, (1, 51))


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
