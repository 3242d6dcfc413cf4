"""HDR10 and HLG are kept in HEVC and AV1 when asked, with all that goes with them; SDR stands beside them."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from main_job import SHARED, TONE_MAPPED, Package
from measuring import error as squared_error
from measuring import ffmpeg, key_times, packet_times, pictures, probe, psnr, run

import ingest
from ingest.media.toolchain import find
from ingest.packaging.decode import make_decoder
from ingest.packaging.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips

pytestmark = pytest.mark.media

CLIP = SHARED / "portrait-hdr10-av1.mp4"
DISPLAY = (
    "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,400"
)
PRESET = """\
name = "low"
title = "Low"
box = [384, 216]

[video]
codec = "h264"
profile = "high"
speed = "superfast"
crf = 18
max_bitrate = "3M"
buffer = "6M"
gop = "1s"
segment = "1s"
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


def hdr_source(clips: Clips, kind: str) -> Path:
    """A second and a half of the real clip as HEVC: in PQ with mastering data, or turned into HLG by zscale."""
    if not CLIP.exists():
        pytest.skip(f"{CLIP.name} is not in {SHARED}")
    to_hlg = (
        "zscale=transferin=smpte2084:transfer=arib-std-b67:primariesin=bt2020:primaries=bt2020:"
        "matrixin=bt2020nc:matrix=bt2020nc:npl=1000,"
    )
    transfer = {"pq": "smpte2084", "hlg": "arib-std-b67"}[kind]
    size = f"{to_hlg if kind == 'hlg' else ''}scale=216:384,format=yuv420p10le"
    return clips.make(
        *(f"{kind}.mp4", "-i", str(CLIP), "-t", "1.5", "-map", "0:v", "-vf", size),
        *("-c:v", "libx265", "-preset", "ultrafast", "-crf", "12", "-tag:v", "hvc1"),
        *("-x265-params", f"log-level=error{f':{DISPLAY}' if kind == 'pq' else ''}"),
        *("-color_primaries", "bt2020", "-color_trc", transfer, "-colorspace", "bt2020nc"),
    )


@pytest.fixture(scope="module", params=["pq", "hlg"])
def package(
    request: pytest.FixtureRequest, clips: Clips, tmp_path_factory: pytest.TempPathFactory
) -> Package:
    work = tmp_path_factory.mktemp(request.param)
    (work / "low.toml").write_text(PRESET)
    film = hdr_source(clips, request.param)
    record = ingest.run(film, "low", work / "package", preset_dir=work, codecs="hevc,av1", hdr="keep")
    assert record.status == "COMPLETED", record.error
    return Package(film, work / "package", work)


def light(path: Path) -> set[tuple[str, ...]]:
    """What ffmpeg finds of the display and the light when it decodes the first picture."""
    done = run(
        *(ffmpeg(), "-nostdin", "-hide_banner", "-i", str(path), "-map", "0:v", "-vf", "showinfo"),
        *("-frames:v", "1", "-f", "null", "-"),
    )
    log = done.stderr.decode("utf-8", "replace")
    display = re.findall(
        r"r\((\S+?)\) g\((\S+?)\) b\((.+?)\) wp\((.+?)\) min\S+=(\S+?)\d{4}, max\S+=(\S+)", log
    )
    return {*display, *re.findall(r"MaxCLL=(\d+), MaxFALL=(\d+)", log)}


MASTERED = {
    ("0.6800,0.3200", "0.2650,0.6900", "0.1500 0.0600", "0.3127, 0.3290", "0.00", "1000.000000"),
    ("1000", "400"),
}


def stream(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = probe(path, "-select_streams", "v", "-show_streams")["streams"][0]
    return found


def test_the_rungs_are_ten_bits_in_bt2020_and_say_so(package: Package) -> None:
    transfer = {"pq": "smpte2084", "hlg": "arib-std-b67"}[package.source.stem]
    for name, profile in (("low-hevc", "Main 10"), ("low-av1", "Main")):
        found = stream(package.joined(f"video/{name}"))
        assert (found["profile"], found["pix_fmt"]) == (profile, "yuv420p10le")
        colour = [found[f"color_{key}"] for key in ("primaries", "transfer", "space", "range")]
        assert colour == ["bt2020", transfer, "bt2020nc", "tv"]
    beside = stream(package.joined("video/low"))
    assert (beside["profile"], beside["pix_fmt"], beside["color_transfer"]) == ("High", "yuv420p", "bt709")


def test_the_mastering_display_is_carried_and_kept_out_of_sdr(package: Package) -> None:
    pq = package.source.stem == "pq"
    assert light(package.source) == (MASTERED if pq else light(package.source))
    for name in ("low-hevc", "low-av1"):
        assert light(package.joined(f"video/{name}")) == (MASTERED if pq else set())
    assert light(package.joined("video/low")) == set()


def test_the_pictures_are_the_source_s(package: Package) -> None:
    """In ten-bit code values for HDR, against an independent tone mapping for SDR."""
    wanted = pictures(package.source, matrix="bt2020")
    for name in ("low-hevc", "low-av1"):
        shown = pictures(package.joined(f"video/{name}"), matrix="bt2020")
        assert [p.time for p in shown] == packet_times(package.source)
        values = [psnr(squared_error(a.pixels, b.pixels)) for a, b in zip(shown, wanted, strict=True)]
        assert min(values) > 34, (name, min(values))
    keys = [key_times(package.joined(f"video/{name}")) for name in ("low", "low-hevc", "low-av1")]
    assert keys[0] == keys[1] == keys[2] and len(keys[0]) == 2
    if package.source.stem == "pq":
        mapped = pictures(package.source, filters=TONE_MAPPED)
        shown = package.pictures("low")
        values = [psnr(squared_error(a.pixels, b.pixels)) for a, b in zip(shown, mapped, strict=True)]
        assert sum(values) / len(values) > 20, values


def test_the_manifests_say_which_is_hdr(package: Package) -> None:
    name, number = {"pq": ("PQ", 16), "hlg": ("HLG", 18)}[package.source.stem]
    master = (package.folder / "ABR.m3u8").read_text().splitlines()
    ranges = {
        uri.split("/")[1]: re.findall(r"VIDEO-RANGE=(\w+)", line)
        for line, uri in pairwise(master)
        if line.startswith("#EXT-X-STREAM-INF")
    }
    assert ranges == {"low": ["SDR"], "low-hevc": [name], "low-av1": [name]}
    assert any(
        re.search(rf'CODECS="av01\.0\.\d\dM\.10\.0\.110\.09\.{number}\.09\.0"', line) for line in master
    )
    manifest = (package.folder / "manifest.mpd").read_text()
    groups = manifest.split("<AdaptationSet")[1:]
    said = [re.findall(r'TransferCharacteristics" value="(\d+)"', group) for group in groups]
    assert said == [["1"], [str(number)], [str(number)], []]  # the last is that of the thumbnails


def test_the_package_is_clean(package: Package, tmp_path: Path) -> None:
    report = verify(package.folder, decode=make_decoder(find().ffmpeg, tmp_path))
    # Apple asks for segments of 6 s and several bit rates; a film of seconds has high peaks.
    assert {f.rule for f in report.findings} <= {"Apple 7.5", "Apple 1.30", "Apple 9.9"}
    assert report.must == ()


def test_the_record_says_that_sdr_was_added(package: Package) -> None:
    record = package.record
    assert 9110 in record["customAttributes"]["messageCodes"]
    assert {f.split("/")[1] for f in record["outputs"][0]["files"]} == {"low", "low-hevc", "low-av1"}


def test_of_an_sdr_source_sdr_is_made(clips: Clips, tmp_path: Path) -> None:
    (tmp_path / "low.toml").write_text(PRESET)
    record = ingest.run(
        clips.tiny(), "low", tmp_path / "package", preset_dir=tmp_path, codecs="hevc", hdr="keep"
    )
    assert record.status == "COMPLETED", record.error
    assert "HDR Not Kept: the source is SDR" in record.messages
    assert [p.name for p in (tmp_path / "package/video").iterdir()] == ["low-hevc"]
