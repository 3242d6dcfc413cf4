"""Which hardware is chosen, and every family's whole options."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from made_facts import HD, clip, hdr10, portrait_vfr

from ingest.media import hardware, toolchain
from ingest.media.command import EncodeInput, encode_arguments
from ingest.media.command.encoders import encoder_options
from ingest.media.hardware import FAMILIES, Hardware, choose, present
from ingest.media.options import Options
from ingest.media.plan import Plan, make_plan
from ingest.media.plan.encoders import for_hardware, in_hardware, in_software
from ingest.media.process import Limits
from ingest.media.toolchain import Tool
from ingest.steps.encoding import encode_limits

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.media.codec_names import Codec
    from ingest.media.facts import VideoFacts
    from ingest.media.hardware import Family

ALL: tuple[Codec, ...] = ("h264", "hevc", "av1")


def planned(video: VideoFacts | None = None, options: Options | None = None) -> Plan:
    return make_plan(
        video or clip(1280, 720),
        (),
        (HD,),
        preview_interval=Fraction(1),
        tile=(160, 90),
        options=options or Options(codecs=ALL),
    )


# --- chosen ---


def trial(*working: str) -> Any:
    """A trial that works for the encoders named, and writes down what was tried."""
    tried: list[str] = []

    def run(name: str) -> str | None:
        tried.append(name)
        return None if name in working else "no driver"

    run.tried = tried  # type: ignore[attr-defined]
    return run


def test_auto_takes_the_first_family_that_makes_any_of_the_codecs() -> None:
    attempt = trial("h264_qsv", "hevc_qsv", "h264_vaapi")
    assert choose("auto", ALL, FAMILIES, attempt) == (Hardware("qsv", ("h264", "hevc")), ())
    assert attempt.tried == ["h264_nvenc", "hevc_nvenc", "av1_nvenc", "h264_qsv", "hevc_qsv", "av1_qsv"]


def test_auto_says_nothing_where_nothing_works() -> None:
    assert choose("auto", ("h264",), FAMILIES, trial()) == (None, ())


def test_without_a_device_auto_tries_nothing() -> None:
    attempt = trial("h264_nvenc")
    assert choose("auto", ("h264",), (), attempt) == (None, ())
    assert attempt.tried == []


def test_the_cpu_is_taken_without_a_trial() -> None:
    attempt = trial("h264_nvenc")
    assert choose("cpu", ALL, FAMILIES, attempt) == (None, ())
    assert attempt.tried == []


def test_one_asked_for_by_name_is_tried_always_and_says_why_not() -> None:
    attempt = trial()
    assert choose("nvenc", ("h264", "av1"), (), attempt) == (
        None,
        ("h264_nvenc: no driver", "av1_nvenc: no driver"),
    )
    assert choose("amf", ("h264", "av1"), (), trial("h264_amf")) == (
        Hardware("amf", ("h264",)),
        ("av1_amf: no driver",),
    )


def test_nothing_to_make_needs_nothing() -> None:
    assert choose("nvenc", (), (), trial()) == (None, ())


@pytest.mark.parametrize(
    ("nodes", "families"),
    [
        ((), ()),
        (("null", "nvram"), ()),
        (("nvidia0", "nvidiactl"), ("nvenc",)),
        (("nvidiactl",), ()),
        (("dxg",), ("nvenc",)),
        (("dri/card0",), ()),
        (("dri/renderD128",), ("qsv", "vaapi", "amf")),
        (("dri/renderD129", "nvidia1"), ("nvenc", "qsv", "vaapi", "amf")),
    ],
)
def test_what_a_machine_could_have(
    tmp_path: Path, nodes: tuple[str, ...], families: tuple[Family, ...]
) -> None:
    for node in nodes:
        (tmp_path / node).parent.mkdir(exist_ok=True)
        (tmp_path / node).touch()
    assert present(tmp_path, "linux") == families
    assert present(tmp_path, "darwin") == ("videotoolbox",)


def test_va_api_is_given_the_device_of_its_trial(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(toolchain, "trial_encode", lambda _, name: None if "vaapi" in name else "no")
    monkeypatch.setattr(toolchain, "render_node", lambda: "/dev/dri/renderD128")
    tool = Tool("ffmpeg", tmp_path / "ffmpeg", "9.0", "test")
    found = Hardware("vaapi", ("h264",), "/dev/dri/renderD128")
    assert hardware.find(tool, "vaapi", ("h264",)) == (found, ())
    assert hardware.find(tool, "qsv", ("h264",)) == (None, ("h264_qsv: no",))
    assert found.encoder("h264") == "h264_vaapi"
    assert found.encoder("av1") is None


def test_no_trial_where_there_is_no_device(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(hardware, "present", lambda: ())
    assert hardware.find(Tool("ffmpeg", tmp_path / "none", "9.0", "test"), "auto", ALL) == (None, ())


# --- planned ---


def test_only_what_works_is_made_in_hardware() -> None:
    plan = planned()
    card = Hardware("nvenc", ("h264", "hevc"))
    made = in_hardware(plan, card)
    assert [r.encoder for r in made.rungs] == ["h264_nvenc", "hevc_nvenc", "libsvtav1"]
    assert made.hardware == card
    assert in_software(made) == plan
    assert in_hardware(plan, None) is plan


def test_hdr_is_made_in_software() -> None:
    plan = planned(hdr10(), Options(codecs=("hevc",), hdr="keep"))
    assert for_hardware(plan) == ("h264",)
    made = in_hardware(plan, Hardware("qsv", ("h264", "hevc")))
    assert [r.encoder for r in made.rungs] == ["h264_qsv", "libx265"]
    assert for_hardware(planned(hdr10())) == ALL


def test_drivers_get_all_the_memory_they_map() -> None:
    plan = planned()
    limits = Limits(memory_bytes=5, stall_seconds=3)
    assert encode_limits(plan, limits).memory_bytes == 5
    free = encode_limits(in_hardware(plan, Hardware("nvenc", ("h264",))), limits)
    assert (free.memory_bytes, free.stall_seconds) == (None, 3)


# --- commanded ---

RATES: dict[Codec, dict[str, int]] = {
    "h264": {"maxrate": 4_500_000, "bufsize": 9_000_000, "b:v": 3_000_000},
    "hevc": {"maxrate": 3_150_000, "bufsize": 6_300_000, "b:v": 2_100_000},
    "av1": {"maxrate": 2_700_000, "bufsize": 5_400_000, "b:v": 1_800_000},
}
COMMON = {"flags:v": "+cgop", "g": 60, "bf": 0}
NVENC = {"preset": "p5", "tune": "hq", "rc": "vbr", "level:v": "3.1"} | {
    "forced-idr": 1,
    "no-scenecut": 1,
    "strict_gop": 1,
    "b:v": 0,
}
QSV = {"preset": "medium", "level:v": "31", "forced_idr": 1, "adaptive_i": 0, "adaptive_b": 0}
VAAPI = {"rc_mode": "VBR", "level:v": "3.1", "idr_interval": 0}
AMF = {"usage": "transcoding", "quality": "balanced", "rc": "vbr_peak", "level:v": "3.1", "forced_idr": 1}
MAC = {"allow_sw": 0, "realtime": 0}
HVC1 = {"tag:v": "hvc1", "profile:v": "main"}
OWN: dict[str, dict[str, Any]] = {
    "h264_nvenc": NVENC | {"cq": 22.0, "profile:v": "high", "bf": 2},
    "hevc_nvenc": NVENC | HVC1 | {"cq": 25.0, "tier": "main"},
    "av1_nvenc": NVENC | {"cq": 26.7, "tier": 0},
    "h264_qsv": QSV | {"profile:v": "high"},
    "hevc_qsv": QSV | HVC1,
    "av1_qsv": QSV | {"profile:v": "main"},
    "h264_vaapi": VAAPI | {"profile:v": "high"},
    "hevc_vaapi": VAAPI | HVC1 | {"tier": "main"},
    "av1_vaapi": VAAPI | {"profile:v": "main", "tier": "main"},
    "h264_amf": AMF | {"profile:v": "high"},
    "hevc_amf": AMF | HVC1 | {"gops_per_idr": 1, "profile_tier": "main"},
    "av1_amf": AMF | {"profile:v": "main"},
    "h264_videotoolbox": MAC | {"profile:v": "high", "level:v": "3.1"},
    "hevc_videotoolbox": MAC | HVC1,
}


@pytest.mark.parametrize("name", OWN)
def test_whole_options(name: str) -> None:
    plan = planned()
    codec, _, family = name.partition("_")
    made = in_hardware(plan, Hardware(family, (codec,)))  # type: ignore[arg-type]
    rung = next(r for r in made.rungs if r.encoder == name)
    expected = COMMON | RATES[rung.codec] | {"c:v": name} | OWN[name]
    assert encoder_options(rung, plan.video.grid) == expected


def test_on_uneven_times_key_pictures_are_forced() -> None:
    plan = in_hardware(planned(portrait_vfr()), Hardware("nvenc", ("h264",)))
    options = encoder_options(plan.rungs[0], plan.video.grid)
    assert options["force_key_frames"].startswith("expr:isnan(prev_forced_t)+gte(")
    assert (options["g"], options["forced-idr"], options["bf"]) == (100_000, 1, 2)
    assert encoder_options(plan.rungs[0], replace(plan.video.grid, reorder=False))["bf"] == 0


@pytest.mark.parametrize(
    ("name", "level", "profile", "tier"),
    [
        ("h264_vaapi", "4", "constrained_baseline", None),
        ("hevc_vaapi", "4", "main", "high"),
        ("av1_vaapi", "4.0", "main", "high"),
        ("h264_amf", "4.0", "constrained_baseline", None),
        ("h264_qsv", "40", "baseline", None),
        ("h264_nvenc", "4.0", "baseline", None),
        ("av1_nvenc", "4.0", None, 1),
    ],
)
def test_names_differ_from_family_to_family(name: str, level: str, profile: str | None, tier: object) -> None:
    rung = replace(
        planned().rungs[0],
        codec=name.partition("_")[0],  # type: ignore[arg-type]
        encoder=name,
        level="4.0",
        tier="high",
        profile="baseline" if name.startswith("h264") else "main",
    )
    options = encoder_options(rung, planned().video.grid)
    assert (options["level:v"], options.get("profile:v"), options.get("tier")) == (level, profile, tier)
    assert options["bf"] == 0


def command(plan: Plan) -> tuple[str, ...]:
    return encode_arguments("/tools/ffmpeg", plan, EncodeInput("file:/proc/self/fd/7", 36_000_000, 128))


def test_va_api_uploads_and_names_its_device() -> None:
    plan = in_hardware(planned(), Hardware("vaapi", ("h264",), "/dev/dri/renderD128"))
    arguments = command(plan)
    assert arguments[arguments.index("-vaapi_device") + 1] == "/dev/dri/renderD128"
    graph = arguments[arguments.index("-filter_complex") + 1].split(";")
    (uploaded,) = (part for part in graph if "hwupload" in part)
    target = uploaded[uploaded.rindex("[") :]
    mapped = [arguments[i + 1] for i, word in enumerate(arguments) if word == "-map"]
    assert mapped[0] == target  # the first rung's, which the plan gives to VA-API
    assert sum("format=nv12" in part for part in graph) == 1


@pytest.mark.parametrize("family", ["nvenc", "qsv", "amf", "videotoolbox"])
def test_the_others_take_pictures_from_memory(family: Family) -> None:
    arguments = command(in_hardware(planned(), Hardware(family, ("h264",))))
    graph = arguments[arguments.index("-filter_complex") + 1]
    assert (graph.count("format=nv12"), graph.count("hwupload")) == (1, 0)
    assert "-vaapi_device" not in arguments


@pytest.mark.parametrize("family", ["nvenc", "qsv", "vaapi", "amf", "videotoolbox"])
def test_none_of_them_gets_captions_to_pass_on(family: Family) -> None:
    arguments = command(in_hardware(planned(), Hardware(family, ("h264",))))
    graph = arguments[arguments.index("-filter_complex") + 1]
    assert graph.count("sidedata=mode=delete:type=A53_CC") == graph.count("format=nv12") == 1
