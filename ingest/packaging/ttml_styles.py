"""How a TTML document says that its text looks and where it stands, as far as WebVTT can say it. Pure.

W3C, "Timed Text Markup Language 1", section 8, and "TTML Profiles for Internet Media Subtitles and Captions"
(IMSC1): bold, italics, underlines, regions and alignment are kept; colours, fonts and sizes are not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.packaging.ttml_times import PARAMETER
from ingest.packaging.webvtt import TAGS, Place

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree.ElementTree import Element

TT = "{http://www.w3.org/ns/ttml}"
STYLING = "{http://www.w3.org/ns/ttml#styling}"
ID = "{http://www.w3.org/XML/1998/namespace}id"

_KEPT = ("fontWeight", "fontStyle", "textDecoration", "textAlign", "visibility")  # all of them are inherited
_OF_BOXES = ("origin", "extent", "displayAlign", "display", "ruby")
_NAMES = {f"{STYLING}{name}": name for name in (*_KEPT, *_OF_BOXES)}
_MAX_REFERENCES = 32
_MAX_STYLES = 1_000
_LENGTH = re.compile(r"([+-]?[0-9]{1,6}(?:\.[0-9]{1,6})?)(%|px|c|rw|rh)")
_PAIR = re.compile(r"\s*([0-9]{1,6})(?:px)?\s+([0-9]{1,6})(?:px)?\s*")
_LINES = 12  # percent of the height that two lines of text take
_LOWEST = 75  # percent; text that begins below it stands where WebVTT's own does
_SIDES = {"left": "left", "start": "left", "justify": "left", "right": "right", "end": "right"}


@dataclass(frozen=True, slots=True)
class Look:
    """What is said of the text of one element: style properties by name."""

    properties: Mapping[str, str] = field(default_factory=dict)

    def inherited(self) -> dict[str, str]:
        """What its children take over."""
        return {name: value for name, value in self.properties.items() if name in _KEPT}

    @property
    def shown(self) -> bool:
        """Whether any of it can be seen; what is written above other text (ruby) would be read as a part of it."""
        pronounced = self.properties.get("ruby") in {"text", "textContainer", "delimiter"}
        return self.properties.get("display") != "none" and not pronounced

    @property
    def letters(self) -> str:
        """The letters of `webvtt.TAGS`."""
        on = {
            "b": self.properties.get("fontWeight") == "bold",
            "i": self.properties.get("fontStyle") in {"italic", "oblique"},
            "u": "underline" in self.properties.get("textDecoration", "").split(),
        }
        return "".join(tag for tag in TAGS if on[tag])


@dataclass(frozen=True, slots=True)
class Sheet:
    """The styles and regions of a document, by their names; how many `cells` and `pixels` make its width and height."""

    styles: Mapping[str, Look] = field(default_factory=dict)
    regions: Mapping[str, Look] = field(default_factory=dict)
    cells: tuple[int, int] = (32, 15)
    pixels: tuple[int, int] | None = None

    def look(self, element: Element) -> Look:
        """What is said of an element itself: by the styles that it names, then by its own attributes."""
        found: dict[str, str] = {}
        for name in element.get("style", "").split()[:_MAX_REFERENCES]:
            if name in self.styles:
                found |= self.styles[name].properties
        return Look(found | _own(element))

    def place(self, region: str | None, align: str | None) -> Place:
        """Where text of a region stands; `align` is its textAlign, None where nobody states it."""
        box = self.regions.get(region) if region is not None else None
        if box is None:
            side = _SIDES.get(align or "")
            return Place(None, {"left": 5, "right": 95}.get(side or ""), side)
        left, top = self._pair(box.properties.get("origin")) or (0.0, 0.0)
        width, height = self._pair(box.properties.get("extent")) or (100 - left, 100 - top)
        match box.properties.get("displayAlign", "before"):
            case "after":
                line = top + height - _LINES
            case "center":
                line = top + height / 2 - _LINES / 2
            case _:
                line = top
        side = _SIDES.get(align or "start")
        across = {"left": left, "right": left + width}.get(side or "", left + width / 2)
        centred = side is None and 45 <= across <= 55
        return Place(
            None if line >= _LOWEST else max(0, round(line)),
            None if centred else min(100, max(0, round(across))),
            side,
        )

    def _pair(self, text: str | None) -> tuple[float, float] | None:
        """Two lengths as percentages of the width and of the height; None where they say nothing."""
        parts = [_LENGTH.fullmatch(part) for part in (text or "").split()]
        if len(parts) != 2 or not (parts[0] and parts[1]):
            return None
        across, down = self._percent(parts[0], 0), self._percent(parts[1], 1)
        return (across, down) if across is not None and down is not None else None

    def _percent(self, length: re.Match[str], axis: int) -> float | None:
        value = float(length[1])
        if length[2] in {"px", "c"}:
            whole = self.cells if length[2] == "c" else self.pixels
            return value * 100 / whole[axis] if whole else None
        return value


def read_sheet(root: Element) -> Sheet:
    """The styles and regions of the document's head (sections 8.1 and 9.1)."""
    named = {name: e for e in root.iterfind(f"{TT}head/{TT}styling/{TT}style") if (name := e.get(ID))}
    styles: dict[str, Look] = {}
    for name in list(named)[:_MAX_STYLES]:
        _resolve(name, named, styles, ())
    cells = _whole_pair(root.get(f"{PARAMETER}cellResolution")) or (32, 15)
    sheet = Sheet(styles, {}, cells, _whole_pair(root.get(f"{STYLING}extent")))
    regions: dict[str, Look] = {}
    for region in list(root.iterfind(f"{TT}head/{TT}layout/{TT}region"))[:_MAX_STYLES]:
        found = dict(sheet.look(region).properties)
        for style in region.iterfind(f"{TT}style"):  # nested: each is a set of properties of its own
            found = dict(sheet.look(style).properties) | found
        if name := region.get(ID):
            regions[name] = Look(found)
    return Sheet(styles, regions, sheet.cells, sheet.pixels)


def _resolve(
    name: str, named: Mapping[str, Element], styles: dict[str, Look], above: tuple[str, ...]
) -> None:
    """Put the style `name` into `styles`, after those that it refers to; a circle ends where it closes."""
    if name in styles or name not in named or name in above or len(above) >= _MAX_REFERENCES:
        return
    found: dict[str, str] = {}
    for other in named[name].get("style", "").split()[:_MAX_REFERENCES]:
        _resolve(other, named, styles, (*above, name))
        if other in styles:
            found |= styles[other].properties
    styles[name] = Look(found | _own(named[name]))


def _own(element: Element) -> dict[str, str]:
    return {_NAMES[name]: value.strip() for name, value in element.attrib.items() if name in _NAMES}


def _whole_pair(text: str | None) -> tuple[int, int] | None:
    found = _PAIR.fullmatch(text or "")
    return (int(found[1]), int(found[2])) if found and int(found[1]) and int(found[2]) else None
