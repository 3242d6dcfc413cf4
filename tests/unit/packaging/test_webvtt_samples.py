"""WebVTT as mkvmerge writes it into Matroska."""

from __future__ import annotations

from fractions import Fraction

import pytest

from ingest.media.text_documents import TextDocument
from ingest.packaging.webvtt import MAX_CUES, Cue, Place, Run
from ingest.packaging.webvtt_samples import place_of, read_samples, runs_of


def test_samples_become_cues() -> None:
    samples = [
        TextDocument(Fraction(5, 2), Fraction(7, 2), b"Hello", b"line:10% align:left position:5%\nintro\n"),
        TextDocument(Fraction(4), None, "Grüß\r\nGott".encode()),
        TextDocument(Fraction(20), Fraction(21), b"\xff", b"\n2\n"),
    ]
    assert read_samples(samples, Fraction(2)) == (
        Cue(500, 1500, (Run("Hello"),), Place(10, 5, "left")),
        Cue(2000, 12_000, (Run("Grüß\nGott"),)),
        Cue(18_000, 19_000, (Run("\ufffd"),)),
    )
    assert len(read_samples(samples[:1] * (MAX_CUES + 5), Fraction(0))) == MAX_CUES + 1


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("<b>Hello</b> &amp; <i>you</i>", [Run("Hello", "b"), Run(" & "), Run("you", "i")]),
        ("<v Fred>Second <c.yellow>line</c>", [Run("Second "), Run("line")]),
        ("<i.loud><b>x</i>y", [Run("x", "bi"), Run("y", "b")]),
        ("a<00:00:01.000>b &lt;c&gt;&nbsp;&rlm;", [Run("a"), Run("b <c>\xa0\u200f")]),
        ("a <b", [Run("a ")]),
        ("</b>a<bi>b", [Run("a"), Run("b")]),
        ("<ruby>x<rt>y</rt></ruby>", [Run("x"), Run("y")]),
        ("", []),
    ],
)
def test_text(text: str, runs: list[Run]) -> None:
    assert list(runs_of(text)) == runs


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ("", Place()),
        ("line:84.6%,end position:50%", Place(85)),
        ("line:0 align:start", Place(0, None, "left")),
        ("line:3 align:end position:90%,line-right size:30%", Place(20, 90, "right")),
        ("line:-1 align:center vertical:rl", Place()),
        ("line:999% align:right", Place(100, None, "right")),
        ("line:x%", Place()),
    ],
)
def test_places(settings: str, place: Place) -> None:
    assert place_of(settings) == place
