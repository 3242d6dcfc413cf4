"""`--dry-run` says what a run does, word for word, and makes nothing."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import pytest

import ingest
from ingest.media import process

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_cli import Cli
    from helpers_media import Clips

pytestmark = pytest.mark.media


def test_the_commands_are_those_of_the_run(
    cli: Cli, clips: Clips, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = json.loads(cli.run("run", clips.small(), "--res", "sd,hd", "--dry-run", "--json").stdout)
    ran: list[list[str]] = []
    original = process.run

    def noted(command: process.Command, **more: Any) -> process.Completed:
        ran.append(list(command.argv))
        return original(command, **more)

    monkeypatch.setattr(process, "run", noted)
    monkeypatch.setenv("INGEST_HOME", str(tmp_path / "home"))
    record = ingest.run(clips.small(), "sd,hd", tmp_path / "made")
    assert record.status == "COMPLETED"

    def without_descriptor(argv: list[str]) -> list[str]:
        return ["the source" if a.startswith("file:/proc/self/fd/") else a for a in argv]

    for command in said["commands"]:
        assert without_descriptor(command) in [without_descriptor(argv) for argv in ran]
    assert [r["name"] for r in said["plan"]["rungs"]] == ["sd"]
    assert said["video"]["frameCount"] == 50
    assert said["notes"] == [
        "Made At Source Size: sd is above the source (320x180), which is made as it is",
        "Resolution Left Out: hd is above the source (320x180)",
    ]


def test_nothing_is_made_and_the_words_are_for_people(cli: Cli, clips: Clips) -> None:
    done = cli.run("run", clips.small(), "--res", "sd", "--dry-run")
    assert done.exit_code == 0
    text = done.stdout.decode()
    assert "rung sd" in text
    encode, package = [
        shlex.split(line) for line in text.splitlines() if " rungs/sd.mp4" in line or "rungs/sd.mp4," in line
    ]
    assert encode[-1] == "-y"
    assert package[1].startswith("in=temporary/rungs/sd.mp4,stream=video,")
    assert list(cli.folder.glob("*_ingest")) == []
    assert json.loads(cli.run("jobs", "--json").stdout) == []


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "no resolution given"),
        (("--res", "4k"), 2, "unknown resolution '4k'"),
        (
            ("--res", "sd", "--format", "ts", "--codec", "h264,hevc,av1"),
            2,
            "hevc and av1 cannot be made as transport streams; use --format cmaf, or --codec h264",
        ),
    ],
)
def test_usage_is_checked_as_for_a_run(
    cli: Cli, clips: Clips, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = cli.run("run", clips.tiny(), *arguments, "--dry-run")
    assert (done.exit_code, words in done.stderr, done.stdout) == (code, True, b"")
