"""A package without the sound that its source has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from helpers_cli import assert_completed
from measuring import probe

if TYPE_CHECKING:
    from helpers_cli import Cli
    from helpers_media import Clips

pytestmark = pytest.mark.media


def test_the_sound_is_left_out(cli: Cli, clips: Clips) -> None:
    done = cli.run(
        "run", clips.tiny(), "--res", "sd", "-o", "out", "--no-audio", "--mp4", "--loudness", "-23"
    )
    record = assert_completed(done, cli.cwd / "out")
    assert record.request is not None and record.request.options["audio"] is False
    assert [m for m in record.messages if m.startswith("Stream Left Out")] == [
        "Stream Left Out: stream 1: no sound was asked for"
    ]
    assert not (cli.cwd / "out" / "audio").exists()
    assert "TYPE=AUDIO" not in (cli.cwd / "out" / "ABR.m3u8").read_text()
    streams = probe(cli.cwd / "out" / "mp4" / "sd.mp4", "-show_entries", "stream=codec_type")["streams"]
    assert [s["codec_type"] for s in streams] == ["video"]
    assert cli.run("verify", "out").exit_code == 0
