"""Makes cues of WebVTT as Matroska holds it (S_TEXT/WEBVTT), which ffmpeg does not know. Pure.

A block is a cue's text, at the cue's time; its addition has the cue's settings in its first line, then the identifier
and comments (matroska.org, "Subtitles", WebVTT).
"""

from __future__ import annotations

import html
import re
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.packaging.webvtt import MAX_CUE_LENGTH, MAX_CUES, TAGS, Cue, Place, Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ingest.media.text_documents import TextDocument

_SHOWN_AT_MOST = 10  # seconds of a cue whose end nobody stated
_LINES = 15  # of the picture's height, which a line's number counts
# What begins with `<` is a tag or a time; one that is not closed takes the rest (W3C WebVTT, 6.4).
_TOKEN = re.compile(r"<(/?)([a-z]*)[^>]*(?:>|$)|[^<]+")
_SETTING = re.compile(r"(line|position|align):(-?[0-9]{1,3}(?:\.[0-9]*)?%?|[a-z]+)(?:,[a-z-]+)?")
_SIDES = {"left": "left", "start": "left", "right": "right", "end": "right"}


def read_samples(documents: Iterable[TextDocument], origin: Fraction) -> tuple[Cue, ...]:
    """The cues in their order; `origin` is the time, in seconds, that becomes 0."""
    return tuple(_cues(documents, origin))


def _cues(documents: Iterable[TextDocument], origin: Fraction) -> Iterator[Cue]:
    for number, sample in enumerate(documents):
        if number > MAX_CUES:
            return
        end = sample.end if sample.end is not None else sample.start + _SHOWN_AT_MOST
        settings = sample.side.decode("utf-8", "replace").partition("\n")[0]
        yield Cue(
            round((sample.start - origin) * 1000),
            round((end - origin) * 1000),
            tuple(runs_of(sample.data.decode("utf-8", "replace"))),
            place_of(settings),
        )


def runs_of(text: str) -> Iterator[Run]:
    """The text of a cue with what is kept of its looks: classes, voices, languages and times within it go."""
    on: list[str] = []
    for token in _TOKEN.finditer(text[: 4 * MAX_CUE_LENGTH].replace("\r\n", "\n").replace("\r", "\n")):
        name = token[2]
        if name is None:
            yield Run(html.unescape(token[0]), "".join(t for t in TAGS if t in on))
        elif name in TAGS and len(name) == 1:
            if not token[1]:
                on.append(name)
            elif name in on:
                on.remove(name)


def place_of(settings: str) -> Place:
    """Where the settings (section 4.4) put the cue, as far as a `Place` can say it."""
    found = dict(_SETTING.findall(settings))
    line = found.get("line", "")
    top = _percent(line)
    if top is None and line.isdigit():
        top = min(100, round(Fraction(int(line), _LINES) * 100))
    align = _SIDES.get(found.get("align", ""))
    return Place(top, _percent(found.get("position", "")) if align else None, align)


def _percent(text: str) -> int | None:
    number = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]*)?)%", text)
    return min(100, round(Fraction(number[1].rstrip(".")))) if number else None
