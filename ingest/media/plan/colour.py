"""How the source's colours become those of the SDR renditions, poster and previews. Pure.

What is BT.709 but for its matrix and range goes through ffmpeg's own scaler, which is fast. Other primaries (Rec. ITU-R
BT.2020, BT.601, P3), curves and matrices go through zscale, in linear light.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest.media.facts import VideoFacts

# Names that zscale knows, with its own spelling where that differs.
MATRICES = {
    **{m: m for m in ("bt709", "fcc", "bt470bg", "smpte170m", "ycgco", "bt2020nc", "bt2020c", "ictcp")},
    **{m: m for m in ("chroma-derived-nc", "chroma-derived-c")},
    "smpte240m": "7",  # by its number (Rec. ITU-T H.273): versions of ffmpeg spell it differently
}
PRIMARIES = {
    **{p: p for p in ("bt709", "bt470m", "bt470bg", "smpte170m", "smpte240m", "film", "bt2020")},
    **{p: p for p in ("smpte428", "smpte431", "smpte432")},
    "ebu3213": "22",
}
# The scaler takes these itself.
PLAIN_MATRICES = frozenset(("bt709", "fcc", "bt470bg", "smpte170m", "smpte240m", "bt2020nc"))
# All other SDR curves are shown alike by players, whatever their names.
STRANGE_CURVES = frozenset(("linear", "log100", "log316"))
_RGB = ("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8", "x2rgb", "x2bgr")
_ALPHA = ("yuva", "gbrap", "rgba", "bgra", "argb", "abgr", "ya8", "ya16", "ayuv", "vuya", "uyva")


@dataclass(frozen=True, slots=True)
class ColourPlan:
    """`tone_map` takes HDR to SDR, `convert` other primaries, curves and matrices to BT.709; without either the scaler
    goes from `matrix` and `full_range` to BT.709.

    `rgb`: the pictures have no matrix. `alpha`: what is transparent becomes black. `grey`: only their brightness is
    known. `retag`: the stream's tags are replaced by what is planned, since ffmpeg's filters refuse some.
    """

    tone_map: bool
    transfer: str
    primaries: str
    matrix: str
    full_range: bool
    convert: bool = False
    rgb: bool = False
    alpha: bool = False
    grey: bool = False
    retag: bool = False


def colour_plan(video: VideoFacts, *, can_tone_map: bool) -> ColourPlan:
    """A matrix that the stream does not name is BT.601 in small pictures, else BT.709, for HDR BT.2020.

    Args:
        can_tone_map: this ffmpeg has zscale and tonemap.
    """
    colour = video.colour
    hdr = colour.hdr != "none"
    matrix = _matrix(video)
    primaries = colour.primaries if colour.primaries in PRIMARIES else "bt2020" if hdr else "bt709"
    return ColourPlan(
        tone_map=hdr and can_tone_map,
        transfer=colour.transfer,
        primaries="bt2020" if matrix == "ictcp" else primaries,
        matrix=matrix,
        full_range=colour.full_range,
        convert=can_tone_map and not hdr and needs_zscale(video),
        rgb=video.pixel_format.startswith(_RGB),
        alpha=video.pixel_format.startswith(_ALPHA),
        retag=needs_zscale(video) or colour.matrix not in {*PLAIN_MATRICES, "unknown"} or colour.reserved,
        grey=hdr and video.dolby_vision is not None and video.dolby_vision.own_colours,
    )


def _matrix(video: VideoFacts) -> str:
    """The stream's own where it goes with its curve (Rec. ITU-T H.273, 8.3): zscale insists on that. Else the usual."""
    colour = video.colour
    hdr = colour.hdr != "none"
    # Untagged films of 1280x536 are HD as well; what is 720 wide or 576 high at most is from the days of BT.601.
    large = max(video.width, video.height) >= 1280 or min(video.width, video.height) > 576
    usual = "bt2020nc" if hdr else "bt709" if large else "smpte170m"
    match colour.matrix:
        case "ictcp" if not hdr:
            return usual
        case "bt2020c" | "chroma-derived-c" if hdr or colour.transfer in STRANGE_CURVES:
            return "bt2020nc"
        case matrix:
            return matrix if matrix in MATRICES else usual


def needs_zscale(video: VideoFacts) -> bool:
    """Whether ffmpeg's scaler alone would show false colours."""
    colour = video.colour
    return (
        colour.hdr != "none"
        or (colour.primaries in PRIMARIES and colour.primaries != "bt709")
        or (colour.matrix in MATRICES and colour.matrix not in PLAIN_MATRICES)
        or colour.transfer in STRANGE_CURVES
    )


def uncertain(video: VideoFacts) -> tuple[str, ...]:
    """What cannot be known or done about the colours, for the record."""
    found = []
    vision = video.dolby_vision
    if vision is not None and vision.own_colours:
        found.append(
            f"Dolby Vision profile {vision.profile} has colours of its own (IPT), which ffmpeg does not decode: "
            "made in black and white"
        )
    rgb = video.pixel_format.startswith(_RGB)
    if video.colour.matrix not in {*MATRICES, "unknown", "gbr", "ipt-c2"} and not rgb:
        found.append(f"the matrix {video.colour.matrix} is not known to ffmpeg's converters")
    return tuple(found)
