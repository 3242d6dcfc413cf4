"""Chooses the poster among candidate frames, and publishes it.

Sharpness and uniformity are judged on a small working copy (longer side 320 pixels), all else on a copy eight
times smaller still: what the picture is from across a room. There, fine noise has averaged away to grey and
the thin strokes of a title card to almost nothing, so neither passes for a picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageFilter, ImageStat

from ingest.images.frames import failed, reading, write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ingest.images.frames import Frame

WORKING_SIDE = 320
_COARSE = 8
_BLACK = 24  # luma, 0-255; video black after a lossy codec and a tone curve stays below
_FIRST_FRAME = 0.8


@dataclass(frozen=True, slots=True)
class Measures:
    """What is measured of one picture; every field runs from 0 to 1.

    brightness: mean luma. 0 black, 1 white.
    contrast: standard deviation of luma; 0.5 is the most there can be, good pictures have about 0.2.
    sharpness: fine detail that is not noise; blurring always lowers it. 0.3 soft, 0.5 good, above 0.6 busy.
    colourfulness: Hasler and Suesstrunk's M (2003) over 100, at most 1. 0 grey, 0.15 slight, 0.6 vivid.
    variety: entropy of luma in 32 classes over its maximum. 0 one tone, 0.3 a title card, 0.7 a full scene.
    uniformity: share of the picture in its commonest 8 of 256 luma levels. Below 0.3 a scene, above 0.7 text
    on paper of any colour.
    """

    brightness: float
    contrast: float
    sharpness: float
    colourfulness: float
    variety: float
    uniformity: float


@dataclass(frozen=True, slots=True)
class Rated:
    """A candidate with its measures and its score (0 to 1)."""

    frame: Frame
    measures: Measures
    score: float


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen candidate. `ranked` holds all of them, best first, so `ranked[0]` is the chosen one."""

    frame: Frame
    measures: Measures
    score: float
    ranked: tuple[Rated, ...]


def choose(candidates: Sequence[Frame]) -> Choice:
    """The candidate a person would most likely put on a page.

    There is always a choice, even if all are black; of equal ones it is the earliest but for the first frame.
    Black bars that all candidates share are left out of the measures. Raises ProcessingError
    (TRANSCODING_FAILED) when there is no candidate or one cannot be read.
    """
    if not candidates:
        raise failed("there is no candidate for the poster")
    pictures = [_working_copy(frame.path) for frame in candidates]
    first = min(candidates, key=lambda frame: frame.time)
    box = _active_area(pictures)
    rated = []
    for frame, picture in zip(candidates, pictures, strict=True):
        measures = measure(picture.crop(box) if box else picture)
        # The first frame is often a logo, a fade or a hand on the camera; it must be clearly better to win.
        weight = _FIRST_FRAME if frame is first else 1.0
        rated.append(Rated(frame, measures, score(measures) * weight))
    rated.sort(key=lambda one: (-one.score, one.frame is first, one.frame.time))
    best = rated[0]
    return Choice(best.frame, best.measures, best.score, tuple(rated))


def measure(image: Image.Image) -> Measures:
    """The measures of `image`, any mode and size; one larger than the working size is reduced to it first."""
    small = _reduced(image.convert("RGB"))
    far = small.reduce(min(_COARSE, *small.size))
    near, luma = small.convert("L"), far.convert("L")
    statistics = ImageStat.Stat(luma)
    return Measures(
        brightness=statistics.mean[0] / 255,
        contrast=statistics.stddev[0] / 255,
        sharpness=_sharpness(near),
        colourfulness=_colourfulness(far),
        variety=_variety(luma),
        uniformity=_uniformity(near),
    )


def score(measures: Measures) -> float:
    """How good a poster this is, 0 to 1.

    Contrast, sharpness and colour add up, one can stand in for another. Exposure, variety, focus and scene
    multiply, since nothing makes up for a picture that is black, white, a single tone, blurred beyond use or
    only text. Tuned by eye on films, phones and drone footage.
    """
    exposure = _ramp(measures.brightness, 0.01, 0.30) * _ramp(1 - measures.brightness, 0.03, 0.35)
    variety = _ramp(measures.variety, 0.0, 0.70)
    focus = 0.4 + 0.6 * _ramp(measures.sharpness, 0.1, 0.45)
    scene = 1 - 0.9 * _ramp(measures.uniformity, 0.4, 0.85)
    merit = (
        0.35 * _ramp(measures.contrast, 0.0, 0.22)
        + 0.30 * _ramp(measures.colourfulness, 0.0, 0.60)
        + 0.35 * _ramp(measures.sharpness, 0.0, 0.60)
    )
    return exposure * variety * focus * scene * merit


def publish(choice: Choice, target: Path) -> tuple[int, int]:
    """Write the chosen candidate to `target` at full size; returns its width and height in pixels.

    The compressed picture is kept byte for byte; Exif, XMP, comments and other metadata segments are left out
    (JFIF, Adobe and ICC segments stay, because the colours depend on them). Raises ProcessingError
    (TRANSCODING_FAILED) when the picture does not decode to its end, ResourceError or OutputError when
    `target` cannot be written.
    """
    source = choice.frame.path
    with reading(source) as image:
        image.load()
        size = image.size
        data = without_metadata(source.read_bytes())
    write(target, data)
    return size


def without_metadata(data: bytes) -> bytes:
    """A JPEG without its metadata segments, from the markers of ITU-T T.81 annex B.1.1.

    APP0 (JFIF), APP14 (Adobe) and APP2 with an ICC profile stay, all other APPn and COM go. Raises ValueError
    where the bytes are not a sequence of marker segments up to the first scan.
    """
    if not data.startswith(b"\xff\xd8"):
        raise ValueError("no JPEG start of image")
    kept = [data[:2]]
    at = 2
    while True:
        while data[at : at + 2] == b"\xff\xff":  # fill bytes may precede any marker
            at += 1
        length = int.from_bytes(data[at + 2 : at + 4])
        segment = data[at : at + 2 + length]
        if len(segment) < 4 or segment[0] != 0xFF or length < 2 or len(segment) < 2 + length:
            raise ValueError(f"no JPEG marker segment at byte {at}")
        marker = segment[1]
        if marker == 0xDA:
            return b"".join([*kept, data[at:]])
        is_metadata = marker == 0xFE or (0xE1 <= marker <= 0xEF and marker != 0xEE)
        if not is_metadata or (marker == 0xE2 and segment[4:].startswith(b"ICC_PROFILE\0")):
            kept.append(segment)
        at += len(segment)


def _working_copy(path: Path) -> Image.Image:
    with reading(path) as image:
        scale = WORKING_SIDE / max(image.size)
        if scale < 1:
            # libjpeg then decodes at 1/2, 1/4 or 1/8 size, for a fraction of the time of a 4K picture.
            image.draft("RGB", (math.ceil(image.width * scale), math.ceil(image.height * scale)))
        return _reduced(image.convert("RGB"))


def _reduced(image: Image.Image) -> Image.Image:
    scale = WORKING_SIDE / max(image.size)
    if scale >= 1:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.HAMMING)


def _active_area(pictures: Sequence[Image.Image]) -> tuple[int, int, int, int] | None:
    """The box that is not black in every picture; None where that is everything, or too little to be bars."""
    if len({picture.size for picture in pictures}) != 1:
        return None
    width, height = pictures[0].size
    brightest = reduce(ImageChops.lighter, (picture.convert("L") for picture in pictures))
    box = brightest.point([0] * _BLACK + [255] * (256 - _BLACK)).getbbox()
    if box is None or 2 * (box[2] - box[0]) < width or 2 * (box[3] - box[1]) < height:
        return None
    return None if box == (0, 0, width, height) else box


def _sharpness(luma: Image.Image) -> float:
    """Detail at the working size as x / (x + 8), x in luma levels.

    In a picture, detail at this scale is at most about what it is at half the scale; in noise it is twice
    that. What exceeds is taken off again, so that noise counts for nothing and grain for little.
    """
    fine = _detail(luma)
    half = _detail(luma.reduce(min(2, *luma.size)))
    real = min(fine, max(0.0, 2 * half - fine))
    return real / (real + 8)


def _detail(luma: Image.Image) -> float:
    return float(ImageStat.Stat(ImageChops.difference(luma, luma.filter(ImageFilter.BoxBlur(1)))).rms[0])


def _colourfulness(image: Image.Image) -> float:
    red, green, blue = (band.tobytes() for band in image.split())
    red_green = [r - g for r, g in zip(red, green, strict=True)]
    yellow_blue = [(r + g) / 2 - b for r, g, b in zip(red, green, blue, strict=True)]
    count = len(red)
    mean = math.hypot(sum(red_green) / count, sum(yellow_blue) / count)
    square = (sum(x * x for x in red_green) + sum(x * x for x in yellow_blue)) / count
    return min(1.0, (math.sqrt(max(0.0, square - mean * mean)) + 0.3 * mean) / 100)


def _variety(luma: Image.Image) -> float:
    histogram = luma.histogram()
    total = sum(histogram)
    shares = [sum(histogram[low : low + 8]) / total for low in range(0, 256, 8)]
    return sum(-share * math.log2(share) for share in shares if share) / 5


def _uniformity(luma: Image.Image) -> float:
    histogram = luma.histogram()
    return max(sum(histogram[low : low + 8]) for low in range(249)) / sum(histogram)


def _ramp(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))
