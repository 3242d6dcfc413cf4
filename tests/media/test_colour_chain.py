"""Every way that a picture's colours can be tagged, through the real command: none fails, known ones come out right.

The command is made from facts made by hand and run by itself: what the whole job does with it, other tests show.
"""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from main_job import ROOT
from measuring import error, ffmpeg, flat, run

from ingest.media import presets
from ingest.media.command import EncodeInput, encode_arguments, names
from ingest.media.facts import Colour, DolbyVision, Timing, VideoFacts
from ingest.media.plan import make_plan

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips

pytestmark = pytest.mark.media

WIDE, HIGH = 64, 32
F = Fraction


def facts(colour: Colour, pixel_format: str, vision: DolbyVision | None = None) -> VideoFacts:
    """Three pictures, a fifth of a second each."""
    fifth = F(1, 5)
    timing = Timing(F(1, 1000), F(0), 3 * fifth, 3, F(5), F(5), fifth, 3, fifth, 30_000)
    return VideoFacts(
        index=0,
        codec="ffv1",
        profile=None,
        level=None,
        pixel_format=pixel_format,
        bit_depth=8,
        width=WIDE,
        height=HIGH,
        sample_aspect=F(1),
        rotation=0,
        display_width=WIDE,
        display_height=HIGH,
        field_order="progressive",
        colour=colour,
        timing=timing,
        bit_rate=4_000_000,
        dolby_vision=vision,
    )


def made(source: Path, video: VideoFacts, folder: Path) -> Path:
    """The rung, by the very command that a job runs."""
    plan = make_plan(video, (), (presets.load(ROOT / "presets")["sd"],), preview_interval=F(1), tile=(64, 32))
    for name in names.folders():
        (folder / name).mkdir(exist_ok=True)
    run(*encode_arguments(ffmpeg(), plan, EncodeInput(f"file:{source}", 36_000_000, 128)), cwd=folder)
    (poster, *_) = sorted((folder / names.CANDIDATES).iterdir())
    assert error(flat(poster)[0], rgb(folder / "rungs/sd.mp4", (32, 18))) < 30
    return folder / "rungs/sd.mp4"


def rgb(path: Path, size: tuple[int, int] = (WIDE, HIGH)) -> bytes:
    """The first picture, BT.709 limited, as RGB."""
    convert = "zscale=min=709:rin=limited:m=gbr:r=full:tin=709:pin=709,format=gbrp"
    scale = f"scale={size[0]}:{size[1]}:flags=area,format=rgb24"
    done = run(
        *(ffmpeg(), "-v", "error", "-i", str(path), "-frames:v", "1", "-vf", f"{convert},{scale}"),
        *("-f", "rawvideo", "-"),
    )
    return done.stdout


def middle(pixels: bytes) -> tuple[int, int, int]:
    at = 3 * (HIGH // 2 * WIDE + WIDE // 2)
    return pixels[at], pixels[at + 1], pixels[at + 2]


def one_colour(clips: Clips, colour: str, convert: str, pixel_format: str, *, alpha: float = 1.0) -> Path:
    """Three pictures of one colour of BT.709 RGB, brought by zscale (`convert`) to what the tags will say."""
    source = f"color={colour}@{alpha}:size={WIDE}x{HIGH}:rate=5:duration=0.6,format=gbrap"
    chain = ",".join(filter(None, (convert, f"format={pixel_format}")))
    return clips.make("one.mkv", "-f", "lavfi", "-i", source, "-vf", chain, "-c:v", "ffv1")


# --- SDR: other primaries, matrices and curves ---

SKIN = "0xE1AC96"
KNOWN = {
    "BT.2020": (
        "m=2020_ncl:p=2020:t=709:r=limited",
        Colour("bt2020", "bt2020-10", "bt2020nc"),
        "yuv420p10le",
    ),
    "BT.2020-full": (
        "m=2020_ncl:p=2020:t=709:r=full",
        Colour("bt2020", "bt709", "bt2020nc", True),
        "yuv422p12le",
    ),
    "525": ("m=170m:p=170m:t=709:r=limited", Colour("smpte170m", "smpte170m", "smpte170m"), "yuv422p"),
    "625": ("m=470bg:p=bt470bg:t=709:r=limited", Colour("bt470bg", "smpte170m", "bt470bg"), "yuv420p"),
    "P3-D65": ("m=709:p=smpte432:t=709:r=limited", Colour("smpte432", "bt709", "bt709"), "yuv444p10le"),
    "P3-RGB": ("p=smpte432:t=709:r=full", Colour("smpte432", "iec61966-2-1", "gbr"), "gbrp10le"),
    "YCgCo": ("m=ycgco:p=709:t=709:r=limited", Colour("bt709", "bt709", "ycgco"), "yuv444p"),
    "240M": ("m=7:p=240m:t=709:r=limited", Colour("smpte240m", "smpte240m", "smpte240m"), "yuv420p"),
    "FCC": ("m=fcc:p=709:t=709:r=limited", Colour("bt709", "bt709", "fcc"), "yuv420p"),
    "linear": ("m=709:p=709:t=linear:r=limited", Colour("bt709", "linear", "bt709"), "yuv444p16le"),
    "gray": ("m=709:p=709:t=709:r=limited", Colour(matrix="bt709"), "yuv420p16le"),
}


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("colour", [SKIN, "0x808080", "0x204080"])
def test_other_colours_are_converted(clips: Clips, tmp_path: Path, name: str, colour: str) -> None:
    convert, tags, pixel_format = KNOWN[name]
    start = "format=gbrp16le,setparams=colorspace=gbr:color_primaries=bt709:color_trc=bt709:range=pc"
    # Else the encoder asks for limited range.
    untold = ",setparams=range=unknown" if tags.full_range else ""
    source = one_colour(
        clips, colour, f"{start},zscale={convert},format={pixel_format}{untold}", pixel_format
    )
    found = middle(rgb(made(source, facts(tags, pixel_format), tmp_path)))
    wanted = tuple(bytes.fromhex(colour[2:]))
    assert max(abs(a - b) for a, b in zip(found, wanted, strict=True)) <= 5, (found, wanted)


@pytest.mark.parametrize(
    ("pixel_format", "alpha"),
    [("gbrap", 0), ("gbrap", 0.5), ("yuva444p", 0), ("yuva420p", 0), ("yuva444p10le", 0.5), ("bgra", 0)],
)
def test_transparent_is_over_black(clips: Clips, tmp_path: Path, pixel_format: str, alpha: float) -> None:
    convert = "" if "gb" in pixel_format else "scale=out_color_matrix=bt709:out_range=tv"
    source = one_colour(clips, "0xC0C0C0", convert, pixel_format, alpha=alpha)
    found = middle(rgb(made(source, facts(Colour(matrix="bt709"), pixel_format), tmp_path)))
    assert max(abs(c - 0xC0 * alpha) for c in found) <= 4, found


@pytest.mark.parametrize(
    "pixel_format", ["gray", "gray10le", "gray16le", "pal8", "bgr0", "rgb48le", "gbrp16le"]
)
def test_grey_palettes_and_deep_rgb(clips: Clips, tmp_path: Path, pixel_format: str) -> None:
    coder = "png" if pixel_format in {"pal8", "rgb48le"} else "ffv1"
    level = 0x40
    # The scaler's own palette does not have it: it would be made of dots of other colours.
    to_palette = "split[a][b];[a]palettegen=reserve_transparent=0[p];[b][p]paletteuse=dither=none"
    source = clips.make(
        *(f"{coder}.mov" if coder == "png" else "one.mkv", "-f", "lavfi"),
        *(
            "-i",
            f"color=0x{level:02x}{level:02x}{level:02x}:size={WIDE}x{HIGH}:rate=5:duration=0.6,format=gbrp",
        ),
        *("-vf", to_palette if pixel_format == "pal8" else f"format={pixel_format}", "-c:v", coder),
    )
    found = middle(rgb(made(source, facts(Colour(), pixel_format), tmp_path)))
    assert max(abs(c - level) for c in found) <= 3, found


# --- HDR: where the tones land (Rec. ITU-R BT.2408) ---


def pq(light: float) -> float:
    """The signal for `light` cd/m2 (SMPTE ST 2084)."""
    power = (light / 10000) ** (2610 / 16384)
    return ((3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)


def greys(folder: Path, clips: Clips, signals: list[float], *, full: bool = False) -> Path:
    """Three 10-bit pictures of grey columns with these signals."""
    width = WIDE // len(signals)
    low, span = (0, 1023) if full else (64, 876)
    row = b"".join(struct.pack("<H", round(low + span * s)) * width for s in signals)
    picture = row * HIGH + struct.pack("<H", 512) * (WIDE * HIGH // 2)
    raw = folder / "greys.yuv"
    raw.write_bytes(picture * 3)
    return clips.make(
        *(f"greys-{hash(picture)}.mkv", "-f", "rawvideo", "-pixel_format", "yuv420p10le"),
        *("-video_size", f"{WIDE}x{HIGH}", "-framerate", "5", "-i", str(raw), "-c:v", "ffv1"),
    )


def tones(path: Path, count: int) -> list[float]:
    """The luma signal of each column."""
    done = run(
        *(ffmpeg(), "-v", "error", "-i", str(path), "-frames:v", "1", "-pix_fmt", "yuv420p"),
        *("-f", "rawvideo", "-"),
    )
    row = done.stdout[WIDE * HIGH // 2 : WIDE * HIGH // 2 + WIDE]
    width = WIDE // count
    return [(row[width * i + width // 2] - 16) / 219 for i in range(count)]


# Light in cd/m2: 18 % grey, skin, reference white, and what lies above it.
LIGHTS = (1.0, 26.0, 65.0, 203.0, 400.0, 1000.0, 4000.0, 10000.0)


def check_tones(found: list[float]) -> None:
    dark, grey, skin, white, *above = found
    assert 0.05 < dark < 0.15
    assert abs(grey - 0.425) < 0.03  # 26 cd/m2 in the light of a display with BT.1886
    assert 0.5 < skin < 0.68
    assert 0.78 < white < 0.92
    assert [white, *above] == sorted([white, *above])
    assert max(found) < 1.01


@pytest.mark.parametrize("full", [False, True])
def test_tones_of_pq(clips: Clips, tmp_path: Path, full: bool) -> None:
    source = greys(tmp_path, clips, [pq(x) for x in LIGHTS], full=full)
    video = facts(Colour("bt2020", "smpte2084", "bt2020nc", full), "yuv420p10le")
    check_tones(tones(made(source, video, tmp_path), len(LIGHTS)))


def test_tones_of_hlg(clips: Clips, tmp_path: Path) -> None:
    """38 % is 18 % grey, 75 % reference white."""
    source = greys(tmp_path, clips, [0.08, 0.38, 0.55, 0.75, 0.82, 0.9, 0.95, 1.0])
    video = facts(Colour("bt2020", "arib-std-b67", "bt2020nc"), "yuv420p10le")
    found = tones(made(source, video, tmp_path), 8)
    check_tones(found)
    assert abs(found[-1] - 1) < 0.01  # all of the signal is used


def test_dolby_vision_without_another_picture_is_grey_and_no_false_colour(
    clips: Clips, tmp_path: Path
) -> None:
    noise = "nullsrc=size=64x32:rate=5:duration=0.6,format=yuv420p10le,geq=lum=650:cb=160:cr=880"
    source = clips.make("ipt.mkv", "-f", "lavfi", "-i", noise, "-c:v", "ffv1")
    video = facts(Colour(transfer="smpte2084"), "yuv420p10le", DolbyVision(5, 0))
    found = middle(rgb(made(source, video, tmp_path)))
    assert max(found) - min(found) <= 2
    assert max(found) > 100


# --- tags that are missing, or contradict each other ---

PRIMARIES = ("unknown", "bt709", "bt2020", "smpte170m", "film", "smpte428", "ebu3213")
CURVES = ("unknown", "smpte2084", "arib-std-b67", "linear", "log100", "bt2020-12", "smpte428", "gamma22")
YUV = ("unknown", "bt709", "gbr", "ycgco", "bt2020c", "ictcp", "smpte2085", "chroma-derived-nc", "ipt-c2")
TAGS = [
    *((p, c, m) for p in ("unknown", "bt709") for c in CURVES[:4] for m in YUV),
    *((p, c, "bt2020nc") for p in PRIMARIES for c in CURVES),
]
SETTABLE = {"ipt-c2", "gamma22"}  # only decoders and newer versions say these


@pytest.mark.parametrize("part", range(8))
def test_no_tags_make_it_fail(clips: Clips, tmp_path: Path, part: int) -> None:
    """Grey stays grey, neither black nor white, whatever the tags say."""
    for number, (primaries, curve, matrix) in enumerate(TAGS[part::8]):
        tags = f"setparams=color_primaries={primaries}:color_trc={curve}:colorspace={matrix}:range=tv"
        if SETTABLE & {curve, matrix}:
            tags = "null"
        base = f"color=gray:size={WIDE}x{HIGH}:rate=5:duration=0.6,format=yuv420p10le,{tags}"
        source = clips.make(f"tags-{part}-{number}.mkv", "-f", "lavfi", "-i", base, "-c:v", "ffv1")
        folder = tmp_path / str(number)
        folder.mkdir()
        found = middle(rgb(made(source, facts(Colour(primaries, curve, matrix), "yuv420p10le"), folder)))
        tint = 18 if primaries == "smpte428" else 10  # its white is not that of daylight
        assert max(found) - min(found) <= tint, (primaries, curve, matrix, found)
        assert 20 < sum(found) / 3 < 250, (primaries, curve, matrix, found)
