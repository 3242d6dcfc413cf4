"""SDR of every matrix, range, depth and sampling: the same colours come out, as 8-bit BT.709 in limited range."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from test_colour_and_geometry import COLOURS, coloured, furthest, seen
from test_colour_chain import KNOWN, SKIN, middle, one_colour, rgb

from trait_cases.checks import video_stream
from trait_cases.core import Case, Finding, Job

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips

    from ingest.media.facts import Colour
    from trait_cases.core import Check

TRAIT = "bit depth, sampling, range, RGB, alpha, matrices"
PLAIN = ("yuv420p", "tv", "bt709", "bt709", "bt709")
RGB16 = "format=gbrp16le,setparams=colorspace=gbr:color_primaries=bt709:color_trc=bt709:range=pc"


def plain_bt709(job: Job) -> Finding:
    stream = video_stream(job.rung)
    keys = ("pix_fmt", "color_range", "color_space", "color_transfer", "color_primaries")
    found = tuple(stream.get(k, "none") for k in keys)
    return Finding(" ".join(found), " ".join(PLAIN), found == PLAIN)


def patches(job: Job) -> Finding:
    """Eight patches, by zscale, which ingest does not use here."""
    video = furthest(seen(job.rung, "zscale=min=709:rin=limited:m=gbr:r=full"))
    poster = furthest(seen(job.package.folder / "poster.jpg", "zscale=min=170m:rin=full:m=gbr:r=full"))
    measured = f"patches off by {video} of 255, in the poster by {poster}"
    return Finding(measured, "at most 4 and 5", video <= 4 and poster <= 5)


def patched(clips: Clips, name: str) -> Path:
    convert, options, scale = COLOURS[name]
    return coloured(clips, name, convert, *options, scale=scale)


def ffv1(clips: Clips, name: str, pixel_format: str) -> Path:
    """The patches in a format that no lossy encoder here takes."""
    tags = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709")
    convert = f"zscale=m=709:min=gbr:r=limited,format={pixel_format}"
    return coloured(clips, name, convert, "-c:v", "ffv1", *tags)


def middle_is(colour: str, off: int = 5) -> Check:
    def check(job: Job) -> Finding:
        found, wanted = middle(rgb(job.rung)), tuple(bytes.fromhex(colour[2:]))
        worst = max(abs(a - b) for a, b in zip(found, wanted, strict=True))
        return Finding(f"{found} for {wanted}", f"at most {off} off", worst <= off)

    return check


def tags(colour: Colour) -> str:
    names = {"color_primaries": colour.primaries, "color_trc": colour.transfer, "colorspace": colour.matrix}
    return ":".join(f"{k}={v}" for k, v in names.items() if v)


def known(clips: Clips, name: str) -> Path:
    """One colour, brought by zscale to what its tags say."""
    convert, colour, pixel_format = KNOWN[name]
    signal = "pc" if colour.full_range or "gb" in pixel_format else "tv"
    said = f"setparams={tags(colour)}:range={signal}"
    return one_colour(clips, SKIN, f"{RGB16},zscale={convert},format={pixel_format},{said}", pixel_format)


def transparent(clips: Clips, pixel_format: str, alpha: float) -> Path:
    convert = "" if "gb" in pixel_format else "scale=out_color_matrix=bt709:out_range=tv"
    return one_colour(clips, "0xC0C0C0", convert, pixel_format, alpha=alpha)


DEPTHS = {"4:2:0, 12 bit": "yuv420p12le", "4:2:2, 10 bit": "yuv422p10le", "4:4:4, 12 bit": "yuv444p12le"}
ALPHA = {"gbrap": 0.5, "yuva420p": 0.0, "yuva444p10le": 0.5}
CASES = (
    *(
        Case(
            TRAIT,
            name.partition(".")[0].replace("-", " "),
            partial(patched, name=name),
            (patches, plain_bt709),
        )
        for name in COLOURS
    ),
    *(
        Case(
            TRAIT,
            f"{words}, lossless",
            partial(ffv1, name=f"{pixel_format}.mkv", pixel_format=pixel_format),
            (patches, plain_bt709),
        )
        for words, pixel_format in DEPTHS.items()
    ),
    *(
        Case(TRAIT, f"matrix or primaries: {name}", partial(known, name=name), (middle_is(SKIN), plain_bt709))
        for name in KNOWN
        if name != "gray"
    ),
    *(
        Case(
            TRAIT,
            f"alpha {alpha:g}, {pixel_format}: over black",
            partial(transparent, pixel_format=pixel_format, alpha=alpha),
            (middle_is(f"0x{round(0xC0 * alpha):02x}" + f"{round(0xC0 * alpha):02x}" * 2, 4), plain_bt709),
        )
        for pixel_format, alpha in ALPHA.items()
    ),
)
