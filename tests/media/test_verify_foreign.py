"""Packages that ffmpeg's own muxers made: measured where they can be, never a crash."""

from __future__ import annotations

import random
import shutil
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from made_package import encode, ffmpeg, package, tool

from ingest.job import codes
from ingest.job.errors import OutputError
from ingest.media.toolchain import find
from ingest.packaging.decode import make_decoder
from ingest.packaging.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.media


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("foreign")
    encode(folder)
    return folder


def mux(sources: Path, folder: Path, *options: str, picture: str = "h.mp4") -> Path:
    folder.mkdir()
    for name in (picture, "a.mp4"):
        shutil.copy(sources / name, folder)
    inputs = (ffmpeg(), "-nostdin", "-v", "error", "-i", picture, "-i", "a.mp4")
    common = ("-map", "0:v", "-map", "1:a", "-c", "copy", "-f", "hls", "-hls_time", "6")
    tool(
        *inputs, *common, "-hls_playlist_type", "vod", "-master_pl_name", "master.m3u8", *options, cwd=folder
    )
    return folder


def test_fragmented_hls_of_ffmpeg_is_measured(sources: Path, tmp_path: Path) -> None:
    folder = mux(sources, tmp_path / "x", "-hls_segment_type", "fmp4", "v.m3u8")
    report = verify(folder)
    (track,) = report.tracks
    assert (track.kind, track.codecs, track.frames) == ("video", ("avc1.64001e", "mp4a.40.2"), 336)
    late = "the first picture is presented at 0.0833 s"
    # HLS takes any fragmented MP4 and any time at its start: no CMAF is claimed, none is wanted.
    assert ("ingest start", "v.m3u8", late) in {(f.rule, f.place, f.found) for f in report.should}
    assert [f for f in report.findings if f.rule.startswith("ISO/IEC 23000-19")] == []
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
    assert [(t.kind, t.codec) for t in report.tracks] == [("video", "avc1.64001e"), ("audio", "mp4a.40.2")]
    assert {s.path for s in report.tracks[0].segments} == {report.tracks[0].segments[0].path}
    assert ("Apple 8.10", "master.m3u8 s1.m3u8") in {(f.rule, f.place) for f in report.must}
    # It says DEFAULT=YES and nothing of AUTOSELECT, which has to be YES only where it is present.
    assert "RFC8216bis 4.4.6.1" not in {f.rule for f in report.findings}


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


def rules(folder: Path) -> set[tuple[str, str]]:
    """Rule and what was found, of every MUST that is broken."""
    return {(f.rule, f.found) for f in verify(folder).must}


def test_transport_streams_of_ffmpeg_are_measured(sources: Path, tmp_path: Path) -> None:
    folder = mux(sources, tmp_path / "x", "-hls_segment_type", "mpegts", "v.m3u8")
    report = verify(folder, decode=make_decoder(find().ffmpeg, tmp_path))
    (track,) = report.tracks
    assert (track.kind, track.container, track.codecs) == ("video", "ts", ("avc1.64001e", "mp4a.40.2"))
    assert (track.frames, track.first_presentation, track.last_presentation) == (336, 0, 14)
    assert (track.presented_durations, track.sync_times) == ((6, 6, 2), tuple(range(0, 14, 2)))
    (sound,) = track.sounds
    # The encoder's priming makes the sound one frame longer than the film; nothing is lost between segments.
    assert (sound.frames, sound.sample_rate, sound.channels) == (658, 48000, 2)
    assert abs(sound.first_presentation) <= sound.frame_duration
    assert all(a.end == b.start for a, b in pairwise(sound.segments))
    assert report.decoded == 3
    full = verify(folder, decode=make_decoder(find().ffmpeg, tmp_path), full=True)
    assert full.findings == report.findings
    assert {(f.rule, f.found) for f in report.must} == {
        ("Apple 9.12", "no EXT-X-INDEPENDENT-SEGMENTS"),
        ("Apple 9.15", "no FRAME-RATE"),
        ("Apple 6.1", "no EXT-X-I-FRAME-STREAM-INF"),
    }


def test_sound_and_picture_apart_in_browsers_are_found(sources: Path, tmp_path: Path) -> None:
    """Two B-frames at 24 pictures a second: ffmpeg's edit lists begin with an empty edit, which browsers ignore."""
    folder = mux(
        *(
            sources,
            tmp_path / "x",
            "-hls_segment_type",
            "fmp4",
            "-var_stream_map",
            "v:0,agroup:s a:0,agroup:s",
        ),
        "s%v.m3u8",
    )
    assert ("ingest sync", "sound starts -83.3 ms after the picture in a browser") in rules(folder)


def test_hevc_of_ffmpeg_without_a_tag_is_found(tmp_path: Path) -> None:
    hevc = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=24")
    hls = ("-f", "hls", "-hls_time", "2", "-hls_playlist_type", "vod", "-master_pl_name", "master.m3u8")
    picture = ("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=24:duration=2")
    wrong = {}
    for kind in ("fmp4", "mpegts"):
        (tmp_path / kind).mkdir()
        options = (*picture, *hevc, *hls, "-hls_segment_type", kind, "v.m3u8")
        tool(ffmpeg(), "-nostdin", "-v", "error", *options, cwd=tmp_path / kind)
        wrong[kind] = {(f.rule, f.found) for f in verify(tmp_path / kind).findings}
    assert {("Apple 9.1", "no CODECS"), ("Apple 1.10", "sample entry hev1")} <= wrong["fmp4"]
    assert ("Apple 1.5", "HEVC in a transport stream") in wrong["mpegts"]


def test_scraps_and_rates_without_the_sound_are_found(tmp_path: Path) -> None:
    """This ffmpeg declares the picture's rate alone; 4.05 s of sound leave 50 ms for a segment of its own."""
    picture = ("-f", "lavfi", "-i", "color=size=320x180:rate=25:duration=4")
    noise = ("-f", "lavfi", "-i", "anoisesrc=sample_rate=48000:duration=4.05")
    x264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-pix_fmt", "yuv420p")
    hls = ("-f", "hls", "-hls_time", "2", "-hls_playlist_type", "vod", "-master_pl_name", "master.m3u8")
    tool(
        *(ffmpeg(), "-nostdin", "-v", "error", *picture, *noise, *x264, "-c:a", "aac", *hls),
        *("-map", "0:v", "-map", "1:a", "-hls_segment_type", "fmp4"),
        *("-var_stream_map", "v:0,agroup:s a:0,agroup:s,language:en", "s%v.m3u8"),
        cwd=tmp_path,
    )
    findings = verify(tmp_path).findings
    assert {"Apple 1.26", "Apple 1.27", "Apple 8.22", "ingest scrap"} <= {f.rule for f in findings}
    declared = next(f.found for f in findings if f.rule == "Apple 1.27")
    assert int(declared.removeprefix("BANDWIDTH ")) < 20_000


def test_a_folder_with_one_media_playlist_is_measured_and_told_what_it_lacks(
    sources: Path, tmp_path: Path
) -> None:
    folder = mux(sources, tmp_path / "x", "-hls_segment_type", "mpegts", "v.m3u8")
    (folder / "master.m3u8").unlink()
    report = verify(folder)
    assert [t.frames for t in report.tracks] == [336]
    assert ("Apple 9.1", "v.m3u8", "only a media playlist") in {
        (f.rule, f.place, f.found) for f in report.must
    }


def test_a_folder_with_only_dash_says_so(sources: Path, tmp_path: Path) -> None:
    shutil.copy(sources / "h.mp4", tmp_path)
    options = ("-map", "0:v", "-c", "copy", "-f", "dash", "-seg_duration", "6", "m.mpd")
    tool(ffmpeg(), "-nostdin", "-v", "error", "-i", "h.mp4", *options, cwd=tmp_path)
    with pytest.raises(OutputError, match=r"no master playlist, only the DASH manifest m\.mpd") as caught:
        verify(tmp_path)
    assert caught.value.code is codes.NOT_A_PACKAGE


def test_two_films_with_two_initialization_segments_are_one_rendition(sources: Path, tmp_path: Path) -> None:
    """The second film's times start at 0 again, and its size is another: EXT-X-MAP and EXT-X-DISCONTINUITY say so."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:6", "#EXT-X-PLAYLIST-TYPE:VOD"]
    for number, name in enumerate(("h", "s")):
        folder = mux(sources, tmp_path / name, "-hls_segment_type", "fmp4", "v.m3u8", picture=f"{name}.mp4")
        text = (folder / "v.m3u8").read_text(encoding="utf-8").splitlines()
        lines += ["#EXT-X-DISCONTINUITY"] if number else []
        for line in text:
            if line.startswith(("#EXT-X-MAP", "#EXTINF")):
                lines.append(line.replace('URI="', f'URI="{name}/'))
            elif line and not line.startswith("#"):
                lines.append(f"{name}/{line}")
    (tmp_path / "index.m3u8").write_text("\n".join([*lines, "#EXT-X-ENDLIST", ""]), encoding="utf-8")
    report = verify(tmp_path, decode=make_decoder(find().ffmpeg, tmp_path))
    (track,) = report.tracks
    assert (track.frames, track.last_presentation - track.first_presentation) == (672, 28)
    assert [s.discontinuity for s in track.segments] == [False, False, False, True, False, False]
    assert [f for f in report.findings if f.rule in ("Apple 7.3", "Apple 8.1", "ingest decode")] == []


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
