"""Sizes of the rungs, and which are made."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_facts import ALL_PRESETS, FHD, HD, QHD, SD, UHD

from ingest.media.ladder import Fit, Ladder, Size, choose, even, fit
from ingest.media.presets import Box, Preset

# Source; the rungs made for sd,hd,fhd,qhd,uhd; whether the only one is made at the source's own size.
TABLE: tuple[tuple[tuple[int, int], dict[str, str], bool], ...] = (
    ((1920, 1080), {"sd": "720x404", "hd": "1280x720", "fhd": "1920x1080"}, False),
    ((1080, 1920), {"sd": "404x720", "hd": "720x1280", "fhd": "1080x1920"}, False),
    ((1280, 720), {"sd": "720x404", "hd": "1280x720"}, False),
    ((720, 1280), {"sd": "404x720", "hd": "720x1280"}, False),
    ((854, 480), {"sd": "720x404"}, False),
    ((352, 288), {"sd": "352x288"}, True),
    ((480, 270), {"sd": "480x270"}, True),
    (
        (3840, 2160),
        {"sd": "720x404", "hd": "1280x720", "fhd": "1920x1080", "qhd": "2560x1440", "uhd": "3840x2160"},
        False,
    ),
    (
        (2160, 3840),
        {"sd": "404x720", "hd": "720x1280", "fhd": "1080x1920", "qhd": "1440x2560", "uhd": "2160x3840"},
        False,
    ),
    # 3:4 phone clip: the short side decides; qhd (x1.047) is near enough and made at the source's own size.
    ((1376, 1840), {"sd": "480x642", "hd": "720x962", "fhd": "1080x1444", "qhd": "1376x1840"}, False),
    # Cinema: the long side decides, the short one stays below the box.
    ((1920, 800), {"sd": "720x300", "hd": "1280x534", "fhd": "1920x800"}, False),
    # A few lines short of fhd is fhd, at its own size.
    ((1916, 1076), {"sd": "720x404", "hd": "1280x718", "fhd": "1916x1076"}, False),
    ((1000, 1000), {"sd": "480x480", "hd": "720x720"}, False),
    ((2, 2), {"sd": "2x2"}, True),
    (
        (7680, 4320),
        {"sd": "720x404", "hd": "1280x720", "fhd": "1920x1080", "qhd": "2560x1440", "uhd": "3840x2160"},
        False,
    ),
    # No even size is as small as one pixel.
    ((1, 1), {"sd": "2x2"}, True),
    ((1919, 1079), {"sd": "720x404", "hd": "1280x720", "fhd": "1918x1078"}, False),
)


@pytest.mark.parametrize(
    ("source", "sizes", "at_source_size"), TABLE, ids=[f"{w}x{h}" for (w, h), _, _ in TABLE]
)
def test_sizes_of_the_shipped_boxes(
    source: tuple[int, int], sizes: dict[str, str], at_source_size: bool
) -> None:
    ladder = choose(ALL_PRESETS, *source)
    assert {f.preset.name: str(f.size) for f in ladder.made} == sizes
    assert [f.preset.name for f in ladder.left_out] == [p.name for p in ALL_PRESETS if p.name not in sizes]
    assert ladder.at_source_size is at_source_size


def test_whole_ladder() -> None:
    assert choose((UHD, HD, SD), 1280, 720) == Ladder(
        made=(Fit(SD, Size(720, 404), above=False), Fit(HD, Size(1280, 720), above=False)),
        left_out=(Fit(UHD, Size(1280, 720), above=True),),
        at_source_size=False,
    )


def test_when_all_are_above_the_smallest_is_made_at_the_sources_size() -> None:
    assert choose((UHD, FHD, QHD), 640, 480) == Ladder(
        made=(Fit(FHD, Size(640, 480), above=True),),
        left_out=(Fit(QHD, Size(640, 480), above=True), Fit(UHD, Size(640, 480), above=True)),
        at_source_size=True,
    )


@pytest.mark.parametrize(
    ("width", "height", "above"),
    [
        (1830, 1030, False),  # fhd is 4.9 % larger
        (1828, 1028, True),  # fhd is 5.03 % larger
        (1920, 1000, False),  # as wide as the box
        (1440, 1080, False),  # as high as the box
        (1440, 1020, True),
    ],
)
def test_near_enough(width: int, height: int, above: bool) -> None:
    assert fit(FHD, width, height) == Fit(FHD, Size(width, height), above)


@pytest.mark.parametrize(
    ("value", "result"),
    [
        (0, 2),
        (1, 2),
        (2, 2),
        (3, 2),
        (4, 4),
        (5, 4),
        (Fraction(301, 100), 4),
        (Fraction(299, 100), 2),
        (Fraction(405), 404),
        (Fraction(40468, 100), 404),
        (Fraction(40501, 100), 406),
    ],
)
def test_even(value: Fraction | int, result: int) -> None:
    assert even(value) == result


SIDES = st.integers(1, 9000)
BOXES = st.tuples(st.integers(1, 2160), st.integers(1, 2160)).map(
    lambda sides: Box(2 * max(sides), 2 * min(sides))
)


def boxed(box: Box) -> Preset:
    return replace(SD, name=f"b{box.long}x{box.short}", box=box)


@given(BOXES, SIDES, SIDES)
def test_a_rung_is_even_and_never_larger_than_source_or_box(box: Box, width: int, height: int) -> None:
    size = fit(boxed(box), width, height).size
    assert size.width % 2 == size.height % 2 == 0
    assert 2 <= size.width <= max(width, 2)
    assert 2 <= size.height <= max(height, 2)
    assert max(size.width, size.height) <= box.long
    assert min(size.width, size.height) <= box.short


@given(BOXES, SIDES, SIDES)
def test_aspect_is_kept_to_a_pixel(box: Box, width: int, height: int) -> None:
    """Each side is within a pixel of the exact one (two pixels where an odd source side goes down)."""
    fitted = fit(boxed(box), width, height)
    scale = min(Fraction(1), Fraction(box.long, max(width, height)), Fraction(box.short, min(width, height)))
    assert isclose(fitted.size.width, max(2, width * scale), abs_tol=1)
    assert isclose(fitted.size.height, max(2, height * scale), abs_tol=1)


@given(BOXES, SIDES, SIDES)
def test_turning_the_picture_turns_the_rung(box: Box, width: int, height: int) -> None:
    upright, turned = fit(boxed(box), width, height), fit(boxed(box), height, width)
    assert (turned.size.width, turned.size.height) == (upright.size.height, upright.size.width)
    assert turned.above is upright.above


@given(st.sets(st.sampled_from(ALL_PRESETS), min_size=1), SIDES, SIDES)
def test_every_resolution_is_made_or_left_out(asked: set[Preset], width: int, height: int) -> None:
    ladder = choose(tuple(asked), width, height)
    assert ladder.made
    names = [f.preset.name for f in (*ladder.made, *ladder.left_out)]
    assert sorted(names) == sorted(p.name for p in asked)
    assert len({f.size for f in ladder.made}) == len(ladder.made) or min(width, height) < 10
    areas = [f.size.width * f.size.height for f in ladder.made]
    assert areas == sorted(areas)
    assert ladder.at_source_size is all(f.above for f in (*ladder.made, *ladder.left_out))


# A box holds both ways of standing; width and height are meant as they are seen.
@pytest.mark.parametrize(
    ("limits", "source", "size", "above"),
    [
        ({"max_height": 480}, (1920, 1080), "854x480", False),
        ({"max_height": 480}, (1080, 1920), "270x480", False),
        ({"max_width": 480}, (1920, 1080), "480x270", False),
        ({"max_width": 480}, (1080, 1920), "480x854", False),
        ({"max_width": 320, "max_height": 320}, (1080, 1920), "180x320", False),
        ({"max_height": 480}, (640, 360), "640x360", True),
        ({"max_height": 480}, (360, 640), "270x480", False),
    ],
)
def test_width_and_height_do_not_turn(
    limits: dict[str, int], source: tuple[int, int], size: str, above: bool
) -> None:
    preset = replace(HD, box=Box(4096, 480), **limits)
    assert fit(preset, *source) == Fit(preset, Size(*map(int, size.split("x"))), above)
