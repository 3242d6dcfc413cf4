"""Packages, players and a browser for the tests that play."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, NoReturn

import pytest
from headless_chromium import find_chromium
from npm_players import RegistryUnreachableError, fetch_players

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "sample_media"
SHARED = ROOT / "../shared/media"
ASS = """[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Alignment
Style: Default,Arial,2

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:07.25,0:00:08.75,Default,,0,0,0,,TEXT
"""


def unavailable(reason: str) -> NoReturn:
    """Skip, or fail where a browser was promised."""
    if os.environ.get("INGEST_REQUIRE_BROWSER") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def first_file(*candidates: Path) -> Path:
    found = next((path for path in candidates if path.is_file()), None)
    if found is None:
        pytest.skip(f"there is no {' and no '.join(path.name for path in candidates)} to make a package from")
    return found


def ingested(source: Path, resolutions: str, folder: Path, **options: Any) -> Path:
    import ingest

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INGEST_HOME", str(folder / "home"))
        record = ingest.run(source, resolutions, folder / "package", **options)
    assert record.status.value == "COMPLETED", record.error
    return folder / "package"


@pytest.fixture(scope="session")
def browser() -> str:
    program = find_chromium()
    if program is None:
        unavailable("Chromium is not installed")
    return program


@pytest.fixture(scope="session")
def players(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with `hls.js` and `shaka.js`; kept in pytest's cache between runs."""
    cache = getattr(pytestconfig, "cache", None)
    folder: Path = cache.mkdir("browser-players") if cache else tmp_path_factory.mktemp("players")
    npm = shutil.which("npm")
    if npm is None:
        unavailable("npm is not installed")
    try:
        fetch_players(npm, folder)
    except RegistryUnreachableError as error:
        unavailable(str(error))
    return folder


@pytest.fixture(scope="session")
def sample(browser: str, players: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three rungs, one segment each."""
    source = first_file(SAMPLES / "park.mp4", SHARED / "park-1080p-h264-aac.mp4")
    # The clip is one segment with one key picture: a copy of it cannot be switched to in the middle.
    return ingested(source, "sd,hd,fhd", tmp_path_factory.mktemp("sample"), copy="never")


@pytest.fixture(scope="session")
def small_presets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped rungs in small, for what a player does with them: Chromium decodes large ones in software here."""
    folder = tmp_path_factory.mktemp("presets")
    for name, lines in {"sd": 90, "hd": 180, "fhd": 270}.items():
        shipped = (ROOT / f"presets/{name}.toml").read_text("utf-8")
        text, count = re.subn(r"(?m)^box = .*$", f"box = [{lines * 16 // 9}, {lines}]", shipped)
        assert count == 1
        (folder / f"{name}.toml").write_text(text, "utf-8")
    return folder


@pytest.fixture(scope="session")
def small(browser: str, players: Path, small_presets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`sample` in small."""
    source = first_file(SAMPLES / "park.mp4", SHARED / "park-1080p-h264-aac.mp4")
    folder = tmp_path_factory.mktemp("small")
    return ingested(source, "sd,hd,fhd", folder, copy="never", preset_dir=small_presets)


@pytest.fixture(scope="session")
def subtitled(browser: str, players: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two segments, sound and text in English and in German: 440 and 1000 Hz, the German cue in the second segment."""
    folder = tmp_path_factory.mktemp("subtitled")
    for language, text in {"en": "never", "de": r"{\i1}Größe{\i0} & <Länge>"}.items():
        (folder / f"{language}.ass").write_text(ASS.replace("TEXT", text), "utf-8")
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    source = folder / "film.mkv"
    subprocess.run(
        [
            *(imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error"),
            *("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=10"),
            *("-f", "lavfi", "-i", "sine=frequency=440:duration=10"),
            *("-f", "lavfi", "-i", "sine=frequency=1000:duration=10", "-i", "en.ass", "-i", "de.ass"),
            *("-map", "0", "-map", "1", "-map", "2", "-map", "3", "-map", "4"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-c:s", "copy"),
            *("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=ger"),
            *("-metadata:s:s:0", "language=eng", "-metadata:s:s:1", "language=ger", str(source)),
        ],
        check=True,
        timeout=60,
        cwd=folder,
    )
    return ingested(source, "sd", folder)


@pytest.fixture(scope="session")
def twice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds: English in stereo and 5.1, French in stereo.

    Two segments, for hls.js 1.7 never ends a stream of one segment after a change of audio group.
    """
    folder = tmp_path_factory.mktemp("twice")
    source = first_file(SHARED / "bbb-720p-aac51.mp4")
    twice = folder / "twice.mp4"
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    subprocess.run(
        [
            *(
                imageio_ffmpeg.get_ffmpeg_exe(),
                "-nostdin",
                "-v",
                "error",
                "-stream_loop",
                "1",
                "-i",
                str(source),
            ),
            *("-map", "0:v", "-map", "0:a", "-map", "0:a", "-c", "copy", "-c:a:1", "aac", "-ac:a:1", "2"),
            *("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fra", str(twice)),
        ],
        check=True,
        timeout=60,
    )
    return twice


@pytest.fixture(scope="session")
def multi(
    browser: str, players: Path, twice: Path, small_presets: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Two rungs of two segments with three audio renditions."""
    return ingested(twice, "sd,hd", tmp_path_factory.mktemp("multi"), preset_dir=small_presets)


@pytest.fixture(scope="session")
def transport(
    browser: str, players: Path, twice: Path, small_presets: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The same as transport streams and packed audio."""
    folder = tmp_path_factory.mktemp("transport")
    return ingested(twice, "sd,hd", folder, format="ts", preset_dir=small_presets)


@pytest.fixture(scope="session")
def flight(browser: str, players: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real flight: 300 sets of ST 0601 beside 300 pictures, in two segments."""
    return ingested(first_file(SHARED / "klv-sync-foreman.ts"), "sd", tmp_path_factory.mktemp("flight"))


@pytest.fixture(scope="session")
def flight_ts(browser: str, players: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as transport streams."""
    source = first_file(SHARED / "klv-sync-foreman.ts")
    return ingested(source, "sd", tmp_path_factory.mktemp("flight-ts"), format="ts")
