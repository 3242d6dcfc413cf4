"""How colours are brought to BT.709, by what is tagged and what is not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_facts import clip

from ingest.media.facts import Colour, DolbyVision
from ingest.media.plan.colour import ColourPlan, colour_plan, needs_zscale, uncertain

PQ, HLG = "smpte2084", "arib-std-b67"


def hdr(
    transfer: str = PQ, primaries: str = "bt2020", matrix: str = "bt2020nc", full: bool = False
) -> ColourPlan:
    return ColourPlan(True, transfer, primaries, matrix, full, retag=True)


def converted(transfer: str, primaries: str, matrix: str, full: bool = False) -> ColourPlan:
    return ColourPlan(False, transfer, primaries, matrix, full, convert=True, retag=True)


@pytest.mark.parametrize(
    ("colour", "plan"),
    [
        (Colour(), ColourPlan(False, "unknown", "bt709", "bt709", False)),
        (Colour("bt709", "bt709", "bt709", True), ColourPlan(False, "bt709", "bt709", "bt709", True)),
        (Colour("bt709", "bt709", "smpte170m"), ColourPlan(False, "bt709", "bt709", "smpte170m", False)),
        # A matrix that goes with no YCbCr is not believed, and not shown to the filters.
        (Colour(reserved=True), ColourPlan(False, "unknown", "bt709", "bt709", False, retag=True)),
        (Colour(matrix="gbr"), ColourPlan(False, "unknown", "bt709", "bt709", False, retag=True)),
        (Colour(matrix="smpte2085"), ColourPlan(False, "unknown", "bt709", "bt709", False, retag=True)),
        # HDR, whole and in part.
        (Colour("bt2020", PQ, "bt2020nc"), hdr()),
        (Colour("unknown", HLG, "unknown", full_range=True), hdr(HLG, full=True)),
        (Colour("smpte432", PQ, "bt709"), hdr(PQ, "smpte432", "bt709")),
        (Colour("bt709", PQ, "ictcp"), hdr(PQ, "bt2020", "ictcp")),
        (Colour("bt2020", PQ, "bt2020c"), hdr()),
        (Colour("bt2020", PQ, "gbr"), hdr()),
        # SDR in other primaries, matrices and curves.
        (Colour("smpte170m", "bt709", "smpte170m"), converted("bt709", "smpte170m", "smpte170m")),
        (Colour("bt470bg", "unknown", "unknown"), converted("unknown", "bt470bg", "bt709")),
        (Colour("bt2020", "bt2020-10", "bt2020c"), converted("bt2020-10", "bt2020", "bt2020c")),
        (Colour("bt709", "linear", "bt2020c"), converted("linear", "bt709", "bt2020nc")),
        (Colour("bt709", "bt709", "ycgco"), converted("bt709", "bt709", "ycgco")),
        (Colour("bt709", "log100", "bt709"), converted("log100", "bt709", "bt709")),
        (Colour("bt709", "bt709", "ictcp"), converted("bt709", "bt709", "bt709")),
    ],
)
def test_colour_plan(colour: Colour, plan: ColourPlan) -> None:
    assert colour_plan(clip(colour=colour), can_tone_map=True) == plan


@pytest.mark.parametrize("colour", [Colour("bt2020", PQ, "bt2020nc"), Colour("bt2020", "bt709", "bt2020nc")])
def test_without_zscale_colours_are_left_as_they_are(colour: Colour) -> None:
    plan = colour_plan(clip(colour=colour), can_tone_map=False)
    assert (plan.tone_map, plan.convert, plan.matrix) == (False, False, "bt2020nc")
    assert needs_zscale(clip(colour=colour))


@pytest.mark.parametrize(
    ("size", "matrix"),
    [
        *(
            ((352, 288), "smpte170m"),
            ((720, 576), "smpte170m"),
            ((1024, 576), "smpte170m"),
            ((960, 600), "bt709"),
        ),
        *(((1280, 720), "bt709"), ((720, 1280), "bt709"), ((1280, 536), "bt709")),
    ],
)
def test_a_matrix_that_nobody_states(size: tuple[int, int], matrix: str) -> None:
    assert colour_plan(clip(*size, colour=Colour()), can_tone_map=True).matrix == matrix


@pytest.mark.parametrize(
    ("pixel_format", "rgb", "alpha"),
    [
        ("yuv420p", False, False),
        ("gray10le", False, False),
        ("gbrp12le", True, False),
        ("bgr0", True, False),
        ("pal8", True, False),
        ("yuva444p12le", False, True),
        ("ya8", False, True),
        ("argb", True, True),
        ("gbrap16le", True, True),
        ("rgba64be", True, True),
    ],
)
def test_kinds_of_pixels(pixel_format: str, rgb: bool, alpha: bool) -> None:
    plan = colour_plan(replace(clip(), pixel_format=pixel_format), can_tone_map=True)
    assert (plan.rgb, plan.alpha) == (rgb, alpha)


IPT = "has colours of its own (IPT), which ffmpeg does not decode: made in black and white"


@pytest.mark.parametrize(
    ("vision", "grey", "told"),
    [
        (None, False, ()),
        (DolbyVision(5, 0), True, (f"Dolby Vision profile 5 {IPT}",)),
        (DolbyVision(10, 0), True, (f"Dolby Vision profile 10 {IPT}",)),
        (DolbyVision(8, 1), False, ()),
        (DolbyVision(7, 6), False, ()),
        (DolbyVision(10, 1), False, ()),
    ],
)
def test_dolby_vision(vision: DolbyVision | None, grey: bool, told: tuple[str, ...]) -> None:
    video = replace(clip(colour=Colour("bt2020", PQ, "bt2020nc")), dolby_vision=vision)
    assert colour_plan(video, can_tone_map=True).grey is grey
    assert uncertain(video) == told


def test_a_matrix_that_cannot_be_undone_is_told() -> None:
    assert uncertain(clip(colour=Colour(matrix="ycgco-re"))) == (
        "the matrix ycgco-re is not known to ffmpeg's converters",
    )
    assert uncertain(clip(colour=Colour(matrix="gbr"))) == ()
