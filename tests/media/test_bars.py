"""Bars have their place and colour, and the picture between them is the film's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers_cli import assert_completed
from helpers_media import X264
from measuring import join, likeness, pictures
from PIL import Image

if TYPE_CHECKING:
    from helpers_cli import Cli
    from helpers_media import Clips

pytestmark = pytest.mark.media

COLOUR = (200, 100, 40)


def near(shown: tuple[int, ...], off: int) -> bool:
    return all(abs(a - b) <= off for a, b in zip(shown, COLOUR, strict=True))


def test_a_square_film_made_wide(cli: Cli, clips: Clips) -> None:
    source = clips.make("square.mp4", "-f", "lavfi", "-i", "testsrc2=size=180x180:rate=25:duration=1", *X264)
    run = cli.run("run", source, "--res", "sd", "-o", "out", "--pad", "16:9:#c86428")
    record = assert_completed(run, cli.cwd / "out")
    assert (record.outputs[0].width, record.outputs[0].height) == (320, 180)
    video = join(cli.cwd / "out/video/sd/index.m3u8", cli.cwd / "sd.mp4")
    # 180x180 at 70, 0.
    for shown in pictures(video, size=(320, 180)):
        with Image.frombytes("RGB", (320, 180), shown.pixels) as image:
            for place in ((2, 2), (60, 90), (260, 90), (317, 177)):
                pixel = image.getpixel(place)
                assert isinstance(pixel, tuple) and near(pixel, 6)
    made = pictures(video, filters="crop=180:180:70:0", size=(32, 32))
    found = likeness(made, pictures(source, matrix="bt601", size=(32, 32)))
    assert found.misplaced == () and found.worst > 28
    with Image.open(cli.cwd / "out/poster.jpg") as poster:
        assert poster.size == (320, 180)
        pixel = poster.convert("RGB").getpixel((30, 90))
        assert isinstance(pixel, tuple) and near(pixel, 6)
