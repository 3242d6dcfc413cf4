"""What is written of a playlist, down to the character."""

from __future__ import annotations

from typing import TYPE_CHECKING

import m3u8
import pytest

from ingest.packaging.playlist_text import write_playlist

if TYPE_CHECKING:
    from pathlib import Path

MASTER = """\
#EXTM3U
#EXT-X-MEDIA:URI="a.m3u8",TYPE=AUDIO,GROUP-ID="a",NAME="x,FRAME-RATE=29.97"
#EXT-X-STREAM-INF:BANDWIDTH=1,FRAME-RATE={},CODECS="avc1.64000a",AUDIO="a"
v.m3u8
"""


@pytest.mark.parametrize("rate", ["25.000", "29.970", "23.976", "59.940", "0.200", "60.000"])
def test_frame_rates_have_three_decimals(tmp_path: Path, rate: str) -> None:
    path = tmp_path / "ABR.m3u8"
    write_playlist(m3u8.loads(MASTER.format(rate)), path)
    assert path.read_text("utf-8") == MASTER.format(rate)
