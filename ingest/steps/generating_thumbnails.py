"""9014 Generating Thumbnails: the sets of pictures that were asked for, each in a folder and in an archive."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from ingest.images.frames import failed, list_frames, write
from ingest.media.command.names import THUMBNAILS, thumbnails_folder
from ingest.steps.context import Env, Outcome, write_json

if TYPE_CHECKING:
    from fractions import Fraction

    from ingest.media.plan import Plan
    from ingest.media.plan.thumbnails import ThumbnailPlan

FILE = Path("info/thumbnails.json")


@dataclass(frozen=True, slots=True)
class Made:
    """One set: its files, and the time of each in seconds."""

    plan: ThumbnailPlan
    files: tuple[tuple[str, Fraction], ...]


def run(env: Env, plan: Plan) -> Outcome[tuple[Made, ...]]:
    """Raises ProcessingError, ResourceError or OutputError."""
    made = tuple(_make(env, number, one) for number, one in enumerate(plan.thumbnails))
    write_json(env.package / FILE, {"sets": [document(one) for one in made]})
    return Outcome(made)


def document(made: Made) -> dict[str, Any]:
    return {
        "name": made.plan.name,
        "width": made.plan.width,
        "height": made.plan.height,
        "intervalSeconds": made.plan.interval,
        "archive": archive(made.plan.name),
        "files": [{"file": name, "seconds": time} for name, time in made.files],
    }


def archive(name: str) -> str:
    """The set's ZIP file in the package."""
    return f"{THUMBNAILS}/{name}.zip"


def _make(env: Env, number: int, one: ThumbnailPlan) -> Made:
    folder = f"{THUMBNAILS}/{one.name}"
    (env.package / folder).mkdir(parents=True)
    frames = list_frames(env.temporary / thumbnails_folder(number))
    if not frames:
        raise failed(f"no thumbnails of {one.name} came out")
    digits = max(3, len(str(len(frames))))
    files: list[tuple[str, Fraction]] = []
    packed = io.BytesIO()
    with ZipFile(packed, "w", ZIP_STORED) as zipped:  # JPEG is packed already
        for count, frame in enumerate(frames, 1):
            name, data = f"{count:0{digits}}.jpg", frame.path.read_bytes()
            write(env.package / folder / name, data)
            zipped.writestr(ZipInfo(name), data)
            files.append((f"{folder}/{name}", frame.time))
    write(env.package / archive(one.name), packed.getvalue())
    return Made(one, tuple(files))
