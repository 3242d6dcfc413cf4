"""Thumbnails that were asked for: the pictures of their times, in folders and archives, and what verification finds."""

from __future__ import annotations

import json
import shutil
from io import BytesIO
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest
from measuring import error, flat
from PIL import Image
from tiny_rung import TINY, with_tiny

from ingest.packaging.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_cli import Cli
    from helpers_media import Clips
    from main_job import Ingest, Package

pytest_plugins = ("ingest_once",)
pytestmark = pytest.mark.media
SETS = ("64x64@2s", "96x200@5")


@pytest.fixture
def package(
    ingested: Ingest, clips: Clips, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Package:
    """Ten seconds, each second of another brightness; in chunks."""
    grey = "nullsrc=size=128x72:rate=25:duration=10,geq=lum='20+20*floor(T)':cb=128:cr=128"
    source = clips.make(
        "steps.mp4", "-f", "lavfi", "-i", grey, "-c:v", "libx264", "-g", "25", "-pix_fmt", "yuv420p"
    )
    monkeypatch.setenv("INGEST_CHUNK_SECONDS", "6")
    return with_tiny(ingested)(source, TINY, thumbnails=SETS)


def test_pictures_of_their_times(package: Package) -> None:
    sets = json.loads((package.folder / "info/thumbnails.json").read_bytes())["sets"]
    assert [(s["name"], s["width"], s["height"], s["archive"]) for s in sets] == [
        ("64x64", 64, 36, "thumbnails/64x64.zip"),
        ("96x200", 96, 54, "thumbnails/96x200.zip"),
    ]
    for one, times in zip(sets, ([0, 2, 4, 6, 8], [0, 2, 4, 6, 8]), strict=True):
        assert [f["seconds"] for f in one["files"]] == times
        names = [f["file"] for f in one["files"]]
        assert names == [f"thumbnails/{one['name']}/{n:03}.jpg" for n in range(1, 6)]
        with ZipFile(package.folder / one["archive"]) as zipped:
            assert zipped.namelist() == [f"{n:03}.jpg" for n in range(1, 6)]
            for entry, name, time in zip(zipped.namelist(), names, times, strict=True):
                data = zipped.read(entry)
                assert data == (package.folder / name).read_bytes()
                with Image.open(BytesIO(data)) as image:
                    assert image.size == (one["width"], one["height"])
                (shown,) = flat(package.folder / name)
                level = round((20 + 20 * time - 16) * 255 / 219)
                assert error(shown, bytes([max(0, min(255, level))]) * len(shown)) < 16
    files = package.record["files"]
    assert "thumbnails/64x64.zip" in files and "thumbnails/96x200/005.jpg" in files
    assert "Generating Thumbnails" in package.record["messages"]
    assert any(m.startswith("Encoded In Chunks: 2") for m in package.record["messages"])
    assert verify(package.folder).must == ()


def test_what_was_changed_is_found(package: Package, tmp_path: Path) -> None:
    harmed = tmp_path / "harmed"
    shutil.copytree(package.folder, harmed)
    picture = harmed / "thumbnails/64x64/002.jpg"
    picture.write_bytes(picture.read_bytes()[:-40])
    (harmed / "thumbnails/96x200/003.jpg").unlink()
    found = [(f.rule, f.place) for f in verify(harmed).must]
    assert found == [
        ("ingest thumbnails", "thumbnails/64x64/002.jpg"),
        ("ingest thumbnails", "thumbnails/64x64.zip"),
        ("ingest thumbnails", "thumbnails/96x200/003.jpg"),
        ("ingest thumbnails", "thumbnails/96x200.zip"),
    ]


def test_a_set_that_cannot_be_understood(cli: Cli, clips: Clips) -> None:
    done = cli.run("run", clips.tiny(), "--res", "sd", "-o", "out", "--thumbnails", "160x90@soon")
    assert done.exit_code == 2
    (line,) = done.stderr.strip().splitlines()
    assert "thumbnails '160x90@soon': no such set of thumbnails" in line
