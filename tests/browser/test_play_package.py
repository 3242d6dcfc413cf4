"""Packages in hls.js, shaka-player and Chromium's own HLS: every rung plays, seeks, switches and ends.

The page under `page/` drives the player and tells what happened; here it is judged. Dropped frames only say how
slow the machine decodes, so they are counted (as properties of the test) and not judged.
"""

from __future__ import annotations

import html
import io
import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from headless_chromium import chromium, processes_of
from page_visit import PAGE, Visit, Visitor
from PIL import Image, ImageStat
from recording_server import serve

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.browser
SECONDS = 90
RUNS = [
    pytest.param("sample", "hls.js", "ABR.m3u8", id="hls.js"),
    pytest.param("small", "shaka-player", "ABR.m3u8", id="shaka-hls"),
    pytest.param("small", "shaka-player", "manifest.mpd", id="shaka-dash"),
    pytest.param("small", "native", "ABR.m3u8", id="native"),
    pytest.param("multi", "hls.js", "ABR.m3u8", id="multi-hls.js"),
    pytest.param("multi", "shaka-player", "manifest.mpd", id="multi-shaka-dash"),
    pytest.param("transport", "hls.js", "ABR.m3u8", id="ts-hls.js"),
]


@pytest.fixture
def visit(
    browser: str, players: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Callable[..., Visit]:
    def visit(package: Path, player: str, manifest: str, **choices: str) -> Visit:
        visitor = Visitor(browser, players, tmp_path, SECONDS)
        seen = visitor.visit(package, manifest, {"player": player, **choices})
        report = seen.report
        request.node.user_properties.append(("player", f"{player} {report['version']}"))
        assert report["failure"] is None, f"{report['failure']}\n{report['errors']}"
        assert seen.errors() == []
        assert report["mediaError"] is None
        assert seen.refused == []
        return seen

    return visit


@pytest.mark.parametrize(("package", "player", "manifest"), RUNS)
def test_every_rung_plays_seeks_switches_and_ends(
    package: str,
    player: str,
    manifest: str,
    request: pytest.FixtureRequest,
    visit: Callable[..., Visit],
    tmp_path: Path,
) -> None:
    seen = visit(request.getfixturevalue(package), player, manifest)
    report = seen.report
    gains = [report["start"]["gained"], *(place["gained"] for place in report["visits"])]
    dropped = sum(gained["dropped"] for gained in gains)
    request.node.user_properties += [("dropped frames", dropped), ("stalls", report["stalls"])]

    assert report["duration"] == pytest.approx(seen.abr["durationSeconds"], abs=0.1)
    check_start(seen, chosen=player != "native")
    check_visits(seen, chosen=player != "native")
    if player != "native":
        check_all_was_used(seen)
    check_picture(seen, tmp_path / "picture.png")


def check_start(seen: Visit, *, chosen: bool) -> None:
    """Sound and picture both start at 0, unshifted by the player, and two seconds play in real time."""
    start = seen.report["start"]
    # hls.js counts from the first decoding time of a transport stream: two reordered pictures before the first.
    late = 0 if seen.abr["format"] == "cmaf" else 2 / seen.slowest
    assert start["at"] == pytest.approx(late, abs=0.001 if late else 0)
    assert len(start["buffered"]) == 1
    assert start["buffered"][0][0] <= late + 0.05
    for track in start["tracks"]:
        assert len(track["buffered"]) == 1, track
        assert track["buffered"][0][0] <= late + 0.05, track
        # hls.js fills the time before the first sound with silence.
        assert track["kind"] == "audio" or track["buffered"][0][0] >= late - 0.001, track
        assert late or abs(track["timestampOffset"]) <= 0.001, track
    # A transport stream's clock begins anywhere: both are moved alike.
    assert len({round(track["timestampOffset"], 3) for track in start["tracks"]}) <= 1
    assert sorted(track["kind"] for track in start["tracks"]) == (["audio", "video"] if chosen else [])
    if chosen:
        assert start["size"] == seen.report["variants"][0]["size"]
    assert start["size"] in seen.sizes
    gained = start["gained"]
    assert gained["time"] >= 2
    assert gained["time"] - 0.2 <= gained["wall"] <= gained["time"] + 3
    # Counted are decoded frames, dropped ones too; those that a slow machine skips undecoded are not.
    assert gained["frames"] >= seen.slowest, gained
    assert gained["audioBytes"] >= 8000, gained


def check_visits(seen: Visit, *, chosen: bool) -> None:
    visits = seen.report["visits"]
    for place in visits:
        if chosen:
            assert (place["size"], place["audio"]) == (place["wanted"]["size"], place["wanted"]["audio"])
        assert place["size"] in seen.sizes
        # The picture on the screen after a seek is the one of that time: the last that begins before it.
        at = seen.report["start"]["at"]
        if place["target"] < at:
            assert at - 0.001 <= place["frame"] <= at + 0.1, place
        else:
            assert -0.001 <= place["target"] - place["frame"] < 1.5 / seen.slowest, place
        assert place["gained"]["time"] >= 0.35, place
        assert place["gained"]["frames"] > 0, place
        assert place["gained"]["audioBytes"] > 0, place
        assert place["ended"] == place["toTheEnd"], place
        if place["toTheEnd"]:
            assert place["time"] == pytest.approx(seen.report["duration"], abs=0.1)
    ends = [place["size"] for place in visits if place["toTheEnd"]]
    if chosen:
        assert sorted(ends) == sorted(seen.sizes)
        assert {place["audio"] for place in visits} == seen.audios
    else:
        assert len(ends) == 1


def check_all_was_used(seen: Visit) -> None:
    """Every file of every rung was fetched, and a part of every audio rendition."""
    served = {path.removeprefix("/package/") for path in seen.cdn.served()}
    media = [p for p in (seen.package / "video").glob("*/*") if p.suffix != ".m3u8"]
    pictures = {str(p.relative_to(seen.package)) for p in media}
    boxes = seen.abr["format"] == "cmaf"
    assert len(pictures) == sum(rung["segmentCount"] + boxes for rung in seen.abr["rungs"])
    assert pictures - served == set()
    for audio in seen.abr["audio"]:
        folder = Path(audio["playlist"]).parent
        first = ("init.mp4", "seg-00001.m4s") if boxes else ("seg-00001.aac",)
        assert {str(folder / name) for name in first} <= served


def check_picture(seen: Visit, path: Path) -> None:
    """The player shows a picture: neither black nor one flat colour."""
    assert seen.picture is not None
    path.write_bytes(seen.picture)
    with Image.open(io.BytesIO(seen.picture)) as image:
        assert list(image.size) == seen.report["start"]["size"]
        luma = ImageStat.Stat(image.convert("L"))
    assert 24 < luma.mean[0] < 230
    assert luma.stddev[0] > 16


def test_previews_show_what_the_player_shows(small: Path, visit: Callable[..., Visit]) -> None:
    """Each cue's tile is the frame that plays at the cue's start."""
    seen = visit(small, "hls.js", "ABR.m3u8", previews="package:previews/previews.vtt")
    described = json.loads((small / "previews/preview.json").read_text(encoding="utf-8"))
    cues = seen.report["cues"]
    starts = [frame["offset"] / 1000 for frame in described["frames"]]
    assert [cue["startTime"] for cue in cues] == starts
    assert [cue["endTime"] for cue in cues] == [
        *starts[1:],
        pytest.approx(seen.abr["durationSeconds"], abs=0.001),
    ]
    width, height = described["width"], described["height"]
    assert seen.report["sheets"] == {
        described["preview"]: [described["nCol"] * width, described["nRow"] * height],
    }
    for number, cue in enumerate(cues):
        x, y = number % described["nCol"] * width, number // described["nCol"] * height
        assert cue["text"] == f"{described['preview']}#xywh={x},{y},{width},{height}"
        assert cue["frameTime"] == pytest.approx(cue["startTime"], abs=0.001)
        nearest = min(range(len(cues)), key=cue["differences"].__getitem__)
        assert nearest == number, cue["differences"]
        assert cue["differences"][number] < 12, cue["differences"]


@pytest.mark.parametrize(
    ("player", "manifest"),
    [("hls.js", "ABR.m3u8"), ("shaka-player", "ABR.m3u8"), ("shaka-player", "manifest.mpd")],
)
def test_a_subtitle_of_the_chosen_language_is_shown_at_its_time(
    player: str, manifest: str, subtitled: Path, visit: Callable[..., Visit]
) -> None:
    seen = visit(subtitled, player, manifest, text="de", at="7.5")
    assert sorted(seen.report["languages"]) == ["de", "en"]
    (cue,) = {(c["startTime"], c["endTime"], c["text"]) for c in seen.report["shown"]}
    assert cue[:2] == pytest.approx((7.25, 8.75), abs=0.002)
    # Players write a cue's text in their own way: with tags and references, or as plain text.
    assert html.unescape(re.sub("</?i>", "", cue[2])) == "Größe & <Länge>"


@pytest.mark.parametrize("package", ["flight", "flight_ts"])
def test_the_klv_of_a_frame_is_there_as_json_while_it_is_shown(
    package: str, request: pytest.FixtureRequest, visit: Callable[..., Visit]
) -> None:
    folder: Path = request.getfixturevalue(package)
    report = visit(folder, "hls.js", "ABR.m3u8", klv="0.13,3.29,7.41,11.81").report
    assert report["languages"] == ["zxx"]
    sets = json.loads((folder / "telemetry/klv.json").read_bytes())["sets"]
    stamps = {round(s["milliseconds"] / 40): s["precisionTimeStamp"] for s in sets}
    # hls.js counts from the first decoding time of a transport stream.
    late = 0.08 if package == "flight_ts" else 0
    for place in report["seen"]:
        frame = round((place["frame"] - late) * 25)
        told = [
            tags(cue["text"])[10002] for cue in place["cues"] if cue["startTime"] <= place["frame"] + 0.001
        ]
        assert stamps[frame] in told, place
    starts = [cue["startTime"] - late for cue in report["cues"]]
    assert starts == [pytest.approx(0.04 * k, abs=0.002) for k in range(300)]
    assert [tags(cue["text"])[10002] for cue in report["cues"]] == [stamps[k] for k in range(300)]


def tags(text: str) -> dict[int, object]:
    """The tags of a cue, by Esri's number."""
    document = json.loads(text)
    assert document["source"] == "EsriVideoServer"
    return {tag["tagId"]: tag["value"] for data in document["data"] for tag in data["value"]}


def test_a_change_of_language_is_heard(subtitled: Path, visit: Callable[..., Visit]) -> None:
    """Not only said by the player: the tone of the other language comes out of both channels."""
    seen = visit(subtitled, "hls.js", "ABR.m3u8", then="de/2")
    before, after = seen.report["heard"]
    assert (before["audio"], after["audio"]) == ("en/2", "de/2")
    # Two bins of the analyser.
    assert before["heard"][:2] == pytest.approx([440, 440], abs=12)
    assert after["heard"][:2] == pytest.approx([1000, 1000], abs=12)


def test_chromium_leaves_nothing_behind(browser: str, tmp_path: Path) -> None:
    with serve({"/page/": PAGE}) as site, chromium(browser, f"{site.origin}/page/index.html", tmp_path, 30):
        deadline = time.monotonic() + 20
        while "/page/main.js" not in site.served() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert "/page/main.js" in site.served()
        assert len(processes_of(tmp_path / "profile")) > 1
    assert processes_of(tmp_path / "profile") == []
    assert [path.name for path in tmp_path.iterdir()] == ["chromium.log"]
