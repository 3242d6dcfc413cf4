"""What the probe found out: typed facts about the source, nothing decided yet.

Times are exact fractions of a second on the source's own clock unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ingest.media.light import Light

FieldOrder = Literal["progressive", "tff", "bff", "unknown"]
Hdr = Literal["none", "pq", "hlg"]
Role = Literal["main", "commentary", "description", "clear-speech"]


@dataclass(frozen=True, slots=True)
class Colour:
    """Names as ffmpeg spells them (ITU-T H.273); "unknown" where the stream does not say.

    `reserved`: pictures are tagged with a value that stands for nothing.
    """

    primaries: str = "unknown"
    transfer: str = "unknown"
    matrix: str = "unknown"
    full_range: bool = False
    reserved: bool = False

    @property
    def hdr(self) -> Hdr:
        return {"smpte2084": "pq", "arib-std-b67": "hlg"}.get(self.transfer, "none")  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Timing:
    """The pictures a player would show, counted from the packets (edit lists applied).

    `start` is the time of the first one and `duration` runs to the end of the last one. `rate` is the exact
    constant frame rate, or None when the pictures are not evenly spaced; `mean_rate` is pictures per second.
    `longest_gap` is the longest time that any picture is shown, `last` that of the last one. `bytes` are those of all
    pictures, `key_bytes` of the key pictures among them. `early` are packets of pictures before the first one: they
    need what is not there, and whether they come out of a decoder hangs on how many threads it has. `counted`: no
    packet has a time, or only that of its decoding where pictures are shown in another order.
    """

    time_base: Fraction
    start: Fraction
    duration: Fraction
    frames: int
    rate: Fraction | None
    mean_rate: Fraction
    longest_gap: Fraction
    key_frames: int
    longest_key_distance: Fraction
    bytes: int
    key_bytes: int = 0
    last: Fraction = Fraction(0)
    early: int = 0
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Jump:
    """From packet number `packet` of a stream on, its clock is `shift` ticks behind the one it began with."""

    packet: int
    shift: int


@dataclass(frozen=True, slots=True)
class Shape:
    """A decoded picture's size in samples, and the aspect of one sample; None where nothing says it."""

    width: int
    height: int
    sample_aspect: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """What a comparison of neighbouring lines and pictures says, whatever is flagged.

    Of `pictures`, `top` and `bottom` are two fields of different times, that one first, and `smooth` are of one time;
    the rest cannot be told. `pulldown`: fields come twice in the rhythm of 3:2 pulldown, at no place otherwise.
    """

    pictures: int = 0
    top: int = 0
    bottom: int = 0
    smooth: int = 0
    pulldown: bool = False


@dataclass(frozen=True, slots=True)
class Scan:
    """A sample of pictures from all over the film: of `pictures`, `top` and `bottom` are flagged as interlaced.

    `shapes` are all that were met. `judged` is None where no doubt made a closer look worth its time. `captions`: one
    carries captions (CEA-608 in A/53 data); broadcasters send them with every picture, empty where nothing is said.
    """

    pictures: int = 0
    top: int = 0
    bottom: int = 0
    shapes: tuple[Shape, ...] = ()
    judged: Judged | None = None
    captions: bool = False


@dataclass(frozen=True, slots=True)
class DolbyVision:
    """The configuration record of a Dolby Vision stream: its profile, and what its base layer is for other players
    (`compatibility`: 0 nothing, 1 and 6 HDR10, 2 SDR, 4 HLG)."""

    profile: int
    compatibility: int

    @property
    def own_colours(self) -> bool:
        """The base layer is IPT-PQ-c2, which is right on Dolby Vision players only (profiles 5 and 10.0)."""
        return self.compatibility == 0 and self.profile in {5, 10}


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """The picture that will be used. `width` and `height` are decoded pixels; `display_*` are what is seen:
    square pixels, upright. A player turns the picture clockwise by `rotation` degrees, and then, where it is
    `mirrored`, swaps left and right. `jumps` are those of the source's clock, by stream; they are taken out of
    `timing`. `mended`: when pictures with a damaged time are decoded and shown, in ticks.
    `cropped`: columns and rows that the container hides; they are in none of the sizes here."""

    index: int
    codec: str
    profile: str | None
    level: int | None
    pixel_format: str
    bit_depth: int
    width: int
    height: int
    sample_aspect: Fraction
    rotation: int
    display_width: int
    display_height: int
    field_order: FieldOrder
    colour: Colour
    timing: Timing
    bit_rate: int | None
    light: Light | None = None
    jumps: tuple[tuple[int, tuple[Jump, ...]], ...] = ()
    mirrored: bool = False
    scan: Scan = Scan()
    cropped: tuple[int, int] = (0, 0)
    dolby_vision: DolbyVision | None = None
    mended: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """One audio track. `language` is a BCP 47 tag, "und" where the file does not say.

    `layout` is ffprobe's word, "unknown" or None where the file does not say where its channels belong.
    """

    index: int
    codec: str
    profile: str | None
    sample_rate: int
    channels: int
    layout: str | None
    language: str
    title: str | None
    start: Fraction | None
    duration: Fraction | None
    bit_rate: int | None
    default: bool
    role: Role = "main"


@dataclass(frozen=True, slots=True)
class KlvFacts:
    """One data stream that carries KLV, found by its codec or its KLVA registration; not decoded."""

    index: int
    carriage: str
    program_id: str | None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A stream of the source that is not used, and why."""

    index: int
    kind: str
    codec: str
    reason: str


@dataclass(frozen=True, slots=True)
class Container:
    """`declared_duration` is the header's word, which the media may not keep."""

    format: str
    declared_duration: Fraction | None
    start: Fraction | None
    bit_rate: int | None
    streams: int
    size: int
