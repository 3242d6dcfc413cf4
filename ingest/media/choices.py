"""The choices of one job as a caller states them, once for the library and the command line; checked into `Options`."""

from __future__ import annotations

import os
import re
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, get_args

from ingest.job import codes
from ingest.job.errors import UsageError, one_line
from ingest.media.codec_names import parse_codecs
from ingest.media.logo_choice import MOST_LOGOS, Logo, check_logo, parse_logo
from ingest.media.options import (
    GROUND_HIGHEST,
    GROUND_LOWEST,
    LOUDNESS_LOUDEST,
    LOUDNESS_SOFTEST,
    Copy,
    EncoderChoice,
    Format,
    Hdr,
    Options,
    Quality,
    Verify,
)
from ingest.media.thumbnail_sets import parse_sets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Unpack


class Choices(TypedDict, total=False):
    """What is left out is as `Options` has it.

    Attributes:
        allow_damage: take a source of which more than 1 % or 2 s is lost.
        codecs: `"h264"`, `"hevc"` and `"av1"`, one or several: every resolution is made in each.
        hdr: `"sdr"` tone maps an HDR source, `"keep"` keeps its range in HEVC and AV1.
        encoder: `"auto"`: hardware where a trial encode works; `"cpu"`; or one kind of hardware, for example `"nvenc"`.
        loudness: LUFS (EBU R 128), -70 to -5, that the sound is brought to by a constant gain; None: as it is.
        verify: what is decoded of the finished renditions: `"default"` the first picture of each segment, the last
            ones and all sound, `"full"` everything.
        format: `"cmaf"` for HLS and DASH, `"ts"` for HLS alone over MPEG-2 transport streams, H.264 only.
        klv: a file of telemetry beside the film: bare KLV, a transport stream, Esri's CSV, DJI's SRT.
        ground: metres above the sea of the ground where telemetry does not say it, for computed footprints.
        quality: `"vmaf"` measures each rendition against the source, into `info/abr.json`.
        copy: a rendition that the source already is is copied (`"auto"`), encoded like the others (`"never"`), or the
            job fails where it cannot be copied (`"require"`).
        jobs: pieces of a long film that are encoded side by side; None: as many as cores and memory allow.
        start, end: seconds from the film's first picture on: only what is shown between them is made; an `end` behind
            the film's, or None, is the film's.
        crop: pixels that go at the top, on the right, at the bottom and on the left of the picture as it is seen:
            `"10,0,10,0"` or `(10, 0, 10, 0)`.
        logos: pictures (PNG, JPEG or WebP) laid over every rendition, at most four:
            `"logo.png:bottom-right:12%:0.8"` or `Logo(Path("logo.png"), "bottom-right", 12, 0.8)`; one or several.
        pad: the shape that bars give the picture, and their colour: `"16:9"` (black) or `"16:9:#102030"`.
        audio: False leaves the sound out.
        thumbnails: sets of pictures that fit into a size: `"160x90"` (one every 10 s), `"160x90@5s"` (every 5 s),
            `"160x90@12"` (twelve in all); one or several.
        mp4: beside the package, each rendition with its sound in one progressive MP4 file (`mp4/hd.mp4`).
    """

    allow_damage: bool
    codecs: str | Sequence[str]
    hdr: Hdr
    encoder: EncoderChoice
    loudness: float | None
    verify: Verify
    format: Format
    quality: Quality | None
    klv: str | os.PathLike[str] | None
    ground: float
    copy: Copy
    jobs: int | None
    mp4: bool
    start: float
    end: float | None
    thumbnails: str | Sequence[str]
    audio: bool
    crop: str | Sequence[int] | None
    logos: str | Logo | Sequence[str | Logo]
    pad: str | None


BLACK = "#000000"
WIDEST_SHAPE = 5

_WORDS = {
    "hdr": get_args(Hdr),
    "encoder": get_args(EncoderChoice),
    "verify": get_args(Verify),
    "format": get_args(Format),
    "copy": get_args(Copy),
    "quality": (None, *get_args(Quality)),
}


def options_of(**choices: Unpack[Choices]) -> Options:
    """The checked options.

    Raises:
        UsageError: a choice is unknown, out of its range, or does not go with another.
        TypeError: there is no choice of such a name.
    """
    given: dict[str, Any] = dict(choices)
    if "codecs" in choices:
        given["codecs"] = parse_codecs(texts(choices["codecs"]))
    if (klv := choices.get("klv")) is not None:
        check_path(klv)
        given["klv"] = Path(klv)
    if "thumbnails" in choices:
        given["thumbnails"] = texts(choices["thumbnails"])
        parse_sets(given["thumbnails"])
    if (crop := choices.get("crop")) is not None:
        given["crop"] = _sides(crop)
    if (pad := choices.get("pad")) is not None:
        given["pad"] = _shape(pad)
    if "logos" in choices:
        given["logos"] = _logos(choices["logos"])
    options = Options(**given)
    for name, known in _WORDS.items():
        _check_word(name, getattr(options, name), known)
    _check_numbers(options)
    _check_together(options)
    return options


def check_path(place: str | os.PathLike[str]) -> None:
    """Raises UsageError for what can be no path."""
    if not os.fspath(place) or "\0" in os.fsdecode(place):
        raise UsageError(codes.USAGE, f"{os.fspath(place)!r} is not a path", remedy="name a file or folder")


def texts(values: str | Sequence[str]) -> tuple[str, ...]:
    """One text or several, as several."""
    return (values,) if isinstance(values, str) else tuple(values)


def _sides(given: str | Sequence[int]) -> tuple[int, int, int, int]:
    """Top, right, bottom, left."""
    parts = given.split(",") if isinstance(given, str) else [str(part) for part in given]
    if len(parts) != 4 or not all(re.fullmatch("[0-9]{1,5}", part, re.ASCII) for part in parts):
        raise UsageError(
            codes.USAGE,
            f"crop {one_line(','.join(parts))[:80]!r} is not four numbers of pixels",
            remedy="give top, right, bottom and left, for example 10,0,10,0",
        )
    top, right, bottom, left = map(int, parts)
    return top, right, bottom, left


def _shape(text: str) -> tuple[int, int, str]:
    """Width, height, and the bars' colour."""
    found = re.fullmatch("([1-9][0-9]{0,4}):([1-9][0-9]{0,4})(?::(#[0-9a-fA-F]{6}))?", text, re.ASCII)
    if found is None:
        raise UsageError(
            codes.USAGE,
            f"pad {one_line(text)[:80]!r} is no shape",
            remedy="give width, height and if you like a colour, for example 16:9 or 16:9:#102030",
        )
    width, height = int(found[1]), int(found[2])
    if max(width, height) > WIDEST_SHAPE * min(width, height):
        raise UsageError(
            codes.USAGE,
            f"pad {text}: one side is more than {WIDEST_SHAPE} times the other",
            remedy="ask for less",
        )
    return width, height, (found[3] or BLACK).lower()


def _logos(given: str | Logo | Sequence[str | Logo]) -> tuple[Logo, ...]:
    several = (given,) if isinstance(given, str | Logo) else given
    logos = tuple(parse_logo(one) if isinstance(one, str) else one for one in several)
    for logo in logos:
        check_path(logo.path)
        check_logo(logo)
    if len(logos) > MOST_LOGOS:
        raise UsageError(codes.USAGE, f"{len(logos)} logos, the limit is {MOST_LOGOS}")
    return logos


def _check_word(name: str, value: str | None, known: tuple[str | None, ...]) -> None:
    if value not in known:
        listed = ", ".join(k for k in known if k is not None)
        raise UsageError(codes.USAGE, f"unknown {name} {value!r}: known are {listed}")


def _check_numbers(options: Options) -> None:
    if options.jobs is not None and options.jobs < 1:
        raise UsageError(codes.USAGE, f"{options.jobs} jobs", remedy="ask for 1 or more, or for none")
    if options.loudness is not None and not LOUDNESS_SOFTEST <= options.loudness <= LOUDNESS_LOUDEST:
        raise UsageError(
            codes.USAGE,
            f"a loudness of {options.loudness:g} LUFS",
            remedy=f"ask for one from {LOUDNESS_SOFTEST:g} to {LOUDNESS_LOUDEST:g}, for example -23",
        )
    if not GROUND_LOWEST <= options.ground <= GROUND_HIGHEST:
        raise UsageError(
            codes.USAGE,
            f"ground at {options.ground:g} m",
            remedy=f"give metres above the sea from {GROUND_LOWEST:g} to {GROUND_HIGHEST:g}",
        )

    for name, seconds in (("start", options.start), ("end", options.end)):
        if seconds is not None and not 0 <= seconds < inf:
            raise UsageError(
                codes.USAGE,
                f"{name} at {seconds:g} s",
                remedy="give seconds from the film's first picture on, for example 12.5",
            )


def _check_together(options: Options) -> None:
    if options.end is not None and options.end <= options.start:
        raise UsageError(
            codes.USAGE,
            f"an end at {options.end:g} s is not behind a start at {options.start:g} s",
            remedy="give a later --end",
        )
    if options.pad and options.hdr == "keep" and options.pad[2] != BLACK:
        raise UsageError(
            codes.USAGE, "bars around HDR are black", remedy="use --hdr sdr, or leave the colour out"
        )
    if options.logos and options.hdr == "keep":
        raise UsageError(
            codes.USAGE,
            "a logo cannot be laid over HDR renditions",
            remedy="use --hdr sdr, or leave --logo out",
        )
    modern = [codec for codec in options.codecs if codec != "h264"]
    if options.format == "ts" and modern:
        raise UsageError(
            codes.USAGE,
            f"{' and '.join(modern)} cannot be made as transport streams",
            remedy="use --format cmaf, or --codec h264",
        )
