"""A job's parameters as renditions: those of ByteNite's video encoding app, or our own names of resolutions. Pure.

ByteNite's app (`video-transcoding@v0.2`, 2023) takes `{"data": {"output_template", "outputs": [...]}}`; the newer API
takes an app's parameters as `{"app": {...}}`. Both carry the same outputs; `{"app": {"resolutions": ["fhd"]}}` is ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from ingest.server.preset_text import Wanted, preset_text
from ingest.server.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

DEFAULT_RESOLUTION = "fhd"
DEFAULT_TEMPLATE = "{{.job_name}}_{{.output_params.Aspect.Resolution.Height}}"
MAX_OUTPUTS = 10
_FIELD = re.compile(r"\{\{\s*\.([A-Za-z0-9_.]+)\s*\}\}")
_BITS = re.compile(r"([0-9]{1,9})(?:\.0+)?([kKmM]?)")
_HEIGHT = re.compile(r"([0-9]{2,4})p?")
_RATE = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,3})?)(?:/([0-9]{1,5}))?")
_NOTHING = (None, "", 0, "0", False, "none", "original")
_Shape = tuple[tuple[int, int, int, int], str | None]
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
class Renditions:
    """What to make: names of presets, the texts of those that are the job's own, and what each output is called.

    `crop`: pixels that go at the top, on the right, at the bottom and on the left of the source's picture; `pad`: the
    shape that bars give the finished one, and their colour, as `--pad` takes them.
    """

    resolutions: tuple[str, ...]
    presets: Mapping[str, str]
    names: Mapping[str, str]
    crop: tuple[int, int, int, int] | None = None
    pad: str | None = None


def renditions(params: Mapping[str, Any] | None, job_name: str) -> Renditions:
    """The renditions that a job's `params` ask for; the shipped fhd where they ask for none.

    Raises:
        Refusal: invalid, naming the field.
    """
    said = dict(params or {})
    app = said.get("app") or said.get("data") or {}
    if not isinstance(app, dict):
        raise _invalid("params.app", "must be an object")
    for part in ("partitioner", "assembler"):  # these are ours, and take no parameters
        _empty(_table(said, part, "params"), f"params.{part}", allowed=())
    _empty(
        app, "params.app", allowed=("outputs", "output_template") if "outputs" in app else ("resolutions",)
    )
    if "outputs" in app:
        return _of_outputs(app, job_name)
    wanted = app.get("resolutions", [DEFAULT_RESOLUTION])
    if not isinstance(wanted, list) or not wanted or not all(isinstance(w, str) for w in wanted):
        raise _invalid("params.app.resolutions", "must be a list of names of presets")
    return Renditions(tuple(dict.fromkeys(wanted)), {}, {})


def _of_outputs(app: Mapping[str, Any], job_name: str) -> Renditions:
    outputs = app["outputs"]
    if not isinstance(outputs, list) or not 1 <= len(outputs) <= MAX_OUTPUTS:
        raise _invalid("outputs", f"must be a list of 1 to {MAX_OUTPUTS} outputs")
    template = app.get("output_template") or DEFAULT_TEMPLATE
    if not isinstance(template, str):
        raise _invalid("output_template", "must be a text")
    presets, names = {}, {}
    shapes: set[_Shape] = set()
    for number, output in enumerate(outputs):
        where = f"outputs[{number}]"
        if not isinstance(output, dict):
            raise _invalid(where, "must be an object")
        if output.get("output_type", "mp4") != "mp4":
            raise _invalid(f"{where}.output_type", "must be mp4")
        name = f"out_{number}"
        params = _table(output, "output_params", where)
        presets[name] = preset_text(_wanted(name, params, f"{where}.output_params"))
        shapes.add(_shape(params, f"{where}.output_params"))
        said = output.get("name") or rendered(template, output, job_name)
        if not isinstance(said, str):
            raise _invalid(f"{where}.name", "must be a text")
        names[name] = f"{name}/{safe_name(said)}.mp4"
    if len(shapes) > 1:
        raise _invalid("outputs", "must have the same cropping and padding: a film has one shape")
    ((crop, pad),) = shapes
    return Renditions(tuple(presets), presets, names, crop if any(crop) else None, pad)


def rendered(template: str, output: Mapping[str, Any], job_name: str) -> str:
    """A template of Go's text/template, of which fields are known and nothing else.

    Raises:
        Refusal: invalid: a field that the output does not have, or another action.
    """

    def field(match: re.Match[str]) -> str:
        first, *rest = match[1].split(".")
        value: Any = job_name if first == "job_name" else output.get(first)
        for part in rest:
            value = _member(value, part)
        if not isinstance(value, str | int | float):
            raise _invalid("output_template", f"there is no .{match[1]}")
        return str(value)

    text = _FIELD.sub(field, template)
    if "{{" in text:
        raise _invalid("output_template", "only fields such as {{.job_name}} are known")
    return text


def _member(value: Any, name: str) -> Any:
    """Go's names of fields are in camel case where JSON's are in snake case."""
    wanted = name.replace("_", "").lower()
    if not isinstance(value, dict):
        return None
    return next((v for k, v in value.items() if k.replace("_", "").lower() == wanted), None)


def safe_name(text: str) -> str:
    """A file's name: letters, digits, `-`, `_` and `.`, at most 100 characters, beginning with none of `.`."""
    cleaned = re.sub(r"[^\w.-]+", "_", text).strip("._")[:100]
    return cleaned or "output"


def _wanted(name: str, said: Mapping[str, Any], where: str) -> Wanted:
    aspect, audio, video = (_table(said, key, where) for key in ("aspect", "audio", "video"))
    _only_upright(aspect, f"{where}.aspect")
    resolution = _table(aspect, "resolution", f"{where}.aspect")
    height = _height(resolution.get("height"), f"{where}.aspect.resolution.height")
    codec = video.get("codec", "libx264")
    if codec not in ("libx264", "h264"):
        raise _invalid(f"{where}.video.codec", f"is {codec!r}; libx264 is what can be made")
    mode = _table(_table(video, "bitrate", f"{where}.video"), "rate_control_mode", f"{where}.video.bitrate")
    at = f"{where}.video.bitrate.rate_control_mode"
    variable, quality = _table(mode, "variable_bitrate", at), _table(mode, "constant_quality", at)
    of_codec = _table(video, "codec_params", f"{where}.video")
    of_params = f"{where}.video.codec_params"
    params = _table(of_codec, "libx264", of_params) or of_codec
    if "libx264" in of_codec:
        of_params += ".libx264"
    _only_ours(params, of_params, aspect, audio, video, where)
    bitrate = _bits(variable.get("max_bitrate") or variable.get("avg_bitrate"), at)
    return Wanted(
        name=name,
        title=f"{height or 'source'} lines",
        height=height,
        bitrate=bitrate,
        buffer=_bits(variable.get("buffer_size") or quality.get("buffer_size"), at),
        crf=_whole(quality.get("crf"), 22, 1, 51, f"{at}.constant_quality.crf"),
        rate=_frame_rate(
            _table(video, "frame_rate", f"{where}.video").get("fps"), f"{where}.video.frame_rate.fps"
        ),
        profile=_profile(params.get("profile"), f"{of_params}.profile"),
        speed=_one_of(params.get("preset"), _SPEEDS, f"{of_params}.preset") or "veryfast",
        stereo_bitrate=_bits(audio.get("audio_bitrate"), f"{where}.audio.audio_bitrate") or 128_000,
    )


def _profile(value: Any, where: str) -> Literal["baseline", "main", "high"]:
    match _one_of(value, ("baseline", "main", "high"), where):
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
    for key in ("level", "tune"):
        _empty({key: params.get(key)}, of_params, allowed=())
    resolution = _table(aspect, "resolution", f"{where}.aspect")
    _empty({"aspect_ratio": resolution.get("aspect_ratio")}, f"{where}.aspect.resolution", allowed=())
    if resolution.get("avoid_upscaling") not in (None, "", True):
        raise _invalid(f"{where}.aspect.resolution.avoid_upscaling", "must be true: no picture is enlarged")
    _one_of(audio.get("audio_codec"), ("aac",), f"{where}.audio.audio_codec")
    _one_of(audio.get("audio_sample_rate"), ("48khz", "48000"), f"{where}.audio.audio_sample_rate")
    _one_of(audio.get("audio_channel"), ("2.0", "2"), f"{where}.audio.audio_channel")
    frame_rate = _table(video, "frame_rate", f"{where}.video")
    _one_of(frame_rate.get("up_mode"), ("avoid",), f"{where}.video.frame_rate.up_mode")


def _only_upright(aspect: Mapping[str, Any], where: str) -> None:
    """What would turn the picture is refused rather than passed over: films are upright as they are."""
    orientation = _table(aspect, "orientation", where)
    for name in ("flip", "rotation"):
        if orientation.get(name) not in _NOTHING:
            raise _invalid(f"{where}.orientation.{name}", "is not supported")


def _shape(params: Mapping[str, Any], where: str) -> _Shape:
    """The cropping (top, right, bottom, left) and the padding of an output."""
    aspect = _table(params, "aspect", where)
    cropping, padding = (_table(aspect, key, f"{where}.aspect") for key in ("cropping", "padding"))
    top, right, bottom, left = (
        _whole(cropping.get(side), 0, 0, 16384, f"{where}.aspect.cropping.{side}")
        for side in ("top", "right", "bottom", "left")
    )
    ratio, colour = padding.get("final_aspect_ratio"), padding.get("fill_color") or "#000000"
    if ratio in _NOTHING:
        return (top, right, bottom, left), None
    if not re.fullmatch(r"[0-9]{1,5}:[0-9]{1,5}", str(ratio), re.ASCII):
        raise _invalid(f"{where}.aspect.padding.final_aspect_ratio", "must be a shape such as 16:9")
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", str(colour)):
        raise _invalid(f"{where}.aspect.padding.fill_color", "must be a colour such as #000000")
    return (top, right, bottom, left), f"{ratio}:{str(colour).lower()}"


def _empty(said: Mapping[str, Any], where: str, *, allowed: tuple[str, ...]) -> None:
    """Refuse what is said beside `allowed`; a client may repeat an empty value that it was shown."""
    for key, value in said.items():
        if key not in allowed and value not in (None, "", [], {}):
            raise _invalid(f"{where}.{key[:60]}", "is not supported")


def _one_of(value: Any, known: Collection[str], where: str) -> str | None:
    """The value in lower case; None where nothing is said."""
    if value in (None, ""):
        return None
    text = str(value).lower()
    if text not in known:
        raise _invalid(where, f"must be {' or '.join(sorted(known))}" if len(known) < 12 else "is not known")
    return text


def _table(said: Mapping[str, Any], key: str, where: str) -> dict[str, Any]:
    found = said.get(key) or {}
    if not isinstance(found, dict):
        raise _invalid(f"{where}.{key}", "must be an object")
    return found


def _height(value: Any, where: str) -> int | None:
    if value in (None, "", "original"):
        return None
    match = _HEIGHT.fullmatch(str(value))
    if match is None or not 16 <= int(match[1]) <= 2160:
        raise _invalid(where, "must be a number of lines such as 720p, from 16 to 2160")
    return int(match[1])


def _bits(value: Any, where: str) -> int | None:
    if value in (None, "", 0, "0"):
        return None
    match = _BITS.fullmatch(str(value))
    if match is None:
        raise _invalid(where, "must be a bitrate such as 4500k")
    return int(match[1]) * {"": 1, "k": 1000, "m": 1_000_000}[match[2].lower()]


def _whole(value: Any, default: int, least: int, most: int, where: str) -> int:
    if value in (None, ""):
        return default
    text = str(value)
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not least <= int(text) <= most:
        raise _invalid(where, f"must be a whole number from {least} to {most}")
    return int(text)


def _frame_rate(value: Any, where: str) -> Fraction:
    if value in (None, "", "original"):
        return Fraction(60)
    match = _RATE.fullmatch(str(value))
    divisor = int(match[2] or 1) if match else 0
    rate = Fraction(match[1]) / divisor if match and divisor else Fraction(0)
    if not 1 <= rate <= 60:
        raise _invalid(where, "must be pictures a second from 1 to 60")
    return rate


def _invalid(where: str, why: str) -> Refusal:
    return Refusal("invalid", f"{where} {why}", details=(where,), code="invalid_params")
