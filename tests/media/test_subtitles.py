"""Subtitles and chapters: what a source says, at its time, is what the package says, in HLS and in DASH."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import m3u8
import pytest
from helpers_media import X264, Clips, picture
from measuring import cuts

from ingest import api
from ingest.packaging.verify import verify

if TYPE_CHECKING:
    from main_job import Ingest, Package

pytest_plugins = ("ingest_once",)
pytestmark = pytest.mark.media

LENGTH = 14
SRT = """1
00:00:00,500 --> 00:00:02,250
<i>Hello</i> & <b>welcome</b>,
{curly} --> you

2
00:00:05,750 --> 00:00:12,400
crosses two cuts

3
00:00:13,500 --> 00:00:15,000
beyond the end

4
00:00:14,000 --> 00:00:15,000
never seen

"""
ASS = """[Script Info]
ScriptType: v4.00+
PlayResX: 640
PlayResY: 360

[V4+ Styles]
Format: Name, Fontname, Bold, Italic, Underline, Alignment
Style: Default,Arial,0,0,0,2
Style: Sign,Arial,0,-1,0,8

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:04.00,0:00:05.00,Default,,0,0,0,,{\\pos(64,324)\\an7\\c&H00FF00&}second{a comment}
Dialogue: 0,0:00:01.00,0:00:03.00,Sign,,0,0,0,,first{\\i0} on top
Dialogue: 0,0:00:01.00,0:00:03.00,Default,,0,0,0,,{\\p1}m 0 0 l 100 0 100 100{\\p0}
"""
VTT = """WEBVTT

00:00:06.000 --> 00:00:07.000
<v Bob>[door] &lt;slams&gt;
"""
CHAPTERS = """;FFMETADATA1
[CHAPTER]
TIMEBASE=1/1000
START=0
END=5000
title=Opening & <i>titles</i>
[CHAPTER]
TIMEBASE=1/1000
START=5000
END=14000
"""
EDGES = ("00:00:00.500 --> 00:00:02.250", "00:00:05.750 --> 00:00:12.400", "00:00:13.500 --> 00:00:14.000")


@dataclass(frozen=True, slots=True)
class Film:
    """A film with three languages, and its package."""

    package: Package
    folder: Path

    def text(self, name: str) -> str:
        return (self.folder / "text" / name).read_text("utf-8")


def three_languages(clips: Clips) -> Path:
    for name, text in (("a.srt", SRT), ("b.ass", ASS), ("c.vtt", VTT), ("d.txt", CHAPTERS)):
        (clips.folder / name).write_text(text, "utf-8")
    return clips.make(
        "film.mkv",
        *picture("64x36", LENGTH, 10),
        *("-i", "a.srt", "-i", "b.ass", "-i", "c.vtt", "-i", "d.txt"),
        *("-map", "0", "-map", "1", "-map", "2", "-map", "3", "-map_metadata", "4"),
        *(*X264, "-g", "20", "-c:s:0", "srt", "-c:s:1", "ass", "-c:s:2", "copy"),
        *("-metadata:s:s:0", "language=eng", "-disposition:s:0", "default"),
        *("-metadata:s:s:1", "language=ger", "-disposition:s:1", "forced"),
        *("-metadata:s:s:2", "language=fre", "-metadata:s:s:2", "title=SDH"),
        *("-output_ts_offset", "1"),  # the picture begins at 1 s; chapters are not moved
    )


@pytest.fixture(scope="module")
def film(clips: Clips, ingested: Ingest) -> Film:
    package = ingested(three_languages(clips), "sd")
    return Film(package, package.folder)


def test_the_words_and_their_times(film: Film) -> None:
    first, second, third = EDGES
    assert film.text("en/whole.vtt") == (
        f"WEBVTT\n\n{first}\n<i>Hello</i> &amp; <b>welcome</b>,\n{{curly}} --&gt; you\n"
        f"\n{second}\ncrosses two cuts\n\n{third}\nbeyond the end\n"
    )
    assert film.text("de/whole.vtt") == (
        "WEBVTT\n\n00:00:01.000 --> 00:00:03.000 line:5%\n<i>first</i> on top\n"
        "\n00:00:04.000 --> 00:00:05.000 line:90% position:10% align:left\nsecond\n"
    )
    assert film.text("fr/whole.vtt") == ("WEBVTT\n\n00:00:06.000 --> 00:00:07.000\n[door] &lt;slams&gt;\n")


def test_segments_on_the_grid_of_the_video(film: Film) -> None:
    head = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n"
    video, text = (film.folder / f / "index.m3u8" for f in ("video/sd", "text/fr"))
    assert cuts(text) == cuts(video) == [6, 12, 14]
    assert m3u8.load(str(text)).target_duration == m3u8.load(str(video)).target_duration == 6
    assert [film.text(f"fr/{s.uri}") for s in m3u8.load(str(text)).segments] == [
        head,
        f"{head}\n00:00:06.000 --> 00:00:07.000\n[door] &lt;slams&gt;\n",
        head,
    ]
    crossing = [f"{EDGES[1]}\ncrosses two cuts\n" in film.text(f"en/seg-0000{n}.vtt") for n in (1, 2, 3)]
    assert crossing == [True, True, True]


def test_the_master_playlist_offers_them(film: Film) -> None:
    master = m3u8.load(str(film.folder / "ABR.m3u8"))
    offered = [m for m in master.media if m.type == "SUBTITLES"]
    sdh = "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound"
    assert [
        (m.uri, m.name, m.language, m.default, m.autoselect, m.forced, m.characteristics) for m in offered
    ] == [
        ("text/en/index.m3u8", "English", "en", "YES", "YES", "NO", None),
        ("text/de/index.m3u8", "Deutsch (forced)", "de", "NO", "YES", "YES", None),
        ("text/fr/index.m3u8", "Français (SDH)", "fr", "NO", "YES", "NO", sdh),
    ]
    assert {m.group_id for m in offered} == {p.stream_info.subtitles for p in master.playlists} == {"text"}


def test_the_manifest_offers_them(film: Film) -> None:
    name = "{urn:mpeg:dash:schema:mpd:2011}"
    sets = ET.parse(film.folder / "manifest.mpd").getroot().iter(f"{name}AdaptationSet")
    found = [
        (
            s.get("lang"),
            s.get("mimeType"),
            [r.get("value") for r in s.iter(f"{name}Role")],
            [b.text for b in s.iter(f"{name}BaseURL")],
        )
        for s in sets
        if s.get("contentType") == "text"
    ]
    assert found == [
        ("en", "text/vtt", ["subtitle", "main"], ["text/en/whole.vtt"]),
        ("de", "text/vtt", ["forced-subtitle"], ["text/de/whole.vtt"]),
        ("fr", "text/vtt", ["caption"], ["text/fr/whole.vtt"]),
    ]


def test_chapters(film: Film) -> None:
    document = json.loads((film.folder / "info/chapters.json").read_bytes())
    assert document == {
        "track": "text/chapters.vtt",
        "chapters": [
            {"number": 1, "startSeconds": 0.0, "endSeconds": 4.0, "title": "Opening & <i>titles</i>"},
            {"number": 2, "startSeconds": 4.0, "endSeconds": 13.0, "title": None},
        ],
    }
    assert film.text("chapters.vtt") == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:04.000\nOpening &amp; &lt;i&gt;titles&lt;/i&gt;\n"
        "\n00:00:04.000 --> 00:00:13.000\nChapter 2\n"
    )


def test_the_record_and_the_infos(film: Film) -> None:
    record = film.package.record
    said = dict(zip(record["customAttributes"]["messageCodes"], record["messages"], strict=True))
    assert said[9010] == "Generating Subtitles"
    assert said[9011] == "Generating Chapters"
    notes = [m for m in record["messages"] if m.startswith("Subtitles Made")]
    assert notes == [
        "Subtitles Made: text/en: 3 cues of stream 1 (subrip, en)",
        "Subtitles Made: text/de: 2 cues of stream 2 (ass, de)",
        "Subtitles Made: text/fr: 1 cues of stream 3 (webvtt, fr)",
    ]
    assert record["warnings"] == []
    assert {"text/en/whole.vtt", "text/chapters.vtt", "info/chapters.json"} <= set(record["files"])
    streams = json.loads((film.folder / "info/streams.json").read_bytes())["streams"]
    assert [s["used"] for s in streams] == [True] * 4
    (english, *_) = json.loads((film.folder / "info/abr.json").read_bytes())["text"]
    assert (english["language"], english["cues"], english["default"]) == ("en", 3, True)


def test_ingest_verify_finds_nothing_in_the_text(film: Film) -> None:
    assert [f for f in verify(film.folder).findings if f.rule not in {"Apple 9.9", "Apple 1.18"}] == []


def first(folder: Path) -> Path:
    return folder / "text/en/seg-00001.vtt"


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


BREAKAGES = {
    "Apple 5.2": lambda f: change(first(f), "&amp;", "&"),
    "Apple 5.3": lambda f: change(first(f), "X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n", ""),
    "Apple 5.5": lambda f: change(f / "text/en/index.m3u8", "#EXTINF:2.000000,\nseg-00003.vtt\n", ""),
    "RFC8216bis 3.1.4": lambda f: change(f / "text/en/seg-00002.vtt", f"{EDGES[1]}\ncrosses two cuts\n", ""),
    "RFC8216bis 4.4.6.2.1": lambda f: change(f / "ABR.m3u8", ',SUBTITLES="text"', ""),
    "RFC8216bis 4.4.6.1": lambda f: change(f / "ABR.m3u8", 'URI="text/fr/index.m3u8",', ""),
    "ingest files": lambda f: first(f).unlink(),
}


@pytest.mark.parametrize("rule", BREAKAGES)
def test_each_fault_is_found_by_its_rule(film: Film, rule: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(film.folder, tmp_path / "package"))
    BREAKAGES[rule](folder)
    assert rule in {f.rule for f in verify(folder).must}


def test_a_map_that_shifts_the_words_is_found(film: Film, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(film.folder, tmp_path / "package"))
    for path in (folder / "text/fr").glob("seg-*.vtt"):
        change(path, "MPEGTS:0", "MPEGTS:900000")
    assert [(f.rule, f.place) for f in verify(folder).must] == [
        ("RFC8216bis 3.1.4", "text/fr/seg-00002.vtt"),
        ("RFC8216bis 3.1.4", "text/fr/seg-00003.vtt"),
    ]


def test_what_cannot_become_text_is_a_warning(clips: Clips) -> None:
    (clips.folder / "one.srt").write_text(SRT, "utf-8")
    # An empty PGS stream: its packets are enough to be one.
    segment = b"PG" + bytes(8) + b"\x80\x00\x00"
    (clips.folder / "p.sup").write_bytes(
        b"".join(segment[:2] + n.to_bytes(4) + segment[6:] for n in (0, 90000))
    )
    pgs = clips.make(
        "pgs.mkv", *picture("64x36", 1), "-i", "p.sup", "-map", "0", "-map", "1", *X264, "-c:s", "copy"
    )
    assert api.look(pgs, allow_damage=False).found["warnings"] == [
        "Subtitles Left Out: stream 1 (hdmv_pgs_subtitle, und): subtitles that are pictures cannot become text"
    ]


def test_text_of_before_utf8_is_read_and_told(clips: Clips, ingested: Ingest) -> None:
    """Matroska and MP4 have UTF-8, but tools that copy old files put into them what they find."""
    for name, coding in (("old.srt", "cp1252"), ("new.srt", "utf-8")):
        text = "1\n00:00:00,200 --> 00:00:00,500\nGrüße – 5 €\n\n2\n00:00:00,600 --> 00:00:00,900\nplain\n"
        (clips.folder / name).write_text(text, coding)
    tracks = ("-i", "old.srt", "-i", "new.srt", "-map", "0", "-map", "1", "-map", "2")
    languages = ("-metadata:s:s:0", "language=ger", "-metadata:s:s:1", "language=fre")
    film = clips.make("old.mkv", *picture("64x36", 1), *tracks, *X264, "-c:s", "copy", *languages)
    package = ingested(film, "sd")
    for name in ("de", "fr"):
        assert (package.folder / f"text/{name}/whole.vtt").read_text("utf-8") == (
            "WEBVTT\n\n00:00:00.200 --> 00:00:00.500\nGrüße – 5 €\n\n00:00:00.600 --> 00:00:00.900\nplain\n"
        )
    assert [w["message"] for w in package.record["warnings"]] == [
        "Subtitles Charset Assumed: stream 1 (subrip, de): 1 cues are not UTF-8; all are taken as windows-1252"
    ]


TTML = """<?xml version="1.0"?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling" xml:lang="fr">
  <head><layout>
    <region xml:id="top" tts:origin="10% 10%" tts:extent="80% 20%" tts:textAlign="center"/>
  </layout></head>
  <body><div begin="1s">
    <p begin="00:00:00.500" end="1.25s">d&#233;j&#224; <span tts:fontStyle="italic">vu</span>
      &amp;<br/>entendu</p>
    <p begin="1.25s" dur="9s" region="top">en haut</p>
  </div></body>
</tt>"""


def mov_text(clips: Clips) -> Path:
    """mov_text, TTML and a QuickTime chapter track, on a clock that an edit list shifts; an empty track is left out."""
    far = f"1\n00:01:00,000 --> 00:01:01,000\n{'far ' * 300}\n\n"
    for name, text in (("m.srt", SRT), ("d.txt", CHAPTERS), ("e.srt", far)):
        (clips.folder / name).write_text(text, "utf-8")
    plain = clips.make(
        "plain.mp4",
        *(*picture("64x36", 6, 10), "-i", "m.srt", "-i", "e.srt", "-i", "d.txt"),
        *("-map", "0", "-map", "1", "-map", "2", "-map", "2", "-map_metadata", "3"),
        *(*X264, "-bf", "2", "-c:s", "mov_text", "-metadata:s:s:0", "language=eng"),
        *("-c:s:2", "ttml", "-metadata:s:s:2", "language=fre", "-disposition:s:2", "forced"),
    )
    # ffmpeg's encoder writes no styles: the one sample of its track gets a document of ours, of the same length.
    data = plain.read_bytes()
    start, end = data.index(b"<?xml"), data.index(b"</tt>") + len(b"</tt>")
    assert b"stpp" in data
    film = plain.with_name("film.mp4")
    film.write_bytes(data[:start] + TTML.encode().ljust(end - start) + data[end:])
    return film


def test_mp4_chapters_and_text(clips: Clips, ingested: Ingest) -> None:
    package = ingested(mov_text(clips), "sd")
    assert (package.folder / "text/en/whole.vtt").read_text("utf-8").split("\n")[2] == EDGES[0]
    assert not (package.folder / "text/und").exists()
    assert "Subtitles Empty: stream 2 (mov_text, und)" in package.record["messages"]
    assert package.record["warnings"] == []
    chapters = json.loads((package.folder / "info/chapters.json").read_bytes())["chapters"]
    assert [(c["startSeconds"], c["endSeconds"]) for c in chapters] == [(0.0, 5.0), (5.0, 6.0)]


def as_mkvmerge_writes_it(clips: Clips) -> Path:
    """WebVTT in Matroska under S_TEXT/WEBVTT, which ffmpeg neither reads nor writes: it is SRT under another name."""
    (clips.folder / "mkvmerge.srt").write_text(
        "1\n00:00:01,500 --> 00:00:02,000\n<v Bob>[door] &lt;slams&gt;\n"
    )
    source = clips.make(
        "srt.mkv",
        *(*picture("64x36", 3), "-i", "mkvmerge.srt", "-map", "0", "-map", "1", *X264, "-c:s", "copy"),
        *("-metadata:s:s:0", "language=fre", "-metadata:s:s:0", "title=a title!", "-write_crc32", "0"),
    )
    data = source.read_bytes()
    title, codec = b"\x53\x6e\x88a title!", b"\x86\x8bS_TEXT/UTF8"
    at, end = data.index(title), data.index(codec)
    between = data[at + len(title) : end]
    entry = b"\x63\xa2\x86WEBVTT" + between + b"\x86\x8dS_TEXT/WEBVTT"
    film = clips.folder / "webvtt.mkv"
    film.write_bytes(data[:at] + entry + data[end + len(codec) :])
    assert film.stat().st_size == len(data)
    return film


def test_webvtt_in_matroska(clips: Clips, ingested: Ingest) -> None:
    package = ingested(as_mkvmerge_writes_it(clips), "sd")
    assert package.record["warnings"] == []
    text = (package.folder / "text/fr/whole.vtt").read_text("utf-8")
    assert text == "WEBVTT\n\n00:00:01.500 --> 00:00:02.000\n[door] &lt;slams&gt;\n"


def test_ttml_becomes_webvtt(clips: Clips, ingested: Ingest) -> None:
    package = ingested(mov_text(clips), "sd")
    assert (package.folder / "text/fr/whole.vtt").read_text("utf-8") == (
        "WEBVTT\n\n00:00:01.500 --> 00:00:02.250\ndéjà <i>vu</i> &amp;\nentendu\n"
        "\n00:00:02.250 --> 00:00:06.000 line:10%\nen haut\n"
    )
    media = m3u8.load(str(package.folder / "ABR.m3u8")).media
    french = next(m for m in media if m.type == "SUBTITLES" and m.language == "fr")
    assert (french.default, french.forced) == ("NO", "YES")
    assert "Subtitles Made: text/fr: 2 cues of stream 3 (ttml, fr)" in package.record["messages"]
    assert [f for f in verify(package.folder).findings if f.level == "MUST"] == []


def test_the_films_of_these_tests_cover_what_they_say() -> None:
    """The cue that crosses two cuts does so, and none of the others does."""
    ends = [Fraction(6), Fraction(12), Fraction(14)]
    spans = [
        (Fraction(1, 2), Fraction(9, 4)),
        (Fraction(23, 4), Fraction(62, 5)),
        (Fraction(27, 2), ends[-1]),
    ]
    crossed = [sum(start < edge < end for edge in ends) for start, end in spans]
    assert crossed == [0, 2, 0]
    assert all(a < b for a, b in pairwise(ends))
