"""Text renditions in the master playlist and in the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.packaging.text_manifests import KlvEntry, TextEntry, add_subtitles, add_text_sets

if TYPE_CHECKING:
    from pathlib import Path

MASTER = """#EXTM3U
#EXT-X-VERSION:6
#EXT-X-STREAM-INF:CLOSED-CAPTIONS=NONE,BANDWIDTH=928000,AVERAGE-BANDWIDTH=900000,CODECS="avc1.64001e"
video/sd/index.m3u8
"""
MPD = """<?xml version='1.0' encoding='utf-8'?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011">
  <Period id="0" />
</MPD>"""


def entry(name: str, *, forced: bool = False, sdh: bool = False, default: bool = False) -> TextEntry:
    return TextEntry(
        playlist=f"text/{name}/index.m3u8",
        whole=f"text/{name}/whole.vtt",
        language=name,
        label=f"{name} label",
        forced=forced,
        hearing_impaired=sdh,
        default=default,
        selectable=not sdh,
        peak_bandwidth=900,
        average_bandwidth=400,
    )


def test_the_group_of_the_master_playlist(tmp_path: Path) -> None:
    path = tmp_path / "ABR.m3u8"
    path.write_text(MASTER, "utf-8")
    add_subtitles(path, [entry("en", default=True), entry("de", forced=True), entry("fr", sdh=True)])
    assert (
        path.read_text("utf-8")
        == """#EXTM3U
#EXT-X-VERSION:6
#EXT-X-MEDIA:URI="text/en/index.m3u8",TYPE=SUBTITLES,GROUP-ID="text",LANGUAGE="en",NAME="en label",\
DEFAULT=YES,AUTOSELECT=YES,FORCED=NO
#EXT-X-MEDIA:URI="text/de/index.m3u8",TYPE=SUBTITLES,GROUP-ID="text",LANGUAGE="de",NAME="de label",\
DEFAULT=NO,AUTOSELECT=YES,FORCED=YES
#EXT-X-MEDIA:URI="text/fr/index.m3u8",TYPE=SUBTITLES,GROUP-ID="text",LANGUAGE="fr",NAME="fr label",\
DEFAULT=NO,AUTOSELECT=NO,FORCED=NO,CHARACTERISTICS="public.accessibility.transcribes-spoken-dialog,\
public.accessibility.describes-music-and-sound"
#EXT-X-STREAM-INF:CLOSED-CAPTIONS=NONE,BANDWIDTH=928900,AVERAGE-BANDWIDTH=900400,CODECS="avc1.64001e",\
SUBTITLES="text"
video/sd/index.m3u8
"""
    )


def test_klv_stands_first_in_a_group_of_its_name_and_is_never_chosen_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "ABR.m3u8"
    path.write_text(MASTER, "utf-8")
    add_subtitles(path, [entry("en", default=True)], KlvEntry("telemetry/index.m3u8", 5000, 300))
    assert (
        path.read_text("utf-8")
        == """#EXTM3U
#EXT-X-VERSION:6
#EXT-X-MEDIA:URI="telemetry/index.m3u8",TYPE=SUBTITLES,GROUP-ID="klv",LANGUAGE="zxx",NAME="KLV",\
DEFAULT=NO,AUTOSELECT=NO,FORCED=NO
#EXT-X-MEDIA:URI="text/en/index.m3u8",TYPE=SUBTITLES,GROUP-ID="klv",LANGUAGE="en",NAME="en label",\
DEFAULT=YES,AUTOSELECT=YES,FORCED=NO
#EXT-X-STREAM-INF:CLOSED-CAPTIONS=NONE,BANDWIDTH=933000,AVERAGE-BANDWIDTH=900400,CODECS="avc1.64001e",\
SUBTITLES="klv"
video/sd/index.m3u8
"""
    )


def test_the_sets_of_the_manifest(tmp_path: Path) -> None:
    path = tmp_path / "manifest.mpd"
    path.write_text(MPD, "utf-8")
    add_text_sets(path, [entry("en", default=True), entry("de", forced=True), entry("fr", sdh=True)])
    role = "urn:mpeg:dash:role:2011"

    def wanted(number: int, name: str, *roles: str) -> str:
        return "\n".join(
            (
                f'    <AdaptationSet id="text{number}" contentType="text" mimeType="text/vtt" lang="{name}">',
                f"      <Label>{name} label</Label>",
                *(f'      <Role schemeIdUri="{role}" value="{r}" />' for r in roles),
                f'      <Representation id="text{number}-vtt" bandwidth="400">',
                f"        <BaseURL>text/{name}/whole.vtt</BaseURL>",
                "      </Representation>",
                "    </AdaptationSet>",
            )
        )

    sets = (
        wanted(0, "en", "subtitle", "main"),
        wanted(1, "de", "forced-subtitle"),
        wanted(2, "fr", "caption"),
    )
    assert path.read_text("utf-8") == MPD.replace(
        '<Period id="0" />', '<Period id="0">\n' + "\n".join(sets) + "\n  </Period>"
    )


def test_without_text_nothing_is_touched(tmp_path: Path) -> None:
    for name, text, add in (("ABR.m3u8", MASTER, add_subtitles), ("manifest.mpd", MPD, add_text_sets)):
        path = tmp_path / name
        path.write_text(text, "utf-8")
        add(path, [])
        assert path.read_text("utf-8") == text
