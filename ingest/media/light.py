"""The light that an HDR picture was made for: mastering display and brightest content (SMPTE ST 2086, CTA-861.3).

Read from what ffmpeg's `showinfo` logs of the first decoded picture, where it has either from the bitstream or from
the container.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_NUMBER = r"([0-9]{1,6}\.[0-9]{1,6})"
_MASTERING = re.compile(
    r" *side data - Mastering display metadata: has_primaries:1 has_luminance:1 "
    rf"r\({_NUMBER},{_NUMBER}\) g\({_NUMBER},{_NUMBER}\) b\({_NUMBER} {_NUMBER}\) wp\({_NUMBER}, {_NUMBER}\) "
    rf"min_luminance={_NUMBER}, max_luminance={_NUMBER}"
)
_CONTENT = re.compile(
    r" *side data - Content light level metadata: MaxCLL=([0-9]{1,5}), MaxFALL=([0-9]{1,5})"
)

Point = tuple[Fraction, Fraction]


@dataclass(frozen=True, slots=True)
class Mastering:
    """The display: its primaries and white point in CIE 1931 x and y, its luminance in cd/m2."""

    red: Point
    green: Point
    blue: Point
    white: Point
    brightest: Fraction
    darkest: Fraction


@dataclass(frozen=True, slots=True)
class Light:
    """`max_cll` and `max_fall` are the brightest pixel and the brightest mean of a picture, cd/m2; 0 is unknown."""

    mastering: Mastering | None = None
    max_cll: int = 0
    max_fall: int = 0


def parse_light(log: str, mark: str) -> Light | None:
    """What the filter `showinfo@MARK` logged of it; None where it is absent, or no display could be like that.

    `mark` must be new and random for each run: the source writes into this log, too.
    """
    prefix = re.compile(rf"\[showinfo@{re.escape(mark)} @ (?:0x)?[0-9a-fA-F]+\] ")
    mastering: Mastering | None = None
    content = (0, 0)
    for line in log.split("\n"):
        head = prefix.match(line)
        if head is None:
            continue
        if mastering is None and (found := _MASTERING.match(line, head.end())):
            mastering = _display([Fraction(number) for number in found.groups()])
        elif content == (0, 0) and (found := _CONTENT.match(line, head.end())):
            content = (min(65535, int(found[1])), min(65535, int(found[2])))
    return Light(mastering, *content) if mastering or content != (0, 0) else None


def _display(numbers: list[Fraction]) -> Mastering | None:
    rx, ry, gx, gy, bx, by, wx, wy, darkest, brightest = numbers
    points = ((rx, ry), (gx, gy), (bx, by), (wx, wy))
    if not all(0 <= x <= 1 and 0 < y <= 1 for x, y in points) or not darkest < brightest <= 10_000:
        return None
    return Mastering(*points, brightest=brightest, darkest=darkest)
