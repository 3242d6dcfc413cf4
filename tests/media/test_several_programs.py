"""A transport stream with two programs: the picture has the sound of its own."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from helpers_media import Clips
    from main_job import Ingest

pytest_plugins = ("ingest_once",)
pytestmark = pytest.mark.media


def test_only_the_sound_of_the_picture_s_program(clips: Clips, ingested: Ingest) -> None:
    source = clips.make(
        "two-programs.ts",
        *("-f", "lavfi", "-i", "testsrc2=size=64x36:rate=25:duration=2", "-f", "lavfi", "-i", "sine=440:d=2"),
        *("-f", "lavfi", "-i", "testsrc2=size=128x72:rate=25:duration=2"),
        *("-f", "lavfi", "-i", "sine=1500:d=2"),
        *("-map", "0", "-map", "1", "-map", "2", "-map", "3", "-c:v", "mpeg2video", "-c:a", "mp2"),
        *("-program", "program_num=1:st=0:st=1", "-program", "program_num=2:st=2:st=3"),
    )
    package = ingested(source, "sd")
    assert package.sounds == ("und-stereo",)
    heard = package.sound("und-stereo")
    second = heard.samples[heard.rate // 2 : heard.rate // 2 * 3]
    assert sum(a < 0 <= b for a, b in pairwise(second)) == pytest.approx(1500, abs=2)
    assert (
        "Stream Left Out: stream 1 (mp2): it belongs to program 1, the picture does not"
        in package.record["messages"]
    )
