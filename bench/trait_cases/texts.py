"""Subtitles: text becomes WebVTT at its time, pictures are left out with a warning."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import test_subtitles as made
from captioned import caption, captioned

from trait_cases.bitmaps import pictured
from trait_cases.checks import value, warns
from trait_cases.core import Case, Finding, Job

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips

    from trait_cases.core import Check

TRAIT = "subtitles"
FIRST, SECOND, THIRD = made.EDGES
ENGLISH = (
    f"{FIRST}\n<i>Hello</i> &amp; <b>welcome</b>,\n{{curly}} --&gt; you",
    f"{SECOND}\ncrosses two cuts",
    f"{THIRD}\nbeyond the end",
)
CUT_AT_6S = (ENGLISH[0], "00:00:05.750 --> 00:00:06.000\ncrosses two cuts")
GERMAN = (
    "00:00:01.000 --> 00:00:03.000 line:5%\n<i>first</i> on top",
    "00:00:04.000 --> 00:00:05.000 line:90% position:10% align:left\nsecond",
)
FRENCH = ("00:00:06.000 --> 00:00:07.000\n[door] &lt;slams&gt;",)
TTML = (
    "00:00:01.500 --> 00:00:02.250\ndéjà <i>vu</i> &amp;\nentendu",
    "00:00:02.250 --> 00:00:06.000 line:10%\nen haut",
)
CAPTIONS = (
    "00:00:01.001 --> 00:00:03.003 line:84% position:10% align:left\nHello there",
    "00:00:05.005 --> 00:00:06.006 line:84% position:10% align:left\nSecond &lt;one&gt;",
)


def cues(name: str, *wanted: str) -> Check:
    """The whole text of a rendition, and the same cues in its segments."""

    def check(job: Job) -> Finding:
        folder = job.package.folder / "text" / name
        found = blocks((folder / "whole.vtt").read_text("utf-8"))
        parts = [b for p in sorted(folder.glob("seg-*.vtt")) for b in blocks(p.read_text("utf-8"))]
        same = set(parts) == set(found)
        measured = " / ".join(one_line(c) for c in found) + ("" if same else ", other cues in its segments")
        return Finding(f"{name}: {measured}", " / ".join(map(one_line, wanted)), found == [*wanted] and same)

    return check


def blocks(text: str) -> list[str]:
    return [b.strip() for b in text.split("\n\n")[1:] if b.strip()]


def one_line(cue: str) -> str:
    """As a table can have it."""
    return f"`{' ⏎ '.join(cue.splitlines())}`"


def flags(*wanted: str) -> Check:
    """Languages, DEFAULT and FORCED in the master playlist."""
    import m3u8

    def get(job: Job) -> str:
        media = m3u8.load(str(job.package.folder / "ABR.m3u8")).media
        texts = [m for m in media if m.type == "SUBTITLES"]
        return ", ".join(
            f"{m.language}{' default' * (m.default == 'YES')}{' forced' * (m.forced == 'YES')}" for m in texts
        )

    return value("offered:", ", ".join(wanted), get)


def nothing(job: Job) -> Finding:
    there = (job.package.folder / "text").exists()
    return Finding("a text rendition" if there else "no text rendition", "no text rendition", not there)


def captions(clips: Clips, name: str) -> Path:
    return captioned(clips, name, 8, caption("Hello there", 30, 90) | caption("Second <one>", 150, 180))


def not_in_the_pictures(job: Job) -> Finding:
    left = sum(b"GA94" in p.read_bytes() for p in job.package.folder.rglob("*.m4s"))
    return Finding(f"{left} segments with captions in their pictures", "0", not left)


TEXT = (
    ("SRT, two of its cues cross cuts or the end", cues("en", *ENGLISH)),
    ("ASS, with italics and places", cues("de", *GERMAN)),
    ("WebVTT", cues("fr", *FRENCH)),
    ("default and forced flags, languages", flags("en default", "de forced", "fr")),
)
BITMAPS = (("PGS", "pgs.mkv", "copy"), ("DVB", "dvb.ts", "dvbsub"), ("VobSub", "vobsub.mkv", "dvdsub"))
CASES = (
    *(Case(TRAIT, name, made.three_languages, (check,)) for name, check in TEXT),
    Case(
        TRAIT,
        "mov_text",
        made.mov_text,
        (cues("en", *CUT_AT_6S),),
    ),
    *(
        Case(
            TRAIT,
            f"CEA-608 in the picture, {kind}",
            partial(captions, name=f"captions.{kind}"),
            (cues("und", *CAPTIONS), not_in_the_pictures),
        )
        for kind in ("ts", "mp4")
    ),
    *(
        Case(
            TRAIT,
            f"{words}: pictures",
            partial(pictured, name=name, codec=codec),
            (nothing, warns("pictures cannot become text")),
            warnings=(9229,),
        )
        for words, name, codec in BITMAPS
    ),
    Case(TRAIT, "TTML in MP4 (stpp), with italics and a region", made.mov_text, (cues("fr", *TTML),)),
)
