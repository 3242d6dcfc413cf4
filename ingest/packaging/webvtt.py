"""Writes WebVTT (W3C, "WebVTT: The Web Video Text Tracks Format") and its HLS segments. Pure.

Text comes from a stranger: whatever it holds, what is written here is valid and says no more than the text.
Times are whole milliseconds on the package's clock, which is all that WebVTT can say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby, pairwise
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from fractions import Fraction

MAX_CUES = 50_000
MAX_CUE_LENGTH = 2_000  # characters
MAX_AT_ONCE = 32  # cues on show together; more are unreadable, and each stands in every segment it crosses
TAGS = "biu"  # the only spans that are written: bold, italics, underlined

# C0 and C1 controls, what is no character, and the byte order mark; line ends and tabs are dealt with before.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_LINE_END = re.compile("\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Run:
    """Text of one look; `styles` are letters of `TAGS`, each at most once, in that order. `\\n` ends a line."""

    text: str
    styles: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cue stands: None is WebVTT's own place (at the bottom, centred). `line` and `position` in percent.

    `line` is the top of the text, `position` its side that `align` names.
    """

    line: int | None = None
    position: int | None = None
    align: str | None = None  # "left" or "right"

    def settings(self) -> str:
        """The cue settings (section 4.4), each with a space before it."""
        line = f" line:{self.line}%" if self.line is not None else ""
        position = f" position:{self.position}%" if self.position is not None else ""
        return f"{line}{position}{f' align:{self.align}' if self.align else ''}"


@dataclass(frozen=True, slots=True)
class Cue:
    """One cue, from `start` to `end` in milliseconds."""

    start: int
    end: int
    runs: tuple[Run, ...]
    place: Place = Place()


def tidy(cues: Iterable[Cue], duration: Fraction) -> tuple[tuple[Cue, ...], int]:
    """The cues that can be shown in a film of `duration` seconds, in order; and how many had to be left out.

    What stands before 0 or after the end is trimmed or dropped; what says nothing, or the same twice, is dropped
    without being counted; what is beyond the limits is counted.
    """
    end = ceil(duration * 1000)
    fitting = [
        Cue(max(0, c.start), min(end, c.end), runs, c.place)
        for c in cues
        if max(0, c.start) < min(end, c.end) and (runs := _clean(c.runs))
    ]
    kept: list[Cue] = []
    shown: list[Cue] = []
    lost = 0
    # By their place in the file where they start together: two speakers keep their order.
    for cue in dict.fromkeys(sorted(fitting, key=lambda c: c.start)):
        shown = [c for c in shown if c.end > cue.start]
        if len(kept) >= MAX_CUES or len(shown) >= MAX_AT_ONCE:
            lost += 1
            continue
        kept.append(cue)
        shown.append(cue)
    return tuple(kept), lost


def _clean(runs: Sequence[Run]) -> tuple[Run, ...]:
    """The same text without controls, blank lines and needless spaces; empty when nothing is left."""
    marked = [
        (character, run.styles)
        for run in runs
        for character in _UNPRINTABLE.sub("", _LINE_END.sub("\n", run.text.replace("\t", " ")))
    ]
    lines: list[list[tuple[str, str]]] = [[]]
    for mark in marked:
        if mark[0] == "\n":
            lines.append([])
        elif mark[0] != " " or (lines[-1] and lines[-1][-1][0] != " "):
            lines[-1].append(mark)
    flat: list[tuple[str, str]] = []
    for line in lines:
        while line and line[-1][0].isspace():
            line.pop()
        if any(not c.isspace() for c, _ in line):
            flat += [*([("\n", flat[-1][1])] if flat else []), *line]
    flat = flat[:MAX_CUE_LENGTH]
    while flat and flat[-1][0].isspace():
        flat.pop()
    return tuple(
        Run("".join(c for c, _ in part), styles) for styles, part in groupby(flat, key=lambda mark: mark[1])
    )


def whole(cues: Sequence[Cue]) -> str:
    """All cues in one file, on the package's clock."""
    return "WEBVTT\n" + "".join(f"\n{_block(c)}" for c in cues)


def segments(cues: Sequence[Cue], edges: Sequence[Fraction], *, mpegts: int = 0) -> tuple[str, ...]:
    """One file for each pair of neighbours in `edges` (seconds): the cues that are on show at some time of it.

    A cue that crosses an edge stands in both, with the same times (RFC 8216bis 3.1.4).

    Args:
        mpegts: the media's timestamp, in 90 kHz ticks, at the time 0 of the package's clock.
    """
    head = segment_head(mpegts)
    files: list[str] = []
    waiting, shown = iter(cues), list[Cue]()
    following = next(waiting, None)
    for index, (start, end) in enumerate(pairwise(edges)):
        from_ms, until_ms = start * 1000, end * 1000
        last = index == len(edges) - 2
        shown = [c for c in shown if c.end > from_ms]
        # The last segment takes what the rounding of the end to a millisecond has left behind.
        while following is not None and (following.start < until_ms or last):
            shown.append(following)
            following = next(waiting, None)
        files.append(head + "".join(f"\n{_block(c)}" for c in shown))
    return tuple(files)


def segment_head(mpegts: int) -> str:
    """How a segment begins (RFC 8216bis 3.1.4); `mpegts` as for `segments`."""
    return f"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:{mpegts % 2**33},LOCAL:00:00:00.000\n"


def _block(cue: Cue) -> str:
    text = "".join(_span(run) for run in cue.runs)
    return f"{timestamp(cue.start)} --> {timestamp(cue.end)}{cue.place.settings()}\n{text}\n"


def _span(run: Run) -> str:
    opened = "".join(f"<{tag}>" for tag in run.styles)
    closed = "".join(f"</{tag}>" for tag in reversed(run.styles))
    return f"{opened}{escaped(run.text)}{closed}"


def escaped(text: str) -> str:
    """Text as it stands in a cue (section 4.2.2); `-->` cannot be in it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def timestamp(milliseconds: int) -> str:
    """A WebVTT timestamp, with hours.

    >>> timestamp(3_723_004)
    '01:02:03.004'
    """
    seconds, thousandths = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}.{thousandths:03d}"
