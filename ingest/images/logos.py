"""Reads the pictures of logos, which are as hostile as any source, and makes from them the files that ffmpeg gets."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

from ingest.job import codes
from ingest.job.errors import SourceError
from ingest.media.command.names import logo_file
from ingest.media.source import display_name, open_source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ingest.media.plan.logos import LogoPlan

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_BYTES = 16 << 20
MAX_PIXELS = 16 << 20
# What Pillow raises for files that are damaged, or made to be.
_BROKEN = (
    *(OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, ArithmeticError, struct.error),
    Image.DecompressionBombError,
)


@dataclass(frozen=True, slots=True)
class LogoPicture:
    """`pixels` are RGBA, 8 bit each, not premultiplied, from the top left; `digest` is theirs and the size's."""

    width: int
    height: int
    pixels: bytes
    digest: str


def read_logo(path: Path) -> LogoPicture:
    """The first picture of a file, opened once.

    Raises:
        SourceError: there is no such regular file, or it is no PNG, JPEG or WebP within the limits.
    """
    name = display_name(path)
    with open_source(path) as source, os.fdopen(os.dup(source.descriptor), "rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise _unusable(name, f"has more than {MAX_BYTES >> 20} MiB")
    try:
        with warnings.catch_warnings():
            # Pillow warns of sizes that are above our own limit, and of damaged metadata.
            warnings.simplefilter("ignore")
            image = _decoded(data, name)
    except _BROKEN as error:
        raise _unusable(name, f"cannot be read as {', '.join(FORMATS)}", str(error)) from error
    pixels = image.tobytes()
    digest = hashlib.sha256(f"{image.width}x{image.height}:".encode() + pixels).hexdigest()
    return LogoPicture(image.width, image.height, pixels, digest)


def _decoded(data: bytes, name: str) -> Image.Image:
    image: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
    if image.width * image.height > MAX_PIXELS:
        raise _unusable(name, f"has {image.width}x{image.height} pixels, the limit is {MAX_PIXELS}")
    image.load()
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16 bits of grey, which Pillow would clip
        image = image.convert("I").point(lambda level: level * (1 / 257)).convert("L")
    return image.convert("RGBA")


def write_logos(
    folder: Path,
    logos: Sequence[LogoPlan],
    pictures: Sequence[LogoPicture],
    sizes: Mapping[str, tuple[int, int]],
) -> None:
    """A PNG of ours for each logo in each finished picture, in its size there and with its opacity.

    Args:
        folder: ffmpeg's current folder.
        pictures: those of the `logos`, in their order.
        sizes: width and height of each finished picture, by its name.
    """
    for number, (logo, picture) in enumerate(zip(logos, pictures, strict=True)):
        whole = Image.frombytes("RGBA", (picture.width, picture.height), picture.pixels)
        for name, (width, height) in sizes.items():
            place = logo.place(width, height)
            path = folder / logo_file(name, number)
            path.parent.mkdir(exist_ok=True)
            _drawn(whole, place.width, place.height, float(logo.opacity)).save(path, "PNG")


def _drawn(whole: Image.Image, width: int, height: int, opacity: float) -> Image.Image:
    image = whole.resize((width, height), Image.Resampling.LANCZOS)
    alpha = image.getchannel("A")
    # Chroma is halved without regard to alpha: what is not seen gets the colour of what is seen beside it.
    around = image.resize((width // 2, height // 2), Image.Resampling.BOX)
    around = around.resize((width, height), Image.Resampling.NEAREST)
    filled = Image.composite(
        image.convert("RGB"), around.convert("RGB"), alpha.point(lambda a: 255 * (a > 0))
    )
    filled.putalpha(alpha.point(lambda a: round(a * opacity)))
    return filled


def _unusable(name: str, why: str, detail: str = "") -> SourceError:
    return SourceError(
        codes.LOGO_UNUSABLE, f"the logo {name} {why}", remedy="give a PNG, JPEG or WebP file", detail=detail
    )
