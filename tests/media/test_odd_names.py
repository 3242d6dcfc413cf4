"""Any name that a file system takes is a good name: of the source, and of the folder made from it."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from helpers_cli import assert_completed, assert_failed
from PIL import Image

from ingest.job import codes

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_cli import Cli
    from helpers_media import Clips

pytestmark = pytest.mark.media

# Name of the source, and of the folder that ingest makes from it.
NAMES: dict[str, tuple[bytes, bytes]] = {
    "spaces": (b" a  b .mp4", b" a  b _ingest"),
    "quotes": (b'it\'s "mine"`ls`$(id).mp4', b'it\'s "mine"`ls`$(id)_ingest'),
    "number pattern": (b"%03d.mp4", b"%03d_ingest"),
    "glob and braces": (b"[a]*?{b,c}\\.mp4", b"[a]*?{b,c}\\_ingest"),
    "colons": (b"http:concat:a|b.mp4", b"http:concat:a|b_ingest"),
    "newline and escape": (b"a\nb\x1b[31m.mp4", b"a\nb\x1b[31m_ingest"),
    "leading dash": (b"-v.mp4", b"-v_ingest"),
    "emoji and right to left": ("🎬 שלום é.mp4".encode(), "🎬 שלום é_ingest".encode()),
    "not UTF-8": (b"\xff\xfe\x80.mp4", b"\xff\xfe\x80_ingest"),
    "no extension": (b"film", b"film_ingest"),
    "nothing but an extension": (b".mp4", b".mp4_ingest"),
    "as long as can be": ("語".encode() * 83 + b".mp4", "語".encode() * 66 + b"_ingest"),
}


@pytest.mark.parametrize("kind", NAMES)
def test_name_of_the_source(kind: str, cli: Cli, clips: Clips) -> None:
    name, folder = NAMES[kind]
    shutil.copy(clips.tiny(), os.path.join(os.fsencode(cli.cwd), name))  # noqa: PTH118 - bytes
    done = cli.run("run", "--res", "sd", "--", name)
    output = cli.cwd / os.fsdecode(folder)
    assert sorted(os.listdir(os.fsencode(cli.cwd))) == sorted([name, folder])  # noqa: PTH208 - bytes
    record = assert_completed(done, output)
    assert record.source.name == name.decode("utf-8", "backslashreplace")
    assert record.output == os.fsencode(output).decode("utf-8", "backslashreplace")
    assert not any(c < " " or c == "\x1b" for c in done.stderr.replace("\n", ""))
    assert len(done.stderr.splitlines()) == len(
        set(done.stderr.splitlines())
    )  # the newline made no second line
    with Image.open(output / "poster.jpg") as poster:
        assert poster.size == (64, 64)
    assert cli.stored() == [record]


def test_odd_names_are_shown_harmlessly(cli: Cli) -> None:
    """`jobs` and `show` print names that hold terminal escapes, newlines and bytes that are not UTF-8."""
    cli.run("run", "--res", "sd", "-o", "out", "--", b"a\nb\x1b[31m\xff.mp4")
    (record,) = cli.stored()
    for command in (("jobs",), ("show", record.job_id), ("show", "--json", record.job_id)):
        shown = cli.run(*command)
        assert shown.exit_code == 0
        assert b"\x1b" not in shown.stdout
        assert b"a\\nb" in shown.stdout
        shown.stdout.decode("utf-8")


@pytest.mark.parametrize("name", [b"-o.mp4", b"\xff\n.mp4"], ids=["option", "not UTF-8, newline"])
def test_error_line_with_an_odd_name(name: bytes, cli: Cli) -> None:
    done = cli.run("run", "--res", "sd", "-o", "out", "--", name)
    assert_failed(
        cli,
        done,
        codes.SOURCE_NOT_FOUND,
        exit_code=3,
        step=codes.STARTING_INGEST,
        says="there is no file " + name.decode("utf-8", "backslashreplace").replace("\n", "\\n"),
        output=cli.cwd / "out",
    )


@pytest.mark.parametrize("folder", [b"-o %d 'x'\n\xff", "🎬:a|b".encode() * 20], ids=["all at once", "long"])
def test_name_of_the_output_folder(folder: bytes, cli: Cli, clips: Clips) -> None:
    """Made, refused, then replaced: every way in which the folder's name is used."""
    output = cli.cwd / os.fsdecode(folder)
    assert_completed(cli.ingest(clips.tiny(), b"--output=" + folder), output)
    refused = cli.ingest(clips.tiny(), b"--output=" + folder)
    assert refused.exit_code == 4
    assert refused.last_line.startswith("ingest: error: ")
    first = _inode(output)
    assert_completed(cli.ingest(clips.tiny(), b"--output=" + folder, "--force"), output)
    assert _inode(output) != first  # exchanged in one move, not file by file
    assert os.listdir(os.fsencode(cli.cwd)) == [folder]  # noqa: PTH208 - bytes


def _inode(folder: Path) -> int:
    return folder.stat().st_ino
