"""The first decoded pictures, as ffmpeg's `framecrc` muxer and its `showinfo` filter describe them.

Asked of ffmpeg and not of ffprobe: it is the decoder that will be used, and ffprobe's build may lack it.

The source writes into ffmpeg's log: its tags are printed there, and a Matroska language or a tag's name may even
begin a line. So sizes and times come from framecrc on stdout, where nothing of the source but numbers goes, and a
line of the log counts only if it comes from a filter whose name the source cannot know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction

_CRC_SIZE = re.compile(r"^#dimensions 0: ([0-9]{1,9})x([0-9]{1,9})$", re.MULTILINE)
_CRC_FRAME = re.compile(r"^0, *-?[0-9]{1,19}, *(-?[0-9]{1,19}),", re.MULTILINE)
_FRAME = re.compile(
    r"n: *[0-9]+ pts: *(?P<pts>-?[0-9]{1,19}|NOPTS) pts_time:\S+ .*? ?fmt:(?P<fmt>\w+) .*?"
    r"sar:(?P<sn>[0-9]{1,10})/(?P<sd>[0-9]{1,10}) s:(?P<w>[0-9]{1,9})x(?P<h>[0-9]{1,9}) i:(?P<i>[PTB])(?: |$)"
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


@dataclass(frozen=True, slots=True)
class FirstPicture:
    """Size in pixels and time, in ticks of the time base that was asked for, of the first picture."""

    width: int
    height: int
    pts: int


def decoded_frames(framecrc: str, log: str, mark: str) -> tuple[DecodedFrame, ...]:
    """The first pictures, as far as they have the size of the very first; empty when none was decoded.

    Args:
        framecrc: what the muxer wrote.
        log: ffmpeg's stderr, or its end.
        mark: of the filter, see `parse_showinfo`.
    """
    first = parse_framecrc(framecrc)
    if first is None:
        return ()
    # ffmpeg scales later pictures to the first one's size after showinfo has seen them.
    alike = [f for f in parse_showinfo(log, mark) if (f.width, f.height) == (first.width, first.height)]
    if alike and alike[0].pts is not None:
        alike[0] = replace(alike[0], pts=first.pts)
    return tuple(alike)


def parse_framecrc(text: str) -> FirstPicture | None:
    """The first picture in the output of ffmpeg's `framecrc` muxer (one video stream); None when there is none."""
    size, frame = _CRC_SIZE.search(text), _CRC_FRAME.search(text)
    if size is None or frame is None:
        return None
    return FirstPicture(int(size[1]), int(size[2]), int(frame[1]))


def parse_showinfo(log: str, mark: str) -> tuple[DecodedFrame, ...]:
    """Every picture that the filter `showinfo@MARK` logged; all other lines are passed over.

    `mark` must be new and random for each run. Lines end at a line feed only: `str.splitlines` would let the
    source begin one with U+2028 and the like.
    """
    prefix = re.compile(rf"\[showinfo@{re.escape(mark)} @ (?:0x)?[0-9a-fA-F]+\] ")
    frames: list[DecodedFrame] = []
    for line in log.split("\n"):
        head = prefix.match(line)
        if head is None:
            continue
        if found := _FRAME.match(line, head.end()):
            numerator, denominator = int(found["sn"]), int(found["sd"])
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
        elif frames and (found := _COLOUR.match(line, head.end())):
            frames[-1] = replace(
                frames[-1],
                range=found["range"],
                matrix=found["space"],
                primaries=found["primaries"],
                transfer=found["trc"],
            )
    return tuple(frames)
