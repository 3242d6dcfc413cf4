"""The options of hardware encoders. Pure; every name is one of ffmpeg's for that encoder.

NVENC aims at a quality below the cap, as the software encoders do. The others differ from card to card in what they
make of a quality, so they get a mean rate and the cap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ingest.media.plan.grid import Grid
    from ingest.media.plan.rungs import Rung

PIXELS = "nv12"  # what all of them take


def is_hardware(encoder: str) -> bool:
    return family_of(encoder) in _OPTIONS


def family_of(encoder: str) -> str:
    """`nvenc` of `h264_nvenc`."""
    return encoder.partition("_")[2]


def hardware_options(rung: Rung, grid: Grid) -> dict[str, Any]:
    """Beside what all encoders have in common: rates, the distance of key pictures and their forced places."""
    options: dict[str, Any] = {"bf": 0} | _OPTIONS[family_of(rung.encoder)](rung)
    if rung.codec == "hevc":
        options["tag:v"] = "hvc1"
    if not grid.reorder:
        options["bf"] = 0
    return options


def _mean(rung: Rung) -> int:
    return rung.max_bitrate * 2 // 3


def _nvenc(rung: Rung) -> dict[str, Any]:
    options: dict[str, Any] = {
        "preset": "p5",
        "tune": "hq",
        "rc": "vbr",
        "b:v": 0,
        "cq": _nvenc_quality(rung),
        "level:v": rung.level,
        "forced-idr": 1,
        "no-scenecut": 1,
        "strict_gop": 1,
    }
    if rung.codec != "av1":
        options["profile:v"] = rung.profile
    if rung.codec == "h264" and rung.profile != "baseline":
        options["bf"] = 2
    if rung.codec != "h264":
        options["tier"] = rung.tier if rung.codec == "hevc" else int(rung.tier == "high")
    return options


def _nvenc_quality(rung: Rung) -> float:
    """Its quality scale has 51 steps for all codecs; SVT-AV1's has 63."""
    return float(rung.crf) if rung.codec != "av1" else round(float(rung.crf) * 51 / 63, 1)


def _qsv(rung: Rung) -> dict[str, Any]:
    return {
        "preset": "medium",
        "b:v": _mean(rung),
        "profile:v": rung.profile,
        "level:v": rung.level.replace(".", ""),
        "forced_idr": 1,
        "adaptive_i": 0,
        "adaptive_b": 0,
    }


def _vaapi(rung: Rung) -> dict[str, Any]:
    profile = {"baseline": "constrained_baseline"}.get(rung.profile, rung.profile)
    level = rung.level if rung.codec == "av1" else rung.level.removesuffix(".0")
    options = {
        "rc_mode": "VBR",
        "b:v": _mean(rung),
        "profile:v": profile,
        "level:v": level,
        "idr_interval": 0,
    }
    return options if rung.codec == "h264" else options | {"tier": rung.tier}


def _amf(rung: Rung) -> dict[str, Any]:
    profile = {"baseline": "constrained_baseline"}.get(rung.profile, rung.profile)
    options = {
        "usage": "transcoding",
        "quality": "balanced",
        "rc": "vbr_peak",
        "b:v": _mean(rung),
        "profile:v": profile,
        "level:v": rung.level,
        "forced_idr": 1,
    }
    if rung.codec == "hevc":
        options |= {"gops_per_idr": 1, "profile_tier": rung.tier}
    return options


def _videotoolbox(rung: Rung) -> dict[str, Any]:
    options: dict[str, Any] = {"b:v": _mean(rung), "profile:v": rung.profile, "allow_sw": 0, "realtime": 0}
    return options | {"level:v": rung.level} if rung.codec == "h264" else options


_OPTIONS = {"nvenc": _nvenc, "qsv": _qsv, "vaapi": _vaapi, "amf": _amf, "videotoolbox": _videotoolbox}
