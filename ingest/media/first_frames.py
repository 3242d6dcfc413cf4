"""The first decoded pictures, as ffmpeg's `showinfo` filter prints them.

Asked of ffmpeg and not of ffprobe: it is the decoder that will be used, and ffprobe's build may lack it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_FRAME = re.compile(
    r"n: *\d+ pts: *(?P<pts>-?\d+|NOPTS) .*? fmt:(?P<fmt>\S+) .*?sar:(?P<sar>\d+/\d+) "
    r"s:(?P<w>\d+)x(?P<h>\d+) i:(?P<i>[PTB])"
)
_COLOUR = re.compile(
    r"color_range:(?P<range>\S+) color_space:(?P<space>\S+) "
    r"color_primaries:(?P<primaries>\S+) color_trc:(?P<trc>\S+)"
)


@dataclass(frozen=True, slots=True)
class DecodedFrame:
    """`pts` in ticks of the stream's time base; `field` P progressive, T top field first, B bottom field first."""

    pts: int | None
    pixel_format: str
    sample_aspect: Fraction | None
    width: int
    height: int
    field: str
    range: str = "unknown"
    matrix: str = "unknown"
    primaries: str = "unknown"
    transfer: str = "unknown"


def parse_showinfo(text: str) -> tuple[DecodedFrame, ...]:
    """Every picture in showinfo's log lines; what is not one of its lines is passed over."""
    frames: list[DecodedFrame] = []
    for line in text.splitlines():
        if "showinfo" not in line:
            continue
        if found := _FRAME.search(line):
            numerator, denominator = (int(v) for v in found["sar"].split("/"))
            frames.append(
                DecodedFrame(
                    pts=int(found["pts"]) if found["pts"] != "NOPTS" else None,
                    pixel_format=found["fmt"],
                    sample_aspect=Fraction(numerator, denominator) if numerator and denominator else None,
                    width=int(found["w"]),
                    height=int(found["h"]),
                    field=found["i"],
                )
            )
        elif frames and (found := _COLOUR.search(line)):
            last = frames[-1]
            frames[-1] = DecodedFrame(
                *(last.pts, last.pixel_format, last.sample_aspect, last.width, last.height, last.field),
                range=found["range"],
                matrix=found["space"],
                primaries=found["primaries"],
                transfer=found["trc"],
            )
    return tuple(frames)
