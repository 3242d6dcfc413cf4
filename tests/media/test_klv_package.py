"""KLV from the stream to the package: whole jobs on films muxed here, and on the shared real stream."""

from __future__ import annotations

import json
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import imageio_ffmpeg
import m3u8
import pytest
from click.testing import CliRunner
from helpers_media import X264, picture
from klv_film import RATE, STEP, a_set, film
from made_klv import ASYNC, EG_0104, WRAP, klv
from main_job import SHARED, Ingest, Package
from PIL import Image

from ingest.cli import main
from ingest.klv import packets
from ingest.packaging.webvtt_reader import read_webvtt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from helpers_media import Clips

pytest_plugins = ("ingest_once",)
pytestmark = pytest.mark.media
FRAME = 1000 / RATE


def cues(folder: Path) -> Iterator[tuple[float, float, dict[str, Any]]]:
    """Start, end (ms of the film) and document of each cue, once."""
    seen = set()
    playlist = m3u8.load(str(folder / "telemetry/index.m3u8"))
    for segment in playlist.segments:
        track = read_webvtt((folder / "telemetry" / segment.uri).read_text("utf-8"))
        assert track.shift is not None
        for cue in track.cues:
            if cue not in seen:
                seen.add(cue)
                yield float(cue.start * 1000), float(cue.end * 1000), json.loads(cue.text)


def value(document: dict[str, Any], tag: int) -> Any:
    (tags,) = [d["value"] for d in document["data"] if d["tagId"] == 10000]
    return next(t["value"] for t in tags if t["tagId"] == tag)


def missions(package: Package) -> list[tuple[str, float]]:
    return [(value(document, 10003), start) for start, _, document in cues(package.folder)]


def codes_of(package: Package) -> list[int]:
    return list(package.record["customAttributes"]["messageCodes"])


EACH = [(f"set {k}", pytest.approx(FRAME * k, abs=1)) for k in range(50)]


@pytest.mark.parametrize("start", [126_000, WRAP - 20 * STEP])
def test_synchronous_klv_is_in_step_from_any_start_and_over_the_wrap(
    start: int, ingested: Ingest, tmp_path: Path
) -> None:
    package = ingested(film(tmp_path / "sync.ts", start=start), "sd")
    assert missions(package) == EACH
    coverage = json.loads((package.folder / "telemetry/coverage.json").read_bytes())
    assert [p[3] for p in coverage["sensorPoints"]["points"]] == [FRAME * k for k in range(50)]
    assert coverage["telemetry"]["start"]["sensor"]["y"] == pytest.approx(48, abs=1e-6)


def test_asynchronous_klv_is_in_step_by_its_arrival(ingested: Ingest, tmp_path: Path) -> None:
    source = film(
        tmp_path / "async.ts", es=ASYNC, celled=False, stream_id=0xBD, klv=lambda k: (a_set(k), None)
    )
    package = ingested(source, "sd")
    assert missions(package) == EACH
    assert "asynchronous, stream_type 0x06, stream_id 0xBD" in " ".join(package.record["messages"])


def test_damaged_sets_are_counted_and_no_reason_to_fail(ingested: Ingest, tmp_path: Path) -> None:
    def damaged(k: int) -> tuple[bytes, int]:
        data = bytearray(a_set(k))
        data[40] ^= 0x55 if k % 5 == 0 else 0
        return bytes(data), 126_000 + STEP * k

    package = ingested(film(tmp_path / "damaged.ts", klv=damaged), "sd")
    assert [m for m, _ in missions(package)] == [f"set {k}" for k in range(50) if k % 5]
    info = json.loads((package.folder / "info/klv.json").read_bytes())
    assert (info["streams"][0]["badSets"], info["streams"][0]["sets"]) == (10, {"ST 0601": 40})
    assert [w["code"] for w in package.record["warnings"]] == [9241]


def test_legacy_klv_is_named_and_makes_no_track(ingested: Ingest, tmp_path: Path) -> None:
    source = film(
        tmp_path / "legacy.ts", es=ASYNC, celled=False, klv=lambda k: (klv(EG_0104, bytes(20)), None)
    )
    package = ingested(source, "sd")
    info = json.loads((package.folder / "info/klv.json").read_bytes())
    assert (info["used"], info["streams"][0]["standard"]) == (None, "EG 0104")
    assert {p.name for p in (package.folder / "telemetry").iterdir()} == {"klv.json"}
    assert "SUBTITLES" not in (package.folder / "ABR.m3u8").read_text("utf-8")
    assert codes_of(package).count(160) == 1
    assert 9020 not in codes_of(package)


def test_a_declared_stream_without_a_set_is_no_klv(ingested: Ingest, tmp_path: Path) -> None:
    package = ingested(film(tmp_path / "none.ts", klv=lambda _: None), "sd")
    assert not {160, 9020} & set(codes_of(package))
    assert 9104 in codes_of(package)
    assert not (package.folder / "telemetry").exists()


@pytest.fixture(scope="module")
def flight(ingested: Ingest) -> Package:
    path = SHARED / "klv-sync-foreman.ts"
    if not path.exists():
        pytest.skip(f"{path.name} is not in {SHARED}")
    return ingested(path, "sd,hd,fhd")


def test_the_shared_stream_as_its_readme_says(flight: Package) -> None:
    whole = json.loads((flight.folder / "telemetry/klv.json").read_bytes())
    first = {t["tag"]: t["value"] for t in whole["sets"][0]["tags"]}
    assert len(whole["sets"]) == 300
    assert whole["sets"][0]["time"] == "2017-06-16T14:26:20.296Z"
    assert (round(first[13], 4), round(first[14], 4), first[10]) == (52.8080, -111.0265, "ScanEagle")
    info = json.loads((flight.folder / "info/klv.json").read_bytes())
    (stream,) = info["streams"]
    assert (stream["standard"], stream["sets"], stream["badSets"]) == ("ST 0601", {"ST 0601": 300}, 0)
    assert stream["essentialFieldsPresent"] == 12
    assert stream["setsPerSecond"] == pytest.approx(25)


def test_the_shared_stream_s_cues_are_in_step_with_its_frames(flight: Package) -> None:
    found = list(cues(flight.folder))
    assert [start for start, _, _ in found] == [pytest.approx(FRAME * k, abs=1) for k in range(300)]
    assert [end for _, end, _ in found] == [pytest.approx(FRAME * (k + 1), abs=1) for k in range(300)]
    whole = json.loads((flight.folder / "telemetry/klv.json").read_bytes())
    at = {s["milliseconds"]: s["precisionTimeStamp"] for s in whole["sets"]}
    assert [value(d, 10002) for _, _, d in found] == [at[FRAME * k] for k in range(300)]


def test_every_variant_refers_to_the_klv_and_the_manifest_does_not(flight: Package) -> None:
    master = m3u8.load(str(flight.folder / "ABR.m3u8"))
    assert [(m.type, m.group_id, m.language, m.default, m.autoselect) for m in master.media] == [
        ("SUBTITLES", "klv", "zxx", "NO", "NO")
    ]
    assert {v.stream_info.subtitles for v in master.playlists} == {"klv"}
    assert "telemetry" not in (flight.folder / "manifest.mpd").read_text("utf-8")
    abr = json.loads((flight.folder / "info/abr.json").read_bytes())
    assert (abr["klv"]["cues"], abr["klv"]["playlist"]) == (300, "telemetry/index.m3u8")


def test_the_picture_of_the_track(flight: Package) -> None:
    with Image.open(flight.folder / "telemetry/track.png") as image:
        colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 20) or ()}
    assert {(200, 40, 40), (30, 90, 200)} <= colours


def test_the_film_lasts_as_long_as_its_cues(flight: Package) -> None:
    playlist = m3u8.load(str(flight.folder / "telemetry/index.m3u8"))
    assert sum(Fraction(str(s.duration)) for s in playlist.segments) == pytest.approx(Fraction(12), abs=0.001)
    assert all(isinstance(s.uri, str) and Path(s.uri).suffix == ".vtt" for s in playlist.segments)


SUBTITLES = "1\n00:00:00,500 --> 00:00:01,500\nHello\n"


def test_klv_in_a_mov_file_and_subtitles_beside_it(ingested: Ingest, tmp_path: Path) -> None:
    """Its data track does not say what it carries: ffmpeg muxes it as unknown data, and leaves out the last packet.

    The KLV stands before the subtitles, in the same group and in a rendition of its own.
    """
    source, words = tmp_path / "flight.mov", tmp_path / "words.srt"
    words.write_text(SUBTITLES, "utf-8")
    inputs = ("-i", str(film(tmp_path / "a.ts")), "-i", str(words))
    mux = (
        "-map",
        "0:v",
        "-map",
        "0:d",
        "-map",
        "1",
        "-c",
        "copy",
        "-c:s",
        "mov_text",
        "-f",
        "mov",
        str(source),
    )
    ffmpeg = (imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error")
    subprocess.run([*ffmpeg, *inputs, *mux], check=True, timeout=60)
    package = ingested(source, "sd")
    assert missions(package) == EACH[:49]
    assert "49 sets of ST 0601 (data track 1 (KLV))" in " ".join(package.record["messages"])
    master = m3u8.load(str(package.folder / "ABR.m3u8"))
    assert [(m.group_id, m.language, m.uri) for m in master.media if m.type == "SUBTITLES"] == [
        ("klv", "zxx", "telemetry/index.m3u8"),
        ("klv", "und", "text/und/index.m3u8"),
    ]
    assert {v.stream_info.subtitles for v in master.playlists} == {"klv"}
    shown = CliRunner().invoke(main, ["klv", str(source), "--json"])
    assert [s["milliseconds"] for s in json.loads(shown.stdout)["sets"]] == [FRAME * k for k in range(49)]
    manifest = (package.folder / "manifest.mpd").read_text("utf-8")
    assert ("text/und/whole.vtt" in manifest, "telemetry" in manifest) == (True, False)


def test_telemetry_beside_the_film(ingested: Ingest, tmp_path: Path) -> None:
    """Bare KLV, timed by its stamps; what the film itself has is still listed."""
    side = tmp_path / "side.klv"
    side.write_bytes(b"".join(a_set(1000 + k) for k in range(50)))
    package = ingested(film(tmp_path / "both.ts"), "sd", klv=side)
    assert missions(package) == [(f"set {1000 + k}", time) for k, (_, time) in enumerate(EACH)]
    info = json.loads((package.folder / "info/klv.json").read_bytes())
    assert (info["used"], [s["stream"] for s in info["streams"]]) == (0, [0x101, 0])
    assert info["streams"][1]["carriage"] == "bare file beside the film"


def test_the_drone_s_position_in_a_gopro_film(ingested: Ingest) -> None:
    path = SHARED / "gopro-karma-gpmf.mp4"
    if not path.exists():
        pytest.skip(f"{path.name} is not in {SHARED}")
    package = ingested(path)
    info = json.loads((package.folder / "info/klv.json").read_bytes())
    (stream,) = info["streams"]
    assert (stream["standard"], stream["sets"]) == ("GPMF", {"GPMF": 47})
    assert stream["firstTime"] == "2017-04-17T19:27:57.526Z"
    points = json.loads((package.folder / "telemetry/coverage.json").read_bytes())["sensorPoints"]["points"]
    assert points[0] == [-117.3310668, 33.1253688, 15.71, 0]
    assert len(points) == len(list(cues(package.folder))) == 47


DRONE = """1
00:00:00,000 --> 00:00:01,000
HOME(149.0251,-20.2532) 2017.08.05 14:11:51
GPS(149.0251,-20.2533,16) BAROMETER:1.9
ISO:100 Shutter:60 EV: Fnum:F2.8

2
00:00:01,000 --> 00:00:02,000
F/2.8, SS 206.14, ISO 100, EV 0, GPS (-122.1207, 47.6413, 18), D 5.61m, H 3.20m
"""


def test_a_drone_s_text_track_is_telemetry_and_no_subtitles(clips: Clips, ingested: Ingest) -> None:
    (clips.folder / "drone.srt").write_text(DRONE)
    source = clips.make(
        "drone.mp4",
        *picture("64x36", 2),
        "-i",
        "drone.srt",
        *X264,
        "-map",
        "0",
        "-map",
        "1",
        "-c:s",
        "mov_text",
    )
    package = ingested(source, "sd")
    points = json.loads((package.folder / "telemetry/coverage.json").read_bytes())["sensorPoints"]["points"]
    assert points == [[149.0251, -20.2533, 0], [-122.1207, 47.6413, 1000]]  # the third numbers are satellites
    assert not (package.folder / "text/und").exists()
    said = "Stream Left Out: stream 1 (mov_text): it is a drone's telemetry, no subtitles"
    assert said in package.record["messages"]
    shown = CliRunner().invoke(main, ["klv", str(source), "--json"])
    assert [s["sets"] for s in json.loads(shown.stdout)["streams"]] == [{"DJI SRT": 2}]


def test_transport_streams_carry_the_sets_and_give_them_back(ingested: Ingest, tmp_path: Path) -> None:
    """The round trip: the same bytes, each within a picture of its time, in both segments."""
    package = ingested(film(tmp_path / "long.ts", seconds=8), "sd", format="ts")
    segments = sorted((package.folder / "video/sd").glob("*.ts"))
    assert len(segments) == 2
    found = list(packets(b"".join(s.read_bytes() for s in segments)))
    assert [p.raw for p in found] == [a_set(k) for k in range(200)]
    assert [p.milliseconds for p in found] == [pytest.approx(FRAME * k, abs=FRAME / 2) for k in range(200)]
    assert len(list(packets(segments[1].read_bytes()))) == 50
    assert "KLV Kept In Segments: 200 sets in each rendition's segments" in package.record["messages"]
    assert missions(package) == [(f"set {k}", pytest.approx(FRAME * k, abs=1)) for k in range(200)]


def test_time_stamps_in_the_picture_place_what_is_beside_the_film(ingested: Ingest, tmp_path: Path) -> None:
    """The side file's first set is of picture 10, and its stamp says so."""
    side = tmp_path / "side.klv"
    side.write_bytes(b"".join(a_set(k) for k in range(10, 40)))
    source = film(tmp_path / "stamped.ts", klv=lambda _: None, stamped=1_700_000_000_000_000)
    package = ingested(source, "sd", klv=side)
    assert missions(package) == EACH[10:40]
    info = json.loads((package.folder / "info/klv.json").read_bytes())
    assert info["pictureTimes"] == {
        "standard": "ST 0604",
        "count": 50,
        "notLocked": 0,
        "firstTime": "2023-11-14T22:13:20.000Z",
        "firstMilliseconds": 0.0,
        "lastTime": "2023-11-14T22:13:21.960Z",
        "lastMilliseconds": 1960.0,
    }
    assert "time stamps in the picture (ST 0604): 50, the first 2023-11-14T22:13:20.000Z" in " ".join(
        package.record["messages"]
    )
