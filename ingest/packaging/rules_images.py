"""Rules for the poster and the previews: pictures open, cues cover the film, rectangles exist."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from PIL import Image

from ingest.packaging.findings import OURS, FaultError
from ingest.packaging.playlists import place_of, read_text, resolve

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.packaging.findings import Checks

_MAX_TEXT = 16 << 20
_MAX_PIXELS = 64 << 20
_BLACK = 16
_CUE = re.compile(
    r"((?:[0-9]{2,}:)?[0-5][0-9]:[0-5][0-9]\.[0-9]{3}) --> ((?:[0-9]{2,}:)?[0-5][0-9]:[0-5][0-9]\.[0-9]{3})"
)
_AREA = re.compile(r"([^#\s]+)#xywh=(?:pixel:)?([0-9]{1,6}),([0-9]{1,6}),([0-9]{1,6}),([0-9]{1,6})")


@dataclass(frozen=True, slots=True)
class Cue:
    """One preview cue: seconds, the sheet's URI and the rectangle (x, y, width, height) in pixels."""

    start: Fraction
    end: Fraction
    uri: str
    area: tuple[int, int, int, int]


def check_poster(
    path: Path, size: tuple[int, int] | None, required: bool, root: Path, checks: Checks
) -> None:
    """The poster opens, is not black and has the shape of `size` (the largest rendition's, in pixels)."""
    place = place_of(path, root)
    if not path.exists() and not required:
        return
    try:
        found = _size(resolve(path.name, path.parent, root, place), place, brightness=True)
    except FaultError as fault:
        checks.fault(fault.finding)
        return
    width, height, brightest = found
    checks.should(brightest > _BLACK, f"{OURS} poster", place, "a black picture", "a picture")
    if size:
        # One pixel of rounding on either side.
        near = abs(width * size[1] - height * size[0]) <= 2 * max(*size, width, height)
        checks.must(near, f"{OURS} poster", place, f"{width}x{height}", f"the shape of {size[0]}x{size[1]}")


def _size(path: Path, place: str, *, brightness: bool = False) -> tuple[int, int, int]:
    """Width and height of a picture that decodes whole, in pixels; if asked, the 99th percentile of luma."""
    try:
        with Image.open(path, formats=("JPEG", "PNG", "WEBP")) as image:
            width, height = image.size
            if width * height > _MAX_PIXELS:
                raise FaultError(
                    f"{OURS} images", place, f"{width}x{height} pixels", f"at most {_MAX_PIXELS}"
                )
            image.load()
            luma = image.convert("L").histogram() if brightness else []
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, FaultError):
            raise
        raise FaultError(f"{OURS} images", place, f"does not open: {error}", "a picture") from None
    return width, height, _percentile(luma) if luma else 0


def _percentile(histogram: list[int]) -> int:
    left = sum(histogram) // 100
    for level in range(255, -1, -1):
        left -= histogram[level]
        if left < 0:
            return level
    return 0


def picture_size(path: Path, place: str, checks: Checks) -> tuple[int, int]:
    """Width and height in pixels of a picture that decodes whole, decoded once. Raises `FaultError`."""
    if path not in checks.pictures:
        checks.pictures[path] = _size(path, place)[:2]
    return checks.pictures[path]


def check_previews(
    folder: Path, duration: Fraction | None, tolerance: Fraction, required: bool, root: Path, checks: Checks
) -> None:
    """previews.vtt and preview.json of `folder`; `duration` (the video's) and `tolerance` in seconds."""
    if not folder.exists() and not required:
        return
    track, index = folder / "previews.vtt", folder / "preview.json"
    try:
        place = place_of(resolve(track.name, folder, root, place_of(track, root)), root)
        cues = parse_vtt(read_text(track, place, _MAX_TEXT), place)
        _check_cues(cues, duration, tolerance, place, checks)
        sizes = _check_areas(cues, folder, place, root, checks)
        place = place_of(resolve(index.name, folder, root, place_of(index, root)), root)
        _check_index(read_text(index, place, _MAX_TEXT), folder, sizes, duration, place, root, checks)
    except FaultError as fault:
        checks.fault(fault.finding)


def parse_vtt(text: str, place: str) -> tuple[Cue, ...]:
    """The cues of a preview track (W3C WebVTT, 4.1). Raises `FaultError` on anything else than such cues."""
    blocks = re.split(r"\n{2,}", text.replace("\r\n", "\n").replace("\r", "\n").strip("\n"))
    if not re.fullmatch(r"WEBVTT([ \t].*)?(\n.*)*", blocks[0]):
        raise FaultError("WebVTT 4.1", place, "the first line is not WEBVTT", "WEBVTT")
    cues: list[Cue] = []
    for block in blocks[1:]:
        lines = block.split("\n")
        if lines[0].startswith(("NOTE", "STYLE", "REGION")):
            continue
        if "-->" not in lines[0]:
            lines = lines[1:]
        times = _CUE.match(lines[0]) if lines else None
        target = _AREA.fullmatch(lines[1].strip()) if len(lines) == 2 else None
        if not times or not target:
            raise FaultError(
                "WebVTT 4.1", place, f"a cue that cannot be read: {block[:60]!r}", "times and #xywh"
            )
        x, y, width, height = (int(target[i]) for i in range(2, 6))
        cues.append(Cue(_seconds(times[1]), _seconds(times[2]), target[1], (x, y, width, height)))
    if not cues:
        raise FaultError(f"{OURS} previews", place, "no cues", "at least one preview")
    return tuple(cues)


def _seconds(stamp: str) -> Fraction:
    total = Fraction(0)
    for part in stamp.split(":"):
        total = total * 60 + Fraction(part)
    return total


_TICK = Fraction(1, 1000)  # WebVTT's times are in ms


def _check_cues(
    cues: tuple[Cue, ...], duration: Fraction | None, tolerance: Fraction, place: str, checks: Checks
) -> None:
    clock = Fraction(0)
    for number, cue in enumerate(cues, 1):
        found = f"cue {number} lasts from {float(cue.start):.3f} to {float(cue.end):.3f} s"
        good = cue.start == clock and cue.end > cue.start
        checks.must(
            good, f"{OURS} previews", place, found, f"from {float(clock):.3f} s, without gap or overlap"
        )
        clock = cue.end
    if duration is not None:
        near = abs(clock - duration) <= max(tolerance, _TICK)
        found = f"the last cue ends at {float(clock):.3f} s"
        checks.must(near, f"{OURS} previews", place, found, f"{float(duration):.3f} s")


def _check_areas(
    cues: tuple[Cue, ...], folder: Path, place: str, root: Path, checks: Checks
) -> dict[str, tuple[int, int]]:
    """Every rectangle lies in its sheet; returns the sheets' sizes by URI."""
    sizes: dict[str, tuple[int, int]] = {}
    broken: set[str] = set()
    for cue in cues:
        if cue.uri not in sizes and cue.uri not in broken:
            try:
                path = resolve(cue.uri, folder, root, place)
                sizes[cue.uri] = picture_size(path, place_of(path, root), checks)
            except FaultError as fault:
                checks.fault(fault.finding)
                broken.add(cue.uri)
        if cue.uri in sizes:
            x, y, width, height = cue.area
            inside = width > 0 < height and x + width <= sizes[cue.uri][0] and y + height <= sizes[cue.uri][1]
            found = f"the rectangle {x},{y},{width},{height} of {cue.uri}"
            wanted = f"inside {sizes[cue.uri][0]}x{sizes[cue.uri][1]}"
            checks.must(inside, f"{OURS} previews", place, found, wanted)
    return sizes


def _check_index(
    text: str,
    folder: Path,
    sizes: dict[str, tuple[int, int]],
    duration: Fraction | None,
    place: str,
    root: Path,
    checks: Checks,
) -> None:
    """preview.json, in the shape that Esri's JavaScript client reads: counts, grid and picture agree."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise FaultError(f"{OURS} previews", place, "not JSON", "a JSON object") from None
    names = ("frameCount", "frameInterval", "width", "height", "nCol", "nRow")
    numbers = [document.get(name) for name in names] if isinstance(document, dict) else []
    if not numbers or not all(type(n) is int and 0 < n < 1 << 31 for n in numbers):
        raise FaultError(f"{OURS} previews", place, "numbers are missing", f"{', '.join(names)}, all above 0")
    count, _interval, width, height, columns, rows = (int(n or 0) for n in numbers)
    frames = document.get("frames")
    listed = [f.get("offset") for f in frames if isinstance(f, dict)] if isinstance(frames, list) else []
    offsets = [o for o in listed if type(o) is int]
    good = len(offsets) == len(listed) == count
    found = f"frameCount {count}, {len(offsets)} frames"
    if checks.must(good, f"{OURS} previews", place, found, "as many frames as frameCount"):
        ordered = offsets == sorted(set(offsets)) and offsets[0] >= 0
        checks.must(ordered, f"{OURS} previews", place, "offsets not ascending", "ascending offsets")
        if duration is not None:
            found = f"the last offset is {offsets[-1]} ms"
            wanted = f"below {float(duration):.3f} s"
            checks.must(offsets[-1] < duration * 1000, f"{OURS} previews", place, found, wanted)
    checks.must(
        count <= columns * rows, f"{OURS} previews", place, f"{count} frames in {columns}x{rows}", "room"
    )
    # The client takes `preview` as relative to the video's URL: only its last part is a name in this folder.
    name = str(document.get("preview", "")).rsplit("/", 1)[-1]
    if name not in sizes:
        path = resolve(name, folder, root, place)
        sizes[name] = picture_size(path, place_of(path, root), checks)
    found = f"{columns}x{rows} tiles of {width}x{height}"
    wanted = f"the {sizes[name][0]}x{sizes[name][1]} of {name}"
    checks.must((columns * width, rows * height) == sizes[name], f"{OURS} previews", place, found, wanted)
