"""Posters and previews of real clips; which times make good posters was decided by looking."""

from __future__ import annotations

import json
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from ingest.images.frames import list_frames
from ingest.images.poster import choose, publish
from ingest.images.previews import write_preview_json, write_vtt
from ingest.images.sprites import build_sheets
from ingest.images.tiles import plan_interval, tile_size

pytestmark = pytest.mark.media
MEDIA = Path(__file__).parents[3] / "../shared/media"


def extract(clip: str, folder: Path, every: Fraction) -> None:
    """Write a frame every `every` seconds to `folder`/<ms>.jpg, with the comment segment that ffmpeg adds."""
    extract_all(clip, {folder: (every, "null")})


def extract_all(clip: str, wanted: dict[Path, tuple[Fraction, str]]) -> None:
    """The same for several folders, each with its interval and scaling, of one decode."""
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    source = MEDIA / clip
    if not source.is_file():
        pytest.skip(f"{clip} is not beside the repository, in ../shared/media")
    outputs: list[str] = []
    for folder, (every, scale) in wanted.items():
        folder.mkdir()
        outputs += ("-map", "0:v:0", "-vf", f"fps=1/({every}):round=up,{scale}", "-q:v", "3")
        outputs += ("-pix_fmt", "yuvj420p", "-start_number", "0", str(folder / "n%d.jpg"))
    program = imageio_ffmpeg.get_ffmpeg_exe()
    subprocess.run([program, "-nostdin", "-v", "error", "-i", str(source), *outputs], check=True, timeout=120)
    for folder, (every, _) in wanted.items():
        for path in list(folder.iterdir()):
            path.rename(folder / f"{round(int(path.stem[1:]) * every * 1000)}.jpg")


CANDIDATES = (12, 20, 52)
TRAILER = Fraction(52209, 1000)
TILE = tile_size(1280, 720)


@pytest.fixture(scope="module")
def trailer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Poster candidates, in folders named by how many, and `previews` of a whole trailer."""
    folder = tmp_path_factory.mktemp("trailer")
    wanted = {folder / str(count): (Fraction(522, 10 * count), "null") for count in CANDIDATES}
    wanted[folder / "previews"] = (plan_interval(TRAILER), "scale={}:{}".format(*TILE))
    extract_all("sintel-trailer-720p.mp4", wanted)
    return folder


@pytest.mark.parametrize("candidates", CANDIDATES)
def test_the_sintel_poster_is_from_the_sunset(trailer: Path, tmp_path: Path, candidates: int) -> None:
    """Not from the fades, the dark scenes, the dunes or the title cards, which are half of the trailer."""
    choice = choose(list_frames(trailer / str(candidates)))
    assert 24 <= choice.frame.time <= 36
    assert publish(choice, tmp_path / "poster.jpg") == (1280, 720)
    data = (tmp_path / "poster.jpg").read_bytes()
    assert b"Lavc" in choice.frame.path.read_bytes()
    assert b"Lavc" not in data
    with Image.open(tmp_path / "poster.jpg") as poster, Image.open(choice.frame.path) as source:
        assert poster.tobytes() == source.tobytes()


def test_the_nasa_poster_is_the_lit_scene(tmp_path: Path) -> None:
    extract("nasa-2video-2audio-2subs.mp4", tmp_path / "candidates", Fraction(13, 12))
    assert 6 <= choose(list_frames(tmp_path / "candidates")).frame.time <= 8


def test_the_room_poster_is_where_the_camera_has_come_to_rest(tmp_path: Path) -> None:
    extract("room-phone-rot180-vfr.mp4", tmp_path / "candidates", Fraction(1, 5))
    assert choose(list_frames(tmp_path / "candidates")).frame.time >= Fraction(9, 5)


def test_the_crane_against_the_sky_is_not_the_foreman_poster(tmp_path: Path) -> None:
    extract("klv-sync-foreman.ts", tmp_path / "candidates", Fraction(1))
    ranked = choose(list_frames(tmp_path / "candidates")).ranked
    assert ranked[-1].frame.time == 8


def test_previews_of_a_whole_trailer(trailer: Path, tmp_path: Path) -> None:
    previews = build_sheets(list_frames(trailer / "previews"), TRAILER, plan_interval(TRAILER), tmp_path)
    write_vtt(previews, tmp_path / "previews.vtt")
    write_preview_json(previews, tmp_path)
    description = json.loads((tmp_path / "preview.json").read_text())
    assert {key: description[key] for key in ("preview", "frameInterval", "width", "height", "nCol")} == {
        "preview": "sheet-001.jpg",
        "frameInterval": 1000,
        "width": 160,
        "height": 90,
        "nCol": 10,
    }
    with Image.open(tmp_path / "sheet-001.jpg") as sheet:
        assert sheet.size == (1600, 540)
        luma = sheet.convert("L")
    means = []
    for tile in previews.tiles:
        cut = luma.crop((tile.x, tile.y, tile.x + tile.width, tile.y + tile.height))
        means.append(sum(value * count for value, count in enumerate(cut.histogram())) / (160 * 90))
    assert means[0] < 1  # black
    assert means[27] > 80  # sunset
    assert means[44] < 10  # the title on black
    assert (tmp_path / "previews.vtt").read_text().count(" --> ") == len(previews.tiles)
    assert (tmp_path / "sheet-001.jpg").stat().st_size < 200_000
