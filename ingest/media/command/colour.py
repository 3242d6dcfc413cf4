"""Filters that bring the source's colours to BT.709 where ffmpeg's own scaler cannot. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ingest.media.plan.colour import MATRICES, PRIMARIES, STRANGE_CURVES

if TYPE_CHECKING:
    from ingest.media.plan import Plan
    from ingest.media.plan.colour import ColourPlan

# cd/m2 of reference white (Rec. ITU-R BT.2408): it becomes 1.0 in linear light, and 85 % of the SDR signal.
REFERENCE_WHITE = 203
# What the curves end at, in those units: HLG on its nominal display of 1000 cd/m2, PQ at 10000. Nothing is clipped, and
# no metadata of the source decides how bright the picture is.
PEAKS = {"smpte2084": "49.26", "arib-std-b67": "4.926"}

# zscale takes planar pictures only.
PLANAR_RGB = "gbrp|gbrp9le|gbrp10le|gbrp12le|gbrp14le|gbrp16le"
PLANAR_YUV = "|".join(
    f"yuv{chroma}p{depth}"
    for chroma in ("420", "422", "444")
    for depth in ("", "9le", "10le", "12le", "14le", "16le")
)
OVER_RGB = "gbrap|gbrap10le|gbrap12le|gbrap16le"
OVER_YUV = "yuva444p|yuva444p10le|yuva444p12le|yuva444p16le"


def sdr_picture(stream: Any, plan: Plan) -> Any:
    """In the colours that everything is made from but HDR renditions."""
    colour = plan.video.colour
    if colour.tone_map:
        return _tone_mapped(stream, colour)
    return _converted(stream, colour) if colour.convert else stream


def over_black(stream: Any, colour: ColourPlan) -> Any:
    """What is transparent becomes black, whatever colour it hides; the alpha channel has done its work then."""
    return stream.filter("format", OVER_RGB if colour.rgb else OVER_YUV).filter("premultiply", inplace=1)


def _tone_mapped(stream: Any, colour: ColourPlan) -> Any:
    # An encoder would write the HDR display of the source into the SDR rendition.
    for kind in ("MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL"):
        stream = stream.filter("sidedata", mode="delete", type=kind)
    stream = _planar(stream, colour)
    if colour.grey:
        middle = "(minval+maxval)/2"
        stream = stream.filter("lutyuv", u=middle, v=middle)
    return (
        stream.filter("zscale", transfer="linear", npl=REFERENCE_WHITE, **_known(colour, colour.transfer))
        .filter("format", "gbrpf32le")
        .filter("zscale", primaries="bt709")
        .filter("tonemap", tonemap="mobius", desat=0, peak=PEAKS[colour.transfer])
        .filter("zscale", transfer="bt709", matrix="bt709", range="limited")
        .filter("format", "yuv420p")
    )


def _converted(stream: Any, colour: ColourPlan) -> Any:
    transfer = colour.transfer if colour.transfer in STRANGE_CURVES else "bt709"
    target = {"primaries": "bt709", "transfer": "bt709", "matrix": "bt709", "range": "limited"}
    stream = _planar(stream, colour).filter("zscale", **_known(colour, transfer), **target)
    # From RGB a matrix is applied on the way to a format that has one.
    return stream.filter("format", "yuv444p10le") if colour.rgb else stream


def retagged(stream: Any, colour: ColourPlan) -> Any:
    """With tags that every filter takes; what they really are, each conversion is told."""
    return stream.filter(
        "setparams",
        range="pc" if colour.rgb or colour.full_range else "tv",
        colorspace="gbr" if colour.rgb else "bt709",
        color_primaries="bt709",
        color_trc="bt709",
    )


def _planar(stream: Any, colour: ColourPlan) -> Any:
    """In a format that zscale takes."""
    return stream.filter("format", PLANAR_RGB if colour.rgb else PLANAR_YUV)


def _known(colour: ColourPlan, transfer: str) -> dict[str, str]:
    return {
        "matrixin": "gbr" if colour.rgb else MATRICES[colour.matrix],
        "transferin": transfer,
        "primariesin": PRIMARIES[colour.primaries],
        "rangein": "full" if colour.rgb or colour.full_range else "limited",
    }
