"""KLV in a package: what is right says nothing, and each fault says one thing."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from ingest.packaging.findings import Checks
from ingest.packaging.playlists import Master, Reference, read_media_playlist
from ingest.packaging.rules_telemetry import check_klv_cues, check_telemetry

if TYPE_CHECKING:
    from pathlib import Path

CUE = '{"source":"EsriVideoServer","data":[{"tagId":10000,"name":"x","value":[]}]}'
INFO: dict[str, Any] = {"used": 257, "streams": [{"stream": 257, "sets": {"ST 0601": 2, "ST 0903": 1}}]}
COVERAGE: dict[str, Any] = {
    "area": {"rings": []},
    "sensorPoints": {"points": [[1, 2, 3, 0], [1, 2, 3, 2000]]},
    "telemetry": {"start": {}},
}


def klv(uri: str = "telemetry/index.m3u8", **more: str) -> Reference:
    own = {"TYPE": "SUBTITLES", "GROUP-ID": "klv", "NAME": "KLV", "LANGUAGE": "zxx"}
    return Reference("EXT-X-MEDIA", uri, own | more)


ORDINARY = Reference(
    "EXT-X-MEDIA", "text/en/index.m3u8", {"TYPE": "SUBTITLES", "GROUP-ID": "klv", "LANGUAGE": "en"}
)


def cues_found(folder: Path, media: tuple[Reference, ...], text: str = CUE) -> list[tuple[str, str, str]]:
    (folder / "telemetry").mkdir(exist_ok=True)
    playlist, segment = folder / "telemetry/index.m3u8", folder / "telemetry/seg-00001.vtt"
    playlist.write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6.0,\nseg-00001.vtt\n#EXT-X-ENDLIST\n", "utf-8"
    )
    segment.write_text(f"WEBVTT\n\n00:00.000 --> 00:01.000\n{text}\n", "utf-8")
    texts = {playlist: (read_media_playlist(playlist, folder), {"seg-00001.vtt": segment})}
    checks = Checks()
    check_klv_cues(Master(folder / "ABR.m3u8", ("#EXTM3U",), 6, True, (), media, ()), texts, folder, checks)
    return [(f.level, f.rule, f.place) for f in checks.findings]


def test_klv_first_and_json_is_right(tmp_path: Path) -> None:
    assert cues_found(tmp_path, (klv(), ORDINARY)) == []


def test_a_package_without_klv_is_not_asked(tmp_path: Path) -> None:
    other = Reference("EXT-X-MEDIA", "x", {"TYPE": "SUBTITLES", "GROUP-ID": "text"})
    assert cues_found(tmp_path, (other,), "Hello") == []


def test_ordinary_subtitles_before_it(tmp_path: Path) -> None:
    assert cues_found(tmp_path, (ORDINARY, klv())) == [("MUST", "ingest klv", "ABR.m3u8")]


@pytest.mark.parametrize(
    "text", ["Hello", "[]", '{"data":[1]}', '{"data":{}}', "1", '{"data":[{}]}', "[" * 20_000]
)
def test_a_cue_that_esri_cannot_read(text: str, tmp_path: Path) -> None:
    assert cues_found(tmp_path, (klv(),), text) == [("MUST", "ingest klv", "telemetry/seg-00001.vtt")]


@pytest.mark.parametrize("uri", ["../../x", "http://a/b", "%00", "gone.m3u8"])
def test_a_uri_that_leads_nowhere_is_said_elsewhere(uri: str, tmp_path: Path) -> None:
    assert cues_found(tmp_path, (klv(uri),), "Hello") == []


def documents(folder: Path, **changed: object) -> list[tuple[str, str]]:
    (folder / "telemetry").mkdir()
    (folder / "info").mkdir()
    sets = [json.dumps({"stream": 257, "k": k}) for k in range(3)]
    made: dict[str, object] = {
        "info/klv.json": INFO,
        "telemetry/klv.json": '{\n"sets": [\n' + ",\n".join(sets) + "\n],\n}\n",
        "telemetry/coverage.json": COVERAGE,
        **{f"telemetry/track.{end}": "x" for end in ("geojson", "csv", "gpx", "kml")},
        **{name.replace("__", "/"): value for name, value in changed.items()},
    }
    for name, content in made.items():
        if content is not None:
            text = content if isinstance(content, str) else json.dumps(content)
            (folder / name).write_text(text, "utf-8")
    checks = Checks()
    check_telemetry(folder, Fraction(2), checks)
    return [(f.level, f.place) for f in checks.findings]


@pytest.mark.parametrize(
    ("name", "content", "level"),
    [
        ("info/klv.json", "{", "MUST"),
        ("info/klv.json", [], "MUST"),
        ("info/klv.json", {"streams": 3}, "MUST"),
        ("telemetry/klv.json", '{"sets": []}', "MUST"),
        ("telemetry/klv.json", None, "MUST"),
        ("telemetry/klv.ndjson", '{"stream": 257}\n', "MUST"),
        ("telemetry/coverage.json", {}, "MUST"),
        ("telemetry/coverage.json", None, "MUST"),
        ("telemetry/coverage.json", COVERAGE | {"sensorPoints": {"points": [[0, 0, 0, 999_999]]}}, "SHOULD"),
        ("telemetry/track.gpx", None, "MUST"),
    ],
)
def test_documents_that_do_not_agree(name: str, content: object, level: str, tmp_path: Path) -> None:
    found = documents(tmp_path, **{name: content})
    assert (level, name) in found
    assert {place for _, place in found} == {name}


def test_documents_that_agree_and_none(tmp_path: Path) -> None:
    assert documents(tmp_path) == []
    checks = Checks()
    check_telemetry(tmp_path / "telemetry", Fraction(2), checks)
    assert (checks.findings, checks.checked) == ([], 0)
