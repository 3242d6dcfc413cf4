"""What is left of a picture that is cropped is exactly that part of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers_cli import assert_completed
from helpers_media import X264
from measuring import join, likeness, pictures

if TYPE_CHECKING:
    from helpers_cli import Cli
    from helpers_media import Clips

pytestmark = pytest.mark.media


@pytest.mark.parametrize("turned", [False, True])
def test_that_part_alone(turned: bool, cli: Cli, clips: Clips) -> None:
    """Twenty pixels of black at the top, sixty on the right: none of it stays, and nothing else goes."""
    drawn = "drawbox=0:0:iw:20:color=black:t=fill,drawbox=260:0:60:ih:color=black:t=fill"
    turning = ("-display_rotation", "90") if turned else ()
    flat = clips.make(
        "drawn.mp4", "-f", "lavfi", "-i", f"testsrc2=size=320x180:rate=25:duration=1,{drawn}", *X264
    )
    source = clips.make(f"turned-{turned}.mp4", *turning, "-i", str(flat), "-c", "copy") if turned else flat
    # Turned counter-clockwise by 90 degrees: the top is on the left, the right side at the top.
    crop = "60,0,0,20" if turned else "20,60,0,0"
    done = cli.run("run", source, "--res", "sd", "-o", "out", "--crop", crop)
    record = assert_completed(done, cli.cwd / "out")
    size = (160, 260) if turned else (260, 160)
    assert (record.outputs[0].width, record.outputs[0].height) == size
    made = pictures(join(cli.cwd / "out/video/sd/index.m3u8", cli.cwd / "sd.mp4"), size=(32, 32))
    turn = "transpose=cclock," if turned else ""
    whole = ("-noautorotate",)
    cut = "crop=160:260:20:60" if turned else "crop=260:160:0:20"
    source_pictures = pictures(source, filters=f"{turn}{cut}", matrix="bt601", options=whole, size=(32, 32))
    found = likeness(made, source_pictures)
    assert found.misplaced == () and found.worst > 28


def test_bad_values_are_one_line(cli: Cli, clips: Clips) -> None:
    for crop, said in (
        ("10", "crop '10' is not four numbers of pixels"),
        ("60,0,0,0", "--crop 60,0,0,0 leaves 64x4 of a picture of 64x64"),
    ):
        done = cli.run("run", clips.tiny(), "--res", "sd", "-o", "out", "--crop", crop)
        assert done.exit_code == 2
        assert said in done.stderr.strip().splitlines()[-1]
