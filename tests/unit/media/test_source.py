"""Opening the source, and guessing what it is when it is no video."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from ingest.job import codes
from ingest.job.errors import SourceError
from ingest.media.source import Source, describe_content, display_name, open_source

NEEDS_PERMISSIONS = pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")


def refused(path: Path) -> tuple[int, str, str]:
    before = open_descriptors()
    with pytest.raises(SourceError) as caught:
        open_source(path)
    assert open_descriptors() == before
    return caught.value.code.number, caught.value.message, caught.value.remedy


def open_descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a folder of the kernel's


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"\x00\x00\x00\x18ftypmp42")
    os.utime(path, ns=(0, 1_700_000_000_123_456_789))
    return path


def test_whole_source(clip: Path) -> None:
    facts = clip.stat()
    with open_source(clip) as source:
        assert source == Source(
            path=clip,
            descriptor=source.descriptor,
            size=12,
            modified_ns=1_700_000_000_123_456_789,
            inode=facts.st_ino,
        )
        assert source.url == f"file:/proc/self/fd/{source.descriptor}"
        assert source.name == "clip.mp4"
        assert source.modified == "2023-11-14T22:13:20.123Z"
        assert not os.get_inheritable(source.descriptor)
        source.check_unchanged()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(source.descriptor)


def test_a_link_is_followed(clip: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.mp4"
    link.symlink_to(clip)
    with open_source(link) as source:
        assert (source.name, source.inode) == ("link.mp4", clip.stat().st_ino)


def test_missing(tmp_path: Path) -> None:
    path = tmp_path / "no.mp4"
    assert refused(path) == (codes.SOURCE_NOT_FOUND.number, f"there is no file {path}", "check the path")


def test_dangling_link(tmp_path: Path) -> None:
    path = tmp_path / "link.mp4"
    path.symlink_to(tmp_path / "nowhere")
    assert refused(path) == (9304, f"there is no file {path}", "check the path")


def test_link_to_itself(tmp_path: Path) -> None:
    path = tmp_path / "loop.mp4"
    path.symlink_to(path)
    assert refused(path) == (
        codes.SOURCE_NOT_READABLE.number,
        f"{path} cannot be opened (Too many levels of symbolic links)",
        "check the path",
    )


def test_folder(tmp_path: Path) -> None:
    assert refused(tmp_path) == (9305, f"{tmp_path} is a folder", "name one video file inside it")


def test_file_taken_for_a_folder(clip: Path) -> None:
    assert refused(clip / "x.mp4") == (
        9305,
        f"{clip}/x.mp4 cannot be opened (Not a directory)",
        "check the path",
    )


def test_fifo_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    path = tmp_path / "pipe.mp4"
    os.mkfifo(path)
    assert refused(path) == (9305, f"{path} is not a regular file", "save it to a file first")


def test_device() -> None:
    assert refused(Path("/dev/null")) == (9305, "/dev/null is not a regular file", "save it to a file first")


def test_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s")
        assert refused(Path("s")) == (
            9305,
            "s cannot be opened (No such device or address)",
            "check the path",
        )


def test_empty(tmp_path: Path) -> None:
    path = tmp_path / "empty.mp4"
    path.touch()
    assert refused(path) == (codes.SOURCE_NOT_MEDIA.number, f"{path} is empty", "copy or upload it again")


@NEEDS_PERMISSIONS
def test_not_permitted(clip: Path) -> None:
    clip.chmod(0)
    assert refused(clip) == (9305, f"{clip} may not be read", "check its permissions")


def test_name_with_a_zero_byte() -> None:
    assert refused(Path("a\0b")) == (9305, "a\\x00b cannot be opened (embedded null byte)", "check the path")


def test_name_that_is_too_long(tmp_path: Path) -> None:
    code, message, _ = refused(tmp_path / ("x" * 300))
    assert (code, message.endswith("cannot be opened (File name too long)")) == (9305, True)


@pytest.mark.parametrize("change", ["append", "touch"])
def test_a_file_that_changes_is_noticed(clip: Path, change: str) -> None:
    with open_source(clip) as source:
        if change == "append":
            clip.write_bytes(clip.read_bytes() + b"x")
        else:
            os.utime(clip, ns=(0, 5))
        with pytest.raises(SourceError) as caught:
            source.check_unchanged()
    assert caught.value.code is codes.SOURCE_CHANGED
    assert caught.value.line == (
        "clip.mp4 changed while it was being read; wait until it is written to its end, then run again"
    )


def test_a_file_that_is_removed_is_still_read(clip: Path) -> None:
    with open_source(clip) as source:
        clip.unlink()
        source.check_unchanged()
        assert os.pread(source.descriptor, 12, 0) == b"\x00\x00\x00\x18ftypmp42"


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (-1_000_000_000, "1969-12-31T23:59:59.000Z"),
        (999_999_999, "1970-01-01T00:00:00.999Z"),
        (1_764_000_000_999_999_999, "2025-11-24T16:00:00.999Z"),
        (253_402_300_799_999_000_000, "9999-12-31T23:59:59.999Z"),
        (253_402_300_800_000_000_000, "9999-12-31T23:59:59.999Z"),
        (-(10**19), "1653-02-10T06:13:20.000Z"),
        (-(10**22), "0001-01-01T00:00:00.000Z"),
    ],
)
def test_modified_times_far_out_and_between_milliseconds(ns: int, text: str) -> None:
    """File systems keep times that no calendar has; milliseconds are never rounded up."""
    assert Source(Path("x"), -1, 1, ns, 0).modified == text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"clip.mp4", "clip.mp4"),
        (b"\xff\xfe.mp4", "\\xff\\xfe.mp4"),
        ("日本.mp4".encode(), "日本.mp4"),
    ],
)
def test_display_name(name: bytes, shown: str) -> None:
    assert display_name(os.fsdecode(name)) == display_name(Path(os.fsdecode(name))) == shown


# --- what a file is that is no video ---

HEIF = b"\x00\x00\x00\x18ftyp"


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
        (b"\xff\xd8\xff\xe0", "a JPEG picture"),
        (b"BM\x00\x00", "a BMP picture"),
        (b"II*\x00", "a TIFF picture"),
        (b"MM\x00*", "a TIFF picture"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\x1f\x8b\x08", "a gzip archive"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (b"Rar!\x1a\x07", "a RAR archive"),
        (b"%PDF-1.7", "a PDF document"),
        (b"\x7fELF\x02", "a program"),
        (b"#!/bin/sh\n", "a script"),
        (b"#EXTM3U\n", "an HLS playlist, a text that names other files"),
        (b"ffconcat version 1.0\n", "an ffconcat list, a text that names other files"),
        (b"v=0\r\no=-", "an SDP description"),
        (b"ID3\x04", "an MP3 sound file"),
        (b"fLaC\x00", "a FLAC sound file"),
        (HEIF + b"heic", "a HEIF or AVIF picture"),
        (HEIF + b"heix", "a HEIF or AVIF picture"),
        (HEIF + b"mif1", "a HEIF or AVIF picture"),
        (HEIF + b"msf1", "a HEIF or AVIF picture"),
        (HEIF + b"avif", "a HEIF or AVIF picture"),
        (b"RIFF\x00\x00\x00\x00WAVE", "a WAVE sound file"),
        (b"RIFF\x00\x00\x00\x00WEBP", "a WebP picture"),
        (b'<?xml version="1.0"?>\n<svg xmlns="', "an SVG picture"),
        (b'<?xml version="1.0"?>\n<MPD xmlns="', "a DASH manifest, a text that names other files"),
        (bytes(5000), "nothing but zero bytes"),
        (b"just some words\r\n\tand more\f", "a text file"),
        ("größer".encode(), "a text file"),
        (b"a" + "é".encode() * 3000, "a text file"),  # cut in the middle of a letter
        ("日本".encode() * 3000, "a text file"),
        (b"\xef\xbb\xbfwith a byte order mark\n", "a text file"),
        (HEIF + b"mp42", None),
        (b"RIFF\x00\x00\x00\x00AVI ", None),
        (b"\x01\x02\xff\xfe", None),
        (b"text and \x07 a bell", None),
        (b"text " * 2000 + b"\xff", "a text file"),  # only the first 4 KiB are looked at
    ],
)
def test_describe_content(tmp_path: Path, head: bytes, what: str | None) -> None:
    path = tmp_path / "what"
    path.write_bytes(head)
    with open_source(path) as source:
        assert describe_content(source) == what
