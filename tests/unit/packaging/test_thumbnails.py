"""The sprite sheets in HLS and DASH, whole."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import m3u8
import pytest
from PIL import Image, ImageFile

from ingest.images.previews import uniform
from ingest.images.sprites import Previews, Sheet, Tile
from ingest.packaging.findings import Checks
from ingest.packaging.playlists import Reference
from ingest.packaging.rules_dash import check_manifest
from ingest.packaging.rules_tiles import check_image_playlist
from ingest.packaging.thumbnails import TiledSheets, add_image_set, image_playlist, image_stream

F = Fraction
ONE = TiledSheets(("sheet-001.jpg",), (30_000,), 6, 1, 160, 90, F(1), F(57, 10))
TWO = TiledSheets(("sheet-001.jpg", "sheet-002.jpg"), (90_000, 9_000), 10, 10, 160, 90, F(2), F(205))
MPD = """<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT205S" minBufferTime="PT2S" \
profiles="urn:mpeg:dash:profile:isoff-live:2011"><Period id="0">
<AdaptationSet id="3" contentType="video"/></Period></MPD>"""


def test_whole_image_playlist() -> None:
    assert image_playlist(TWO) == (
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:200\n#EXT-X-MEDIA-SEQUENCE:1\n"
        "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-IMAGES-ONLY\n"
        "#EXTINF:200.000000,\n#EXT-X-TILES:RESOLUTION=160x90,LAYOUT=10x10,DURATION=2.000000\nsheet-001.jpg\n"
        "#EXTINF:5.000000,\n#EXT-X-TILES:RESOLUTION=160x90,LAYOUT=10x10,DURATION=2.000000\nsheet-002.jpg\n"
        "#EXT-X-ENDLIST\n"
    )


def test_the_master_s_entry_has_the_dearest_sheet_s_rate() -> None:
    assert str(image_stream(ONE, "previews/images.m3u8")) == (
        '#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=42106,RESOLUTION=160x90,CODECS="jpeg",URI="previews/images.m3u8"'
    )
    assert TWO.bandwidth == 14_400  # 9000 bytes in the last five seconds


def test_whole_adaptation_set(tmp_path: Path) -> None:
    path = tmp_path / "manifest.mpd"
    path.write_text(MPD)
    add_image_set(path, TWO, "previews")
    added = path.read_text().split("</AdaptationSet>")[-2].split("<AdaptationSet")[-1]
    assert " ".join(added.split()) == (
        'id="4" contentType="image" mimeType="image/jpeg"> '
        '<SegmentTemplate media="previews/sheet-$Number%03d$.jpg" timescale="1" duration="200" startNumber="1" '
        'endNumber="2" /> '
        '<Representation id="thumbnails" bandwidth="14400" width="1600" height="900"> '
        '<EssentialProperty schemeIdUri="http://dashif.org/guidelines/thumbnail_tile" value="10x10" /> '
        "</Representation>"
    )


def made(starts: list[F], end: F) -> Previews:
    """Previews of one tile for each start, a hundred to a sheet."""
    ends = [*starts[1:], end]
    sheets = tuple(Sheet(f"sheet-{i + 1:03d}.jpg", 160, 100, 10, 10) for i in range(-(-len(starts) // 100)))
    tiles = tuple(
        Tile(s, e, i // 100, 0, 0, 16, 10) for i, (s, e) in enumerate(zip(starts, ends, strict=True))
    )
    return Previews(sheets, tiles, 16, 10, 10, 10, F(1))


def test_sheets_that_keep_to_the_interval_are_used_as_they_are() -> None:
    names, layout, interval = uniform(made([F(i) for i in range(150)], F(150)))
    assert (names, layout, interval) == (("sheet-001.jpg", "sheet-002.jpg"), (10, 10), 1)
    # A few milliseconds more than the tiles cover: as preview.json has it.
    assert uniform(made([F(i) for i in range(100)], F(100_001, 1000))) == (("sheet-001.jpg",), (10, 10), 1)


@pytest.mark.parametrize(
    ("previews", "expected"),
    [
        (made([F(0), F(1), F(7)], F(10)), (("overview.jpg",), (10, 1), 1)),
        # The frame of a last fraction of a second is not there: the sheets end before the film does.
        (made([F(i) for i in range(200)], F(2001, 10)), (("overview.jpg",), (10, 7), 3)),
    ],
)
def test_else_the_overview_is(previews: Previews, expected: tuple[object, ...]) -> None:
    assert uniform(previews) == expected


def written(folder: Path, sheets: TiledSheets, size: tuple[int, int]) -> Checks:
    """The findings for an image playlist and a manifest over sheets of this size."""
    (folder / "previews").mkdir()
    for name in sheets.names:
        Image.new("RGB", size).save(folder / "previews" / name)
    sheets = replace(sheets, sizes=tuple((folder / "previews" / n).stat().st_size for n in sheets.names))
    (folder / "previews" / "images.m3u8").write_text(image_playlist(sheets))
    (folder / "manifest.mpd").write_text(MPD)
    add_image_set(folder / "manifest.mpd", sheets, "previews")
    checks = Checks()
    entry = m3u8.loads(f"#EXTM3U\n{image_stream(sheets, 'previews/images.m3u8')}\n").image_playlists[0]
    info = entry.image_stream_info
    reference = Reference(
        "EXT-X-IMAGE-STREAM-INF",
        entry.uri,
        {"BANDWIDTH": str(info.bandwidth), "RESOLUTION": f"{info.resolution[0]}x{info.resolution[1]}"},
    )
    check_image_playlist(reference, folder / "previews" / "images.m3u8", F(205), folder, checks)
    check_manifest(folder / "manifest.mpd", [], folder, checks)
    return checks


def test_good_sheets_have_no_findings(tmp_path: Path) -> None:
    checks = written(tmp_path, TWO, (1600, 900))
    assert checks.findings == []
    assert checks.checked > 15


def test_each_sheet_is_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[str] = []
    load = ImageFile.ImageFile.load

    def counted(image: ImageFile.ImageFile) -> object:
        if image.tile:
            decoded.append(Path(str(image.filename)).name)
        return load(image)

    monkeypatch.setattr(ImageFile.ImageFile, "load", counted)
    written(tmp_path, TWO, (1600, 900))
    assert decoded == ["sheet-001.jpg", "sheet-002.jpg"]


def test_sheets_of_another_size_are_found_in_both(tmp_path: Path) -> None:
    found = [(f.rule, f.found, f.wanted) for f in written(tmp_path, TWO, (1600, 180)).findings]
    assert found == [
        ("Image Media Playlist 0.4", "sheet-001.jpg is 1600x180", "1600x900 for its tiles"),
        ("Image Media Playlist 0.4", "sheet-002.jpg is 1600x180", "1600x900 for its tiles"),
        ("DASH-IF IOP 6.2.6", "sheet-001.jpg is 1600x180", "1600x900"),
        ("DASH-IF IOP 6.2.6", "sheet-002.jpg is 1600x180", "1600x900"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("#EXT-X-IMAGES-ONLY\n", "", "no EXT-X-IMAGES-ONLY"),
        ("#EXTINF:200.000000", "#EXTINF:100.000000", "covers 105.000 s"),
        ("#EXTINF:200.000000", "#EXTINF:300.000000", "sheet-001.jpg lasts 300.000 s"),
        ("sheet-002", "sheet-003", "'sheet-003.jpg' is missing"),
        (
            "LAYOUT=10x10",
            "LAYOUT=10",
            "EXT-X-TILES {'resolution': '160x90', 'layout': '10', 'duration': 2.0}",
        ),
        ("RESOLUTION=160x90", "RESOLUTION=160x60", "sheet-001.jpg is 1600x900"),
        ("#EXTM3U", "#EXTM3V", "the first line is not #EXTM3U"),
    ],
)
def test_each_fault_of_a_playlist_is_found(tmp_path: Path, old: str, new: str, found: str) -> None:
    written(tmp_path, TWO, (1600, 900))
    path = tmp_path / "previews" / "images.m3u8"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    checks = Checks()
    reference = Reference("EXT-X-IMAGE-STREAM-INF", "x", {"BANDWIDTH": "14400", "RESOLUTION": "160x90"})
    check_image_playlist(reference, path, F(205), tmp_path, checks)
    assert any(f.found.startswith(found) for f in checks.findings), checks.findings
