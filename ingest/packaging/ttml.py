"""Makes cues of TTML documents (W3C, "Timed Text Markup Language 1" and IMSC1), which ffmpeg cannot decode. Pure.

Each sample of a track is a document. Its times are those of the track, and the sample shows what of it falls into
the sample's own time (ISO/IEC 14496-30, section 5).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice, zip_longest
from typing import TYPE_CHECKING, NamedTuple

from ingest.packaging.ttml_styles import STYLING, TT, Look, Sheet, read_sheet
from ingest.packaging.ttml_times import PARAMETER, Clock, read_clock
from ingest.packaging.ttml_xml import XmlError, read_xml
from ingest.packaging.webvtt import MAX_CUE_LENGTH, MAX_CUES, Cue, Place, Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from xml.etree.ElementTree import Element

    from ingest.media.text_documents import TextDocument

SHOWN_AT_MOST = 10  # seconds of a text whose end nobody stated
_MAX_EDGES = 64  # instants at which the text of one paragraph may change
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_SMPTE_IMAGE = "backgroundImage"  # SMPTE ST 2052-1, in any of its namespaces
_DRAFT = re.compile(r"\{http://www\.w3\.org/2006/(?:04|10)/ttaf1(?:#(\w+))?\}")
_BLANKS = re.compile(r"[ \t\r\n]+")


class TtmlError(ValueError):
    """The document cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Text from `start` to `end` (seconds of the document's clock; None: as long as it may)."""

    start: Fraction
    end: Fraction | None
    runs: tuple[Run, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Track:
    """What the documents of a track give: its cues by their start, and how many documents could not be read, and why.

    `pictures`: there are subtitles in it that are pictures.
    """

    cues: tuple[Cue, ...]
    unreadable: int = 0
    reason: str = ""
    pictures: bool = False


def read_track(documents: Iterable[TextDocument], origin: Fraction) -> Track:
    """The cues of all documents; `origin` is the time, in seconds, that becomes 0.

    Some packagers count each document's times from its sample. That reading is taken where it shows more than the
    right one.
    """
    right: list[Cue] = []
    other: list[Cue] = []
    unreadable, reason, pictures = 0, "", False
    for document in documents:
        try:
            texts, has_pictures = read_document(document.data)
        except TtmlError as error:
            unreadable, reason = unreadable + 1, reason or str(error)
            continue
        pictures |= has_pictures
        found = _within(texts, document, Fraction(0), origin)
        right += found[: MAX_CUES + 1 - len(right)]
        counted = _within(texts, document, document.start, origin) if document.start else found
        other += counted[: MAX_CUES + 1 - len(other)]
    return Track(_joined(other if len(other) > len(right) else right), unreadable, reason, pictures)


def read_document(data: bytes) -> tuple[list[Shown], bool]:
    """What a document shows, in its order, and whether it has pictures. Raises `TtmlError`."""
    try:
        root = read_xml(data)
    except XmlError as error:
        raise TtmlError(str(error)) from None
    _modernised(root)
    if root.tag != f"{TT}tt":
        raise TtmlError(f"its root is {root.tag[:80]!r}, not tt of TTML")
    reader = _Reader(read_clock(root.attrib), read_sheet(root), [])
    top = _Context({}, None, preserve=root.get(_SPACE) == "preserve")
    for body in root.iterfind(f"{TT}body"):
        reader.block(body, top, Fraction(0), None)
    pictures = any(
        e.tag == f"{TT}image" or any(name.endswith(f"}}{_SMPTE_IMAGE}") for name in e.attrib)
        for e in root.iter()
    )
    return reader.found, pictures


def _modernised(root: Element) -> None:
    """Give a document of one of the drafts, which Smooth Streaming still uses, the names of the standard."""
    if not _DRAFT.match(root.tag):
        return
    for element in root.iter():
        element.tag = _modern(element.tag)
        for name in [n for n in element.attrib if _DRAFT.match(n)]:
            element.set(_modern(name), element.attrib.pop(name))


def _modern(name: str) -> str:
    found = _DRAFT.match(name)
    if found is None:
        return name
    kind = {"style": STYLING, "styling": STYLING, "parameter": PARAMETER}.get(found[1] or "", TT)
    return f"{kind}{name[found.end() :]}"


def _within(texts: Sequence[Shown], document: TextDocument, shift: Fraction, origin: Fraction) -> list[Cue]:
    """What of the texts falls into the sample's own time, as cues; those that stand together are one."""
    made: list[Cue] = []
    for text in texts:
        start = max(text.start + shift, document.start)
        ends = [
            e for e in (text.end + shift if text.end is not None else None, document.end) if e is not None
        ]
        end = min(ends, default=start + SHOWN_AT_MOST)
        if start >= end:
            continue
        cue = Cue(round((start - origin) * 1000), round((end - origin) * 1000), text.runs, text.place)
        if made and (made[-1].start, made[-1].end, made[-1].place) == (cue.start, cue.end, cue.place):
            # Paragraphs of one region stand below each other.
            if len(made[-1].runs) < MAX_CUE_LENGTH:
                made[-1] = replace(made[-1], runs=(*made[-1].runs, Run("\n"), *cue.runs))
        else:
            made.append(cue)
    return made


def _joined(cues: Iterable[Cue]) -> tuple[Cue, ...]:
    """What one sample shows up to its end and the next one from its start on is one cue."""
    made: list[Cue] = []
    last: dict[tuple[tuple[Run, ...], Place], int] = {}
    for cue in sorted(cues, key=lambda c: c.start):
        same = last.get((cue.runs, cue.place))
        if same is not None and cue.start <= made[same].end + 1:
            made[same] = replace(made[same], end=max(made[same].end, cue.end))
            continue
        last[cue.runs, cue.place] = len(made)
        made.append(cue)
    return tuple(made)


class _Context(NamedTuple):
    """What an element takes over from those around it."""

    properties: dict[str, str]
    region: str | None
    preserve: bool

    def inside(self, element: Element, look: Look) -> _Context:
        space = element.get(_SPACE)
        return _Context(
            self.properties | look.inherited(),
            element.get("region", self.region),
            self.preserve if space is None else space == "preserve",
        )


class _Piece(NamedTuple):
    start: Fraction
    end: Fraction | None
    run: Run


@dataclass(frozen=True, slots=True)
class _Reader:
    """Walks a document; `found` is what it shows."""

    clock: Clock
    sheet: Sheet
    found: list[Shown]

    def block(
        self, element: Element, around: _Context, origin: Fraction, limit: Fraction | None
    ) -> Fraction | None:
        """Take a body, div or p whose times count from `origin`; returns when it ends, None for never."""
        look = self.sheet.look(element)
        context = around.inside(element, look)
        start, end, stated = self._interval(element, origin, limit)
        if not look.shown:
            return end
        if element.tag == f"{TT}p":
            pieces: list[_Piece] = []
            last = self._inline(element, context, start, end, pieces)
            self._paragraph(pieces, context)
        else:
            at, ends, in_turn = start, list[Fraction | None](), _in_turn(element)
            for child in element:
                if child.tag in {f"{TT}div", f"{TT}p"}:
                    ends.append(self.block(child, context, at if in_turn else start, end))
                    if in_turn and ends[-1] is None:
                        break
                    at = ends[-1] or at
            last = at if in_turn else _latest(ends)
        return end if stated else _earliest(last, end)

    def _inline(
        self, element: Element, context: _Context, start: Fraction, end: Fraction | None, pieces: list[_Piece]
    ) -> Fraction | None:
        """The text of a p or span that is on show from `start` to `end`; returns when it ends by itself.

        In a sequence plain text lasts for no time at all (section 10.4).
        """
        in_turn = _in_turn(element)
        at: Fraction | None = start

        def text(words: str | None) -> None:
            if words and not in_turn and len(pieces) <= MAX_CUE_LENGTH:
                plain = words if context.preserve else _BLANKS.sub(" ", words)
                pieces.append(_Piece(start, end, Run(plain, self._look(context).letters)))

        text(element.text)
        for child in element:
            if child.tag == f"{TT}br":
                pieces.append(_Piece(start, end, Run("\n")))
            elif child.tag == f"{TT}span" and at is not None:
                look = self.sheet.look(child)
                begin, until, stated = self._interval(child, at if in_turn else start, end)
                last = until
                if look.shown:
                    last = self._inline(child, context.inside(child, look), begin, until, pieces)
                if in_turn:
                    at = until if stated else _earliest(last, until)
            text(child.tail)
        return at if in_turn else None

    def _paragraph(self, pieces: Sequence[_Piece], context: _Context) -> None:
        """One text for each time in which the same pieces are on show."""
        align = self._look(context).properties.get("textAlign")
        place = self.sheet.place(context.region, align)
        edges = sorted({p.start for p in pieces} | {p.end for p in pieces if p.end is not None})
        number = {edge: n for n, edge in enumerate(edges)}  # quicker to compare than fractions
        spans = [(number[p.start], number[p.end] if p.end is not None else len(edges), p.run) for p in pieces]
        for n, (start, end) in enumerate(islice(zip_longest(edges, edges[1:]), _MAX_EDGES)):
            runs = tuple(run for first, last, run in spans if first <= n < last)
            if any(not run.text.isspace() for run in runs):
                self.found.append(Shown(start, end, runs, place))

    def _look(self, context: _Context) -> Look:
        """With what the region says, which is the least of all (section 8.4.2)."""
        region = self.sheet.regions.get(context.region or "")
        return Look((region.inherited() if region else {}) | context.properties)

    def _interval(
        self, element: Element, origin: Fraction, limit: Fraction | None
    ) -> tuple[Fraction, Fraction | None, bool]:
        """When an element is on show (section 10.3), and whether it says itself when that ends."""
        begin, end, duration = (self._time(element, name) for name in ("begin", "end", "dur"))
        start = origin + (begin or 0)
        own = _earliest(
            origin + end if end is not None else None, start + duration if duration is not None else None
        )
        return start, _earliest(own, limit), own is not None

    def _time(self, element: Element, name: str) -> Fraction | None:
        text = element.get(name)
        return self.clock.seconds(text) if text else None


def _in_turn(element: Element) -> bool:
    return element.get("timeContainer") == "seq"


def _earliest(one: Fraction | None, other: Fraction | None) -> Fraction | None:
    return min((t for t in (one, other) if t is not None), default=None)


def _latest(times: Sequence[Fraction | None]) -> Fraction | None:
    known = [t for t in times if t is not None]
    return max(known) if times and len(known) == len(times) else None
