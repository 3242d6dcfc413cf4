from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.packaging.findings import Checks, FaultError, Finding
from ingest.packaging.languages import is_language
from ingest.packaging.playlists import ByteRange, Entry, read_master, read_media_playlist
from ingest.packaging.rules_dash import check_manifest, parse_duration
from ingest.packaging.rules_images import Cue, parse_vtt
from ingest.packaging.rules_playlist import check_master_text, check_media_text, needed_version

if TYPE_CHECKING:
    from pathlib import Path

MEDIA = """#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:6
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MAP:URI="init.mp4"
#EXTINF:6.006,
seg-1.m4s
#EXTINF:0.1,
seg-2.m4s
#EXT-X-ENDLIST
"""
MASTER = """#EXTM3U
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,URI="a.m3u8",GROUP-ID="a",NAME="A, \\"B\\"",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES
#EXT-X-STREAM-INF:BANDWIDTH=1000,AVERAGE-BANDWIDTH=900,CODECS="avc1.64001e,mp4a.40.2",RESOLUTION=640x360,AUDIO="a"
v.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=10,CODECS="avc1.64001e",URI="i.m3u8"
"""


def media_findings(text: str, folder: Path) -> list[tuple[str, str]]:
    path = folder / "index.m3u8"
    path.write_text(text, encoding="utf-8")
    checks = Checks()
    check_media_text(read_media_playlist(path, folder), folder, checks)
    assert checks.checked >= 8
    return [(f.rule, f.found) for f in checks.findings]


def test_a_good_media_playlist_has_no_findings(tmp_path: Path) -> None:
    assert media_findings(MEDIA, tmp_path) == []


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("#EXT-X-ENDLIST\n", "", ("RFC8216bis 4.4.3.4", "no EXT-X-ENDLIST")),
        ("TYPE:VOD", "TYPE:EVENT", ("Apple 8.6", "type EVENT")),
        ("#EXT-X-PLAYLIST-TYPE:VOD\n", "", ("Apple 8.6", "type None")),
        ("VERSION:6", "VERSION:5", ("RFC8216bis 8", "EXT-X-VERSION 5")),
        ("#EXT-X-VERSION:6\n", "", ("RFC8216bis 8", "EXT-X-VERSION absent (1)")),
        ("6.006", "6.5", ("RFC8216bis 4.4.3.1", "EXTINF of 6.500 s with a target of 6")),
        ("#EXT-X-TARGETDURATION:6\n", "", ("RFC8216bis 4.4.3.1", "no EXT-X-TARGETDURATION")),
        ("#EXT-X-ENDLIST", "#EXT-X-ENDLIST\n#EXT-X-ENDLIST", ("RFC8216bis 4.1", "repeated: #EXT-X-ENDLIST")),
        ("#EXTM3U\n", "#EXTM3U8\n", ("RFC8216bis 4.4.1.1", "first line '#EXTM3U8'")),
        (
            'URI="init.mp4"',
            'URI="init.mp4",URI="x"',
            ("RFC8216bis 4.2", "#EXT-X-MAP repeats URI"),
        ),
        ('URI="init.mp4"', "URI=", ("RFC8216bis 4.2", "#EXT-X-MAP malformed at 'URI='")),
    ],
)
def test_each_fault_in_a_media_playlist_is_found(
    tmp_path: Path, old: str, new: str, finding: tuple[str, str]
) -> None:
    assert media_findings(MEDIA.replace(old, new), tmp_path) == [finding]


def test_entries_are_exact(tmp_path: Path) -> None:
    text = MEDIA.replace("#EXTINF:0.1,\n", "#EXTINF:0.1,\n#EXT-X-BYTERANGE:30@7\n").replace(
        "#EXT-X-ENDLIST", "#EXTINF:5.994667,\n#EXT-X-BYTERANGE:5\nseg-2.m4s"
    )
    (tmp_path / "index.m3u8").write_text(text, encoding="utf-8")
    playlist = read_media_playlist(tmp_path / "index.m3u8", tmp_path)
    (start,) = playlist.maps
    assert playlist.entries == (
        Entry("seg-1.m4s", Fraction(6006, 1000), map=start),
        Entry("seg-2.m4s", Fraction(1, 10), ByteRange(7, 30), map=start),
        Entry("seg-2.m4s", Fraction(5994667, 1000000), ByteRange(37, 5), map=start),
    )
    assert (playlist.version, playlist.target_duration, playlist.kind, playlist.ended) == (6, 6, "VOD", False)


def test_the_master_is_read_as_references(tmp_path: Path) -> None:
    (tmp_path / "ABR.m3u8").write_text(MASTER.replace(', \\"B\\"', ", B"), encoding="utf-8")
    master = read_master(tmp_path / "ABR.m3u8", tmp_path)
    (variant,) = master.variants
    assert (variant.uri, variant.number("BANDWIDTH"), variant.number("AUDIO")) == ("v.m3u8", 1000, None)
    assert variant.attributes["CODECS"] == "avc1.64001e,mp4a.40.2"
    assert variant.attributes["AVERAGE-BANDWIDTH"] == "900"
    assert master.media[0].attributes["NAME"] == "A, B"
    assert master.iframes[0].uri == "i.m3u8"
    checks = Checks()
    check_master_text(master, tmp_path, checks)
    assert checks.findings == []


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe#EXTM3U",
        b"",
        b"#EXTM3U\n",
        b"#EXTM3U\n#EXTINF:x,\na\n",
        b"\0" * 99,
        b"#EXTM3U\n#" + bytes(70000),
    ],
)
def test_what_is_no_playlist_is_a_fault(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "index.m3u8").write_bytes(data)
    with pytest.raises(FaultError):
        read_media_playlist(tmp_path / "index.m3u8", tmp_path)


@settings(max_examples=300)
@given(st.data())
def test_damaged_playlists_never_raise_anything_else(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp()
    base = data.draw(st.sampled_from([MEDIA, MASTER]))
    at = data.draw(st.integers(0, len(base)))
    text = base[:at] + data.draw(st.text(max_size=12)) + base[at + data.draw(st.integers(0, 12)) :]
    (folder / "fuzz.m3u8").write_text(text, encoding="utf-8", errors="replace", newline="")
    for read in (read_media_playlist, read_master):
        try:
            assert read(folder / "fuzz.m3u8", folder).lines[0].startswith("#EXTM3U")
        except FaultError as fault:
            assert fault.finding.level == "MUST"


@pytest.mark.parametrize(
    ("lines", "version"),
    [
        (["#EXTM3U"], 1),
        (["#EXTINF:6,"], 1),
        (["#EXTINF:6.0,"], 3),
        (["#EXT-X-BYTERANGE:1@0"], 4),
        (["#EXT-X-I-FRAMES-ONLY"], 4),
        (['#EXT-X-MAP:URI="i"', "#EXT-X-I-FRAMES-ONLY"], 5),
        (['#EXT-X-MAP:URI="i"', "#EXTINF:6.0,"], 6),
        (['#EXT-X-KEY:METHOD=AES-128,URI="k"'], 2),
        (['#EXT-X-DEFINE:NAME="a",VALUE="b"'], 8),
    ],
)
def test_needed_version(lines: list[str], version: int) -> None:
    assert needed_version(lines)[0] == version


@pytest.mark.parametrize(
    ("tag", "good"),
    [
        *((t, True) for t in ("en", "de-CH", "und", "zh-Hant-TW", "sr-Latn", "es-419", "x-us", "sl-nedis")),
        *((t, False) for t in ("eng", "deu-AT", "english1", "e", "", "en_US", "en-", "-en", "a" * 101)),
    ],
)  # fmt: skip
def test_language_tags(tag: str, good: bool) -> None:
    assert is_language(tag) is good


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT14S", 14),
        ("P1DT2H3M4.5S", Fraction(93784_5, 10)),
        ("PT0.041667S", Fraction(41667, 10**6)),
        *((t, None) for t in ("", "P", "PT", "14", "P1Y", "PT1S2M", "-PT1S", "PT1e3S")),
    ],
)
def test_durations(text: str, seconds: Fraction | None) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "rule", "found"),
    [
        ('<!DOCTYPE a [<!ENTITY b "c">]><MPD/>', "ingest xml", "a document type declaration"),
        ("<MPD>", "ISO/IEC 23009-1 5.2", "not well formed: no element found: line 1, column 5"),
        ("<html/>", "ISO/IEC 23009-1 5.3.1", "the root element is 'html'"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_a_finding(
    tmp_path: Path, text: str, rule: str, found: str
) -> None:
    (tmp_path / "manifest.mpd").write_text(text, encoding="utf-8")
    checks = Checks()
    check_manifest(tmp_path / "manifest.mpd", [], tmp_path, checks)
    assert [(f.rule, f.place, f.found) for f in checks.findings] == [(rule, "manifest.mpd", found)]


def test_preview_cues_are_exact() -> None:
    text = "WEBVTT\n\n00:00.000 --> 00:02.500\nsheet-001.jpg#xywh=0,0,160,90\n\nid\n"
    text += "00:00:02.500 --> 100:00:00.001\nsheet-001.jpg#xywh=160,0,160,90\n"
    assert parse_vtt(text, "p") == (
        Cue(Fraction(0), Fraction(5, 2), "sheet-001.jpg", (0, 0, 160, 90)),
        Cue(Fraction(5, 2), Fraction(360000001, 1000), "sheet-001.jpg", (160, 0, 160, 90)),
    )


@pytest.mark.parametrize(
    "text", ["", "WEBVTT", "WEBVTTX\n\n", "WEBVTT\n\n00:01 --> 00:02\nx#xywh=0,0,1,1", "WEBVTT\n\nid"]
)
def test_other_text_is_no_preview_track(text: str) -> None:
    with pytest.raises(FaultError):
        parse_vtt(text, "p")


@given(st.text(alphabet="WEBVT0123456789:.->\n #xywh=,sj", max_size=200))
def test_any_text_is_a_preview_track_or_a_fault(text: str) -> None:
    for candidate in (text, "WEBVTT\n\n" + text):
        try:
            assert parse_vtt(candidate, "p")
        except FaultError as fault:
            assert fault.finding.place == "p"


def test_findings_are_harmless_single_lines() -> None:
    finding = Finding("r", "MUST", "a\nb", "\x1b[31m", "x" * 900)
    assert (finding.place, finding.found, len(finding.wanted)) == ("a\\nb", "\\x1b[31m", 500)
