"""A job's parameters as renditions: those of ByteNite's video encoding app, or our own names of resolutions. Pure.

ByteNite's app (`video-transcoding@v0.2`, 2023) takes `{"data": {"output_template", "outputs": [...]}}`; the newer API
takes an app's parameters as `{"app": {...}}`. Both carry the same outputs; `{"app": {"resolutions": ["fhd"]}}` is ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from ingest.server.dialects.bytenite.fields import empty, invalid, table
from ingest.server.dialects.bytenite.output_params import read_output, shape_of
from ingest.server.preset_text import preset_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.media.codec_names import Codec

DEFAULT_RESOLUTION = "fhd"
DEFAULT_TEMPLATE = "{{.job_name}}_{{.output_params.Aspect.Resolution.Height}}"
MAX_OUTPUTS = 10
LONGEST_TEMPLATE = 1000
_CHOICE = re.compile(
    r"\{\{\s*if\s+\.([A-Za-z0-9_.]+)\s*\}\}(.*?)(?:\{\{\s*else\s*\}\}(.*?))?\{\{\s*end\s*\}\}", re.DOTALL
)
_FIELD = re.compile(r"\{\{\s*\.([A-Za-z0-9_.]+)\s*\}\}")
_Shape = tuple[tuple[int, int, int, int], str | None]


@dataclass(frozen=True, slots=True)
class Renditions:
    """What to make: names of presets, the texts of those that are the job's own, and what each output is called.

    `crop`: pixels that go at the top, on the right, at the bottom and on the left of the source's picture; `pad`: the
    shape that bars give the finished one, and their colour, as `--pad` takes them. `notes`: what is made otherwise than
    it was asked for, and how, for the job's log.
    """

    resolutions: tuple[str, ...]
    presets: Mapping[str, str]
    names: Mapping[str, str]
    crop: tuple[int, int, int, int] | None = None
    pad: str | None = None
    codec: Codec = "h264"
    notes: tuple[str, ...] = ()


def renditions(params: Mapping[str, Any] | None, job_name: str) -> Renditions:
    """The renditions that a job's `params` ask for; the shipped fhd where they ask for none.

    Raises:
        Refusal: invalid, naming the field.
    """
    said = dict(params or {})
    app = said.get("app") or said.get("data") or {}
    if not isinstance(app, dict):
        raise invalid("params.app", "must be an object")
    for part in ("partitioner", "assembler"):  # these are ours, and take no parameters
        empty(table(said, part, "params"), f"params.{part}", allowed=())
    empty(app, "params.app", allowed=("outputs", "output_template") if "outputs" in app else ("resolutions",))
    if "outputs" in app:
        return _of_outputs(app, job_name)
    wanted = app.get("resolutions", [DEFAULT_RESOLUTION])
    if not isinstance(wanted, list) or not wanted or not all(isinstance(w, str) for w in wanted):
        raise invalid("params.app.resolutions", "must be a list of names of presets")
    return Renditions(tuple(dict.fromkeys(wanted)), {}, {})


def _of_outputs(app: Mapping[str, Any], job_name: str) -> Renditions:
    outputs = app["outputs"]
    if not isinstance(outputs, list) or not 1 <= len(outputs) <= MAX_OUTPUTS:
        raise invalid("outputs", f"must be a list of 1 to {MAX_OUTPUTS} outputs")
    template = app.get("output_template") or DEFAULT_TEMPLATE
    if not isinstance(template, str):
        raise invalid("output_template", "must be a text")
    asked, names = [], {}
    shapes: set[_Shape] = set()
    for number, output in enumerate(outputs):
        where = f"outputs[{number}]"
        if not isinstance(output, dict):
            raise invalid(where, "must be an object")
        if output.get("output_type", "mp4") != "mp4":
            raise invalid(f"{where}.output_type", "must be mp4")
        name = f"out_{number}"
        params = table(output, "output_params", where)
        asked.append(read_output(name, params, f"{where}.output_params"))
        shapes.add(shape_of(params, f"{where}.output_params"))
        said = output.get("name") or rendered(template, output, job_name)
        if not isinstance(said, str):
            raise invalid(f"{where}.name", "must be a text")
        names[name] = f"{name}/{safe_name(said)}.mp4"
    if len(shapes) > 1:
        raise invalid("outputs", "must have the same cropping and padding: a film has one shape")
    codecs = {a.codec for a in asked if a.codec is not None}
    if len(codecs) > 1:
        raise invalid("outputs", "must have one codec: every codec of a film has its whole ladder")
    codec: Literal["h264", "hevc"] = next(iter(codecs), "h264")
    ((crop, pad),) = shapes
    return Renditions(
        tuple(names),
        {a.wanted.name: preset_text(replace(a.wanted, codec=codec)) for a in asked},
        names,
        crop if any(crop) else None,
        pad,
        codec,
        tuple(note for a in asked for note in a.notes),
    )


def rendered(template: str, output: Mapping[str, Any], job_name: str) -> str:
    """A template of Go's text/template, of which fields are known, and `if` of a field, and nothing else.

    Raises:
        Refusal: invalid: a field that the output does not have, or another action.
    """
    if len(template) > LONGEST_TEMPLATE:
        raise invalid("output_template", f"must have at most {LONGEST_TEMPLATE} characters")

    def value_of(path: str) -> Any:
        first, *rest = path.split(".")
        value: Any = job_name if first == "job_name" else output.get(first)
        for part in rest:
            value = _member(value, part)
        return value

    def field(match: re.Match[str]) -> str:
        value = value_of(match[1])
        if not isinstance(value, str | int | float):
            raise invalid("output_template", f"there is no .{match[1]}")
        return str(value)

    chosen = _CHOICE.sub(lambda m: m[2] if value_of(m[1]) else m[3] or "", template)
    text = _FIELD.sub(field, chosen)
    if "{{" in text:
        raise invalid("output_template", "only fields such as {{.job_name}}, and if of a field, are known")
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
