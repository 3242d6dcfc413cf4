"""TTML documents become cues: what a document shows, when, and where."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.media.text_documents import TextDocument
from ingest.packaging.ttml import Shown, TtmlError, read_document, read_track
from ingest.packaging.ttml_xml import MAX_DEPTH, MAX_ELEMENTS
from ingest.packaging.webvtt import Cue, Place, Run

F = Fraction
NAMES = (
    'xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling" '
    'xmlns:ttp="http://www.w3.org/ns/ttml#parameter" xmlns:ttm="http://www.w3.org/ns/ttml#metadata"'
)


def tt(body: str, head: str = "", attributes: str = "") -> bytes:
    return f"<tt {NAMES} {attributes}><head>{head}</head><body>{body}</body></tt>".encode()


def shown(body: str, head: str = "", attributes: str = "") -> list[Shown]:
    return read_document(tt(body, head, attributes))[0]


def cues(body: str, head: str = "", attributes: str = "") -> list[tuple[str, str, str]]:
    """`1.5-2`, the text with its styles as WebVTT would have them, the settings."""
    return [
        (
            f"{float(s.start):g}-{float(s.end):g}" if s.end is not None else f"{float(s.start):g}-",
            "".join(f"{r.styles}({r.text})" if r.styles else r.text for r in s.runs),
            s.place.settings().strip(),
        )
        for s in shown(body, head, attributes)
    ]


def sample(body: str, start: int, end: int | None, head: str = "") -> TextDocument:
    return TextDocument(F(start), F(end) if end is not None else None, tt(body, head))


def test_one_whole_document() -> None:
    document = f"""<?xml version="1.0" encoding="UTF-8"?>
    <!-- a comment -->
    <tt xml:lang="en" {NAMES} ttp:frameRate="25" ttp:cellResolution="40 20">
      <head>
        <ttm:title>Not for the screen</ttm:title>
        <styling>
          <style xml:id="base" tts:textAlign="center" tts:color="white"/>
          <style xml:id="loud" style="base" tts:fontWeight="bold"/>
        </styling>
        <layout>
          <region xml:id="top" tts:origin="10% 10%" tts:extent="80% 20%" tts:displayAlign="before"/>
          <region xml:id="low" tts:origin="4c 14c" tts:extent="32c 4c" tts:displayAlign="after"
            style="base"/>
        </layout>
      </head>
      <body>
        <div begin="00:00:01:00" region="low">
          <p xml:id="c1" begin="0s" end="2s">
            Tom &amp; <span tts:fontStyle="italic">Jerry</span><br/>
            say &lt;hello&gt;
          </p>
          <p begin="2s" dur="1500ms" region="top" style="loud">Up
            here<metadata>no</metadata></p>
        </div>
      </body>
    </tt>"""
    assert read_document(document.encode()) == (
        [
            Shown(
                F(1),
                F(3),
                (
                    *(Run(" Tom & "), Run("Jerry", "i"), Run("\n")),
                    Run(" say <hello> "),
                ),
                Place(),
            ),
            Shown(F(3), F(9, 2), (Run("Up here", "b"),), Place(line=10)),
        ],
        False,
    )


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ('<div><p begin="1s" end="2s">a</p></div>', ["1-2 a"]),
        ('<div begin="10s"><p begin="1s" end="2s">a</p></div>', ["11-12 a"]),
        ('<div begin="10s" end="12s"><p begin="1s" end="9s">a</p></div>', ["11-12 a"]),
        ('<div begin="1s"><p begin="1s" dur="9s" end="3s">a</p></div>', ["2-4 a"]),
        ('<div dur="3s"><p>a</p></div>', ["0-3 a"]),
        ("<div><p>a</p></div>", ["0- a"]),
        ('<div><p begin="5s">a</p></div>', ["5- a"]),
        ('<div timeContainer="seq"><p dur="2s">a</p><p begin="1s" dur="2s">b</p></div>', ["0-2 a", "3-5 b"]),
        ('<div timeContainer="seq"><div><p end="1s">a</p><p end="3s">b</p></div><p dur="1s">c</p></div>',
         ["0-1 a", "0-3 b", "3-4 c"]),
        ('<div timeContainer="seq"><p>a</p><p dur="1s">never</p></div>', ["0- a"]),
        ('<div timeContainer="seq" end="4s"><p dur="3s">a</p><p dur="3s">b</p></div>', ["0-3 a", "3-4 b"]),
        ('<div><p begin="1s" end="5s">a<span begin="2s">b</span></p></div>', ["1-3 a", "3-5 ab"]),
        ('<div><p begin="1s" end="5s"><span end="1s">a</span><span begin="1s" end="2s">b</span></p></div>',
         ["1-2 a", "2-3 b"]),
        ('<div><p begin="1s" timeContainer="seq">x<span dur="1s">a</span><span dur="2s">b</span></p></div>',
         ["1-2 a", "2-4 b"]),
        ('<div><p begin="x" end="2s">a</p></div>', ["0-2 a"]),
        ('<div><p begin="1s" end="2s"> <br/> </p><p begin="1s" end="2s"/></div>', []),
    ],
)  # fmt: skip
def test_times(body: str, found: list[str]) -> None:
    assert [f"{time} {text}" for time, text, _ in cues(body)] == found


def test_blanks() -> None:
    kept = '<div><p end="1s" xml:space="preserve">a \n b</p><p end="1s"> a \n\t b </p></div>'
    assert [text for _, text, _ in cues(kept)] == ["a \n b", " a b "]


STYLES = """<styling>
  <style xml:id="b" tts:fontWeight="bold"/>
  <style xml:id="bi" style="b" tts:fontStyle="oblique"/>
  <style xml:id="round" style="trip" tts:fontStyle="italic"/>
  <style xml:id="trip" style="round" tts:textDecoration="underline"/>
  <style xml:id="off" tts:display="none"/>
</styling>
<layout><region xml:id="r" style="b" tts:textAlign="right">
  <style tts:origin="20% 30%"/><style tts:extent="60% 10%"/>
</region></layout>"""


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ('<div><p style="bi">a</p></div>', [("0-", "bi(a)", "")]),
        ('<div style="b"><p>a<span tts:fontWeight="normal">b</span></p></div>', [("0-", "b(a)b", "")]),
        ('<div><p style="round">a</p></div>', [("0-", "iu(a)", "")]),
        ('<div><p tts:textDecoration="lineThrough underline">a</p></div>', [("0-", "u(a)", "")]),
        ('<div><p style="nothing b off">a</p><p tts:display="none">b</p></div>', []),
        ('<div><p region="r">a</p></div>', [("0-", "b(a)", "line:30% position:80% align:right")]),
        (
            '<div region="r"><p tts:textAlign="center" tts:fontWeight="normal">a</p></div>',
            [("0-", "a", "line:30%")],
        ),
        ('<div><p tts:textAlign="left">a</p></div>', [("0-", "a", "position:5% align:left")]),
        ('<div><p>a<span tts:ruby="text">b</span></p></div>', [("0-", "a", "")]),
    ],
)
def test_styles(body: str, found: list[tuple[str, str, str]]) -> None:
    assert cues(body, STYLES) == found


@pytest.mark.parametrize(
    ("region", "settings"),
    [
        ('tts:textAlign="center"', "line:0%"),  # a region begins at the top where nothing else is said
        ('tts:displayAlign="after" tts:textAlign="center"', ""),
        ('tts:displayAlign="center" tts:textAlign="center"', "line:44%"),
        ('tts:origin="10% 20%" tts:extent="30% 20%" tts:displayAlign="after"', "line:28% position:10% align:left"),
        ('tts:origin="64px 36px" tts:extent="320px 72px" tts:textAlign="end"', "line:10% position:60% align:right"),
        ('tts:origin="60rw 5rh" tts:extent="30rw 10rh" tts:textAlign="center"', "line:5% position:75%"),
        ('tts:origin="auto" tts:extent="1em 1em" tts:textAlign="center"', "line:0%"),
    ],
)  # fmt: skip
def test_regions(region: str, settings: str) -> None:
    head = f'<layout><region xml:id="r" {region}/></layout>'
    found = cues('<div><p region="r">a</p></div>', head, 'tts:extent="640px 360px"')
    assert found == [("0-", "a", settings)]


def test_samples_show_their_own_time_and_a_text_that_goes_on_is_one_cue() -> None:
    body = '<div><p begin="1s" end="5s">a</p><p begin="3s" end="4s">b</p></div>'
    track = read_track([sample(body, 0, 2), sample(body, 2, 4), sample(body, 4, 6)], F(1, 2))
    assert track.cues == (Cue(500, 4500, (Run("a"),)), Cue(2500, 3500, (Run("b"),)))


def test_times_that_count_from_the_sample() -> None:
    """Not as ISO/IEC 14496-30 has it, but some packagers write it."""
    samples = [sample(f'<div><p begin="1s" end="2s">{n}</p></div>', 4 * n, 4 * n + 4) for n in range(3)]
    assert read_track(samples, F(0)).cues == tuple(
        Cue(4000 * n + 1000, 4000 * n + 2000, (Run(str(n)),)) for n in range(3)
    )


def test_an_end_that_nobody_states() -> None:
    assert read_track([sample("<div><p>a</p></div>", 3, None)], F(0)).cues == (
        Cue(3000, 13_000, (Run("a"),)),
    )


def test_paragraphs_that_stand_together_are_one_cue() -> None:
    body = '<div><p end="1s">a</p><p end="1s">b</p><p end="2s">c</p></div>'
    assert read_track([sample(body, 0, 9)], F(0)).cues == (
        Cue(0, 1000, (Run("a"), Run("\n"), Run("b"))),
        Cue(0, 2000, (Run("c"),)),
    )


def test_the_names_of_a_draft() -> None:
    draft = "http://www.w3.org/2006/10/ttaf1"
    document = (
        f'<tt xmlns="{draft}" xmlns:s="{draft}#style" xmlns:p="{draft}#parameter" p:tickRate="10">'
        '<body><div><p begin="15t" end="2s" s:fontStyle="italic">a</p></div></body></tt>'
    )
    assert read_document(document.encode()) == ([Shown(F(3, 2), F(2), (Run("a", "i"),), Place())], False)


def test_other_encodings() -> None:
    document = tt('<div><p end="1s">é</p></div>').decode()
    assert read_document(document.encode("utf-16"))[0][0].runs == (Run("é"),)
    latin = f'<?xml version="1.0" encoding="ISO-8859-1"?>{document}'.encode("latin-1")
    assert read_document(latin)[0][0].runs == (Run("é"),)


def test_pictures_are_noticed() -> None:
    smpte = 'xmlns:smpte="http://www.smpte-ra.org/schemas/2052-1/2010/smpte-tt"'
    body = f'<div {smpte} begin="0s" end="1s" smpte:backgroundImage="#one"/>'
    assert read_document(tt(body)) == ([], True)
    assert read_document(tt('<div><image src="a.png"/></div>')) == ([], True)


BOMB = '<!DOCTYPE tt [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is not well formed: no element found"),
        (b"\x00\x01", "it is not well formed: not well-formed"),
        (tt("<div>")[:-7], "it is not well formed: unclosed token"),
        (b"<tt/>", "its root is 'tt', not tt of TTML"),
        (b'<?xml version="1.0" encoding="nobody"?><tt/>', "it is not well formed: unknown encoding"),
        (BOMB.encode() + tt("<div><p>&b;</p></div>"), "it has a document type ('tt')"),
        (f'<?xml version="1.0" encoding="utf-16"?>{BOMB}<tt/>'.encode("utf-16"), "it has a document type"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', "it has a document type ('x')"),
        (tt("<div>" * MAX_DEPTH + "</div>" * MAX_DEPTH), f"it is nested more than {MAX_DEPTH} deep"),
        (tt("<div>" + "<p/>" * MAX_ELEMENTS + "</div>"), f"it has more than {MAX_ELEMENTS} elements"),
    ],
)
def test_what_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(TtmlError) as caught:
        read_document(data)
    assert str(caught.value).startswith(reason)
    good = sample('<div><p end="1s">a</p></div>', 0, 1)
    track = read_track([TextDocument(F(0), None, data), good], F(0))
    assert (track.cues, track.unreadable, track.reason) == (
        (Cue(0, 1000, (Run("a"),)),),
        1,
        str(caught.value),
    )


def test_a_paragraph_of_very_many_moments_ends() -> None:
    spans = "".join(f'<span begin="{n}s" end="{n + 1}s">{n}</span>' for n in range(2_000))
    assert [c.start for c in shown(f"<div><p>{spans}</p></div>")] == list(range(64))


def test_styles_that_name_each_other_end() -> None:
    every = " ".join(f"s{n}" for n in range(300))
    head = "".join(f'<style xml:id="s{n}" style="{every}" tts:fontWeight="bold"/>' for n in range(300))
    assert cues('<div><p style="s7">a</p></div>', f"<styling>{head}</styling>") == [("0-", "b(a)", "")]


TIMES = st.sampled_from(["1s", "00:00:01.5", "3f", "x", "", "99:59:59"])
NAMED = st.sampled_from(["div", "p", "span", "br", "set", "metadata", "image"])
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["begin", "end", "dur", "region", "style", "tts:fontWeight", "tts:display", "timeContainer"]),
    TIMES | st.sampled_from(["seq", "par", "r", "bold", "none"]),
    max_size=3,
)  # fmt: skip


@st.composite
def trees(draw: st.DrawFn, depth: int = 3) -> str:
    name = draw(NAMED)
    attributes = "".join(f' {k}="{v}"' for k, v in draw(ATTRIBUTES).items())
    inside = "".join(draw(st.lists(trees(depth - 1) | st.just("t "), max_size=3)) if depth else [])
    return f"<{name}{attributes}>{inside}</{name}>"


@settings(max_examples=50)
@given(st.lists(trees(), max_size=3), st.integers(0, 3), st.integers(1, 9) | st.none())
def test_any_document_gives_cues_within_its_sample(parts: list[str], start: int, length: int | None) -> None:
    end = start + length if length is not None else None
    document = sample("".join(parts), start, end, '<layout><region xml:id="r"/></layout>')
    found = read_track([document], F(0))
    assert found.unreadable == 0
    for cue in found.cues:
        assert start * 1000 <= cue.start < cue.end
        assert end is None or cue.end <= end * 1000
        assert any(run.text.strip() for run in cue.runs)
    starts = [cue.start for cue in found.cues]
    assert starts == sorted(starts)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read(data: bytes) -> None:
    track = read_track([TextDocument(F(0), F(1), b"<tt " + data)], F(0))
    assert track.unreadable in (0, 1)
    assert bool(track.reason) == bool(track.unreadable)
