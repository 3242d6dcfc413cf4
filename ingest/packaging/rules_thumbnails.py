"""Thumbnails: every picture decodes and has its size, and the archive of a set holds the same pictures."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

from PIL import Image

from ingest.media.command.names import THUMBNAILS
from ingest.packaging.findings import OURS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction
    from pathlib import Path

    from ingest.packaging.findings import Checks

RULE = f"{OURS} thumbnails"
INFO = "info/thumbnails.json"
_MOST_BYTES = 64 << 20


def check_thumbnails(
    required: Mapping[str, int | None], duration: Fraction | None, root: Path, checks: Checks
) -> None:
    """What `info/thumbnails.json` says is there.

    Args:
        required: sets that must be there, with how many pictures at most each; None: however many.
        duration: seconds of the film.
    """
    try:
        sets = json.loads((root / INFO).read_bytes())["sets"]
        by_name = {str(s["name"]): s for s in sets}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        checks.must(False, RULE, INFO, "no list of sets that can be read", "the sets and their files")
        return
    for name, most in required.items():
        if checks.must(name in by_name, RULE, INFO, f"no set {name}", "every set asked for") and most:
            count = len(by_name[name].get("files", ()))
            checks.must(0 < count <= most, RULE, INFO, f"{count} pictures of {name}", f"1 to {most}")
    for name, one in by_name.items():
        try:
            _check_set(name, one, duration, root, checks)
        except (KeyError, TypeError, ValueError) as error:
            checks.must(False, RULE, INFO, f"{name}: {error}", "size, archive and files of each set")


def _check_set(
    name: str, one: Mapping[str, Any], duration: Fraction | None, root: Path, checks: Checks
) -> None:
    size = (int(one["width"]), int(one["height"]))
    times = [float(f["seconds"]) for f in one["files"]]
    rising = all(a < b for a, b in pairwise(times))
    inside = not times or (times[0] >= 0 and (duration is None or times[-1] <= duration))
    checks.must(rising and inside, RULE, INFO, f"times of {name} that do not rise", "times within the film")
    found: dict[str, bytes] = {}
    for entry in one["files"]:
        path = _inside(root, str(entry["file"]))
        data = _read(path) if path else None
        place = str(entry["file"])
        shown = _size(path) if path and data is not None else None
        checks.must(shown == size, RULE, place, f"{shown or 'no picture'}", f"a JPEG of {size[0]}x{size[1]}")
        if path and data is not None:
            found[path.name] = data
    archive = _inside(root, str(one["archive"]))
    same = archive is not None and _packed(archive) == found
    checks.must(same, RULE, str(one["archive"]), "other files", "the set's pictures")


def _inside(root: Path, name: str) -> Path | None:
    """The file of this name below the package's thumbnails; None for one elsewhere."""
    path = (root / name).resolve()
    return path if (root / THUMBNAILS).resolve() in path.parents else None


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.stat().st_size <= _MOST_BYTES else None
    except OSError:
        return None


def _size(path: Path) -> tuple[int, int] | None:
    """Of a picture that decodes to its end."""
    try:
        with Image.open(path, formats=("JPEG",)) as image:
            image.load()
            return image.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def _packed(path: Path) -> dict[str, bytes] | None:
    try:
        with ZipFile(path) as zipped:
            entries = zipped.infolist()
            if any(e.file_size > _MOST_BYTES for e in entries):
                return None
            return {e.filename: zipped.read(e) for e in entries}
    except (OSError, BadZipFile, RuntimeError, NotImplementedError, ValueError):
        return None
