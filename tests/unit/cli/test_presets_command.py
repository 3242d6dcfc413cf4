from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from ingest.cli import main
from ingest.media.presets import shipped_dir

if TYPE_CHECKING:
    from pathlib import Path

FHD = {
    "name": "fhd",
    "title": "Full HD 1080p",
    "box": [1920, 1080],
    "video": {
        "codec": "h264",
        "profile": "high",
        "speed": "veryfast",
        "crf": 22,
        "maxBitrate": 7_800_000,
        "buffer": 15_600_000,
        "gopSeconds": 2.0,
        "segmentSeconds": 6.0,
        "maxFrameRate": "60",
        "hevc": {"speed": "veryfast", "crf": 25, "maxBitrate": 5_500_000, "buffer": 11_000_000},
        "av1": {"speed": "8", "crf": 33, "maxBitrate": 4_700_000, "buffer": 9_400_000},
    },
    "audio": {"stereoBitrate": 128_000, "surroundBitrate": 320_000},
    "origin": str(shipped_dir() / "fhd.toml"),
}


def run(*args: str) -> str:
    result = CliRunner(env={"INGEST_PRESET_DIR": ""}).invoke(main, ["presets", *args])
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


@pytest.fixture
def own(tmp_path: Path) -> Path:
    text = (shipped_dir() / "hd.toml").read_text("utf-8")
    (tmp_path / "mine.toml").write_text(text.replace('"hd"', '"mine"').replace('"HD 720p"', '"[b]Mine"'))
    return tmp_path


def test_the_table() -> None:
    assert run().splitlines() == [
        "NAME       SIZE         CAP  TITLE           FROM",
        "sd      720x480    2 Mbit/s  SD 480p         ingest",
        "hd     1280x720  4.5 Mbit/s  HD 720p         ingest",
        "fhd   1920x1080  7.8 Mbit/s  Full HD 1080p   ingest",
        "qhd   2560x1440   12 Mbit/s  Quad HD 1440p   ingest",
        "uhd   3840x2160   22 Mbit/s  Ultra HD 2160p  ingest",
    ]


def test_a_preset_of_ones_own_says_where_it_is_from(own: Path) -> None:
    line = f"mine   1280x720  4.5 Mbit/s  [b]Mine         {own}/mine.toml"
    assert line in run("--preset-dir", str(own)).splitlines()


def test_the_folder_comes_from_the_environment_too(own: Path) -> None:
    result = CliRunner(env={"INGEST_PRESET_DIR": str(own)}).invoke(main, ["presets", "--json"])
    assert [p["name"] for p in json.loads(result.stdout)] == ["sd", "hd", "mine", "fhd", "qhd", "uhd"]


def test_json() -> None:
    listed = json.loads(run("--json"))
    assert [p["name"] for p in listed] == ["sd", "hd", "fhd", "qhd", "uhd"]
    assert listed[2] == FHD


def test_show_prints_toml_that_can_be_used_again() -> None:
    path = shipped_dir() / "fhd.toml"
    text = run("show", "fhd")
    assert text == f"# {path}\n{path.read_text('utf-8')}"
    assert tomllib.loads(text)["video"]["max_bitrate"] == "7800k"


def test_show_json() -> None:
    assert json.loads(run("show", "fhd", "--json")) == FHD
    assert json.loads(run("--json", "show", "fhd")) == FHD


def test_show_takes_the_folder_before_or_after(own: Path) -> None:
    expected = f"# {own}/mine.toml\n{(own / 'mine.toml').read_text('utf-8')}"
    assert run("--preset-dir", str(own), "show", "mine") == expected
    assert run("show", "mine", "--preset-dir", str(own)) == expected


def test_an_unknown_name() -> None:
    result = CliRunner(env={"INGEST_PRESET_DIR": ""}).invoke(main, ["presets", "show", "fdh"])
    assert (result.exit_code, result.stdout, result.stderr) == (
        2,
        "",
        "ingest: error: unknown resolution 'fdh': known are sd, hd, fhd, qhd, uhd; did you mean fhd?\n",
    )


def test_a_faulty_file(own: Path) -> None:
    path = own / "mine.toml"
    path.write_text(path.read_text("utf-8").replace("crf = 22", "crf = 99"))
    result = CliRunner().invoke(main, ["presets", "--preset-dir", str(own)])
    assert (result.exit_code, result.stderr) == (
        2,
        f"ingest: error: {path}: video.crf: is 99, must be from 1 to 51\n",
    )
