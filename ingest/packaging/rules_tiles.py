"""Rules for image playlists (Image Media Playlist specification 0.4) and tiled thumbnails (DASH-IF IOP 4.3, 6.2.6)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

import m3u8

from ingest.packaging.findings import FaultError
from ingest.packaging.playlists import PARSER_ERRORS, place_of, read_text, resolve
from ingest.packaging.rules_images import picture_size

if TYPE_CHECKING:
    from pathlib import Path
    from xml.etree.ElementTree import Element

    from ingest.packaging.findings import Checks
    from ingest.packaging.playlists import Reference

IMAGES = "Image Media Playlist 0.4"
TILES = "DASH-IF IOP 6.2.6"
_PAIR = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")
_MAX_SHEETS = 10_000


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One entry: seconds in the playlist, the tile's pixels, the grid, seconds of a tile."""

    uri: str
    duration: Fraction
    tile: tuple[int, int]
    layout: tuple[int, int]
    interval: Fraction


def check_image_playlist(
    stream: Reference, path: Path, duration: Fraction | None, root: Path, checks: Checks
) -> None:
    """The playlist of an EXT-X-IMAGE-STREAM-INF at `path`, its sheets, and that they cover the film's `duration`."""
    place = place_of(path, root)
    try:
        sheets = _read(path, place, checks)
    except FaultError as fault:
        checks.fault(fault.finding)
        return
    dearest = Fraction(0)
    for sheet in sheets:
        try:
            file = resolve(sheet.uri, path.parent, root, place)
            size = picture_size(file, place_of(file, root), checks)
        except FaultError as fault:
            checks.fault(fault.finding)
            continue
        wanted = (sheet.layout[0] * sheet.tile[0], sheet.layout[1] * sheet.tile[1])
        found = f"{sheet.uri} is {size[0]}x{size[1]}"
        checks.must(size == wanted, IMAGES, place, found, f"{wanted[0]}x{wanted[1]} for its tiles")
        room = sheet.layout[0] * sheet.layout[1] * sheet.interval
        found = f"{sheet.uri} lasts {float(sheet.duration):.3f} s"
        checks.must(sheet.duration <= room, IMAGES, place, found, f"at most its tiles' {float(room):.3f} s")
        dearest = max(dearest, file.stat().st_size * 8 / max(sheet.duration, Fraction(1, 1000)))
    covered = sum((s.duration for s in sheets), Fraction(0))
    if duration is not None:
        near = abs(covered - duration) <= max((s.interval for s in sheets), default=Fraction(1))
        found = f"covers {float(covered):.3f} s"
        checks.must(near, IMAGES, place, found, f"the film's {float(duration):.3f} s")
    declared = stream.number("BANDWIDTH")
    if checks.must(bool(declared), IMAGES, place, "no BANDWIDTH", "bit/s") and declared:
        found = f"BANDWIDTH {declared}"
        checks.must(
            declared * 11 >= dearest * 10, IMAGES, place, found, f"at least {ceil(dearest)}, as measured"
        )
    tiles = {f"{s.tile[0]}x{s.tile[1]}" for s in sheets}
    declared_size = stream.attributes.get("RESOLUTION")
    checks.must(
        declared_size in tiles, IMAGES, place, f"RESOLUTION {declared_size}", ", ".join(sorted(tiles))
    )


def _read(path: Path, place: str, checks: Checks) -> list[_Sheet]:
    text = read_text(path, place)
    if not text.startswith("#EXTM3U"):
        raise FaultError(IMAGES, place, "the first line is not #EXTM3U", "#EXTM3U first")
    try:
        data = m3u8.parse(text)
    except PARSER_ERRORS as error:
        raise FaultError(IMAGES, place, f"malformed: {type(error).__name__} {error}", "a playlist") from None
    segments, tiles = data["segments"], data["tiles"]
    checks.must(data["is_images_only"], IMAGES, place, "no EXT-X-IMAGES-ONLY", "EXT-X-IMAGES-ONLY")
    if not 0 < len(segments) == len(tiles) <= _MAX_SHEETS:
        found = f"{len(segments)} sheets, {len(tiles)} EXT-X-TILES"
        raise FaultError(IMAGES, place, found, "EXT-X-TILES for each sheet")
    sheets = []
    for segment, tile in zip(segments, tiles, strict=True):
        size, layout = (_PAIR.fullmatch(str(tile.get(k, ""))) for k in ("resolution", "layout"))
        uri, length = segment.get("uri"), segment.get("duration")
        interval = tile.get("duration")
        if not size or not layout or not uri or not length or not interval:
            raise FaultError(
                IMAGES, place, f"EXT-X-TILES {tile}", "RESOLUTION, LAYOUT, DURATION; EXTINF; a URI"
            )
        sheets.append(
            _Sheet(
                uri,
                Fraction(repr(float(length))),
                (int(size[1]), int(size[2])),
                (int(layout[1]), int(layout[2])),
                Fraction(repr(float(interval))),
            )
        )
    return sheets


def check_image_representation(
    properties: list[Element],
    attributes: dict[str, str],
    files: list[Path],
    where: str,
    root: Path,
    checks: Checks,
) -> None:
    """A Representation of image/jpeg: its tiles' grid divides its size, which every sheet has."""
    grids = [p.get("value", "") for p in properties if p.get("schemeIdUri", "").endswith("thumbnail_tile")]
    layout = _PAIR.fullmatch(grids[0]) if grids else None
    if not checks.must(
        layout is not None, TILES, where, f"tiles {grids}", "an EssentialProperty with COLUMNSxROWS"
    ):
        return
    assert layout is not None  # noqa: S101 (for the type checker: checked above)
    size = _PAIR.fullmatch(f"{attributes.get('width')}x{attributes.get('height')}")
    if (
        not checks.must(size is not None, TILES, where, "no width or height", "the size of a sheet")
        or size is None
    ):
        return
    width, height = int(size[1]), int(size[2])
    divides = width % int(layout[1]) == 0 and height % int(layout[2]) == 0
    checks.must(divides, TILES, where, f"{width}x{height} in {layout[0]}", "whole tiles")
    for file in files:
        try:
            found = picture_size(file, place_of(file, root), checks)
        except FaultError as fault:
            checks.fault(fault.finding)
            continue
        checks.must(
            found == (width, height),
            TILES,
            where,
            f"{file.name} is {found[0]}x{found[1]}",
            f"{width}x{height}",
        )
