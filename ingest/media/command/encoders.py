"""The options of each encoder. Pure.

All put their key pictures at the same places: one every `gop_frames` on a constant grid, else where they are forced,
with closed groups of pictures and none of their own at a change of scene.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ingest.media.command.expressions import ZERO, first_of_each, ratio, seconds
from ingest.media.command.hardware import hardware_options, is_hardware

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from fractions import Fraction

    from ingest.media.light import Light, Mastering
    from ingest.media.plan.grid import Grid
    from ingest.media.plan.hdr import HdrPlan
    from ingest.media.plan.rungs import Rung

NO_OWN_KEYS = 100_000  # pictures: further apart than any that are forced
BESIDE_X264_PRESET: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {"veryfast": MappingProxyType({"partitions": "i8x8,i4x4", "trellis": 1, "subq": 3, "rc-lookahead": 20})}
)
"""What x264 is asked beside its preset, by preset: a seventh fewer bits for the same quality at an eighth more CPU, by
`bench/settings.py`. Small partitions between pictures cost a fifth of the CPU and gain nothing there; that pays for
coefficients, motion and rate chosen with more care. A diamond search would be cheaper still, and needs half as many
bits again where text is scrolled."""


def encoder_options(
    rung: Rung, grid: Grid, hdr: HdrPlan | None = None, begins: Fraction = ZERO
) -> dict[str, Any]:
    """What makes `rung` of its filtered pictures, by the encoder that the plan names.

    `begins`: seconds from the start of a group of pictures to the first picture.
    """
    options: dict[str, Any] = {
        "c:v": rung.encoder,
        "maxrate": rung.max_bitrate,
        "bufsize": rung.buffer,
        "flags:v": "+cgop",
        "g": grid.steady_gop or NO_OWN_KEYS,
    }
    if grid.keys:
        options["force_key_frames"] = ",".join(seconds(key * grid.time_base) for key in grid.keys)
    elif grid.gop_frames is None:
        options["force_key_frames"] = f"expr:{first_of_each(grid.gop, 'prev_forced_t', begins=begins)}"
    if is_hardware(rung.encoder):
        return options | hardware_options(rung, grid)
    own = {"libx264": _x264, "libx265": _x265, "libsvtav1": _svt_av1}[rung.encoder]
    options |= own(rung, grid)
    if hdr and hdr.light and rung.video_range == "PQ":
        if rung.encoder == "libx265":
            options["x265-params"] = ":".join((options["x265-params"], *_x265_light(hdr.light)))
        elif rung.encoder == "libsvtav1":
            options["svtav1-params"] = ":".join((options["svtav1-params"], *_svt_light(hdr.light)))
    return options


def _x264(rung: Rung, grid: Grid) -> dict[str, Any]:
    options: dict[str, Any] = {
        "preset": rung.speed,
        **BESIDE_X264_PRESET.get(rung.speed, {}),
        "profile:v": rung.profile,
        "level:v": rung.level,
        "crf": float(rung.crf),
        "sc_threshold": 0,
        "a53cc": 0,  # captions become a text rendition; in the picture they would have to be declared
    }
    options |= {"keyint_min": grid.steady_gop} if grid.steady_gop is not None else {"forced-idr": 1}
    return options if grid.reorder else options | {"bf": 0}


def _x265(rung: Rung, grid: Grid) -> dict[str, Any]:
    # The frame rate is told, since x265 cannot reckon with times: it would take the time base for it.
    parameters = {
        "log-level": "error",
        "fps": ratio(rung.rate),
        "level-idc": rung.level,
        "high-tier": int(rung.tier == "high"),
        "scenecut": 0,
        "open-gop": 0,
        "min-keyint": grid.steady_gop or 1,
    }
    if not grid.reorder:
        parameters["bframes"] = 0
    options = {
        "preset": rung.speed,
        "profile:v": rung.profile,
        "crf": float(rung.crf),
        "forced-idr": 1,
        "x265-params": _joined(parameters),
        "tag:v": "hvc1",  # parameter sets in the sample description (Apple 1.10)
    }
    # With key pictures alone x265 declares an intra profile of the range extensions, whatever profile was asked for:
    # it is told of groups of two, and every picture is forced.
    return options | {"g": 2, "force_key_frames": "expr:1"} if grid.steady_gop == 1 else options


def _svt_av1(rung: Rung, grid: Grid) -> dict[str, Any]:  # noqa: ARG001
    parameters = {
        "fps-num": rung.rate.numerator,
        "fps-denom": rung.rate.denominator,
        "level": rung.level.replace(".", ""),
        "tier": int(rung.tier == "high"),
        "scd": 0,
    }
    return {"preset": rung.speed, "crf": int(rung.crf), "svtav1-params": _joined(parameters)}


def _x265_light(light: Light) -> list[str]:
    """Chromaticities in steps of 0.00002, luminances of 0.0001 cd/m2 (H.265 D.3.28)."""
    words = []
    if light.mastering:
        steps = (lambda v: str(round(v * 50_000)), lambda v: str(round(v * 10_000)))
        words.append(f"master-display={_display(light.mastering, *steps)}")
    if light.max_cll:
        words.append(f"max-cll={light.max_cll},{light.max_fall}")
    return words


def _svt_light(light: Light) -> list[str]:
    words = []
    if light.mastering:
        decimals = (lambda v: f"{float(v):.5f}", lambda v: f"{float(v):.4f}")
        words.append(f"mastering-display={_display(light.mastering, *decimals)}")
    if light.max_cll:
        words.append(f"content-light={light.max_cll},{light.max_fall}")
    return words


def _display(
    display: Mastering, point: Callable[[Fraction], str], luminance: Callable[[Fraction], str]
) -> str:
    corners = {"G": display.green, "B": display.blue, "R": display.red, "WP": display.white}
    placed = "".join(f"{name}({point(x)},{point(y)})" for name, (x, y) in corners.items())
    return f"{placed}L({luminance(display.brightest)},{luminance(display.darkest)})"


def _joined(parameters: dict[str, Any]) -> str:
    return ":".join(f"{name}={value}" for name, value in parameters.items())
