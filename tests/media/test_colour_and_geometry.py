"""Colours come out as they went in, and every shape comes out upright, square, even and progressive."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from main_job import SHARED_CLIPS, TONE_MAPPED
from measuring import error, ffmpeg, flat, likeness, pictures, probe, psnr, run

from ingest.job import codes

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
        *("-colorspace", matrix, "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", signal),
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
    # As Final Cut and some cameras write it: 0 where they do not know, which stands for nothing.
    "prores-reserved-tags.mov": (
        f"{BT709},format=yuv422p10le",
        ("-c:v", "prores_ks", "-bsf:v", "prores_metadata=color_primaries=0:color_trc=0:colorspace=1"),
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
    mapped = ingested.shown(clip)
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


def hlg_source(clips: Clips) -> Path:
    hlg = "zscale=tin=709:t=arib-std-b67:pin=709:p=2020:min=709:m=2020_ncl:npl=203,format=yuv420p10le"
    return clips.make(
        *("hlg.mp4", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=10:duration=1"),
        *("-vf", f"scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,{hlg}"),
        *("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"),
        *("-colorspace", "bt2020nc", "-color_primaries", "bt2020", "-color_trc", "arib-std-b67"),
    )


def test_hlg_is_tone_mapped(clips: Clips, ingested: Ingest) -> None:
    source = hlg_source(clips)
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


EXTREMES = {"1x1": (2, 2), "2x2": (2, 2), "3x1000": (2, 720), "4096x16": (720, 2), "853x479": (720, 404)}


def red(clips: Clips, size: str) -> Path:
    lavfi = ("-f", "lavfi", "-i", f"color=0xc02020:size={size}:rate=10:duration=1", "-c:v", "ffv1")
    return clips.make("red.mkv", *lavfi, "-pix_fmt", "yuv444p", "-colorspace", "smpte170m")


@pytest.mark.parametrize("size", EXTREMES)
def test_extreme_sizes(clips: Clips, ingested: Ingest, size: str) -> None:
    package = ingested(red(clips, size), "sd")
    (stream,) = probe(package.joined("video/sd"), "-show_streams")["streams"]
    assert (stream["width"], stream["height"]) == EXTREMES[size]
    (poster,) = flat(package.folder / "poster.jpg")
    for pixels in (poster, package.pictures("sd")[5].pixels):
        assert error(pixels, bytes((0xC0, 0x20, 0x20)) * (len(pixels) // 3)) < 9


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(clips: Clips, ingested: Ingest, name: str) -> None:
    arguments, filters, size = SHAPES[name]
    source = clips.make(name, *arguments)
    check_shape(ingested(source, "sd"), pictures(source, filters=filters), size)


ORIENTATIONS = {
    "90": ("transpose=clock", (136, 240)),
    "180": ("hflip,vflip", (240, 136)),
    "270": ("transpose=cclock", (136, 240)),
    "0 hflip": ("hflip", (240, 136)),
    "0 vflip": ("vflip", (240, 136)),
    "90 hflip": ("transpose=clock,hflip", (136, 240)),
    "90 vflip": ("transpose=clock,vflip", (136, 240)),
}


@pytest.mark.parametrize("marks", ORIENTATIONS)
@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_pictures_are_turned_and_mirrored_as_a_player_shows_them(
    clips: Clips, ingested: Ingest, marks: str, container: str
) -> None:
    degrees, *flips = marks.split()
    if container == "mkv" and flips:
        pytest.skip("Matroska knows no mirrored pictures")
    filters, size = ORIENTATIONS[marks]
    stored = clips.make("stored.mp4", *moving("240x136"), *TAGGED)
    options = ("-display_rotation", f"-{degrees}", *(f"-display_{f}" for f in flips))
    source = clips.make(f"turned.{container}", *options, "-i", str(stored), "-c", "copy")
    shown = pictures(source, filters=filters, options=("-noautorotate",))
    assert shown == pictures(source)  # what ffmpeg itself makes of the marks
    package = ingested(source, "sd")
    check_shape(package, shown, size)
    unturned = pictures(source, options=("-noautorotate",))
    assert likeness(package.pictures("sd"), unturned).worst < 20


def test_the_mov_of_a_camera_held_sideways(clips: Clips, ingested: Ingest) -> None:
    stored = clips.make("stored.mp4", *moving("240x136"), *TAGGED)
    source = clips.make("turned.mov", "-display_rotation", "90", "-i", str(stored), "-c", "copy")
    check_shape(ingested(source, "sd"), pictures(source), (136, 240))


CHANGED = (320, 180)


def changing_size(clips: Clips, size: str, aspect: str) -> tuple[Path, Path, Path]:
    """A film of two parts of 1.5 s with sound, the second one of another size; and both parts."""
    common = (*TAGGED, "-bf", "0", "-c:a", "mp2", "-muxdelay", "0", "-muxpreload", "0")
    tone = ("-f", "lavfi", "-i", "sine=sample_rate=48000:duration=1.5")
    first = clips.make("first.ts", *moving("320x180"), *tone, *common)
    name = f"later-{size}-{aspect[0]}.ts"
    offset = ("-aspect", aspect, "-output_ts_offset", "1.5")
    later = clips.make(name, *moving(size), *tone, *common, *offset)
    source = clips.folder / f"changes-{size}-{aspect.replace(':', '-')}.ts"
    source.write_bytes(first.read_bytes() + later.read_bytes())
    return source, first, later


@pytest.mark.parametrize(
    ("size", "aspect", "window"),
    [
        ("240x180", "4:3", (40, 0, 240, 180)),
        ("400x180", "20:9", (0, 18, 320, 144)),
        ("160x90", "16:9", (0, 0, 320, 180)),
        ("240x180", "16:9", (0, 0, 320, 180)),  # its samples are wider
    ],
)
def test_a_film_whose_size_changes(
    clips: Clips, ingested: Ingest, size: str, aspect: str, window: tuple[int, int, int, int]
) -> None:
    """One size for the rung; what comes later is seen whole, undistorted, in the middle, and the sound goes on."""
    source, first, later = changing_size(clips, size, aspect)
    package = ingested(source, "sd")
    (stream,) = probe(package.joined("video/sd"), "-show_streams")["streams"]
    assert (stream["width"], stream["height"], stream["sample_aspect_ratio"]) == (*CHANGED, "1:1")
    assert len(package.pictures("sd")) == 30
    assert codes.PICTURE_SIZE_CHANGES.number in [w["code"] for w in package.record["warnings"]]
    assert likeness(package.pictures("sd")[:15], pictures(first)).worst > 30
    left, top, width, height = window
    rung = package.joined("video/sd")
    seen = pictures(rung, filters=f"crop={width}:{height}:{left}:{top}")[15:]
    assert likeness(seen, pictures(later)).worst > 26
    whole = pictures(rung, size=CHANGED, pixel_format="gray")[20].pixels
    outside = [
        whole[y * 320 + x]
        for y in range(180)
        for x in range(320)
        if not (left - 2 <= x < left + width + 2 and top - 2 <= y < top + height + 2)
    ]
    assert not outside or max(outside) < 12
    assert bool(outside) is (window != (0, 0, *CHANGED))
    assert abs(package.sound("und-stereo").duration - 3) < Fraction(1, 20)
    assert package.sound("und-stereo").level(Fraction(5, 2), Fraction(14, 5)) > -25


def check_shape(package: Package, shown: tuple, size: tuple[int, int]) -> None:
    (stream,) = probe(package.joined("video/sd"), "-show_streams")["streams"]
    assert (stream["width"], stream["height"], stream["sample_aspect_ratio"]) == (*size, "1:1")
    assert "side_data_list" not in stream
    found = likeness(package.pictures("sd"), shown)
    assert found.in_place
    assert found.worst > 30
    (poster,) = flat(package.folder / "poster.jpg")
    assert max(psnr(error(poster, p.pixels)) for p in shown) > 26
