"""Bars around the picture: its shape, its size in the resolutions, and the filters that add them."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from made_facts import FHD, HD, SD, clip, hdr10
from test_command import BT709, JPEG, VIDEO

from ingest.job import codes
from ingest.job.errors import ToolError, UsageError
from ingest.media.choices import options_of
from ingest.media.command import EncodeInput, encode_arguments
from ingest.media.options import Options
from ingest.media.plan import Plan, make_plan
from ingest.media.plan.copying import verdict
from ingest.media.plan.describe import rows
from ingest.media.plan.pad import PadPlan, pad_plan, padded
from ingest.media.toolchain import Tool
from ingest.steps.planning_resolutions import check_bars

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.media.facts import VideoFacts

SOURCE = EncodeInput("file:/proc/self/fd/7", 36_000_000, 128)
WIDE = (16, 9, "#000000")
IN = "in_color_matrix=bt709:in_range=tv"
WIDE_COLOURS = "in_color_matrix=bt2020:in_range=tv:out_color_matrix=bt2020:out_range=tv"


def planned(video: VideoFacts, pad: tuple[int, int, str] | None, options: Options | None = None) -> Plan:
    bars = pad_plan(video, pad)
    return make_plan(
        padded(video, bars),
        (),
        (SD, HD, FHD),
        preview_interval=Fraction(1),
        tile=(160, 90),
        pad=bars,
        options=options or Options(),
    )


def filters(plan: Plan) -> list[str]:
    """Those that scale and add bars, without the names of what goes in and out."""
    arguments = encode_arguments("/f", plan, SOURCE)
    graph = re.sub(r"\[[^\]]*\]", "", arguments[arguments.index("-filter_complex") + 1])
    return [
        f
        for f in graph.split(";")
        if f.startswith(("scale=", "pad=", "fillborders=")) and "eval=frame" not in f
    ]


def test_an_old_film() -> None:
    plan = planned(clip(1440, 1080), (16, 9, "#102030"))
    assert plan.video.pad == PadPlan(1440, 1080, width=1920, height=1080, colour="#102030")
    assert [(r.name, r.width, r.height) for r in plan.rungs] == [
        ("sd", 720, 404),
        ("hd", 1280, 720),
        ("fhd", 1920, 1080),
    ]
    assert filters(plan) == [
        f"scale=538:404:{BT709}:{VIDEO}",
        "pad=720:404:90:0:color=0x102030",
        f"scale=960:720:{BT709}:{VIDEO}",
        "pad=1280:720:160:0:color=0x102030",
        f"scale=1440:1080:{BT709}:{VIDEO}",
        "pad=1920:1080:240:0:color=0x102030",
        f"scale=1440:1080:{BT709}:{JPEG}",
        "pad=1920:1080:240:0:color=0x102030",
        f"scale=120:90:{BT709}:{JPEG}",
        "pad=160:90:20:0:color=0x102030",
        f"scale=538:404:{BT709}:{VIDEO}",
        "pad=720:404:90:0:color=0x102030",
        "scale=32:18:flags=bicubic",
        f"scale=538:404:{BT709}:{VIDEO}",
        "pad=720:404:90:0:color=0x102030",
    ]
    assert rows(plan)[0] == ("picture", "stream 0, 1920x1080, #102030 bars around it")


def test_without_bars_the_command_is_as_it_was() -> None:
    assert filters(planned(clip(1440, 1080), None)) == [
        f"scale=640:480:{BT709}:{VIDEO}",
        f"scale=960:720:{BT709}:{VIDEO}",
        f"scale=1440:1080:{BT709}:{VIDEO}",
        f"scale=1440:1080:{BT709}:{JPEG}",
        f"scale=160:90:{BT709}:{JPEG}",
        f"scale=32:18:{BT709}:{VIDEO}",
        f"scale=640:480:{BT709}:{VIDEO}",
    ]


def test_hdr_that_is_kept() -> None:
    """A portrait of 720x1280."""
    plan = planned(hdr10(), (1, 1, "#000000"), Options(hdr="keep", codecs=("hevc",)))
    assert (plan.video.display_width, plan.video.display_height) == (1280, 1280)
    video, tone, still = (f"flags=bicubic:{c}" for c in (WIDE_COLOURS, f"{IN}:{VIDEO}", f"{IN}:{JPEG}"))
    filled = "fillborders=bottom=0:color=black:left={}:mode=fixed:right={}:top=0"
    rungs = (("270:480", "480:480:104"), ("404:720", "720:720:158"), ("608:1080", "1080:1080:236"))
    sdr = [text for size, bars in rungs for text in (f"scale={size}:{tone}", f"pad={bars}:0:color=0x000000")]
    hdr = [
        text
        for (size, bars), (left, right) in zip(rungs, ((104, 106), (158, 158), (236, 236)), strict=True)
        for text in (
            f"scale={size}:{video}",
            f"pad={bars}:0:color=0x000000",
            filled.format(left, right),
        )
    ]
    assert filters(plan) == [
        *sdr,
        *hdr,
        f"scale=720:1280:{still}",
        "pad=1280:1280:280:0:color=0x000000",
        f"scale=50:90:{still}",
        "pad=160:90:54:0:color=0x000000",
        *sdr[:2],
        "scale=32:18:flags=bicubic",
        *hdr[:3],
        "scale=32:18:flags=bicubic",
        *sdr[:2],
    ]


@pytest.mark.parametrize(
    ("size", "shape", "inner", "outer"),
    [
        ((1920, 804), (16, 9), (1920, 804), (1920, 1080)),
        ((1080, 1920), (16, 9), (1080, 1920), (3414, 1920)),
        ((640, 480), (9, 16), (640, 480), (640, 1138)),
        ((179, 311), (16, 9), (179, 311), (552, 310)),
    ],
)
def test_shapes(
    size: tuple[int, int], shape: tuple[int, int], inner: tuple[int, int], outer: tuple[int, int]
) -> None:
    plan = pad_plan(clip(*size), (*shape, "#000000"))
    assert plan == PadPlan(*inner, *outer, "#000000")
    for width, height in ((426, 240), (320, 180), (128, 72)):
        across, down, left, top = plan.window(width, height)
        assert all(side % 2 == 0 for side in (across, down, left, top))
        assert (across == width) != (down == height)
        assert abs(width - across - 2 * left) <= 2 and abs(height - down - 2 * top) <= 2


def test_no_bars_where_it_has_that_shape() -> None:
    assert pad_plan(clip(), WIDE) is None
    assert pad_plan(clip(854, 480), WIDE) is None
    assert pad_plan(clip(), None) is None
    assert padded(clip(), None) == clip()


def test_what_is_written() -> None:
    assert options_of(pad="16:9") == Options(pad=WIDE)
    assert options_of(pad="239:100:#AbCdEf") == Options(pad=(239, 100, "#abcdef"))


@pytest.mark.parametrize(
    "text", ["", "16", "16:9:", "16:9:red", "16:9:#12345", "0:9", "-1:9", "16/9", "16:9 "]
)
def test_what_cannot_be_understood(text: str) -> None:
    with pytest.raises(UsageError, match="is no shape"):
        options_of(pad=text)


def test_what_does_not_go_together() -> None:
    with pytest.raises(UsageError, match="more than 5 times"):
        options_of(pad="51:10")
    with pytest.raises(UsageError, match="bars around HDR are black"):
        options_of(pad="16:9:#000001", hdr="keep")
    assert options_of(pad="16:9", hdr="keep").pad == WIDE


def test_colours_need_an_ffmpeg_that_knows_the_matrix(tmp_path: Path) -> None:
    coloured = PadPlan(4, 4, 8, 4, "#102030")
    old, new = (Tool("ffmpeg", tmp_path / "ffmpeg", v, "test") for v in ("6.1.1", "7.0"))
    check_bars(new, coloured)
    check_bars(old, replace(coloured, colour="#808080"))
    with pytest.raises(ToolError) as error:
        check_bars(old, coloured)
    assert error.value.code is codes.TOOL_TOO_OLD


def test_it_is_not_copied() -> None:
    video = replace(clip(1440, 1080), profile="High")
    bars = pad_plan(video, WIDE)
    found = verdict(planned(video, WIDE), padded(video, bars), None, (SD, HD, FHD), Options(), damaged=False)
    assert {r.why for r in found.refusals.values() if r} == {"bars are added to its picture"}
