"""Colours come out as they went in, and every shape comes out upright, square, even and progressive."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from main_job import SHARED_CLIPS, TONE_MAPPED
from measuring import error, ffmpeg, flat, likeness, pictures, probe, psnr, run

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips
    from main_job import Ingest, Package

pytest_plugins = ("ingest_once",)
pytestmark = pytest.mark.media

X264 = ("-c:v", "libx264", "-preset", "veryfast", "-qp", "4")

# -- colour --

PATCHES = (
    *((235, 235, 235), (128, 128, 128), (20, 20, 20), (191, 20, 20)),
    *((20, 191, 20), (20, 20, 191), (191, 191, 20), (225, 172, 150)),
)
SIDE = 80  # pixels of a patch; four in a row, two rows


def patches(clips: Clips, scale: int = 1) -> Path:
    """The patches as one lossless RGB picture."""
    side = SIDE * scale
    path = clips.folder / f"patches{scale}.rgb"
    rows = [b"".join(bytes(p) * side for p in PATCHES[n : n + 4]) * side for n in (0, 4)]
    path.write_bytes(b"".join(rows))
    return path


def coloured(clips: Clips, name: str, convert: str, *options: str, scale: int = 1) -> Path:
    """One second of the patches, brought to YCbCr by zscale (`convert`), which ingest does not use for this."""
    raw = (
        "-f",
        "rawvideo",
        "-pixel_format",
        "rgb24",
        "-video_size",
        f"{4 * SIDE * scale}x{2 * SIDE * scale}",
    )
    return clips.make(
        *(name, *raw, "-framerate", "5", "-i", str(patches(clips, scale))),
        *("-vf", f"{convert},loop=4:1,setpts=N/5/TB", *options),
    )


def tags(matrix: str, signal: str) -> tuple[str, ...]:
    return (
        *("-colorspace", matrix, "-color_primaries", matrix, "-color_trc", matrix, "-color_range", signal),
    )


BT601 = "zscale=m=170m:min=gbr:r=limited"
BT601_FULL = "zscale=m=170m:min=gbr:r=full"
BT709 = "zscale=m=709:min=gbr:r=limited"
BT709_FULL = "zscale=m=709:min=gbr:r=full"
UNTAGGED = "setparams=color_primaries=unknown:color_trc=unknown:colorspace=unknown:range=unknown"
COLOURS: dict[str, tuple[str, tuple[str, ...], int]] = {
    "bt601-full-tagged.mp4": (f"{BT601_FULL},format=yuvj420p", (*X264, *tags("smpte170m", "pc")), 1),
    "bt601-limited-tagged.mp4": (f"{BT601},format=yuv420p", (*X264, *tags("smpte170m", "tv")), 1),
    "bt709-limited-tagged.mp4": (f"{BT709},format=yuv420p", (*X264, *tags("bt709", "tv")), 1),
    "bt709-full-tagged.mp4": (f"{BT709_FULL},format=yuvj420p", (*X264, *tags("bt709", "pc")), 1),
    "untagged-small.mkv": (f"{BT601},format=yuv420p,{UNTAGGED}", X264, 1),
    "untagged-720-lines.mkv": (f"{BT709},scale=1440:720,format=yuv420p,{UNTAGGED}", X264, 4),
    "rgb.mkv": ("format=gbrp", ("-c:v", "libx264rgb", "-preset", "veryfast", "-qp", "4"), 1),
    "rgb-lossless.mkv": ("format=gbrp", ("-c:v", "ffv1"), 1),
    "prores-422-10bit.mov": (
        f"{BT709},format=yuv422p10le",
        ("-c:v", "prores_ks", "-profile:v", "3", *tags("bt709", "tv")),
        1,
    ),
    "h264-444.mp4": (f"{BT709},format=yuv444p", (*X264, *tags("bt709", "tv")), 1),
    "hevc-10bit.mp4": (
        f"{BT709},format=yuv420p10le",
        (
            "-c:v",
            "libx265",
            "-preset",
            "ultrafast",
            "-x265-params",
            "log-level=error:qp=8",
            *tags("bt709", "tv"),
        ),
        1,
    ),
    "motion-jpeg.avi": (
        f"{BT601_FULL},format=yuvj422p",
        ("-c:v", "mjpeg", "-q:v", "2", "-color_range", "pc"),
        1,
    ),
    "vp9.webm": (
        f"{BT709},format=yuv420p",
        ("-c:v", "libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime", "-b:v", "4M", *tags("bt709", "tv")),
        1,
    ),
}


def middles(picture: bytes, width: int = 4 * SIDE) -> list[tuple[int, ...]]:
    """The mean colour of each patch, away from its edges, of an RGB picture 320 wide."""
    found = []
    for index in range(len(PATCHES)):
        left, top = index % 4 * SIDE + SIDE // 4, index // 4 * SIDE + SIDE // 4
        values = [
            picture[3 * (y * width + left) : 3 * (y * width + left + SIDE // 2)]
            for y in range(top, top + SIDE // 2)
        ]
        count = (SIDE // 2) ** 2
        found.append(tuple(round(sum(sum(row[c::3]) for row in values) / count) for c in range(3)))
    return found


def seen(path: Path, convert: str) -> list[tuple[int, ...]]:
    """The patches of the first picture of a file, through `convert` to RGB by zscale."""
    done = run(
        *(ffmpeg(), "-nostdin", "-v", "error", "-i", str(path), "-frames:v", "1"),
        *(
            "-vf",
            f"{convert},format=gbrp,scale={4 * SIDE}:{2 * SIDE}:flags=area,format=rgb24",
            "-f",
            "rawvideo",
            "-",
        ),
    )
    return middles(done.stdout)


def furthest(found: list[tuple[int, ...]]) -> int:
    return max(abs(a - b) for p, q in zip(found, PATCHES, strict=True) for a, b in zip(p, q, strict=True))


@pytest.fixture(scope="module", params=COLOURS)
def coloured_package(request: pytest.FixtureRequest, clips: Clips, ingested: Ingest) -> Package:
    convert, options, scale = COLOURS[request.param]
    return ingested(coloured(clips, request.param, convert, *options, scale=scale), "sd")


def test_colours_are_kept(coloured_package: Package) -> None:
    found = seen(coloured_package.joined("video/sd"), "zscale=min=709:rin=limited:m=gbr:r=full")
    assert furthest(found) <= 4, found


def test_the_poster_has_the_same_colours(coloured_package: Package) -> None:
    found = seen(coloured_package.folder / "poster.jpg", "zscale=min=170m:rin=full:m=gbr:r=full")
    assert furthest(found) <= 5, found


def test_the_rung_says_what_its_colours_are(coloured_package: Package) -> None:
    (stream,) = probe(coloured_package.joined("video/sd"), "-show_streams")["streams"]
    assert [
        stream[k] for k in ("pix_fmt", "color_range", "color_space", "color_transfer", "color_primaries")
    ] == [*("yuv420p", "tv", "bt709", "bt709", "bt709")]


def test_a_wrong_matrix_or_range_is_seen(clips: Clips, ingested: Ingest) -> None:
    name = "bt709-limited-tagged.mp4"
    convert, options, _ = COLOURS[name]
    rung = ingested(coloured(clips, name, convert, *options), "sd").joined("video/sd")
    assert furthest(seen(rung, "zscale=min=170m:rin=limited:m=gbr:r=full")) > 10
    assert furthest(seen(rung, "zscale=min=709:rin=full:m=gbr:r=full")) > 10


# -- HDR --


def light_and_colour(picture: bytes) -> tuple[float, float]:
    """Mean luma and mean saturation (largest less smallest channel) of an RGB picture."""
    pixels = list(zip(picture[::3], picture[1::3], picture[2::3], strict=True))
    luma = sum(0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in pixels) / len(pixels)
    return luma, sum(max(p) - min(p) for p in pixels) / len(pixels)


def test_hdr_is_neither_washed_out_nor_dark(ingested: Ingest) -> None:
    (clip,) = (c for c in SHARED_CLIPS if c.hdr)
    package = ingested(clip.present())
    mapped = clip.shown()
    washed = pictures(clip.path, options=("-noautorotate",))  # PQ taken for BT.709
    (poster,) = flat(package.folder / "poster.jpg")
    index = min(range(len(mapped)), key=lambda i: error(poster, mapped[i].pixels))
    luma, colour = light_and_colour(mapped[index].pixels)
    for picture in (poster, *(package.pictures(r)[index].pixels for r in clip.rungs)):
        own_luma, own_colour = light_and_colour(picture)
        assert 0.6 < own_luma / luma < 1.7
        assert 0.6 < own_colour / colour < 1.7
    _, pale = light_and_colour(washed[index].pixels)
    assert light_and_colour(poster)[1] > 1.2 * pale


def test_hlg_is_tone_mapped(clips: Clips, ingested: Ingest) -> None:
    hlg = "zscale=tin=709:t=arib-std-b67:pin=709:p=2020:min=709:m=2020_ncl:npl=203,format=yuv420p10le"
    source = clips.make(
        *("hlg.mp4", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=10:duration=1"),
        *("-vf", f"scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,{hlg}"),
        *("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"),
        *("-colorspace", "bt2020nc", "-color_primaries", "bt2020", "-color_trc", "arib-std-b67"),
    )
    package = ingested(source, "sd")
    chain = TONE_MAPPED.replace("tin=smpte2084", "tin=arib-std-b67")
    mapped = pictures(source, filters=chain)
    for own, other in zip(package.pictures("sd"), mapped, strict=True):
        (luma, colour), (own_luma, own_colour) = light_and_colour(other.pixels), light_and_colour(own.pixels)
        assert 0.6 < own_luma / luma < 1.7
        assert 0.6 < own_colour / colour < 1.7


# -- geometry --


def moving(size: str, rate: str = "10", seconds: float = 1.5) -> tuple[str, ...]:
    return "-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds}"


TAGGED = ("-vf", "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p", *X264, *tags("bt709", "tv"))


def turned(clips: Clips, degrees: int) -> Path:
    """Stored so that it is upright when a player turns it: the picture itself is 240x136 seen landscape."""
    stored = clips.make(f"stored{degrees}.mp4", *moving("240x136"), *TAGGED)
    return clips.make(
        f"turned{degrees}.mp4", "-display_rotation", str(-degrees), "-i", str(stored), "-c", "copy"
    )


# name: how it is made, the filters that show its stored pictures upright, the size it must have.
SHAPES: dict[str, tuple[tuple[str, ...], str, tuple[int, int]]] = {
    "anamorphic-pal.mkv": ((*moving("720x576"), *TAGGED, "-aspect", "20:11"), "", (720, 396)),
    "anamorphic-narrow.mkv": ((*moving("640x480"), *TAGGED, "-aspect", "1:1"), "", (480, 480)),
    "odd.mkv": (
        (
            "-f",
            "lavfi",
            "-i",
            "testsrc=size=323x241:rate=10:duration=1.5",
            *TAGGED[:2],
            "-c:v",
            "ffv1",
            *TAGGED[6:],
        ),
        *("", (322, 240)),
    ),
    "portrait.mp4": ((*moving("270x480"), *TAGGED), "", (270, 480)),
    "tall.mp4": ((*moving("100x900"), *TAGGED), "", (80, 720)),
    "wide.mp4": ((*moving("1000x64"), *TAGGED), "", (720, 46)),
    "tiny.mp4": ((*moving("18x16"), *TAGGED), "", (18, 16)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(clips: Clips, ingested: Ingest, name: str) -> None:
    arguments, filters, size = SHAPES[name]
    source = clips.make(name, *arguments)
    check_shape(ingested(source, "sd"), pictures(source, filters=filters), size)


@pytest.mark.parametrize(
    ("degrees", "filters", "size"),
    [
        (90, "transpose=clock", (136, 240)),
        (180, "hflip,vflip", (240, 136)),
        (270, "transpose=cclock", (136, 240)),
    ],
)
def test_rotation_is_applied(
    clips: Clips, ingested: Ingest, degrees: int, filters: str, size: tuple[int, int]
) -> None:
    source = turned(clips, degrees)
    shown = pictures(source, filters=filters, options=("-noautorotate",))
    package = ingested(source, "sd")
    check_shape(package, shown, size)
    unturned = pictures(source, options=("-noautorotate",))
    assert likeness(package.pictures("sd"), unturned).worst < 20


def check_shape(package: Package, shown: tuple, size: tuple[int, int]) -> None:
    (stream,) = probe(package.joined("video/sd"), "-show_streams")["streams"]
    assert (stream["width"], stream["height"], stream["sample_aspect_ratio"]) == (*size, "1:1")
    assert "side_data_list" not in stream
    found = likeness(package.pictures("sd"), shown)
    assert found.in_place
    assert found.worst > 30
    (poster,) = flat(package.folder / "poster.jpg")
    assert max(psnr(error(poster, p.pixels)) for p in shown) > 26


@pytest.mark.parametrize("order", ["tff", "bff"])
@pytest.mark.parametrize("codec", ["mpeg2video", "libx264"])
def test_interlaced_is_deinterlaced(clips: Clips, ingested: Ingest, order: str, codec: str) -> None:
    """Fifty fields a second become 25 whole pictures, each the one of its first field."""
    top = int(order == "tff")
    if codec == "mpeg2video":
        coding = ("-c:v", codec, "-q:v", "2", "-flags", "+ildct+ilme", "-field_order", "tt" if top else "bb")
    else:
        coding = ("-c:v", codec, "-qp", "8", "-preset", "veryfast", "-x264-params", f"{order}=1")
    tall = "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"
    weave = "interleave_top" if top else "interleave_bottom"
    source = clips.make(
        *(f"{order}-{codec}.ts", *moving("352x288", "50", 3)),
        *("-vf", f"{tall},tinterlace={weave},setfield={order}", *coding, *tags("bt709", "tv")),
    )
    package = ingested(source, "sd")
    made = package.pictures("sd")
    assert [p.time for p in made] == [Fraction(n, 25) for n in range(75)]
    whole = pictures(
        clips.make(f"whole-{order}.mkv", *moving("352x288", "50", 3), "-vf", tall, "-c:v", "ffv1"),
        size=(88, 72),
    )[::2]
    rung = pictures(package.joined("video/sd"), size=(88, 72))
    middle = slice(2, -2)  # at the ends there is no neighbour to interpolate from
    assert likeness(rung[middle], whole[middle]).in_place
    assert combed(source) > 60
    assert combed(package.joined("video/sd")) < 8  # idet's own doubts: the moving pattern has lines too


def combed(path: Path) -> int:
    """How many pictures ffmpeg's idet takes for interlaced."""
    done = run(
        *(ffmpeg(), "-nostdin", "-hide_banner", "-nostats", "-v", "info", "-i", str(path)),
        *("-vf", "idet", "-an", "-f", "null", "-"),
    )
    # ffmpeg builds the filter twice, and says twice what it saw: the last time after the last picture.
    line = [x for x in done.stderr.decode().splitlines() if "Multi frame detection" in x][-1]
    words = line.replace(":", " ").split()
    return int(words[words.index("TFF") + 1]) + int(words[words.index("BFF") + 1])
