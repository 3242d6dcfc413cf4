"""Hardware encoders on a machine that has none: what ffmpeg takes, and that every job ends well."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from measuring import ffmpeg, run

import ingest
from ingest.media import hardware, toolchain
from ingest.media.command.encoders import encoder_options
from ingest.media.facts import Colour, Timing, VideoFacts
from ingest.media.hardware import Hardware
from ingest.media.options import Options
from ingest.media.plan import make_plan
from ingest.media.plan.encoders import in_hardware
from ingest.media.presets import load

if TYPE_CHECKING:
    from helpers_media import Clips

pytestmark = pytest.mark.media

# Options of libavcodec itself; an encoder may give some of them names of its own for values.
GENERIC = {"c", "maxrate", "bufsize", "b", "g", "bf", "flags", "tag", "profile", "level", "force_key_frames"}
NAMES = [n for n in toolchain.HARDWARE_ENCODERS if not n.endswith("videotoolbox")]


def film(height: int) -> VideoFacts:
    """Nine seconds at 30 pictures a second."""
    width = height * 16 // 9
    return VideoFacts(
        index=0,
        codec="h264",
        profile=None,
        level=None,
        pixel_format="yuv420p",
        bit_depth=8,
        width=width,
        height=height,
        sample_aspect=Fraction(1),
        rotation=0,
        display_width=width,
        display_height=height,
        field_order="progressive",
        colour=Colour(),
        timing=Timing(
            time_base=Fraction(1, 90_000),
            start=Fraction(0),
            duration=Fraction(9),
            frames=270,
            rate=Fraction(30),
            mean_rate=Fraction(30),
            longest_gap=Fraction(1, 30),
            key_frames=5,
            longest_key_distance=Fraction(2),
            bytes=9_000_000,
        ),
        bit_rate=None,
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("height", [480, 1080, 2160])
def test_ffmpeg_knows_every_option_and_value(name: str, height: int) -> None:
    """The encoder's own help: an option that it lacks, or a word that it does not know, would end the job."""
    if name not in toolchain.capabilities(toolchain.find().ffmpeg).encoders:
        pytest.skip(f"this ffmpeg is built without {name}")
    text = run(ffmpeg(), "-hide_banner", "-h", f"encoder={name}").stdout.decode()
    known: dict[str, set[str]] = {}
    option = ""
    for line in text.splitlines():
        if found := re.match(r"  -(\S+) +<", line):
            option = found[1]
            known[option] = set()
        elif found := re.match(r"     (\S+) +", line):
            known[option].add(found[1])
    video = film(height)
    codec, _, family = name.partition("_")
    presets = load(Path(__file__).parents[2] / "presets").select(["sd", "fhd", "uhd"])
    plan = make_plan(
        video,
        (),
        presets,
        preview_interval=Fraction(1),
        tile=(16, 9),
        options=Options(codecs=(codec,)),  # type: ignore[arg-type]
    )
    plan = in_hardware(plan, Hardware(family, (codec,)))  # type: ignore[arg-type]
    assert plan.rungs
    for rung in plan.rungs:
        for key, value in encoder_options(rung, plan.video.grid).items():
            plain = key.removesuffix(":v")
            assert plain in known or plain in GENERIC, (name, key)
            if isinstance(value, str) and known.get(plain):
                assert value in known[plain], (name, key, value, known[plain])


def test_one_asked_for_by_name_that_does_not_work_is_said_and_the_cpu_is_used(
    clips: Clips, tmp_path: Path
) -> None:
    if hardware.present():
        pytest.skip("this machine may have hardware that works")
    record = ingest.run(clips.tiny(), "sd", tmp_path / "package", encoder="nvenc")
    assert record.status == "COMPLETED", record.error
    assert [w.message for w in record.warnings if w.code == 9206] == [
        "GPU Not Used: h264_nvenc: Cannot load libcuda.so.1"
    ]
    codes = record.custom_attributes.message_codes
    assert 9001 in codes and 159 not in codes


def test_hardware_that_fails_in_the_middle_gives_way_to_the_cpu(
    clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NVENC without a driver is what fails; its trial is made to seem to have worked."""
    if hardware.present():
        pytest.skip("this machine may have hardware that works")
    monkeypatch.setattr(toolchain, "trial_encode", lambda _tool, _name: None)
    record = ingest.run(clips.small(), "sd", tmp_path / "package", encoder="nvenc", codecs="h264,hevc")
    assert record.status == "COMPLETED", record.error
    (warning,) = [w.message for w in record.warnings if w.code == 9210]
    assert re.match(r"GPU Failed: ffmpeg failed \(exit \d+\): .*", warning)
    steps = [(s.code, s.result) for s in record.steps if s.code in {159, 9001}]
    assert steps == [(159, "failed"), (9001, "done")]
    assert record.outputs[0].message_codes == (9102, 159, 9001, 161, 162, 9003)
    assert record.outputs[0].details["renditions"].keys() == {"sd", "sd-hevc"}
    assert list((tmp_path / "package").rglob("*.tmp")) == []


def test_auto_starts_no_trial_without_a_device(
    clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if hardware.present():
        pytest.skip("this machine has a device")

    def never(_tool: object, name: str) -> str | None:
        raise AssertionError(f"{name} was tried")

    monkeypatch.setattr(toolchain, "trial_encode", never)
    record = ingest.run(clips.tiny(), "sd", tmp_path / "package")
    assert record.status == "COMPLETED", record.error
    assert record.warnings == () or {w.code for w in record.warnings} == {9201}
