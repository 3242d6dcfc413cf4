"""HDR: tone mapped by default, kept in HEVC and AV1 when asked."""

from __future__ import annotations

import re
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from main_job import TONE_MAPPED
from measuring import error, pictures, psnr
from test_colour_and_geometry import hlg_source, light_and_colour
from test_colour_chain import LIGHTS, check_tones, greys, pq, tones

from trait_cases.checks import video_stream
from trait_cases.colours import plain_bt709
from trait_cases.core import Case, Finding, Job
from trait_cases.dolby import with_dolby_vision

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips

    from trait_cases.core import Check

TRAIT = "HDR10, HLG, Dolby Vision"
HLG_SIGNALS = [0.08, 0.38, 0.55, 0.75, 0.82, 0.9, 0.95, 1.0]
BT2020 = ("-colorspace", "bt2020nc", "-color_primaries", "bt2020")
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error", "-tag:v", "hvc1")
AV1 = ("-c:v", "libsvtav1", "-preset", "12", "-svtav1-params", "lp=1")


def pq_source(clips: Clips) -> Path:
    convert = "zscale=tin=709:t=smpte2084:pin=709:p=2020:min=709:m=2020_ncl:npl=203,format=yuv420p10le"
    return clips.make(
        *("pq.mp4", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=10:duration=1"),
        *("-vf", f"scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,{convert}"),
        *(*X265, *BT2020, "-color_trc", "smpte2084"),
    )


def columns(clips: Clips, transfer: str) -> Path:
    """Grey columns of known light, tagged."""
    signals = [pq(x) for x in LIGHTS] if transfer == "smpte2084" else HLG_SIGNALS
    raw = greys(clips.folder, clips, signals)
    said = f"setparams=color_primaries=bt2020:color_trc={transfer}:colorspace=bt2020nc:range=tv"
    return clips.make(f"columns-{transfer}.mkv", "-i", str(raw), "-vf", said, "-c:v", "ffv1")


def tones_in_place(job: Job) -> Finding:
    """Rec. ITU-R BT.2408: where black, 18 % grey, skin and white land."""
    found = tones(job.rung, len(LIGHTS))
    try:
        check_tones(found)
        passed = True
    except AssertionError:
        passed = False
    dark, grey, skin, white, *_, top = (f"{100 * t:.0f}" for t in found)
    measured = f"dark {dark} %, 18 % grey {grey} %, skin {skin} %, reference white {white} %, most {top} %"
    return Finding(measured, "5 to 15, 42, 50 to 68, 78 to 92, at most 100 %", passed)


def as_bright_as_hable(transfer: str) -> Check:
    """Brightness and colourfulness beside an independent way of tone mapping."""

    def check(job: Job) -> Finding:
        shown = pictures(job.source, filters=TONE_MAPPED.replace("smpte2084", transfer))
        ratios = []
        for own, other in zip(job.package.pictures("sd"), shown, strict=True):
            mine, theirs = light_and_colour(own.pixels), light_and_colour(other.pixels)
            ratios.append((mine[0] / theirs[0], mine[1] / theirs[1]))
        (low, high), (pale, rich) = ((min(r), max(r)) for r in zip(*ratios, strict=True))
        measured = f"luma {low:.2f} to {high:.2f}, colour {pale:.2f} to {rich:.2f} times Hable's"
        passed = min(low, pale) > 0.6 and max(high, rich) < 1.7
        return Finding(measured, "both 0.6 to 1.7 times", passed)

    return check


def kept(transfer: str, name: str) -> Check:
    """Ten bits in BT.2020 with the right VIDEO-RANGE, the source's code values; SDR beside it."""

    def check(job: Job) -> Finding:
        found, wanted, worst = [], [], 100.0
        shown = pictures(job.source, matrix="bt2020")
        for codec in ("hevc", "av1"):
            path = job.package.joined(f"video/sd-{codec}")
            stream = video_stream(path)
            found.append(f"{codec} {stream['pix_fmt']} {stream['color_transfer']} {stream['color_space']}")
            wanted.append(f"{codec} yuv420p10le {transfer} bt2020nc")
            made = pictures(path, matrix="bt2020")
            worst = min(psnr(error(a.pixels, b.pixels)) for a, b in zip(made, shown, strict=True))
        found.append(ranges(job))
        wanted.append(f"sd SDR, sd-hevc {name}, sd-av1 {name}")
        words = (f"{'; '.join(found)}; worst {worst:.1f} dB", f"{'; '.join(wanted)}; over 34 dB")
        return Finding(*words, found == wanted and worst > 34)

    return check


def ranges(job: Job) -> str:
    lines = (job.package.folder / "ABR.m3u8").read_text("utf-8").splitlines()
    pairs = [
        (uri.split("/")[1], re.findall(r"VIDEO-RANGE=(\w+)", line)[0])
        for line, uri in pairwise(lines)
        if line.startswith("#EXT-X-STREAM-INF")
    ]
    order = ("sd", "sd-hevc", "sd-av1")
    return ", ".join(f"{n} {r}" for n, r in sorted(pairs, key=lambda p: order.index(p[0])))


def dolby(clips: Clips, transfer: str, codec: str, profile: int, compatibility: int) -> Path:
    """An HDR10 or HLG film (or one of no known colour) that says it is Dolby Vision."""
    film = {"arib-std-b67": hlg_source, "smpte2084": pq_source}[transfer](clips)
    if codec == "av1":
        film = clips.make("dolby-av1.mp4", "-i", str(film), *AV1, *BT2020, "-color_trc", transfer)
    return with_dolby_vision(
        film, clips.folder / f"dolby-{profile}.{compatibility}.mp4", profile, compatibility
    )


def grey(job: Job) -> Finding:
    worst = max(light_and_colour(p.pixels)[1] for p in job.package.pictures("sd"))
    return Finding(f"mean saturation {worst:.1f} of 255", "at most 3: no false colour", worst <= 3)


def _dolby_case(profile: int, compatibility: int, transfer: str, codec: str) -> Case:
    make = partial(dolby, transfer=transfer, codec=codec, profile=profile, compatibility=compatibility)
    name = f"Dolby Vision {profile}.{compatibility}" + (", says so by its box alone" if compatibility else "")
    if not compatibility:
        return Case(TRAIT, name, make, (grey, plain_bt709), warnings=(9220,))
    return Case(TRAIT, name, make, (as_bright_as_hable(transfer), plain_bt709))


KEEP = ("--hdr", "keep", "--codec", "hevc,av1")
SOURCES = (("HDR10", "PQ", "smpte2084", pq_source), ("HLG", "HLG", "arib-std-b67", hlg_source))
DOLBY = (
    *((5, 0, "smpte2084", "hevc"), (8, 1, "smpte2084", "hevc"), (8, 4, "arib-std-b67", "hevc")),
    *((10, 0, "smpte2084", "av1"), (10, 1, "smpte2084", "av1"), (10, 4, "arib-std-b67", "av1")),
)
CASES = (
    *(
        Case(TRAIT, f"{words}, tone mapped", make, (as_bright_as_hable(transfer), plain_bt709))
        for words, _, transfer, make in SOURCES
    ),
    *(
        Case(
            TRAIT, f"{words}, known greys", partial(columns, transfer=transfer), (tones_in_place, plain_bt709)
        )
        for words, _, transfer, _ in SOURCES
    ),
    *(
        Case(TRAIT, f"{words}, kept", make, (kept(transfer, name),), options=KEEP)
        for words, name, transfer, make in SOURCES
    ),
    *(_dolby_case(*row) for row in DOLBY),
)
