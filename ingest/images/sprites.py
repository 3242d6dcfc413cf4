"""Preview pictures for the seek bar, pasted together into sprite sheets."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from PIL import Image

from ingest.images.frames import encode, failed, reading, write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ingest.images.frames import Frame

COLUMNS = 10
ROWS = 10


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sprite sheet: its file name, its size in pixels, its grid. Tiles fill it row by row."""

    name: str
    width: int
    height: int
    columns: int
    rows: int


@dataclass(frozen=True, slots=True)
class Tile:
    """One preview: shown from `start` up to `end` (seconds), a rectangle in pixels of `sheets[sheet]`."""

    start: Fraction
    end: Fraction
    sheet: int
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Previews:
    """All sheets and tiles. Tiles follow one another without gap or overlap from 0 to the duration.

    Tile sizes in pixels; `columns` and `rows` are the grid of every sheet, not filled to the end on the last;
    `interval` is the planned time between previews in seconds.
    """

    sheets: tuple[Sheet, ...]
    tiles: tuple[Tile, ...]
    tile_width: int
    tile_height: int
    columns: int
    rows: int
    interval: Fraction


def build_sheets(frames: Sequence[Frame], duration: Fraction, interval: Fraction, folder: Path) -> Previews:
    """Paste the frames into `folder`/sheet-001.jpg, sheet-002.jpg, ..., at most 10x10 each, in order of time.

    A tile lasts until the next frame's time; the first begins at 0 whatever its time. Frames at or after
    `duration`, or at the time of the one before, are left out, but never all. At most one sheet is in memory.
    Raises ProcessingError (TRANSCODING_FAILED) when there is no frame, one cannot be read or is not of the
    first one's size, or the duration is not above 0; ResourceError or OutputError when a sheet cannot be
    written.
    """
    if duration <= 0:
        raise failed(f"no previews can be made of {float(duration)} s of video")
    shown = _shown(frames, duration)
    if not shown:
        raise failed("there is no preview frame")
    with reading(shown[0][1].path) as image:
        width, height = image.size
    ends = [start for start, _ in shown[1:]] + [duration]
    per_sheet = COLUMNS * ROWS
    sheets: list[Sheet] = []
    tiles: list[Tile] = []
    for first in range(0, len(shown), per_sheet):
        group = shown[first : first + per_sheet]
        # All sheets alike: players of tiles know one grid. Only a film of one sheet has a smaller one.
        columns, rows = (COLUMNS, ROWS) if len(shown) > per_sheet else grid(len(group))
        sheet = Sheet(f"sheet-{len(sheets) + 1:03d}.jpg", columns * width, rows * height, columns, rows)
        here = [
            Tile(start, end, len(sheets), i % columns * width, i // columns * height, width, height)
            for i, ((start, _), end) in enumerate(zip(group, ends[first : first + per_sheet], strict=True))
        ]
        write(folder / sheet.name, encode(_pasted(sheet, here, [frame for _, frame in group])))
        tiles += here
        sheets.append(sheet)
    return Previews(
        tuple(sheets), tuple(tiles), width, height, sheets[0].columns, sheets[0].rows, Fraction(interval)
    )


def grid(count: int) -> tuple[int, int]:
    """Columns and rows of a sheet for `count` tiles (1 to 100): full rows of ten, or one shorter row."""
    return min(COLUMNS, count), -(-count // COLUMNS)


def _shown(frames: Sequence[Frame], duration: Fraction) -> list[tuple[Fraction, Frame]]:
    """The frames that get a tile, each with the tile's start."""

    shown: list[tuple[Fraction, Frame]] = []
    for frame in sorted(frames, key=lambda frame: frame.time):
        start = frame.time if shown else Fraction(0)
        if not shown or shown[-1][0] < start < duration:
            shown.append((start, frame))
    return shown


def _pasted(sheet: Sheet, tiles: Sequence[Tile], frames: Sequence[Frame]) -> Image.Image:
    picture = Image.new("RGB", (sheet.width, sheet.height))
    for tile, frame in zip(tiles, frames, strict=True):
        picture.paste(_tile_picture(frame, (tile.width, tile.height)), (tile.x, tile.y))
    return picture


def _tile_picture(frame: Frame, size: tuple[int, int]) -> Image.Image:
    with reading(frame.path) as image:
        picture = image.convert("RGB")
    if picture.size != size:
        sizes = f"{picture.width}x{picture.height}, the first is {size[0]}x{size[1]}"
        raise failed(f"the preview {frame.path.parent.name}/{frame.path.name} is {sizes}")
    return picture
