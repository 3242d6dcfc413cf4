"""Presets in Xvid's words, the system's (the server's own) and custom ones; what a job makes of both. Pure.

A custom preset, and settings of a job, become a preset of that job through `preset_text`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from ingest.media.logo_choice import POSITIONS
from ingest.media.thumbnail_sets import LARGEST as LARGEST_THUMBNAIL
from ingest.media.thumbnail_sets import SMALLEST
from ingest.server.dialects.xvid.ids import named_id
from ingest.server.preset_text import LARGEST, Wanted, preset_text
from ingest.server.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ingest.media.presets import Preset
    from ingest.server.dialects.xvid.bodies import PresetBody, Settings

H264: Final = {"id": named_id("codec", "h264"), "name": "H.264 / AVC"}
AAC: Final = {"id": named_id("codec", "aac"), "name": "MPEG-4 AAC"}
CONTAINER: Final = "mp4"
THUMBNAILS: Final = {
    "thumbnails_small": (160, 90),
    "thumbnails_medium": (320, 180),
    "thumbnails_large": (640, 360),
}
_OWN_SIZE: Final = re.compile(r"thumbnails_([1-9][0-9]{1,3})x([1-9][0-9]{1,3})")
# What is longer comes first.
_POSITIONS: Final = "|".join(sorted((p.replace("-", "_") for p in POSITIONS), key=len, reverse=True))
_LOGO: Final = re.compile(rf"logo_([1-9][0-9]?|100)_({_POSITIONS})(?:_([1-9][0-9]?|100))?")
_PERCENT: Final = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,3})?)%")
_LEAST_SIDE: Final = 16
FASTEST: Final = Fraction(60)
_NEAR: Final = Fraction(1, 100)


@dataclass(frozen=True, slots=True)
class Basis:
    """What an output is made with.

    Attributes:
        preset_id: Xvid's id of it.
        name: of the preset that the core knows; None for a custom one.
        wanted: the same as the core's words for a preset of a job.
    """

    preset_id: str
    name: str | None
    wanted: Wanted


def system_id(name: str) -> str:
    """The same on every server, so that clients may write it down."""
    return named_id("preset", name)


def system_ids(names: Iterable[str]) -> dict[str, str]:
    """By name."""
    return {name: system_id(name) for name in names}


def system_document(preset: Preset) -> dict[str, Any]:
    """What a preset of the server says in Xvid's words; rates in kbit/s."""
    video = preset.video
    caps = {
        "interlaced": False,
        "max_key_distance": _number(video.gop),
        "max_width": preset.max_width or preset.box.long,
        "max_height": preset.max_height or preset.box.short,
        "max_framerate": _number(video.max_frame_rate),
        "max_bitrate": video.max_bitrate // 1000,
        "max_ref_frames": None,
        "max_buffersize": video.buffer // 1000,
    }
    sound = {
        "max_bitdepth": None,
        "max_channels": 2,
        "max_samplingrate": None,
        "max_bitrate": preset.audio.stereo_bitrate // 1000,
    }
    return {
        "type": "system",
        "name": preset.name,
        "description": preset.title,
        "target_format": {
            "extension": CONTAINER,
            "container": CONTAINER,
            "vcodec": {"codec": H264, "profile": video.profile.capitalize(), "passes": 1, "caps": caps},
            "acodec": {"codec": AAC, "profile": "LC", "passes": 1, "caps": sound},
        },
        "settings": {"subtitle_policy": "ignore"},
    }


def of_system(preset: Preset) -> Basis:
    """A preset of the server as the beginning of a preset of a job."""
    video = preset.video
    wanted = Wanted(
        name=preset.name,
        title=preset.title,
        width=preset.max_width,
        height=preset.max_height,
        box=(preset.box.long, preset.box.short),
        bitrate=video.max_bitrate,
        buffer=video.buffer,
        crf=video.crf,
        rate=video.max_frame_rate,
        profile=video.profile,
        speed=video.speed,
        stereo_bitrate=preset.audio.stereo_bitrate,
        surround_bitrate=preset.audio.surround_bitrate,
    )
    return Basis(system_id(preset.name), preset.name, wanted)


def of_custom(preset_id: str, body: PresetBody) -> Basis:
    """A custom preset as a preset of a job; what it leaves unsaid is as the server's presets have it."""
    caps, sound = body.target_format.vcodec.caps, body.target_format.acodec.caps
    rate = exact_rate(caps.max_framerate) if caps.max_framerate else FASTEST
    profile: Any = body.target_format.vcodec.profile.lower()
    wanted = Wanted(
        name="custom",
        title=_title(body.name),
        width=caps.max_width,
        height=caps.max_height,
        bitrate=_bits(caps.max_bitrate),
        buffer=_bits(caps.max_buffersize),
        rate=min(rate, FASTEST),
        profile=profile,
    )
    if sound.max_bitrate:
        wanted = replace(wanted, stereo_bitrate=sound.max_bitrate * 1000)
    return Basis(preset_id, None, wanted)


def exact_rate(said: float) -> Fraction:
    """Pictures a second; 23.98 and 29.97 stand for what television means by them.

    >>> exact_rate(29.97), exact_rate(12.5)
    (Fraction(30000, 1001), Fraction(25, 2))
    """
    for whole in (24, 30, 60):
        exact = Fraction(whole * 1000, 1001)
        if abs(exact - Fraction(said)) < _NEAR:
            return exact
    return Fraction(said).limit_denominator(1000)


def sharing(bases: Mapping[str, Basis]) -> dict[str, Basis]:
    """The same presets, fit for one ladder: none has a higher rate than another, since that is one for all."""
    least = min(basis.wanted.rate for basis in bases.values())
    return {
        key: basis
        if basis.wanted.rate == least
        else replace(basis, name=None, wanted=replace(basis.wanted, rate=least))
        for key, basis in bases.items()
    }


def resolved(basis: Basis, settings: Settings | None, name: str) -> tuple[str, str | None]:
    """The name of the preset that an output is made with, and its text where it is one of the job's own.

    Raises:
        Refusal: invalid: settings that cannot be.
    """
    said = settings.said if settings else False
    if basis.name is not None and not said:
        return basis.name, None
    wanted = _changed(basis.wanted, settings) if settings and said else basis.wanted
    return name, preset_text(replace(wanted, name=name))


def _changed(wanted: Wanted, settings: Settings) -> Wanted:
    """The same with a job's own settings: numbers stand for themselves, percents are of the preset's values."""
    video, audio = settings.video, settings.audio
    if video is not None:
        wanted = _resized(wanted, video.width, video.height)
        if video.bitrate is not None:
            bitrate = _kilobits(video.bitrate, wanted.bitrate, "video.bitrate")
            # As much time in the buffer as before.
            seconds = Fraction(wanted.buffer, wanted.bitrate) if wanted.buffer and wanted.bitrate else None
            wanted = replace(wanted, bitrate=bitrate, buffer=int(bitrate * seconds) if seconds else None)
    if audio is not None and audio.bitrate is not None:
        bitrate = _kilobits(audio.bitrate, wanted.stereo_bitrate, "audio.bitrate")
        wanted = replace(wanted, stereo_bitrate=bitrate)
    return wanted


def _resized(wanted: Wanted, width: float | str | None, height: float | str | None) -> Wanted:
    if wanted.box is not None and all(v is None or isinstance(v, str) for v in (width, height)):
        # Of a box that turns with the picture, its parts turn with it too.
        long, short = wanted.box
        box = (_side(width, long, "video.width"), _side(height, short, "video.height"))
        wanted = replace(wanted, box=(max(box), min(box)))
        sides = (wanted.width, wanted.height)
        scaled = tuple(
            s and _side(v, s, n) for s, v, n in zip(sides, (width, height), ("width", "height"), strict=True)
        )
        return replace(wanted, width=scaled[0], height=scaled[1])
    long, short = wanted.box or LARGEST
    return replace(
        wanted,
        box=None,
        width=_side(width, wanted.width or long, "video.width"),
        height=_side(height, wanted.height or short, "video.height"),
    )


def _side(value: float | str | None, whole: int, where: str) -> int:
    if value is None:
        return whole
    side = _value(value, whole, where)
    if not _LEAST_SIDE <= side <= LARGEST[0]:
        raise invalid(f"settings.{where}", f"must come to {_LEAST_SIDE} to {LARGEST[0]} pixels")
    return side


def _kilobits(value: float | str, whole: int | None, where: str) -> int:
    """Bits a second of a number of kilobits, or of a part of what the preset has; whole kilobits."""
    if whole is None and isinstance(value, str):
        raise invalid(f"settings.{where}", "is a percentage, but the preset has no bitrate")
    bits = _value(value, whole or 0, where) if isinstance(value, str) else math.floor(value * 1000)
    if not 32_000 <= bits <= 240_000_000:
        raise invalid(f"settings.{where}", "must come to 32 to 240000 kbit/s")
    return bits // 1000 * 1000


def _value(value: float | str, whole: int, where: str) -> int:
    """A number, or a percentage of `whole`."""
    if not isinstance(value, str):
        return math.floor(value)
    found = _PERCENT.fullmatch(value)
    if found is None:
        raise invalid(f"settings.{where}", 'must be a number, or a percentage such as "50%"')
    return int(Fraction(found[1]) * whole / 100)


def thumbnail_size(preset: str) -> tuple[int, int]:
    """The box that pictures of this thumbnail preset fit into, pixels.

    Raises:
        Refusal: invalid.
    """
    if preset in THUMBNAILS:
        return THUMBNAILS[preset]
    found = _OWN_SIZE.fullmatch(preset)
    sides = (int(found[1]), int(found[2])) if found else (0, 0)
    if not all(SMALLEST <= side <= LARGEST_THUMBNAIL for side in sides):
        known = ", ".join(THUMBNAILS)
        raise invalid(
            "thumbnail_preset", f"is none of {known}, thumbnails_<W>x<H> of {SMALLEST} to {LARGEST_THUMBNAIL}"
        )
    return sides


def logo_place(preset: str) -> tuple[str, float, float]:
    """Position, width (percent of the picture's) and opacity (0 to 1) that the name of a logo preset says.

    Raises:
        Refusal: invalid.

    >>> logo_place("logo_30_bottom_right"), logo_place("logo_12_top_80")
    (('bottom-right', 30.0, 1.0), ('top', 12.0, 0.8))
    """
    found = _LOGO.fullmatch(preset)
    if found is None:
        raise invalid("logo_preset", "must be logo_<width>_<position>, as logo_30_bottom_right, in percent")
    return found[2].replace("_", "-"), float(found[1]), int(found[3] or 100) / 100


def invalid(where: str, why: str) -> Refusal:
    """A value that cannot be."""
    return Refusal("invalid", f"{where} {why}", details=(where,))


def _bits(kilobits: int | None) -> int | None:
    return kilobits * 1000 if kilobits else None


def _title(name: str) -> str:
    """As titles of presets may be: 1 to 80 printable characters."""
    return "".join(c if c.isprintable() else " " for c in name)[:80].strip() or "custom"


def _number(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else round(float(value), 3)
