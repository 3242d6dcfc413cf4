"""The WebVTT writer: whatever the text, what is written is valid and says the same."""

from __future__ import annotations

import html
import re
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from ingest.packaging.webvtt import (
    MAX_AT_ONCE,
    MAX_CUE_LENGTH,
    MAX_CUES,
    Cue,
    Place,
    Run,
    segments,
    tidy,
    whole,
)

F = Fraction


OWN = Place()


def cue(start: int, end: int, text: str = "a", place: Place = OWN) -> Cue:
    return Cue(start, end, (Run(text),), place)


def test_whole_file() -> None:
    cues = (
        Cue(210, 4260, (Run("Tom & "), Run("Jerry", "bi"), Run("\n1 < 2 --> 3"))),
        cue(3_723_004, 3_724_000, "up", Place(line=5, position=95, align="right")),
    )
    assert whole(cues) == (
        "WEBVTT\n"
        "\n"
        "00:00:00.210 --> 00:00:04.260\n"
        "Tom &amp; <b><i>Jerry</i></b>\n"
        "1 &lt; 2 --&gt; 3\n"
        "\n"
        "01:02:03.004 --> 01:02:04.000 line:5% position:95% align:right\n"
        "up\n"
    )


def test_segments_cover_the_film_and_a_crossing_cue_stands_in_both() -> None:
    cues = (cue(500, 1000, "one"), cue(5900, 6200, "two"), cue(18_100, 18_200, "three"))
    head = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n"
    two = "\n00:00:05.900 --> 00:00:06.200\ntwo\n"
    assert segments(cues, [F(0), F(6), F(12), F(18), F(20)]) == (
        f"{head}\n00:00:00.500 --> 00:00:01.000\none\n{two}",
        f"{head}{two}",
        head,
        f"{head}\n00:00:18.100 --> 00:00:18.200\nthree\n",
    )


def test_a_cue_that_touches_an_edge_stands_in_one_segment() -> None:
    first, second = segments((cue(5000, 6006, "a"), cue(6006, 7000, "b")), [F(0), F(6006, 1000), F(12)])
    assert ("\na\n" in first, "\nb\n" in first) == (True, False)
    assert ("\na\n" in second, "\nb\n" in second) == (False, True)


def test_the_map_says_where_the_media_s_clock_stands() -> None:
    (only,) = segments((), [F(0), F(6)], mpegts=126_000)
    assert only == "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:126000,LOCAL:00:00:00.000\n"
    (wrapped,) = segments((), [F(0), F(6)], mpegts=2**33 + 5)
    assert "MPEGTS:5," in wrapped  # a clock of 33 bits


def test_cues_are_trimmed_to_the_film_and_put_in_order() -> None:
    found, lost = tidy(
        [cue(9000, 12_000, "late"), cue(-500, 700, "early"), cue(-900, 0), cue(10_000, 11_000), cue(5, 5)],
        F(10),
    )
    assert found == (cue(0, 700, "early"), cue(9000, 10_000, "late"))
    assert lost == 0


def test_what_says_nothing_or_the_same_twice_is_dropped() -> None:
    same = cue(0, 1000, "same")
    found, lost = tidy([same, cue(0, 900, " \n\u00a0\n"), same, cue(0, 1000, "\x00\x07")], F(10))
    assert (found, lost) == ((same,), 0)


def test_lines_are_cleaned() -> None:
    (found,), _ = tidy([cue(0, 1000, "\r\n  a \t b \r\r\n\n\x1b[1mc\u2028d\n \n")], F(10))
    assert found.runs == (Run("a b\n[1mc\nd"),)


def test_styles_survive_the_cleaning() -> None:
    (found,), _ = tidy([Cue(0, 1000, (Run("a", "i"), Run(" b", "i"), Run("\n\n", "b"), Run("c")))], F(10))
    assert found.runs == (Run("a b\n", "i"), Run("c"))


def test_limits() -> None:
    (long,), lost = tidy([cue(0, 1000, "x" * (MAX_CUE_LENGTH + 5))], F(10))
    assert (long.runs, lost) == ((Run("x" * MAX_CUE_LENGTH),), 0)
    crowd = [cue(0, 1000, str(n)) for n in range(MAX_AT_ONCE + 3)]
    found, lost = tidy([*crowd, cue(1000, 2000, "after")], F(10))
    assert (len(found), lost) == (MAX_AT_ONCE + 1, 3)
    many, lost = tidy([cue(n, n + 1) for n in range(MAX_CUES + 2)], F(1000))
    assert (len(many), lost) == (MAX_CUES, 2)


TEXTS = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("<>&-\n\r\x00\x85\u2028 \t{}\\/"),
    ),
    max_size=60,
)
RUNS = st.lists(
    st.builds(Run, TEXTS, st.sampled_from(["", "b", "i", "u", "bi", "iu", "biu"])), max_size=5
).map(tuple)
PLACES = st.builds(
    Place,
    st.none() | st.integers(0, 100),
    st.none() | st.integers(0, 100),
    st.sampled_from([None, "left", "right"]),
)
CUES = st.lists(
    st.builds(Cue, st.integers(-2000, 15_000), st.integers(-2000, 15_000), RUNS, PLACES), max_size=12
)

_CUE = re.compile(
    r"(\d\d):(\d\d):(\d\d)\.(\d{3}) --> (\d\d):(\d\d):(\d\d)\.(\d{3})"
    r"((?: line:\d{1,3}%)?(?: position:\d{1,3}%)?(?: align:(?:left|right))?)"
)


def parse(text: str) -> list[tuple[int, int, str, str]]:
    """Start, end, settings and plain text of each cue; knows nothing of how it was written, and forgives nothing."""
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]", text)
    assert text.endswith("\n")
    head, *blocks = text[:-1].split("\n\n")
    assert head.split("\n")[0] == "WEBVTT"
    found = []
    for block in blocks:
        times, *lines = block.split("\n")
        match = _CUE.fullmatch(times)
        assert match, times
        assert lines
        body = "\n".join(lines)
        assert "-->" not in body
        opened: list[str] = []
        for closing, name in re.findall(r"<(/?)([^>]*)>", body):
            assert name in {"b", "i", "u"}
            if closing:
                assert opened.pop() == name
            else:
                opened.append(name)
        assert opened == []
        bare = re.sub(r"</?[biu]>", "", body)
        assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", bare)
        h1, m1, s1, t1, h2, m2, s2, t2 = map(int, match.groups()[:8])
        start, end = ((h1 * 60 + m1) * 60 + s1) * 1000 + t1, ((h2 * 60 + m2) * 60 + s2) * 1000 + t2
        assert start < end
        found.append((start, end, match[9], html.unescape(bare)))
    assert [c[0] for c in found] == sorted(c[0] for c in found)
    return found


@given(CUES)
def test_what_is_written_reads_back(cues: list[Cue]) -> None:
    kept, _ = tidy(cues, F(10))
    expected = [(c.start, c.end, c.place.settings(), "".join(r.text for r in c.runs)) for c in kept]
    assert parse(whole(kept)) == expected
    assert all(0 <= c.start < c.end <= 10_000 for c in kept)


@given(CUES)
def test_every_letter_of_the_source_is_there(cues: list[Cue]) -> None:
    kept, lost = tidy(cues, F(10))
    shown = [c for c in cues if max(0, c.start) < min(10_000, c.end)]
    said = {(max(0, c.start), re.sub(r"[^a-zA-Z0-9<>&]", "", "".join(r.text for r in c.runs))) for c in shown}
    read = {(s, re.sub(r"[^a-zA-Z0-9<>&]", "", text)) for s, _, _, text in parse(whole(kept))}
    assert lost == 0
    assert {entry for entry in said if entry[1]} == {entry for entry in read if entry[1]}


@given(CUES, st.lists(st.integers(1, 9999), max_size=4, unique=True))
def test_each_segment_has_what_is_on_show_in_it(cues: list[Cue], inner: list[int]) -> None:
    kept, _ = tidy(cues, F(10))
    edges = [F(0), *sorted(F(n, 1000) for n in inner), F(10)]
    files = segments(kept, edges)
    assert len(files) == len(edges) - 1
    everything = parse(whole(kept))
    for file, start, end in zip(files, edges, edges[1:], strict=False):
        assert file.split("\n")[1] == "X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000"
        assert parse(file) == [c for c in everything if c[0] < end * 1000 and c[1] > start * 1000]
