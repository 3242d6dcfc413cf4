"""ASS events, as ffmpeg's decoders give them, become cues."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.media.text_events import TextEvent
from ingest.packaging.ass import SHOWN_AT_MOST, Header, Style, cues_of, read_header, read_text
from ingest.packaging.webvtt import Cue, Place, Run

HEADER = """[Script Info]
ScriptType: v4.00+
PlayResX: 640
PlayResY: 480

[V4+ Styles]
Format: Name, Fontname, Bold, Italic, Underline, Alignment
Style: Default,Arial,0,0,0,2
Style: Sign,Arial,-1,0,1,8

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def event(start: int, duration: int | None, text: str, style: str = "Default") -> TextEvent:
    return TextEvent(start, duration, f"0,0,{style},,0,0,0,,{text}")


def test_header() -> None:
    styles = {"Default": Style("", 2), "Sign": Style("bu", 8)}
    assert read_header(HEADER) == Header(styles, 640, 480)


@pytest.mark.parametrize("text", ["", "PlayResX: 0\nPlayResY: x\nStyle: a,b", "Format: \nStyle: "])
def test_a_header_without_sense_has_the_defaults(text: str) -> None:
    found = read_header(text)
    assert (found.width, found.height) == (384, 288)
    assert all(style == Style() for style in found.styles.values())


def test_whole_cues() -> None:
    events = [
        event(2000, 500, "later"),
        event(1000, 700, r"{\i1}Hello{\i0}, {\b1\u1}you\Nthere{\r} again", "Sign"),
    ]
    assert cues_of(events, read_header(HEADER), comments=True, origin=900) == [
        Cue(
            100,
            800,
            (
                *(Run("Hello", "biu"), Run(", ", "bu"), Run("you", "bu"), Run("\n", "bu")),
                *(Run("there", "bu"), Run(" again", "bu")),
            ),
            Place(line=5),
        ),
        Cue(1100, 1600, (Run("later"),)),
    ]


def test_an_unknown_end_is_the_next_start_or_ten_seconds() -> None:
    events = [event(0, None, "a"), event(0, 2**32 - 1, "b"), event(3000, 0, "c")]
    assert [(c.start, c.end) for c in cues_of(events, Header(), comments=True)] == [
        *((0, 3000), (0, 3000)),
        (3000, 3000 + SHOWN_AT_MOST),
    ]


def test_an_event_that_is_none_is_passed_over() -> None:
    assert cues_of([TextEvent(0, 1, "no fields"), TextEvent(0, 1, "")], Header(), comments=True) == []


def text_of(text: str, *, comments: bool = True) -> str:
    return "".join(run.text for run in read_text(text, Header(), Style(), comments=comments)[0])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r"a\Nb\nc\hd", "a\nb c\u00a0d"),
        (r"\{not a tag\}", "{not a tag}"),
        (r"\{{}escaped by ffmpeg\}", "{escaped by ffmpeg}"),
        ("back\\\u2060slash \\x", "back\\slash \\x"),
        (r"{\p1}m 0 0 l 100 0{\p0}after", "after"),
        (r"{\p4}m 0 0 l 100 0", ""),
        (r"{\c&H00ff00&\fs40\k50}words", "words"),
        ("an open { brace", "an open { brace"),
        ("", ""),
    ],
)
def test_text(text: str, shown: str) -> None:
    assert text_of(text) == shown


def test_braces_are_comments_in_ass_and_text_elsewhere() -> None:
    assert text_of("a {note} b") == "a  b"
    assert text_of("a {note} b", comments=False) == "a {note} b"
    assert text_of(r"a \{{}note} b", comments=False) == "a {note} b"


def styles_of(text: str) -> list[str]:
    return [run.styles for run in read_text(text, Header(), Style())[0]]


def test_tags_that_only_begin_like_a_style_are_not_one() -> None:
    assert styles_of(r"{\bord3\blur2\be1\iclip(1,2,3,4)\u2x}a{\t(0,100,\b1)}b") == ["", ""]
    assert styles_of(r"{\b700}a{\b400}b{\b}c{\i1\i0\u1}d") == ["b", "", "", "u"]


def place_of(text: str, alignment: int = 2) -> Place:
    return read_text(text, Header(width=100, height=100), Style("", alignment))[1]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a", Place()),
        (r"{\an8}a", Place(line=5)),
        (r"{\an5}a", Place(line=45)),
        (r"{\an1}a", Place(position=5, align="left")),
        (r"{\an9}a", Place(line=5, position=95, align="right")),
        (r"{\an8\an1}a", Place(line=5)),
        (r"{\a6}a", Place(line=5)),
        (r"{\an7}{\pos(10,84)}a", Place(line=84, position=10, align="left")),
        (r"{\an7\pos(-10,400.5)}a", Place(line=90, position=0, align="left")),
        (r"{\pos(50,20)}a", Place(line=8)),
        (r"{\pos(30,20)}a", Place(line=8, position=30)),
        (r"{\an0\an}a", Place()),
        (r"{\pos(1e9,2)}a", Place()),
    ],
)
def test_place(text: str, place: Place) -> None:
    assert place_of(text) == place


def test_the_style_s_alignment_holds_where_the_text_has_none() -> None:
    assert place_of("a", 8) == Place(line=5)
    assert place_of(r"{\an2}a", 8) == Place()


@given(st.text(st.one_of(st.characters(), st.sampled_from(r"{}\\NnhbipuranT()01,"))), st.booleans())
def test_any_text_can_be_read(text: str, comments: bool) -> None:
    runs, place = read_text(text, Header(), Style(), comments=comments)
    assert all(set(run.styles) <= set("biu") for run in runs)
    assert place.line is None or 0 <= place.line <= 90
    if not set(text) & set("{}\\"):
        assert "".join(run.text for run in runs) == text


@given(st.text())
def test_any_header_can_be_read(text: str) -> None:
    found = read_header(f"{text}\n[V4+ Styles]\n{text}")
    assert found.width > 0 < found.height
