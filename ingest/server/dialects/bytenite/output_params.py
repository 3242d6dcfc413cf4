"""What one output of ByteNite's video encoding app asks for, as a rendition. Pure.

Rate control is said in two shapes: the mode as a word with its numbers beside it, as ByteNite's own notebooks have it,
and as a table below the mode's name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from ingest.server.dialects.bytenite.fields import bits, empty, invalid, one_of, table, whole
from ingest.server.preset_text import CRF, HEVC_CRF, Wanted, default_bitrate

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEIGHT = re.compile(r"([0-9]{2,4})p?")
_RATE = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,3})?)(?:/([0-9]{1,5}))?")
_NOTHING = (None, "", 0, "0", False, "none", "original")
_MODES = ("constant_bitrate", "constant_quality", "variable_bitrate")
_CODECS: dict[str, Literal["h264", "hevc"] | None] = {
    "libx264": "h264",
    "h264": "h264",
    "libx265": "hevc",
    "hevc": "hevc",
    "libvpx-vp9": None,
}
# What x264 and x265 are told about the kind of picture: any decoder plays a stream that was made without it.
_TUNES = ("animation", "film", "grain", "stillimage")
_SPEEDS = frozenset(
    (
        "ultrafast",
        "superfast",
        "veryfast",
        "faster",
        "fast",
        "medium",
        "slow",
        "slower",
        "veryslow",
        "placebo",
    )
)


@dataclass(frozen=True, slots=True)
class AskedOutput:
    """A rendition; its codec is None where another has to stand for the one that was asked for.

    `notes`: what is made otherwise than it was asked for.
    """

    wanted: Wanted
    codec: Literal["h264", "hevc"] | None
    notes: tuple[str, ...] = ()


def read_output(name: str, said: Mapping[str, Any], where: str) -> AskedOutput:
    """The rendition that an output's parameters ask for.

    Raises:
        Refusal: invalid, naming the field.
    """
    aspect, audio, video = (table(said, key, where) for key in ("aspect", "audio", "video"))
    _only_upright(aspect, f"{where}.aspect")
    height = _height(table(aspect, "resolution", f"{where}.aspect"), f"{where}.aspect.resolution")
    codec, notes = _codec(video.get("codec"), f"{where}.video.codec")
    of_codec = table(video, "codec_params", f"{where}.video")
    of_params = f"{where}.video.codec_params"
    own = next((key for key in ("libx264", "libx265") if of_codec.get(key)), None)
    params = table(of_codec, own, of_params) if own else of_codec
    of_params = f"{of_params}.{own}" if own else of_params
    _only_ours(params, of_params, aspect, audio, video, where)
    if tune := one_of(params.get("tune"), _TUNES, f"{of_params}.tune"):
        notes = (*notes, f"{of_params}.tune: made as without {tune}")
    rates = _rates(video, f"{where}.video")
    bitrate = rates.bitrate("max_bitrate") or rates.bitrate("avg_bitrate") or rates.bitrate("target_bitrate")
    buffer = rates.bitrate("buffer_size")
    if bitrate is None and buffer and 2 * buffer < default_bitrate(None, height):
        buffer = None  # a buffer alone bounds nothing, and ours has to hold half a second
    crf = rates.whole("crf", HEVC_CRF if codec == "hevc" else CRF, 1, 51) if codec else CRF
    wanted = Wanted(
        name=name,
        title=f"{height or 'source'} lines",
        height=height,
        bitrate=bitrate,
        buffer=buffer,
        crf=crf,
        rate=_frame_rate(
            table(video, "frame_rate", f"{where}.video").get("fps"), f"{where}.video.frame_rate.fps"
        ),
        profile=_profile(params.get("profile"), f"{of_params}.profile"),
        speed=one_of(params.get("preset"), _SPEEDS, f"{of_params}.preset") or "veryfast",
        stereo_bitrate=bits(audio.get("audio_bitrate"), f"{where}.audio.audio_bitrate") or 128_000,
    )
    return AskedOutput(wanted, codec, notes)


def _codec(value: Any, where: str) -> tuple[Literal["h264", "hevc"] | None, tuple[str, ...]]:
    codec = one_of(value, _CODECS, where) or "libx264"
    if _CODECS[codec] is not None:
        return _CODECS[codec], ()
    return None, (
        f"{where}: {codec} is not made here; H.264, or the codec of the other outputs, in its place",
    )


@dataclass(frozen=True, slots=True)
class _Rates:
    """The numbers of a rate control by name, and where they were said."""

    said: Mapping[str, tuple[Any, str]]

    def bitrate(self, key: str) -> int | None:
        value, where = self.said.get(key, (None, ""))
        return bits(value, where)

    def whole(self, key: str, default: int, least: int, most: int) -> int:
        value, where = self.said.get(key, (None, ""))
        return whole(value, default, least, most, where)


def _rates(video: Mapping[str, Any], where: str) -> _Rates:
    said = table(video, "bitrate", where)
    mode, at = said.get("rate_control_mode"), f"{where}.bitrate.rate_control_mode"
    if not isinstance(mode, dict):
        one_of(mode, _MODES, at)
        return _Rates({key: (value, f"{where}.bitrate.{key}") for key, value in said.items()})
    return _Rates(
        {
            key: (value, f"{at}.{name}.{key}")
            for name in _MODES
            for key, value in table(mode, name, at).items()
        }
    )


def _profile(value: Any, where: str) -> Literal["baseline", "main", "high"]:
    match one_of(value, ("baseline", "main", "high"), where):
        case "baseline":
            return "baseline"
        case "main":
            return "main"
        case _:
            return "high"


def _only_ours(
    params: Mapping[str, Any],
    of_params: str,
    aspect: Mapping[str, Any],
    audio: Mapping[str, Any],
    video: Mapping[str, Any],
    where: str,
) -> None:
    """Refuse what would be made otherwise than it is asked for: each of these has one value here."""
    empty({"level": params.get("level")}, of_params, allowed=())
    resolution = table(aspect, "resolution", f"{where}.aspect")
    empty({"aspect_ratio": resolution.get("aspect_ratio")}, f"{where}.aspect.resolution", allowed=())
    if resolution.get("avoid_upscaling") not in (None, "", True, False):
        raise invalid(f"{where}.aspect.resolution.avoid_upscaling", "must be true or false")
    one_of(audio.get("audio_codec"), ("aac",), f"{where}.audio.audio_codec")
    one_of(audio.get("audio_sample_rate"), ("48khz", "48000"), f"{where}.audio.audio_sample_rate")
    one_of(audio.get("audio_channel"), ("2.0", "2"), f"{where}.audio.audio_channel")
    frame_rate = table(video, "frame_rate", f"{where}.video")
    one_of(frame_rate.get("up_mode"), ("avoid",), f"{where}.video.frame_rate.up_mode")


def _only_upright(aspect: Mapping[str, Any], where: str) -> None:
    """What would turn the picture is refused rather than passed over: films are upright as they are."""
    orientation = table(aspect, "orientation", where)
    for name in ("flip", "rotation"):
        if orientation.get(name) not in _NOTHING:
            raise invalid(f"{where}.orientation.{name}", "is not supported")


def shape_of(params: Mapping[str, Any], where: str) -> tuple[tuple[int, int, int, int], str | None]:
    """The cropping (top, right, bottom, left) and the padding of an output."""
    aspect = table(params, "aspect", where)
    cropping, padding = (table(aspect, key, f"{where}.aspect") for key in ("cropping", "padding"))
    top, right, bottom, left = (
        whole(cropping.get(side), 0, 0, 16384, f"{where}.aspect.cropping.{side}")
        for side in ("top", "right", "bottom", "left")
    )
    ratio, colour = padding.get("final_aspect_ratio"), padding.get("fill_color") or "#000000"
    if ratio in _NOTHING:
        return (top, right, bottom, left), None
    if not re.fullmatch(r"[0-9]{1,5}:[0-9]{1,5}", str(ratio), re.ASCII):
        raise invalid(f"{where}.aspect.padding.final_aspect_ratio", "must be a shape such as 16:9")
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", str(colour)):
        raise invalid(f"{where}.aspect.padding.fill_color", "must be a colour such as #000000")
    return (top, right, bottom, left), f"{ratio}:{str(colour).lower()}"


def _height(resolution: Mapping[str, Any], where: str) -> int | None:
    value, where = resolution.get("height"), f"{where}.height"
    if value == "custom":
        value, where = resolution.get("custom_height"), where.replace(".height", ".custom_height")
    if value in (None, "", "original"):
        return None
    match = _HEIGHT.fullmatch(str(value))
    if match is None or not 16 <= int(match[1]) <= 2160:
        raise invalid(where, "must be a number of lines such as 720p, from 16 to 2160")
    return int(match[1])


def _frame_rate(value: Any, where: str) -> Fraction:
    if value in (None, "", "original"):
        return Fraction(60)
    match = _RATE.fullmatch(str(value))
    divisor = int(match[2] or 1) if match else 0
    rate = Fraction(match[1]) / divisor if match and divisor else Fraction(0)
    if not 1 <= rate <= 60:
        raise invalid(where, "must be pictures a second from 1 to 60")
    return rate
