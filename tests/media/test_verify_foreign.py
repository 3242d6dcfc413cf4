"""Packages that ffmpeg's own muxers made: measured where they can be, never a crash."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import pytest
from made_package import encode, ffmpeg, package, tool

from ingest.packaging.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.media


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("foreign")
    encode(folder)
    return folder


def mux(sources: Path, folder: Path, *options: str) -> Path:
    folder.mkdir()
    for name in ("h.mp4", "a.mp4"):
        shutil.copy(sources / name, folder)
    inputs = (ffmpeg(), "-nostdin", "-v", "error", "-i", "h.mp4", "-i", "a.mp4")
    common = ("-map", "0:v", "-map", "1:a", "-c", "copy", "-f", "hls", "-hls_time", "6")
    tool(
        *inputs, *common, "-hls_playlist_type", "vod", "-master_pl_name", "master.m3u8", *options, cwd=folder
    )
    return folder


def test_fragmented_hls_of_ffmpeg_is_measured(sources: Path, tmp_path: Path) -> None:
    folder = mux(sources, tmp_path / "x", "-hls_segment_type", "fmp4", "v.m3u8")
    report = verify(folder)
    (track,) = report.tracks
    assert (track.kind, track.codecs, track.frames) == ("video", ("avc1.4d401e", "mp4a.40.2"), 336)
    late = "the first picture is presented at 0.0833 s"
    assert ("ingest start", "v.m3u8", late) in {(f.rule, f.place, f.found) for f in report.must}
    assert {
        ("Apple 9.12", "v.m3u8"),
        ("Apple 9.15", "master.m3u8 v.m3u8"),
        ("Apple 6.1", "master.m3u8"),
    } <= {(f.rule, f.place) for f in report.must}


def test_separate_renditions_and_byte_ranges_of_ffmpeg_are_measured(sources: Path, tmp_path: Path) -> None:
    folder = mux(
        *(sources, tmp_path / "x", "-hls_segment_type", "fmp4", "-hls_flags", "single_file"),
        *(
            "-var_stream_map",
            "v:0,agroup:snd a:0,agroup:snd,language:eng",
            "-hls_fmp4_init_filename",
            "i%v.mp4",
        ),
        "s%v.m3u8",
    )
    report = verify(folder)
    assert [(t.kind, t.codec) for t in report.tracks] == [("video", "avc1.4d401e"), ("audio", "mp4a.40.2")]
    assert {s.path for s in report.tracks[0].segments} == {report.tracks[0].segments[0].path}
    assert ("Apple 8.10", "master.m3u8 s1.m3u8") in {(f.rule, f.place) for f in report.must}


def test_the_dash_muxer_of_ffmpeg_is_measured_with_its_manifest(sources: Path, tmp_path: Path) -> None:
    shutil.copy(sources / "h.mp4", tmp_path)
    options = ("-map", "0:v", "-c", "copy", "-f", "dash", "-seg_duration", "6", "-hls_playlist", "1")
    tool(ffmpeg(), "-nostdin", "-v", "error", "-i", "h.mp4", *options, "m.mpd", cwd=tmp_path)
    good = verify(tmp_path)
    assert [(t.frames, t.first_presentation) for t in good.tracks] == [(336, 0)]
    assert [f for f in good.findings if f.place.startswith("m.mpd")] == []
    text = (tmp_path / "m.mpd").read_text(encoding="utf-8")
    (tmp_path / "m.mpd").write_text(text.replace("chunk-", "part-"), encoding="utf-8")
    missing = [f.found for f in verify(tmp_path).must if f.place.startswith("m.mpd")]
    assert missing == ["'part-stream0-00001.m4s' is missing"]


def test_transport_streams_are_said_not_to_be_measured(sources: Path, tmp_path: Path) -> None:
    folder = mux(sources, tmp_path / "x", "-hls_segment_type", "mpegts", "v.m3u8")
    report = verify(folder)
    assert report.tracks == ()
    assert ("ingest measure", "v.m3u8", "not measured: MPEG-TS") in {
        (f.rule, f.place, f.found) for f in report.should
    }


def test_random_damage_gives_findings_and_never_an_exception(tmp_path: Path) -> None:
    """Eighty times: a run of bytes of some file is overwritten, cut out or doubled."""
    root = package(tmp_path)
    files = sorted(p for p in root.rglob("*") if p.is_file())
    assert len(files) == 23
    chance = random.Random(7)
    reports = 0
    for _ in range(80):
        path = chance.choice(files)
        before = path.read_bytes()
        at, length = chance.randrange(len(before)), chance.randint(1, 40)
        middle = chance.choice(
            [b"", chance.randbytes(length), before[at : at + length] * 2, b"\xff" * length]
        )
        path.write_bytes(before[:at] + middle + before[at + length :])
        report = verify(root)
        reports += bool(report.findings)
        path.write_bytes(before)
    assert verify(root).must == ()
    assert reports > 40
