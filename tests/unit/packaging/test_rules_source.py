"""How far a rendition's picture may be from the source's before it is a fault."""

from __future__ import annotations

import pytest

from ingest.packaging.rules_source import allowed_difference, difference


@pytest.mark.parametrize(("luma", "most"), [(16, 6), (27, 6), (30, 7), (16 + 24, 12), (200, 12)])
def test_dark_pictures_may_differ_less(luma: int, most: float) -> None:
    assert allowed_difference(bytes([luma]) * 576) == most


@pytest.mark.parametrize("luma", [23, 30, 60, 235])
def test_black_in_place_of_a_picture_is_never_allowed(luma: int) -> None:
    wanted = bytes([luma]) * 576
    assert difference(bytes([16]) * 576, wanted) >= allowed_difference(wanted)


def test_the_mean_of_what_samples_differ_by() -> None:
    assert difference(bytes([0, 10, 20, 30]), bytes([4, 10, 16, 30])) == 2
