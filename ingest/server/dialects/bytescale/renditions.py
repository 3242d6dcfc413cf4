"""Presets of one job from the parameters of Bytescale's video API: `h=480&h=1080` are two. Pure.

Parameters that describe a rendition (`w`, `h`, `q`) come in clusters: where one of them is said again, or where JSON
begins another object, another rendition begins. All others are said once for all renditions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from ingest.server.dialects.bytescale.transformation import boolean, whole
from ingest.server.preset_text import CRF, Wanted, preset_text
from ingest.server.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.server.dialects.bytescale.transformation import Group

Format = Literal["html", "mp4-h264", "hls-h264", "hls-h264-rt"]
FORMATS: tuple[Format, ...] = ("html", "mp4-h264", "hls-h264", "hls-h264-rt")

# Encoder controls that are seen in live URLs and whose meaning nobody publishes: taken, and without effect.
UNPUBLISHED = frozenset({"p", "gop", "hp", "sh", "sd", "rf", "bf", "qz", "if", "bo"})
MAX_RENDITIONS = 10
MAX_SIDE = 4096
DEFAULT_RATE = 30  # frames per second, as Bytescale's default
_SECONDS = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?")
_CLUSTERED = ("w", "h", "q")


@dataclass(frozen=True, slots=True)
class Rendition:
    """One `w`, `h`, `q` cluster: pixels of the upright picture, and quality from 1 to 100; None where not said."""

    width: int | None = None
    height: int | None = None
    quality: int | None = None

    @property
    def name(self) -> str:
        """Of the preset, and so of the rendition's folder in the package."""
        said = (("w", self.width), ("h", self.height), ("q", self.quality))
        return "".join(f"{letter}{value}" for letter, value in said if value is not None) or "source"


@dataclass(frozen=True, slots=True)
class Video:
    """What the video API was asked for. `start` and `end` are seconds of the source, None where not said."""

    format: Format
    renditions: tuple[Rendition, ...]
    frame_rate: int = DEFAULT_RATE
    mute: bool = False
    start: Fraction | None = None
    end: Fraction | None = None

    @property
    def groups(self) -> tuple[Group, ...]:
        """The same for all parameters that ask for the same work, however they say it."""
        once = (
            ("f", "mp4-h264" if self.format == "mp4-h264" else "hls-h264"),
            ("fps", str(self.frame_rate)),
            ("mute", str(self.mute)),
            ("ts", str(self.start or 0)),
            ("te", str(self.end)),
        )
        return (once, *((("name", rendition.name),) for rendition in self.renditions))

    @property
    def presets(self) -> dict[str, str]:
        """TOML of each preset by name."""
        return {r.name: preset(r, self.frame_rate) for r in self.renditions}


def video(groups: Sequence[Group]) -> Video:
    """What these parameters ask for.

    Raises:
        Refusal: invalid: an unknown parameter or format, a value out of its bounds, too many renditions.
    """
    clusters: list[dict[str, int]] = [{}]
    named = {"f": "html", "fps": str(DEFAULT_RATE), "mute": "false", "ts": "", "te": ""}
    for group in groups:
        if clusters[-1]:
            clusters.append({})
        for key, value in group:
            if key in _CLUSTERED:
                if key in clusters[-1]:
                    clusters.append({})
                clusters[-1][key] = _clustered(key, value)
            elif key in named:
                named[key] = value
            elif key not in UNPUBLISHED:
                raise Refusal("invalid", f"unknown parameter {key!r}", code="unknown_parameter")
    wanted = dict.fromkeys(
        Rendition(c.get("w"), c.get("h"), c.get("q")) for c in clusters if c
    )  # each once, in order
    if len(wanted) > MAX_RENDITIONS:
        raise Refusal("invalid", f"more than {MAX_RENDITIONS} renditions", code="too_many_renditions")
    start, end = seconds("ts", named["ts"]), seconds("te", named["te"])
    if end is not None and end <= (start or 0):
        raise Refusal("invalid", "te must be after ts", code="invalid_parameter")
    return Video(
        _format(named["f"]),
        tuple(wanted) or (Rendition(),),
        whole("fps", named["fps"], 1, 60),
        boolean("mute", named["mute"]),
        start,
        end,
    )


def _clustered(key: str, value: str) -> int:
    """Sides are rounded down to even numbers: pictures in 4:2:0 have no others."""
    return whole(key, value, 1, 100) if key == "q" else whole(key, value, 16, MAX_SIDE) // 2 * 2


def _format(value: str) -> Format:
    for known in FORMATS:
        if value == known:
            return known
    raise Refusal(
        "invalid", f"f is {value[:60]!r}, must be one of {', '.join(FORMATS)}", code="unknown_format"
    )


def seconds(key: str, value: str) -> Fraction | None:
    """Seconds as a decimal; None for an empty text. Raises Refusal."""
    if not value:
        return None
    if not _SECONDS.fullmatch(value):
        raise Refusal("invalid", f"{key} is {value[:60]!r}, must be seconds", code="invalid_parameter")
    return Fraction(value)


def preset(rendition: Rendition, frame_rate: int) -> str:
    """The preset as TOML."""
    return preset_text(
        Wanted(
            name=rendition.name,
            title=_title(rendition),
            width=rendition.width,
            height=rendition.height,
            crf=CRF if rendition.quality is None else crf(rendition.quality),
            rate=Fraction(frame_rate),
        )
    )


def _title(rendition: Rendition) -> str:
    size = f"{rendition.width or 'any'}x{rendition.height or 'any'}"
    return size if rendition.quality is None else f"{size}, quality {rendition.quality}"


def crf(quality: int) -> int:
    """x264's constant rate factor for a quality of 1 to 100: 40 for the worst, 15 for the best.

    >>> [crf(q) for q in (1, 50, 73, 100)]
    [40, 28, 22, 15]
    """
    return round(40 - Fraction(quality, 4))
