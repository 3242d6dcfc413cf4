from __future__ import annotations

import tempfile
import weakref
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ingest.images import sprites
from ingest.images.frames import Frame
from ingest.images.sprites import Previews, Sheet, Tile, build_sheets
from ingest.images.tiles import plan_interval, tile_size
from ingest.job import codes
from ingest.job.errors import ProcessingError

F = Fraction


def make_frames(folder: Path, times: list[Fraction], size: tuple[int, int] = (16, 10)) -> tuple[Frame, ...]:
    """Frames of one grey each, `40 + 2 * i` for the i-th, so that a tile shows which frame it is."""
    frames = []
    for index, at in enumerate(times):
        path = folder / f"{index}.jpg"
        Image.new("RGB", size, (40 + 2 * index % 200,) * 3).save(path)
        frames.append(Frame(path, at))
    return tuple(frames)


@pytest.mark.parametrize(
    ("duration", "interval"),
    [
        (F(0), F(1, 2)),
        (F(1, 25), F(1, 2)),
        (F(4999, 1000), F(1, 2)),
        (F(5), F(1)),
        (F(60), F(1)),
        (F(400), F(1)),
        (F(400001, 1000), F(2)),
        (F(800), F(2)),
        (F(801), F(5)),
        (F(2000), F(5)),
        (F(2001), F(10)),
        (F(4001), F(20)),
        (F(8001), F(30)),
        (F(3 * 3600), F(30)),
        (F(12001), F(60)),
        (F(24001), F(120)),
        (F(48001), F(300)),
        (F(120001), F(600)),
        (F(240001), F(1200)),
        (F(480001), F(1800)),
        (F(720001), F(3600)),
        (F(400 * 3600), F(3600)),
        (F(400 * 3600 + 1), F(7200)),
        (F(5000 * 3600), F(13 * 3600)),
    ],
)
def test_interval(duration: Fraction, interval: Fraction) -> None:
    assert plan_interval(duration) == interval


@given(st.fractions(min_value=0, max_value=10**8))
def test_there_are_never_more_than_400_previews(duration: Fraction) -> None:
    assert duration / plan_interval(duration) <= 400


@pytest.mark.parametrize(
    ("video", "tile"),
    [
        ((1920, 1080), (160, 90)),
        ((3840, 2160), (160, 90)),
        ((1080, 1920), (90, 160)),
        ((854, 480), (160, 90)),
        ((640, 480), (160, 120)),
        ((720, 576), (160, 128)),
        ((2048, 858), (160, 68)),
        ((352, 288), (160, 130)),
        ((1376, 1840), (120, 160)),
        ((1000, 1000), (160, 160)),
        ((161, 90), (160, 90)),
        ((160, 90), (160, 90)),
        ((100, 75), (100, 74)),
        ((75, 101), (74, 100)),
        ((10000, 10), (160, 2)),
        ((1, 1), (2, 2)),
    ],
)
def test_tile_size(video: tuple[int, int], tile: tuple[int, int]) -> None:
    assert tile_size(*video) == tile


@given(st.integers(2, 16384), st.integers(2, 16384))
def test_a_tile_is_even_within_its_limits_and_keeps_the_aspect(width: int, height: int) -> None:
    tile = tile_size(width, height)
    assert tile[0] % 2 == tile[1] % 2 == 0
    assert 2 <= min(tile) <= max(tile) <= 160
    assert tile[0] <= width
    assert tile[1] <= height
    scale = min(1, 160 / max(width, height))
    assert abs(tile[0] - width * scale) <= 2
    assert abs(tile[1] - height * scale) <= 2


def test_three_previews_make_one_row(tmp_path: Path) -> None:
    frames = make_frames(tmp_path, [F(0), F(1), F(2)])
    assert build_sheets(frames, F(5, 2), F(1), tmp_path) == Previews(
        sheets=(Sheet("sheet-001.jpg", 48, 10, 3, 1),),
        tiles=(
            Tile(F(0), F(1), 0, 0, 0, 16, 10),
            Tile(F(1), F(2), 0, 16, 0, 16, 10),
            Tile(F(2), F(5, 2), 0, 32, 0, 16, 10),
        ),
        tile_width=16,
        tile_height=10,
        columns=3,
        rows=1,
        interval=F(1),
    )
    with Image.open(tmp_path / "sheet-001.jpg") as sheet:
        assert (sheet.format, sheet.mode, sheet.size, dict(sheet.getexif())) == ("JPEG", "RGB", (48, 10), {})


@pytest.mark.parametrize(
    ("count", "sheets"),
    [
        (1, [(1, 1)]),
        (10, [(10, 1)]),
        (11, [(10, 2)]),
        (100, [(10, 10)]),
        (101, [(10, 10), (10, 10)]),
        (215, [(10, 10), (10, 10), (10, 10)]),
    ],
)
def test_all_sheets_are_alike_and_a_single_one_is_no_larger_than_it_must_be(
    tmp_path: Path, count: int, sheets: list[tuple[int, int]]
) -> None:
    previews = build_sheets(make_frames(tmp_path, [F(i) for i in range(count)]), F(count), F(1), tmp_path)
    assert previews.sheets == tuple(
        Sheet(f"sheet-{index + 1:03d}.jpg", 16 * columns, 10 * rows, columns, rows)
        for index, (columns, rows) in enumerate(sheets)
    )
    assert (previews.columns, previews.rows) == sheets[0]
    assert len(previews.tiles) == count


def test_there_is_one_sheet_in_memory_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = make_frames(tmp_path, [F(i) for i in range(301)])
    made: list[weakref.ref[Image.Image]] = []
    alive: list[int] = []

    def new(*args: Any) -> Image.Image:
        alive.append(sum(picture() is not None for picture in made))
        picture = Image.new(*args)
        made.append(weakref.ref(picture))
        return picture

    monkeypatch.setattr(sprites, "Image", SimpleNamespace(new=new))
    build_sheets(frames, F(301), F(1), tmp_path)
    assert alive == [0] * 4


def test_every_tile_shows_its_own_frame(tmp_path: Path) -> None:
    frames = make_frames(tmp_path, [F(i) for i in range(113)])
    previews = build_sheets(frames, F(113), F(1), tmp_path)
    pictures = [Image.open(tmp_path / sheet.name).convert("L") for sheet in previews.sheets]
    seen = [pictures[t.sheet].getpixel((t.x + t.width // 2, t.y + t.height // 2)) for t in previews.tiles]
    with_errors = [abs(value - (40 + 2 * i % 200)) for i, value in enumerate(seen)]
    assert max(with_errors) <= 3


def test_a_gap_is_filled_by_the_tile_before_it(tmp_path: Path) -> None:
    previews = build_sheets(make_frames(tmp_path, [F(1, 5), F(1), F(7)]), F(10), F(1), tmp_path)
    assert [(tile.start, tile.end) for tile in previews.tiles] == [(0, 1), (1, 7), (7, 10)]


def test_frames_after_the_end_and_second_frames_of_one_time_have_no_tile(tmp_path: Path) -> None:
    times = [F(3), F(0), F(1), F(1), F(2), F(9)]
    previews = build_sheets(make_frames(tmp_path, times), F(3), F(1), tmp_path)
    assert [(tile.start, tile.end) for tile in previews.tiles] == [(0, 1), (1, 2), (2, 3)]


def test_a_frame_after_the_end_is_better_than_none(tmp_path: Path) -> None:
    previews = build_sheets(make_frames(tmp_path, [F(9)]), F(1, 25), F(1, 2), tmp_path)
    assert [(tile.start, tile.end) for tile in previews.tiles] == [(0, F(1, 25))]


def test_sheets_are_the_same_every_time(tmp_path: Path) -> None:
    frames = make_frames(tmp_path, [F(i) for i in range(12)])
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        build_sheets(frames, F(12), F(1), tmp_path / name)
        made.append((tmp_path / name / "sheet-001.jpg").read_bytes())
    assert made[0] == made[1]


@pytest.mark.parametrize("duration", [F(0), F(-1)])
def test_no_duration_is_an_error(tmp_path: Path, duration: Fraction) -> None:
    with pytest.raises(ProcessingError, match="no previews can be made"):
        build_sheets(make_frames(tmp_path, [F(0)]), duration, F(1), tmp_path)


def test_no_frame_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ProcessingError, match="there is no preview frame"):
        build_sheets((), F(1), F(1), tmp_path)


def test_a_damaged_frame_is_named(tmp_path: Path) -> None:
    frames = make_frames(tmp_path, [F(0), F(1)])
    frames[1].path.write_bytes(b"")
    with pytest.raises(ProcessingError) as caught:
        build_sheets(frames, F(2), F(1), tmp_path)
    assert caught.value.code is codes.TRANSCODING_FAILED
    assert caught.value.message == f"the frame {tmp_path.name}/1.jpg cannot be read"


def test_a_frame_of_another_size_is_named(tmp_path: Path) -> None:
    frames = make_frames(tmp_path, [F(0), F(1)])
    Image.new("RGB", (18, 10)).save(frames[1].path)
    with pytest.raises(ProcessingError, match=r"the preview .*/1.jpg is 18x10, the first is 16x10"):
        build_sheets(frames, F(2), F(1), tmp_path)


@settings(max_examples=60, deadline=None)
@given(
    times=st.lists(st.fractions(min_value=0, max_value=60, max_denominator=1000), min_size=1, max_size=230),
    duration=st.fractions(min_value=F(1, 1000), max_value=60, max_denominator=1000),
)
def test_tiles_partition_the_duration_and_do_not_overlap_in_their_sheet(
    times: list[Fraction], duration: Fraction
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Image.new("RGB", (4, 2)).save(folder / "0.jpg")
        frames = tuple(Frame(folder / "0.jpg", at) for at in times)
        previews = build_sheets(frames, duration, F(1), folder)
        assert previews.tiles[0].start == 0
        assert previews.tiles[-1].end == duration
        assert all(before.end == after.start for before, after in pairwise(previews.tiles))
        assert all(tile.start < tile.end for tile in previews.tiles)
        assert sorted(path.name for path in folder.glob("sheet-*")) == [s.name for s in previews.sheets]
        for index, sheet in enumerate(previews.sheets):
            with Image.open(folder / sheet.name) as picture:
                assert picture.size == (sheet.width, sheet.height)
            covered = {
                (x, y)
                for t in previews.tiles
                if t.sheet == index
                for x in range(t.x, t.x + t.width)
                for y in range(t.y, t.y + t.height)
            }
            tiles = sum(tile.sheet == index for tile in previews.tiles)
            assert len(covered) == tiles * 4 * 2  # no two rectangles share a pixel
            assert all(0 <= x < sheet.width and 0 <= y < sheet.height for x, y in covered)
