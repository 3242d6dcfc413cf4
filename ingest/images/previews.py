"""How players find the previews: a WebVTT track for web players, preview.json for Esri's client."""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from itertools import groupby
from typing import TYPE_CHECKING

from PIL import Image

from ingest.images.frames import encode, reading, write
from ingest.images.sprites import COLUMNS, ROWS, grid

if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import Path

    from ingest.images.sprites import Previews, Tile

OVERVIEW = "overview.jpg"
PREVIEW_JSON = "preview.json"


def write_vtt(previews: Previews, path: Path) -> None:
    """A WebVTT track (W3C WebVTT, 4.1) of one cue per preview: `sheet-001.jpg#xywh=x,y,width,height`.

    URLs are relative to the track; the fragment is a spatial one of Media Fragments URI 1.0 (4.2.2), in
    pixels. Times are rounded to milliseconds; a preview shorter than that rounding leaves has no cue. Raises
    ResourceError or OutputError when the file cannot be written.
    """
    cues = ["WEBVTT\n"]
    last = len(previews.tiles) - 1
    shown_until = 0
    for index, tile in enumerate(previews.tiles):
        end = max(1, _ms(tile.end)) if index == last else _ms(tile.end)
        if end <= shown_until:
            continue
        area = f"{tile.x},{tile.y},{tile.width},{tile.height}"
        name = previews.sheets[tile.sheet].name
        cues.append(f"{_timestamp(shown_until)} --> {_timestamp(end)}\n{name}#xywh={area}\n")
        shown_until = end
    write(path, "\n".join(cues).encode("ascii"))


def write_preview_json(previews: Previews, folder: Path, prefix: str = "") -> str:
    """Write `folder`/preview.json in the shape Esri's JavaScript client reads; returns its sprite's name.

    Fields: `preview` (`prefix` + the sprite's name; the client takes it as relative to the URL of the video),
    `frameCount`, `frameInterval` (ms), `frames` (`offset` in ms, one per tile), `width`, `height`, `nCol`,
    `nRow`. `width` and `height` are those of one tile, not of the sprite: the typings of @arcgis/core 5.1
    (layers/video/types.d.ts, PreviewsInfo) call them the size of each thumbnail in the sheet. So the sprite
    measures nCol*width by nRow*height, and frame i is at column i % nCol, row i // nCol.

    There is room for one sprite only, and a client may find a tile by `frames` or by time // frameInterval. A
    single sheet whose tiles keep to the interval serves both and is named as it is. Else an overview.jpg is
    made from the sheets (which must still be in `folder`): at most 100 tiles, each a whole number of
    intervals after the one before. Raises ProcessingError when a sheet cannot be read, ResourceError or
    OutputError when a file cannot be written.
    """
    if len(previews.sheets) == 1 and _is_regular(previews):
        tiles = previews.tiles
        name = previews.sheets[0].name
        columns, rows = previews.columns, previews.rows
        interval = previews.interval
        offsets = [_ms(tile.start) for tile in tiles]
    else:
        interval, tiles = _overview(previews)
        name = OVERVIEW
        columns, rows = grid(len(tiles))
        offsets = [_ms(index * interval) for index in range(len(tiles))]
        write(folder / name, encode(_picture(previews, tiles, folder)))
    document = {
        "preview": prefix + name,
        "frameCount": len(tiles),
        "frameInterval": max(1, _ms(interval)),
        "frames": [{"offset": offset} for offset in offsets],
        "width": previews.tile_width,
        "height": previews.tile_height,
        "nCol": columns,
        "nRow": rows,
    }
    write(folder / PREVIEW_JSON, (json.dumps(document) + "\n").encode("utf-8"))
    return name


def uniform(previews: Previews) -> tuple[tuple[str, ...], tuple[int, int], Fraction]:
    """Sheets whose tile i is that of the time i * interval: their names, columns and rows, interval (seconds).

    All the sheets where their tiles keep to the interval and reach the end, else the overview that
    `write_preview_json` made.
    """
    covered = len(previews.sheets) * previews.columns * previews.rows * previews.interval
    whole = len(previews.sheets) == 1 or previews.tiles[-1].end <= covered
    if whole and _is_regular(previews):
        return tuple(s.name for s in previews.sheets), (previews.columns, previews.rows), previews.interval
    interval, tiles = _overview(previews)
    return (OVERVIEW,), grid(len(tiles)), interval


def _is_regular(previews: Previews) -> bool:
    """Whether tile i is the one for the time i * interval, up to the end of the video."""
    interval = previews.interval
    planned = math.ceil(previews.tiles[-1].end / interval)
    near = all(
        abs(tile.start - index * interval) * 2 <= interval for index, tile in enumerate(previews.tiles)
    )
    # The frame for a last interval that is a fraction of the others may not exist.
    return near and len(previews.tiles) >= planned - 1


def _overview(previews: Previews) -> tuple[Fraction, tuple[Tile, ...]]:
    """The interval of the overview and, for each of its multiples before the end, the tile on show."""
    duration = previews.tiles[-1].end
    step = math.ceil(math.ceil(duration / previews.interval) / (COLUMNS * ROWS))
    interval = step * previews.interval
    starts = [tile.start for tile in previews.tiles]
    # A frame may come up to half an interval late, so each is looked for in the middle of its interval.
    late = previews.interval / 2
    return interval, tuple(
        previews.tiles[bisect_right(starts, index * interval + late) - 1]
        for index in range(math.ceil(duration / interval))
    )


def _picture(previews: Previews, tiles: tuple[Tile, ...], folder: Path) -> Image.Image:
    columns, rows = grid(len(tiles))
    width, height = previews.tile_width, previews.tile_height
    picture = Image.new("RGB", (columns * width, rows * height))
    # Tiles are in order of time, so each sheet is opened once.
    for sheet, group in groupby(enumerate(tiles), key=lambda numbered: numbered[1].sheet):
        with reading(folder / previews.sheets[sheet].name) as source:
            for index, tile in group:
                cut = source.crop((tile.x, tile.y, tile.x + tile.width, tile.y + tile.height))
                picture.paste(cut, (index % columns * width, index // columns * height))
    return picture


def _ms(seconds: Fraction) -> int:
    return round(seconds * 1000)


def _timestamp(ms: int) -> str:
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}.{ms:03d}"
