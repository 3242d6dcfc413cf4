"""Makes cues of ASS events, which is what every subtitle decoder of ffmpeg gives. Pure.

ASS (Advanced SubStation Alpha, "v4.00+") is a drawing language; what WebVTT can say of it is kept: the text, bold,
italics, underlines, and where the text stands. Everything else (colours, fonts, drawings, movements) is dropped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from ingest.packaging.webvtt import TAGS, Cue, Place, Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ingest.media.text_events import TextEvent

MAX_EVENT = 16_384  # characters; what is longer is drawn, not written
SHOWN_AT_MOST = 10_000  # milliseconds of a cue whose end nobody stated
_ENDLESS = 24 * 3_600_000  # milliseconds; decoders say "until the next one" with numbers above it
_MAX_STYLES = 1_000

_BOTTOM, _MIDDLE = (1, 2, 3), (4, 5, 6)
_LEFT, _RIGHT = (1, 4, 7), (3, 6, 9)
_CENTRED = 2  # the numpad's digit, ASS's and WebVTT's own place
_TOKEN = re.compile(r"\{([^}]*)\}|\\([Nnh{}])|\\\u2060?|[^{\\]+|\{", re.DOTALL)
# A tag is known by what follows it: `\b1` is bold, `\bord1` and `\blur1` are not, nor is what `\t(...)` animates.
_OVERRIDE = re.compile(r"\\(?:(pos)\s*(\([^)\\]*\))|(an|a|b|i|u|p)\s*([0-9]{0,4})\s*(?=\\|$)|(r)([^\\]*))")
_OFF = {"b": ("", "0", "100", "200", "300", "400", "500"), "i": ("", "0"), "u": ("", "0")}
_ESCAPES = {"N": "\n", "n": " ", "h": "\u00a0"}
_POINT = re.compile(r"\(\s*(-?[0-9]{1,6})(?:\.[0-9]*)?\s*,\s*(-?[0-9]{1,6})(?:\.[0-9]*)?\s*\)")
_OLD_ALIGNMENT = {1: 1, 2: 2, 3: 3, 5: 7, 6: 8, 7: 9, 9: 4, 10: 5, 11: 6}


@dataclass(frozen=True, slots=True)
class Style:
    """One line of the header's styles: letters of `TAGS`, and the alignment as on a numpad."""

    styles: str = ""
    alignment: int = _CENTRED


@dataclass(frozen=True, slots=True)
class Header:
    """What the events of a track refer to; `width` and `height` is the plane that positions are given on."""

    styles: Mapping[str, Style] = field(default_factory=dict)
    width: int = 384
    height: int = 288


def read_header(text: str) -> Header:
    """The styles and the plane of a script's header; what cannot be read is left at its default."""
    names: list[str] = []
    styles: dict[str, Style] = {}
    sizes = {"PlayResX": 384, "PlayResY": 288}
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key in sizes and re.fullmatch(r"\s*[0-9]{1,5}\s*", value) and int(value) > 0:
            sizes[key] = int(value)
        elif key == "Format" and not names:
            names = [name.strip() for name in value.split(",")]
        elif key == "Style" and names and len(styles) < _MAX_STYLES:
            row = dict(zip(names, (part.strip() for part in value.split(",")), strict=False))
            switched = {"b": row.get("Bold"), "i": row.get("Italic"), "u": row.get("Underline")}
            letters = "".join(tag for tag in TAGS if switched[tag] not in (None, "", "0"))
            styles[row.get("Name", "")] = Style(letters, _alignment(row.get("Alignment", "")) or _CENTRED)
    return Header(styles, sizes["PlayResX"], sizes["PlayResY"])


def cues_of(events: Iterable[TextEvent], header: Header, *, comments: bool, origin: int = 0) -> list[Cue]:
    """The cues of a track, by their start.

    Args:
        origin: the events' time, in milliseconds, that becomes 0.
        comments: braces without an override in them are comments, as in ASS files; else they are text.
    """
    ordered = sorted(events, key=lambda e: e.start)
    starts = sorted({e.start for e in ordered})
    following = dict(pairwise(starts))
    made: list[Cue] = []
    for event in ordered:
        duration = event.duration
        if duration is None or not 0 < duration < _ENDLESS:
            latest = event.start + SHOWN_AT_MOST
            duration = min(following.get(event.start, latest), latest) - event.start
        fields = event.text[:MAX_EVENT].split(",", 8)
        if len(fields) == 9:
            runs, place = read_text(
                fields[8], header, header.styles.get(fields[2], Style()), comments=comments
            )
            start = event.start - origin
            made.append(Cue(start, start + duration, runs, place))
    return made


def read_text(
    text: str, header: Header, style: Style, *, comments: bool = True
) -> tuple[tuple[Run, ...], Place]:
    """The runs of an event's text, and where it stands."""
    runs: list[Run] = []
    on, alignment, point, drawing = set(style.styles), None, None, False
    for token in _TOKEN.finditer(text):
        inside, escape = token[1], token[2]
        if inside is not None and "\\" in inside:
            for found in _OVERRIDE.finditer(inside):
                name, value = found[1] or found[3] or found[5], found[2] or found[4] or found[6] or ""
                if name == "p":
                    drawing = value not in ("", "0")
                elif name == "r":
                    on = set(header.styles.get(value.strip(), style).styles)
                elif name == "pos":
                    point = point or _POINT.fullmatch(value)
                elif name in ("an", "a"):
                    alignment = alignment or _alignment(value, old=name == "a")
                elif value in _OFF[name]:
                    on = {*on} - {name}
                else:
                    on = {*on, name}
        # ffmpeg writes a brace of the text as `\{{}`: an empty pair is nothing in any case.
        elif not drawing and inside != "" and not (inside is not None and comments):
            plain = "\\" if token[0].startswith("\\") else token[0]
            runs.append(Run(_ESCAPES.get(escape, escape) if escape else plain, _letters(on)))
    place = _place(alignment or style.alignment, point, header)
    return tuple(runs), place


def _letters(on: set[str]) -> str:
    return "".join(tag for tag in TAGS if tag in on)


def _alignment(text: str, *, old: bool = False) -> int | None:
    """The numpad's digit of an alignment, None where it is none; `old` is SubStation Alpha's numbering."""
    if not re.fullmatch(r"\s*[0-9]{1,2}\s*", text):
        return None
    number = int(text)
    return _OLD_ALIGNMENT.get(number) if old else number if 1 <= number <= 9 else None


def _place(alignment: int, point: re.Match[str] | None, header: Header) -> Place:
    align = "left" if alignment in _LEFT else "right" if alignment in _RIGHT else None
    if point is None:
        line = None if alignment in _BOTTOM else 45 if alignment in _MIDDLE else 5
        return Place(line, {"left": 5, "right": 95}.get(align or ""), align)
    across = _percent(int(point[1]), header.width)
    down = _percent(int(point[2]), header.height)
    # `line` is the upper edge: text that stands on its point is raised by about two lines.
    down = max(0, down - 12) if alignment in _BOTTOM else max(0, down - 6) if alignment in _MIDDLE else down
    centred = align is None and 45 <= across <= 55
    return Place(min(down, 90), None if centred else across, align)


def _percent(value: int, whole: int) -> int:
    return min(100, max(0, round(value * 100 / whole)))
