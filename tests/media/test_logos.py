"""Logos lie where they should, in their colours; stills have none, and files that are no pictures are refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from helpers_cli import assert_completed
from measuring import join, pictures
from PIL import Image

from ingest.images.logos import read_logo
from ingest.job import codes
from ingest.job.errors import SourceError

if TYPE_CHECKING:
    from helpers_cli import Cli
    from helpers_media import Clips

pytestmark = pytest.mark.media

RED, GREY = (220, 30, 40), (100, 100, 100)


def pixel(picture: bytes, width: int, left: int, top: int) -> tuple[int, ...]:
    at = 3 * (top * width + left)
    return tuple(picture[at : at + 3])


def near(one: tuple[int, ...], other: tuple[int, ...], off: int) -> bool:
    return all(abs(a - b) <= off for a, b in zip(one, other, strict=True))


def test_place_and_colour(cli: Cli, clips: Clips) -> None:
    """A red logo and one that is half as strong, over grey; in chunks, with VMAF."""
    # Luma 102: of (102 - 16) / 219 * 255 = 100.1.
    grey = "color=size=320x180:rate=25:duration=10,format=yuv420p,lutyuv=102:128:128"
    tags = ("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709")
    source = clips.make("grey.mp4", "-f", "lavfi", "-i", grey, "-c:v", "libx264", *tags, "-g", "25")
    logo = Image.new("RGBA", (40, 20), (*RED, 255))
    logo.paste((0, 0, 0, 0), (0, 0, 20, 20))  # its left half is not there
    logo.save(cli.cwd / "a:b.png")
    Image.new("RGB", (64, 64), (255, 255, 255)).save(cli.cwd / "white.jpg", quality=100)
    given = ("--logo", "a:b.png:bottom-right:25%", "--logo", "white.jpg:top-left:10%:0.5")
    run = ("run", source, "--res", "sd", "-o", "out", *given, "--quality", "vmaf")
    record = assert_completed(cli.run(*run, env={"INGEST_CHUNK_SECONDS": "6"}), cli.cwd / "out")
    assert record.chunks == 2
    fast = cli.cwd / "fast.mp4"
    trick = cli.cwd / "out/trick"
    fast.write_bytes(b"".join(p.read_bytes() for p in (trick / "init.mp4", *sorted(trick.glob("seg-*")))))
    whole = join(cli.cwd / "out/video/sd/index.m3u8", cli.cwd / "sd.mp4")
    for path, count in ((whole, 250), (fast, 10)):
        found = pictures(path, size=(320, 180))
        assert len(found) == count
        for shown in found:
            # 80x40 at 234, 134; 32x32 at 4, 4.
            assert near(pixel(shown.pixels, 320, 296, 154), RED, 8)
            assert near(pixel(shown.pixels, 320, 310, 138), RED, 8)
            assert near(pixel(shown.pixels, 320, 254, 154), GREY, 8)
            assert near(pixel(shown.pixels, 320, 318, 154), GREY, 8)
            assert near(pixel(shown.pixels, 320, 20, 20), (177, 177, 177), 8)
            assert near(pixel(shown.pixels, 320, 160, 90), GREY, 8)
    abr = json.loads((cli.cwd / "out/info/abr.json").read_bytes())
    assert abr["rungs"][0]["quality"]["mean"] > 90
    with Image.open(cli.cwd / "out/poster.jpg") as poster:
        low, high = poster.convert("L").getextrema()
        assert isinstance(low, int) and isinstance(high, int)
        assert 95 < low <= high < 105
    options = json.loads((cli.cwd / "out/job.json").read_bytes())["request"]["options"]
    assert options["logos"][0] == {
        "path": f"file://{cli.cwd}/a%3Ab.png",
        "position": "bottom-right",
        "width": 25.0,
        "opacity": 1.0,
    }


def test_what_is_no_logo(cli: Cli, clips: Clips) -> None:
    (cli.cwd / "text.png").write_text("no picture")
    Image.new("L", (8, 8)).save(cli.cwd / "a.gif")
    Image.new("1", (8192, 4096)).save(cli.cwd / "large.png")
    for name, said in (
        ("text.png", "the logo text.png cannot be read as PNG, JPEG, WEBP"),
        ("a.gif", "the logo a.gif cannot be read as PNG, JPEG, WEBP"),
        ("large.png", "the logo large.png has 8192x4096 pixels, the limit is 16777216"),
    ):
        with pytest.raises(SourceError) as error:
            read_logo(cli.cwd / name)
        assert error.value.code is codes.LOGO_UNUSABLE
        assert said in error.value.message.replace(f"{cli.cwd}/", "")
    done = cli.run("run", clips.tiny(), "--res", "sd", "-o", "out", "--logo", "text.png")
    assert done.exit_code == 3
    assert "the logo text.png cannot be read" in done.last_line
    done = cli.run("run", clips.tiny(), "--res", "sd", "-o", "other", "--logo", "none.png:top")
    assert done.exit_code == 3
    assert "there is no file none.png" in done.last_line
