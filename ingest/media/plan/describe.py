"""The plan in words and as plain data, for people and programs that look before anything runs. Pure."""

from __future__ import annotations

from dataclasses import asdict
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ingest.media.plan.space import space_of

if TYPE_CHECKING:
    from ingest.media.plan import Plan
    from ingest.media.plan.audio import AudioRendition
    from ingest.media.plan.grid import Grid
    from ingest.media.plan.logos import LogoPlan
    from ingest.media.plan.rungs import Rung
    from ingest.media.plan.space import Space
    from ingest.media.plan.text import TextRendition
    from ingest.media.plan.trim import TrimPlan

FIELDS = {
    "frame": "deinterlaced",
    "field": "each field made a picture",
    "film": "film made of 3:2 pulldown",
}


def document(plan: Plan) -> dict[str, Any]:
    """Every field of the plan under its own name in `camelCase`, and the `space` it needs; fractions stay exact,
    as `30000/1001`."""
    plain: dict[str, Any] = _plain(asdict(plan))
    return plain | {"space": _plain(asdict(space_of(plan)))}


def rows(plan: Plan) -> list[tuple[str, str]]:
    """What was decided: the subject, and the decision in words."""
    video, grid = plan.video, plan.video.grid
    steps = [FIELDS[video.fields.method]] if video.fields.method != "keep" else []
    steps += ["a part of what is seen cut off"] if video.crop else []
    steps += [f"{video.pad.colour} bars around it"] if video.pad else []
    steps += ["tone mapped to SDR"] if video.colour.tone_map else []
    steps += ["black and white"] if video.colour.grey else []
    steps += ["colours converted to BT.709"] if video.colour.convert else []
    steps += ["over black"] if video.colour.alpha else []
    steps += ["the parts of its clock joined"] if video.jumps else []
    steps += [f"every {_ordinal(grid.frame_step)} picture kept"] if grid.frame_step > 1 else []
    return [
        (
            "picture",
            ", ".join((f"stream {video.index}", _size(video.display_width, video.display_height), *steps)),
        ),
        *([("trim", _trim(video.trim))] if video.trim else []),
        *((f"logo {number}", _logo(logo)) for number, logo in enumerate(video.logos, 1)),
        ("frames", _frames(plan)),
        ("segments", _segments(grid)),
        *((f"rung {r.name}", _rung(r)) for r in plan.rungs),
        *((f"audio {a.name}", _audio(a)) for a in plan.audio),
        *((f"text {t.name}", _text(t)) for t in plan.text),
        *([("chapters", str(len(plan.chapters)))] if plan.chapters else []),
        *([("mp4", f"of each, with {plan.mp4[0].sound or 'no sound'}")] if plan.mp4 else []),
        (
            "previews",
            f"{_size(plan.stills.tile_width, plan.stills.tile_height)} every {_number(plan.stills.preview_interval)} s",
        ),
        *(
            (
                f"thumbnails {t.name}",
                f"{_size(t.width, t.height)} every {_number(t.interval)} s, at most {t.most}",
            )
            for t in plan.thumbnails
        ),
        (
            "trick play",
            f"{_size(plan.trick.width, plan.trick.height)}, {plan.trick.per_gop} pictures in each GOP",
        ),
        ("disk", _space(space_of(plan))),
    ]


def _frames(plan: Plan) -> str:
    grid = plan.video.grid
    count = f"{grid.frames} " if grid.frames is not None else ""
    rate = f"at {grid.rate}/s" if grid.rate is not None else "at their own times"
    made_constant = ", made constant" if grid.resample else ""
    return f"{count}{rate}{made_constant}, {_number(grid.duration)} s"


def _trim(trim: TrimPlan) -> str:
    return f"from {_number(trim.start)} to {_number(trim.end)} s of {_number(trim.whole)} s"


def _logo(logo: LogoPlan) -> str:
    opacity = f", opacity {_number(logo.opacity)}" if logo.opacity != 1 else ""
    return f"{logo.position}, {_number(logo.share * 100)} % of the width{opacity}"


def _segments(grid: Grid) -> str:
    if not grid.keys:
        return f"{_number(grid.segment)} s, a key picture every {_number(grid.gop)} s"
    frames = grid.frames or 0
    longest = max(b - a for a, b in pairwise((*grid.starts, frames))) * grid.time_base
    return f"{len(grid.starts)} of at most {_number(longest)} s, cut at the copied rendition's key pictures"


def _rung(rung: Rung) -> str:
    if rung.copied:
        return f"{_size(rung.width, rung.height)} {rung.codec} {rung.profile}, copied"
    return (
        f"{_size(rung.width, rung.height)} {rung.codec} {rung.profile} {rung.level}, {rung.encoder} {rung.speed}, "
        f"crf {_number(rung.crf)}, at most {rung.max_bitrate // 1000} kbit/s"
        + (f", {rung.video_range}" if rung.video_range != "SDR" else "")
    )


def _audio(rendition: AudioRendition) -> str:
    streams = "+".join(map(str, rendition.indexes))
    notes = [
        rendition.label,
        rendition.layout,
        f"{rendition.sample_rate} Hz",
        "copied" if rendition.copied else f"{rendition.bitrate // 1000} kbit/s",
    ]
    notes += ["mixed down"] if rendition.mixed_down else []
    notes += ["default"] if rendition.default else []
    return ", ".join((f"stream {streams}", rendition.language, *notes))


def _text(rendition: TextRendition) -> str:
    flags = {"forced": rendition.forced, "SDH": rendition.hearing_impaired, "default": rendition.default}
    where = f"stream {rendition.index}" if rendition.index is not None else "in the picture"
    return ", ".join((where, rendition.codec, rendition.language, *(f for f, on in flags.items() if on)))


def _space(space: Space) -> str:
    working, package = (-(-size // 2**20) for size in (space.working, space.package))
    return f"up to {working} MiB while it works, of them {package} MiB of package"


def _ordinal(number: int) -> str:
    return f"{number}{ {2: 'nd', 3: 'rd'}.get(number, 'th') }"


def _size(width: int, height: int) -> str:
    return f"{width}x{height}"


def _number(value: Fraction) -> str:
    """At most three decimals.

    >>> _number(Fraction(6)), _number(Fraction(3003, 500))
    ('6', '6.006')
    """
    return f"{float(value):.3f}".rstrip("0").rstrip(".")


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else f"{value.numerator}/{value.denominator}"
    if isinstance(value, dict):
        return {_camel(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
