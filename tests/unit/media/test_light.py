"""Mastering display and content light, as showinfo logs them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.media.light import Light, Mastering, parse_light

F = Fraction
DISPLAY = (
    "[showinfo@m1 @ 0x7f9a]   side data - Mastering display metadata: has_primaries:1 has_luminance:1 "
    "r(0.6800,0.3200) g(0.2650,0.6900) b(0.1500 0.0600) wp(0.3127, 0.3290) "
    "min_luminance=0.000100, max_luminance=1000.000000\n"
)
CONTENT = "[showinfo@m1 @ 0x7f9a]   side data - Content light level metadata: MaxCLL=1000, MaxFALL=400\n"
MASTERING = Mastering(
    red=(F("0.68"), F("0.32")),
    green=(F("0.265"), F("0.69")),
    blue=(F("0.15"), F("0.06")),
    white=(F("0.3127"), F("0.329")),
    brightest=F(1000),
    darkest=F("0.0001"),
)


@pytest.mark.parametrize(
    ("log", "light"),
    [
        (DISPLAY + CONTENT, Light(MASTERING, 1000, 400)),
        (CONTENT + DISPLAY, Light(MASTERING, 1000, 400)),
        (DISPLAY, Light(MASTERING)),
        (CONTENT, Light(None, 1000, 400)),
        (CONTENT + CONTENT.replace("1000", "9"), Light(None, 1000, 400)),
        (CONTENT.replace("1000", "99999"), Light(None, 65535, 400)),
        (CONTENT.replace("1000", "0").replace("400", "0"), None),
        (DISPLAY.replace("has_luminance:1", "has_luminance:0"), None),
        (DISPLAY.replace("g(0.2650,0.6900)", "g(1.2650,0.6900)"), None),
        (DISPLAY.replace("wp(0.3127, 0.3290)", "wp(0.0000, 0.0000)"), None),
        (DISPLAY.replace("max_luminance=1000", "max_luminance=0"), None),
        (DISPLAY.replace("max_luminance=1000", "max_luminance=10001"), None),
        (DISPLAY.replace("@m1", "@m2") + CONTENT.replace("showinfo@m1", "showinfo"), None),
        ("comment : " + DISPLAY, None),
        ("", None),
    ],
)
def test_parse_light(log: str, light: Light | None) -> None:
    assert parse_light(log, "m1") == light


@given(st.text(max_size=200))
def test_any_text_is_read_or_passed_over(text: str) -> None:
    assert parse_light(f"[showinfo@m1 @ 0x1]   side data - {text}", "m1") is None
