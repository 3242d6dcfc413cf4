from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import settings
from ingest.home import data_home
from ingest.job import codes
from ingest.job.errors import UsageError


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith(("INGEST_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "/home/ann")


def test_the_defaults() -> None:
    assert settings.load().model_dump() == {
        "home": Path("/home/ann/.local/share/ingest"),
        "preset_dir": None,
        "stall_seconds": 120.0,
        "max_pixels": 36_000_000,
        "max_streams": 128,
        "max_seconds": 172_800.0,
        "max_memory": None,
        "min_free": 209_715_200,
        "chunk_seconds": 60.0,
        "max_download": 107_374_182_400,
        "download_seconds": 21_600.0,
        "private_urls": False,
    }


def test_every_variable_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "HOME": "~/data",
        "PRESET_DIR": "own",
        "STALL_SECONDS": "2.5",
        "MAX_PIXELS": "1000",
        "MAX_STREAMS": "3",
        "MAX_SECONDS": "60",
        "MAX_MEMORY": "1.5G",
        "MIN_FREE": "0",
        "CHUNK_SECONDS": "7.5",
        "MAX_DOWNLOAD": "2000000",
        "DOWNLOAD_SECONDS": "90",
        "PRIVATE_URLS": "1",
        "FFMPEG": "/the/toolchain/reads/this",
    }.items():
        monkeypatch.setenv(f"INGEST_{name}", value)
    assert settings.load().model_dump() == {
        "home": Path("/home/ann/data"),
        "preset_dir": tmp_path / "own",
        "stall_seconds": 2.5,
        "max_pixels": 1000,
        "max_streams": 3,
        "max_seconds": 60.0,
        "max_memory": 1_610_612_736,
        "min_free": 0,
        "chunk_seconds": 7.5,
        "max_download": 2_000_000,
        "download_seconds": 90.0,
        "private_urls": True,
    }
    assert settings.load().memory_limit == 1_610_612_736


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "PRESET_DIR", "MAX_MEMORY"):
        monkeypatch.setenv(f"INGEST_{name}", "")
    found = settings.load()
    assert (found.home, found.preset_dir, found.max_memory) == (
        Path("/home/ann/.local/share/ingest"),
        None,
        None,
    )


def test_three_quarters_of_the_memory_by_default() -> None:
    total = int(next(line for line in Path("/proc/meminfo").read_text().splitlines()).split()[1]) * 1024
    assert settings.load().memory_limit == total * 3 // 4


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        (
            "STALL_SECONDS",
            "soon",
            "INGEST_STALL_SECONDS is 'soon'; set it to seconds above 0, for example 120",
        ),
        ("STALL_SECONDS", "0", "INGEST_STALL_SECONDS is '0'; set it to seconds above 0, for example 120"),
        ("STALL_SECONDS", "inf", "INGEST_STALL_SECONDS is 'inf'; set it to seconds above 0, for example 120"),
        ("MAX_SECONDS", "nan", "INGEST_MAX_SECONDS is 'nan'; set it to seconds above 0, for example 172800"),
        (
            "MAX_PIXELS",
            "-1",
            "INGEST_MAX_PIXELS is '-1'; set it to a whole number of pixels above 0, for example 36000000",
        ),
        (
            "MAX_STREAMS",
            "1.5",
            "INGEST_MAX_STREAMS is '1.5'; set it to a whole number from 1 to 10000, for example 128",
        ),
        ("MAX_MEMORY", "8X", "INGEST_MAX_MEMORY is '8X'; set it to bytes or a size such as 8G, at least 64M"),
        ("MAX_MEMORY", "1M", "INGEST_MAX_MEMORY is '1M'; set it to bytes or a size such as 8G, at least 64M"),
        ("MIN_FREE", "-1", "INGEST_MIN_FREE is '-1'; set it to bytes or a size such as 200M"),
        ("PRESET_DIR", "~no-such-user/x", "INGEST_PRESET_DIR is '~no-such-user/x'; set it to a folder"),
        ("HOME", "~no-such-user/x", "INGEST_HOME is '~no-such-user/x'; set it to a folder"),
    ],
)
def test_a_bad_value_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, line: str
) -> None:
    monkeypatch.setenv(f"INGEST_{name}", value)
    with pytest.raises(UsageError) as caught:
        settings.load()
    assert (caught.value.code, caught.value.line) == (codes.USAGE, line)


@pytest.mark.parametrize(
    ("environ", "home"),
    [
        ({}, "/home/ann/.local/share/ingest"),
        ({"XDG_DATA_HOME": "/data"}, "/data/ingest"),
        ({"XDG_DATA_HOME": "relative"}, "/home/ann/.local/share/ingest"),
        ({"XDG_DATA_HOME": "/data", "INGEST_HOME": "/mine"}, "/mine"),
        ({"INGEST_HOME": "~/mine"}, "/home/ann/mine"),
    ],
)
def test_the_data_folder(environ: dict[str, str], home: str) -> None:
    assert data_home(environ) == Path(home)


def test_a_data_folder_of_nobody() -> None:
    with pytest.raises(UsageError) as caught:
        data_home({"INGEST_HOME": "~no-such-user/x"})
    assert caught.value.line == "the home folder is not known; set INGEST_HOME to a folder"


@given(st.integers(0, 10**12), st.sampled_from([("", 1), ("K", 2**10), ("MB", 2**20), ("GiB", 2**30)]))
def test_sizes(number: int, unit: tuple[str, int]) -> None:
    assert settings.parse_size(f"{number}{unit[0]}") == number * unit[1]


@pytest.mark.parametrize("text", ["", "G", "1.5", "1k", "-1", "1 G", "1e9", "٣G", "1GG"])
def test_not_a_size(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not "):
        settings.parse_size(text)
