"""The cues of a preview track against the film."""

from __future__ import annotations

from fractions import Fraction

import pytest

from ingest.packaging.findings import Checks
from ingest.packaging.rules_images import _check_cues, parse_vtt

TEXT = (
    "WEBVTT\n\n00:00.000 --> 00:02.000\n1.jpg#xywh=0,0,9,9\n\n00:02.000 --> 00:03.033\n1.jpg#xywh=9,0,9,9\n"
)


@pytest.mark.parametrize(
    ("duration", "tolerance", "good"),
    [
        (Fraction(91, 30), Fraction(1, 30), True),
        (Fraction(91, 30), Fraction(1, 90000), True),  # pictures may be nearer to each other than 1 ms
        (Fraction(92, 30), Fraction(1, 90000), False),
        (None, Fraction(0), True),
    ],
)
def test_the_last_cue_ends_with_the_film(duration: Fraction | None, tolerance: Fraction, good: bool) -> None:
    checks = Checks()
    _check_cues(parse_vtt(TEXT, "previews.vtt"), duration, tolerance, "previews.vtt", checks)
    assert [f.level for f in checks.findings] == ([] if good else ["MUST"])
