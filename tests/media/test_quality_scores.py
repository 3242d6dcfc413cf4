"""Scores against the source: like pictures are compared, good ones score well and bad ones badly."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from helpers_media import X264, picture
from main_job import SHARED_CLIPS

import ingest
from ingest.job import codes
from ingest.media.cancel import CancelToken
from ingest.media.toolchain import capabilities, find
from ingest.pipeline.events import Progressed
from ingest.steps import planning_resolutions

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips

    from ingest.pipeline.events import Event

pytestmark = pytest.mark.media

PRESET = """
name = "{name}"
title = "Test"
box = [{width}, {height}]
[video]
codec = "h264"
profile = "high"
speed = "superfast"
crf = {crf}
max_bitrate = "{rate}"
buffer = "{rate}"
gop = "2s"
segment = "6s"
max_frame_rate = 60
[audio]
stereo_bitrate = "64k"
surround_bitrate = "192k"
"""


@pytest.fixture
def presets(tmp_path: Path) -> Path:
    folder = tmp_path / "presets"
    folder.mkdir()
    for name, crf, rate in (("fine", 14, "20M"), ("poor", 44, "300k")):
        text = PRESET.format(name=name, crf=crf, rate=rate, width=640, height=480)
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def scored(source: Path, presets: Path, work: Path, **options: Any) -> dict[str, dict[str, Any]]:
    """The scores of each rendition of a job."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INGEST_HOME", str(work / "home"))
        record = ingest.run(source, "fine,poor", work / "out", preset_dir=presets, quality="vmaf", **options)
    assert record.status == "COMPLETED", record.error
    rungs = json.loads((work / "out/info/abr.json").read_bytes())["rungs"]
    return {r["name"]: r["quality"] for r in rungs}


@pytest.mark.parametrize(
    "name",
    ["room-phone-rot180-vfr.mp4", "portrait-hdr10-av1.mp4", "gopro-karma-gpmf.mp4"],
    ids=["upside down, uneven times", "HDR", "full range, 29.97"],
)
def test_a_good_rendition_scores_well_and_a_poor_one_lower(
    name: str, clips: Clips, presets: Path, tmp_path: Path
) -> None:
    """Only where each picture is compared with its own, upright and in the same colours, can it be above 95."""
    clip = next(c for c in SHARED_CLIPS if c.file == name)
    # Its first seconds, as they are: it is the tone mapping and the scoring of each picture that take long.
    source = clips.make(name, "-t", "2.5", "-i", str(clip.present()), "-map", "0:v:0", "-c", "copy")
    found = scored(source, presets, tmp_path)
    assert found["fine"]["mean"] > 95
    assert found["fine"]["harmonicMean"] > 95
    assert found["poor"]["mean"] < found["fine"]["mean"] - 15
    for scores in found.values():
        assert scores["min"] <= scores["percentile1"] <= scores["harmonicMean"] <= scores["mean"] <= 100
        assert (scores["model"], scores["metric"]) == ("vmaf_v0.6.1", "vmaf")
        assert 24 <= scores["frames"] <= clip.pictures


def test_interlaced_pictures_are_compared_deinterlaced(clips: Clips, presets: Path, tmp_path: Path) -> None:
    source = clips.make(
        "interlaced.mp4",
        *("-f", "lavfi", "-i", "testsrc2=size=640x480:rate=50:duration=2", "-vf", "interlace,format=yuv420p"),
        *(
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-qp",
            "10",
            "-flags",
            "+ildct+ilme",
            "-x264opts",
            "tff=1",
        ),
    )
    found = scored(source, presets, tmp_path)
    assert found["fine"]["mean"] > 95
    assert found["fine"]["frames"] >= 48


def test_without_being_asked_nothing_is_measured(clips: Clips, presets: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INGEST_HOME", str(tmp_path / "home"))
        record = ingest.run(clips.tiny(), "fine", tmp_path / "out", preset_dir=presets)
    assert 9012 not in record.custom_attributes.message_codes
    assert "quality" not in json.loads((tmp_path / "out/info/abr.json").read_bytes())["rungs"][0]


def test_an_ffmpeg_without_libvmaf_is_refused_before_the_work(
    clips: Clips, presets: Path, tmp_path: Path
) -> None:
    real = capabilities(find().ffmpeg)
    without = replace(real, filters=real.filters - {"libvmaf"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INGEST_HOME", str(tmp_path / "home"))
        patch.setattr(planning_resolutions, "capabilities", lambda _: without)
        record = ingest.run(clips.tiny(), "fine", tmp_path / "out", preset_dir=presets, quality="vmaf")
    assert record.error is not None
    assert (record.error.code, record.error.step_code, record.error.exit_code) == (9348, 9002, 5)
    assert "has no libvmaf filter, which --quality vmaf needs" in record.error.message


def test_a_cancel_while_measuring_ends_the_job(clips: Clips, presets: Path, tmp_path: Path) -> None:
    token, seen = CancelToken(), []

    def stop(event: Event) -> None:
        if isinstance(event, Progressed) and event.code == codes.MEASURING_QUALITY.number:
            seen.append(event.percent)
            token.cancel()

    source = clips.make("busy.mp4", *picture("640x480", 5, 50), *X264, "-qp", "20")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INGEST_HOME", str(tmp_path / "home"))
        record = ingest.run(
            source, "fine", tmp_path / "out", preset_dir=presets, quality="vmaf", on_event=stop, cancel=token
        )
    assert record.status == "CANCELLED"
    assert seen
    assert not (tmp_path / "out/ABR.m3u8").exists()
