"""The text tracks and chapters of a source, from ffprobe's answer. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ingest.media.document import Document, fraction, of_kind
from ingest.media.video_facts import language_tag

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

TextKind = Literal["text", "bitmap", "undecodable"]

# Names as ffprobe prints them.
MATROSKA_WEBVTT = "S_TEXT/WEBVTT"  # Matroska's name of what ffmpeg knows in WebM's older form alone
TEXT_CODECS = frozenset(
    {"mov_text", "subrip", "srt", "ass", "ssa", "webvtt", "text", "eia_608", "ttml", MATROSKA_WEBVTT}
)
BITMAP_CODECS = frozenset({"dvb_subtitle", "dvd_subtitle", "hdmv_pgs_subtitle", "xsub"})
IN_PICTURE = "eia_608"
# Which ffmpeg does not decode: we read each of their samples.
DOCUMENTS = frozenset({"ttml", MATROSKA_WEBVTT})
_WEBVTT_HEAD = b"WEBVTT"
CAPTIONED = frozenset({"h264", "hevc", "mpeg2video", "av1"})  # that carry A/53 caption data

MAX_CHAPTERS = 1_000
MAX_TITLE = 200  # characters
_HARD_OF_HEARING = re.compile(r"\bSDH\b|\bCC\b|hard of hearing|hearing impaired", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TextFacts:
    """One text track; `index` is None for the captions that are carried in the picture (CEA-608 in A/53 data).

    `language` is a BCP 47 tag, "und" where the file does not say.
    """

    index: int | None
    codec: str
    kind: TextKind
    language: str
    default: bool
    forced: bool
    hearing_impaired: bool


@dataclass(frozen=True, slots=True)
class Chapter:
    """One chapter as the file declares it, on the source's clock, in seconds; no `title` where there is none."""

    start: Fraction
    end: Fraction | None
    title: str | None


def text_facts(document: Document, *, captions: bool = False) -> tuple[TextFacts, ...]:
    """Every subtitle track in file order, then the captions in the picture where there are some."""
    tracks = [
        TextFacts(
            index=int(s["index"]),
            codec=str(s.get("codec_name", "unknown")),
            kind=_kind(str(s.get("codec_name", "unknown"))),
            language=language_tag(s.get("tags", {}).get("language")),
            default=bool(s.get("disposition", {}).get("default")),
            forced=bool(s.get("disposition", {}).get("forced")),
            hearing_impaired=_hard_of_hearing(s),
        )
        for s in of_kind(document, "subtitle")
    ]
    if captions:
        tracks.append(TextFacts(None, IN_PICTURE, "text", "und", False, False, True))
    return tuple(tracks)


def unnamed_text(document: Document) -> tuple[int, ...]:
    """Subtitles in Matroska of which ffprobe does not know the codec."""
    if "matroska" not in str(document.get("format", {}).get("format_name")).split(","):
        return ()
    return tuple(
        int(s["index"]) for s in of_kind(document, "subtitle") if s.get("codec_name") in {None, "unknown"}
    )


def with_names(document: Document, heads: Mapping[int, bytes]) -> Document:
    """The document with the codecs that are told by what stands in front of the packets of these streams."""
    streams = [
        s | {"codec_name": MATROSKA_WEBVTT}
        if heads.get(int(s.get("index", -1)), b"").startswith(_WEBVTT_HEAD)
        else s
        for s in document.get("streams", ())
    ]
    return document | {"streams": streams}


def _kind(codec: str) -> TextKind:
    if codec in TEXT_CODECS:
        return "text"
    return "bitmap" if codec in BITMAP_CODECS else "undecodable"


def _hard_of_hearing(stream: Document) -> bool:
    """The track's flags say so, or its codec, or its title: files hardly ever have the flag."""
    flags = stream.get("disposition", {})
    title = str(stream.get("tags", {}).get("title", ""))[:MAX_TITLE]
    declared = (
        flags.get("hearing_impaired") or flags.get("captions") or stream.get("codec_name") == IN_PICTURE
    )
    return bool(declared) or _HARD_OF_HEARING.search(title) is not None


def chapters(document: Document) -> tuple[Chapter, ...]:
    """The chapters as they are declared, the first `MAX_CHAPTERS` of them."""
    found = [c for c in document.get("chapters", []) if isinstance(c, dict)]
    return tuple(
        Chapter(start, fraction(c.get("end_time")), _title(c))
        for c in found[:MAX_CHAPTERS]
        if (start := fraction(c.get("start_time"))) is not None
    )


def _title(chapter: Document) -> str | None:
    text = str(chapter.get("tags", {}).get("title", ""))
    plain = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * MAX_TITLE]).split())
    return plain[:MAX_TITLE].strip() or None
