"""Time expressions of TTML (W3C, "Timed Text Markup Language 1", sections 6.2 and 10.3.1). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PARAMETER = "{http://www.w3.org/ns/ttml#parameter}"

_CLOCK = re.compile(
    r"([0-9]{2,6}):([0-5][0-9]):([0-5][0-9]|60)(?:(\.[0-9]{1,18})|:([0-9]{2,6})(?:\.([0-9]{1,6}))?)?"
)
_OFFSET = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,18})?)(h|ms|m|s|f|t)")
_SECONDS = {"h": Fraction(3600), "m": Fraction(60), "s": Fraction(1), "ms": Fraction(1, 1000)}
_MULTIPLIER = re.compile(r"([0-9]{1,9})[ :]([0-9]{1,9})")  # the colon stands in drafts, and in old files


@dataclass(frozen=True, slots=True)
class Clock:
    """What a document says of its times: pictures a second, parts of a picture, ticks a second.

    `counted`: clock times are time codes (`timeBase="smpte"`), of which `dropped` says which numbers are left out
    ("nonDrop", "dropNTSC" or "dropPAL").
    """

    nominal_rate: int = 30
    multiplier: Fraction = Fraction(1)
    sub_frame_rate: int = 1
    tick_rate: Fraction = Fraction(1)
    counted: bool = False
    dropped: str = "nonDrop"

    @property
    def frame_rate(self) -> Fraction:
        """Pictures a second, exactly."""
        return self.nominal_rate * self.multiplier

    def seconds(self, expression: str) -> Fraction | None:
        """What a time expression means; None for what is none (wall clocks of TTML 2 are not read)."""
        expression = expression.strip()
        if found := _CLOCK.fullmatch(expression):
            return self._clock_time(found)
        if found := _OFFSET.fullmatch(expression):
            count = Fraction(found[1])
            if found[2] == "f":
                return count / self.frame_rate
            return count / self.tick_rate if found[2] == "t" else count * _SECONDS[found[2]]
        return None

    def _clock_time(self, found: re.Match[str]) -> Fraction:
        hours, minutes, seconds = (int(found[n]) for n in (1, 2, 3))
        whole = hours * 3600 + minutes * 60 + seconds
        frames = int(found[5] or 0) + Fraction(int(found[6] or 0), self.sub_frame_rate)
        if not self.counted:
            return whole + Fraction(found[4] or 0) + frames / self.frame_rate
        # Section 10.3.1's note and SMPTE ST 12-1: numbers that are left out were never shown.
        left_out = {
            "dropNTSC": (hours * 54 + minutes - minutes // 10) * 2,
            "dropPAL": (hours * 27 + minutes // 2 - minutes // 20) * 4,
        }.get(self.dropped, 0)
        counted = whole * self.nominal_rate + Fraction(found[4] or 0) * self.nominal_rate + frames
        return (counted - left_out) / self.frame_rate


def read_clock(attributes: Mapping[str, str]) -> Clock:
    """The parameters of a `tt` element (section 6.2); what makes no sense is left at its default."""
    declared = _whole(attributes.get(f"{PARAMETER}frameRate"))
    sub_frames = _whole(attributes.get(f"{PARAMETER}subFrameRate")) or 1
    multiplier = _MULTIPLIER.fullmatch(attributes.get(f"{PARAMETER}frameRateMultiplier", "").strip())
    factor = Fraction(1)
    if multiplier and int(multiplier[1]) and int(multiplier[2]):
        factor = Fraction(int(multiplier[1]), int(multiplier[2]))
    ticks = _whole(attributes.get(f"{PARAMETER}tickRate"))
    # Without a tick rate a tick is a part of a picture, and a second where no frame rate is given either.
    default_ticks = declared * factor * sub_frames if declared else Fraction(1)
    return Clock(
        nominal_rate=declared or 30,
        multiplier=factor,
        sub_frame_rate=sub_frames,
        tick_rate=Fraction(ticks) if ticks else default_ticks,
        counted=attributes.get(f"{PARAMETER}timeBase", "media").strip() == "smpte",
        dropped=attributes.get(f"{PARAMETER}dropMode", "nonDrop").strip(),
    )


def _whole(text: str | None) -> int | None:
    """A positive number; None where there is none."""
    found = re.fullmatch(r"\s*([0-9]{1,9})\s*", text or "")
    return int(found[1]) or None if found else None
