"""Several codecs in one package: each right by itself, and all of them on one grid."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from helpers_media import X264
from main_job import Package
from measuring import ffmpeg, key_times, likeness, packet_times, pictures, probe, quality, run

import ingest
from ingest.media.toolchain import find
from ingest.packaging.decode import make_decoder
from ingest.packaging.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips

pytestmark = pytest.mark.media

PRESET = """\
name = "{name}"
title = "{name}"
box = [{box}]

[video]
codec = "h264"
profile = "high"
speed = "superfast"
crf = 18
max_bitrate = "3M"
buffer = "6M"
gop = "1s"
segment = "2s"
max_frame_rate = 60

[video.hevc]
speed = "ultrafast"
crf = 20
max_bitrate = "3M"
buffer = "6M"

[video.av1]
speed = 9
crf = 22
max_bitrate = "3M"
buffer = "6M"

[audio]
stereo_bitrate = "64k"
surround_bitrate = "320k"
"""
RUNGS = {
    "small": ("h264", "High", "avc1", (160, 90)),
    "large": ("h264", "High", "avc1", (320, 180)),
    "small-hevc": ("hevc", "Main", "hvc1", (160, 90)),
    "large-hevc": ("hevc", "Main", "hvc1", (320, 180)),
    "small-av1": ("av1", "Main", "av01", (160, 90)),
    "large-av1": ("av1", "Main", "av01", (320, 180)),
}
# Uneven times on a clock of 1/30000: every seventh and eleventh picture is missing, the rest jitter by up to 12 ms.
UNEVEN = "settb=1/30000,select='not(eq(mod(n,7),3))*not(eq(mod(n,11),5))',setpts='PTS+mod(N*37,13)*30'"


@pytest.fixture(scope="module")
def presets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("presets")
    for name, box in (("small", "160, 90"), ("large", "320, 180")):
        (folder / f"{name}.toml").write_text(PRESET.format(name=name, box=box))
    return folder


def source(clips: Clips, kind: str) -> Path:
    uneven = kind == "uneven"
    rate, filters = ("30", UNEVEN) if uneven else ("30000/1001", "null")
    return clips.make(
        *(f"{kind}.mp4", "-f", "lavfi", "-i", f"testsrc2=size=320x180:rate={rate}:duration=4.6"),
        *("-f", "lavfi", "-i", "sine=duration=4.6", "-vf", f"{filters},format=yuv420p"),
        *("-fps_mode", "passthrough", "-enc_time_base", "1/30000" if uneven else "1001/30000"),
        *("-video_track_timescale", "30000", "-c:v", "libx264", "-preset", "superfast", "-qp", "10"),
        *("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"),
        *("-c:a", "aac"),
    )


@pytest.fixture(scope="module", params=["constant", "uneven"])
def package(
    request: pytest.FixtureRequest, clips: Clips, presets: Path, tmp_path_factory: pytest.TempPathFactory
) -> Package:
    work = tmp_path_factory.mktemp(request.param)
    film = source(clips, request.param)
    record = ingest.run(
        film, "small,large", work / "package", preset_dir=presets, codecs=["hevc,av1", "h264"], copy="never"
    )
    assert record.status == "COMPLETED", record.error
    return Package(film, work / "package", work)


def test_every_rung_is_what_its_name_says(package: Package) -> None:
    assert {p.name for p in (package.folder / "video").iterdir()} == set(RUNGS)
    for name, (codec, profile, entry, size) in RUNGS.items():
        (stream,) = probe(package.joined(f"video/{name}"), "-select_streams", "v", "-show_streams")["streams"]
        assert (stream["codec_name"], stream["profile"], stream["codec_tag_string"]) == (
            codec,
            profile,
            entry,
        )
        assert (stream["width"], stream["height"], stream["pix_fmt"]) == (*size, "yuv420p")
        colour = [stream[f"color_{key}"] for key in ("space", "primaries", "transfer", "range")]
        assert colour == ["bt709", "bt709", "bt709", "tv"]


def test_pictures_and_key_pictures_have_the_source_s_times_in_all(package: Package) -> None:
    times = packet_times(package.source)
    keys: list[Fraction] = []
    for time in times:
        if not keys or time // 1 > keys[-1] // 1:
            keys.append(time)
    if package.source.stem == "constant":
        keys = [n * Fraction(1001, 1000) for n in range(5)]
    for name in RUNGS:
        joined = package.joined(f"video/{name}")
        assert packet_times(joined) == times, name
        assert key_times(joined) == keys, name
        starts = [s.name for s in sorted((package.folder / "video" / name).glob("seg-*"))]
        assert starts == ["seg-00001.m4s", "seg-00002.m4s", "seg-00003.m4s"]


def test_each_picture_is_the_source_s(package: Package, tmp_path: Path) -> None:
    wanted = pictures(package.source)
    for name in RUNGS:
        like = likeness(package.pictures(name), wanted)
        assert like.in_place, (name, like)
    rungs = [(package.joined(f"video/{name}"), *size) for name, (_, _, _, size) in RUNGS.items()]
    for name, values in zip(RUNGS, quality(rungs, package.source, tmp_path), strict=True):
        assert min(values) > 27 and sum(values) / len(values) > 32, (
            name,
            min(values),
            sum(values) / len(values),
        )


def test_the_package_is_clean_and_every_segment_decodes(package: Package, tmp_path: Path) -> None:
    report = verify(package.folder, decode=make_decoder(find().ffmpeg, tmp_path))
    # Apple asks for segments of 6 s; these have 2 s, so that there are some. A film of seconds has high peaks.
    assert {f.rule for f in report.findings} <= {"Apple 1.18", "Apple 7.5", "Apple 1.30"}
    assert report.must == ()
    for name in RUNGS:
        run(ffmpeg(), "-v", "error", "-xerror", "-i", str(package.joined(f"video/{name}")), "-f", "null", "-")


def test_manifests_name_each_codec_s_ladder(package: Package) -> None:
    master = (package.folder / "ABR.m3u8").read_text()
    variants = [line for line in master.splitlines() if line.startswith("video/")]
    assert variants[0].split("/")[1] in {"small", "large"}
    assert [v.split("/")[1].partition("-")[2] for v in variants] == ["", "", "hevc", "hevc", "av1", "av1"]
    manifest = (package.folder / "manifest.mpd").read_text()
    sets = [part.count("<Representation") for part in manifest.split("<AdaptationSet")[1:]]
    assert sets == [2, 2, 2, 1, 1]  # sound and thumbnails last


def test_the_record_gathers_all_codecs_of_a_resolution(package: Package) -> None:
    outputs = {o["resolution"]: o for o in package.record["outputs"]}
    assert set(outputs) == {"small", "large"}
    for resolution, output in outputs.items():
        names = [name for name in RUNGS if name.split("-")[0] == resolution]
        assert {f.split("/")[1] for f in output["files"]} == set(names)
        assert list(output["details"]["renditions"]) == names
        assert output["details"]["frames"] == len(packet_times(package.source))
        assert output["messageCodes"] == [9001, 161, 162, 9003]
    rungs = json.loads((package.folder / "info/abr.json").read_bytes())["rungs"]
    assert [(r["name"], r["resolution"]) for r in rungs] == [(n, n.split("-")[0]) for n in RUNGS]


@pytest.mark.parametrize("rate", ["1/2", "1/5"])
def test_slides_are_key_pictures_of_the_same_profiles(
    clips: Clips, presets: Path, tmp_path: Path, rate: str
) -> None:
    """Each picture is shown for longer than a group of pictures may last, and so is a group of its own."""
    film = clips.make(
        *(f"slides-{rate[2:]}.mp4", "-f", "lavfi", "-i", f"testsrc2=size=320x180:rate={rate}"),
        *("-frames:v", "8", *X264),
    )
    record = ingest.run(
        film, "large", tmp_path / "package", preset_dir=presets, codecs=["h264", "hevc", "av1"], copy="never"
    )
    assert record.status == "COMPLETED", record.error
    made = Package(film, tmp_path / "package", tmp_path)
    for rung in ("large", "large-hevc", "large-av1"):
        joined = made.joined(f"video/{rung}")
        assert probe(joined, "-show_entries", "stream=profile")["streams"][0]["profile"] == RUNGS[rung][1]
        assert key_times(joined) == packet_times(joined) == [n / Fraction(rate) for n in range(8)]
