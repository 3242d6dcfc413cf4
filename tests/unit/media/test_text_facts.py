"""Text tracks and chapters in ffprobe's answer, and what is planned of them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from ingest.media.plan.chapters import ChapterPlan, plan_chapters
from ingest.media.plan.text import MAX_TEXT_TRACKS, TextRendition, text_renditions, usable_text
from ingest.media.text_facts import (
    MAX_TITLE,
    Chapter,
    TextFacts,
    chapters,
    text_facts,
    unnamed_text,
    with_names,
)

F = Fraction


def stream(index: int, codec: str, title: str | None = None, language: str = "eng", **flags: int) -> Any:
    tags = {"language": language} | ({"title": title} if title else {})
    return {
        "index": index,
        "codec_type": "subtitle",
        "codec_name": codec,
        "disposition": flags,
        "tags": tags,
    }


def facts(index: int | None, language: str = "en", **changes: Any) -> TextFacts:
    known = {"codec": "subrip", "kind": "text", "default": False, "forced": False, "hearing_impaired": False}
    return TextFacts(index=index, language=language, **{**known, **changes})


def test_tracks() -> None:
    document = {
        "streams": [
            {"index": 0, "codec_type": "video"},
            stream(2, "mov_text", default=1),
            stream(3, "ass", language="ger", forced=1),
            stream(4, "hdmv_pgs_subtitle", language="???"),
            stream(5, "ttml", hearing_impaired=1),
            stream(6, "dvb_teletext"),
        ]
    }
    assert text_facts(document, captions=True) == (
        facts(2, codec="mov_text", default=True),
        facts(3, "de", codec="ass", forced=True),
        facts(4, "und", codec="hdmv_pgs_subtitle", kind="bitmap"),
        facts(5, codec="ttml", kind="text", hearing_impaired=True),
        facts(6, codec="dvb_teletext", kind="undecodable"),
        facts(None, "und", codec="eia_608", hearing_impaired=True),
    )
    assert text_facts({}) == ()


def test_webvtt_that_ffprobe_does_not_know() -> None:
    unnamed = {k: v for k, v in stream(3, "").items() if k != "codec_name"}
    document: Any = {
        "format": {"format_name": "matroska,webm"},
        "streams": [stream(2, "subrip"), unnamed, stream(4, "unknown")],
    }
    assert unnamed_text(document) == (3, 4)
    assert unnamed_text(document | {"format": {"format_name": "mpegts"}}) == ()
    named = with_names(document, {3: b"WEBVTT\n\nSTYLE", 4: b"[Script Info"})
    assert [t.codec for t in text_facts(named)] == ["subrip", "S_TEXT/WEBVTT", "unknown"]
    assert [t.kind for t in text_facts(named)] == ["text", "text", "undecodable"]
    assert [t.decoded for t in text_renditions(text_facts(named))] == [True, False]


@pytest.mark.parametrize(
    ("title", "codec", "expected"),
    [
        ("English (SDH)", "subrip", True),
        ("English CC", "subrip", True),
        ("for the hearing impaired", "subrip", True),
        ("Accessible", "subrip", False),
        (None, "eia_608", True),
        (None, "subrip", False),
    ],
)
def test_hard_of_hearing(title: str | None, codec: str, expected: bool) -> None:
    (found,) = text_facts({"streams": [stream(1, codec, title)]})
    assert found.hearing_impaired is expected


def test_renditions() -> None:
    tracks = [
        facts(1, kind="bitmap"),
        facts(2, "de", forced=True, default=True),
        facts(3, "en", default=True),
        facts(4, "en", default=True),
        facts(5, "en", hearing_impaired=True),
        facts(None, "und", codec="eia_608", hearing_impaired=True),
    ]

    def made(name: str, index: int | None, label: str, **changes: Any) -> TextRendition:
        known = {"codec": "subrip", "language": "en", "default": False, "selectable": True}
        known |= {"forced": False, "hearing_impaired": False}
        return TextRendition(name=name, index=index, label=label, **{**known, **changes})

    assert text_renditions(tracks) == (
        made("de", 2, "Deutsch (forced)", language="de", forced=True),
        made("en", 3, "English", default=True),
        made("en-2", 4, "English 2", selectable=False),
        made("en-3", 5, "English (SDH)", hearing_impaired=True),
        made("und", None, "Text (SDH)", language="und", codec="eia_608", hearing_impaired=True),
    )


def test_tracks_beyond_the_limit_are_not_used() -> None:
    tracks = [facts(n) for n in range(MAX_TEXT_TRACKS + 2)]
    assert [t.index for t in usable_text(tracks)] == list(range(MAX_TEXT_TRACKS))


def test_declared_chapters() -> None:
    document = {
        "chapters": [
            {"start_time": "0.000000", "end_time": "1.500000", "tags": {"title": " A\nB\x07 "}},
            {"start_time": "1.500000", "tags": {"title": "x" * 1000}},
            {"start_time": "nan"},
            "nonsense",
        ]
    }
    assert chapters(document) == (
        Chapter(F(0), F(3, 2), "A B"),
        Chapter(F(3, 2), None, "x" * MAX_TITLE),
    )
    assert chapters({}) == ()


def test_chapters_on_the_clock() -> None:
    declared = [Chapter(F(12), F(15), "two"), Chapter(F(10), F(12), "one"), Chapter(F(15), None, None)]
    assert plan_chapters(declared, F(10), F(20)) == (
        ChapterPlan(F(0), F(2), "one"),
        ChapterPlan(F(2), F(5), "two"),
        ChapterPlan(F(5), F(20), None),
    )


def test_chapters_outside_the_film_are_trimmed_or_dropped() -> None:
    declared = [Chapter(F(0), F(1), "before"), Chapter(F(1), F(4), "into"), Chapter(F(9), F(12), "over")]
    declared += [Chapter(F(12), F(13), "after")]
    assert plan_chapters(declared, F(2), F(8)) == (
        ChapterPlan(F(0), F(2), "into"),
        ChapterPlan(F(7), F(8), "over"),
    )


def test_editions_that_lie_over_each_other() -> None:
    declared = [Chapter(F(0), F(6), "a"), Chapter(F(6), F(9), "b"), Chapter(F(0), F(9), "whole")]
    declared += [Chapter(F(4), F(3), "no end"), Chapter(F(5), F(5), "empty")]
    assert plan_chapters(declared, F(0), F(9)) == (
        ChapterPlan(F(0), F(4), "a"),
        ChapterPlan(F(4), F(5), "no end"),
        ChapterPlan(F(5), F(6), "empty"),
        ChapterPlan(F(6), F(9), "b"),
    )
