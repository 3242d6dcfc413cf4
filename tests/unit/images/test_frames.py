from __future__ import annotations

import errno
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from ingest.images.frames import Frame, encode, list_frames, reading, write
from ingest.job import codes
from ingest.job.errors import OutputError, ProcessingError, ResourceError


def test_frames_are_listed_by_time_not_by_name(tmp_path: Path) -> None:
    for name in ("1000.jpg", "90.jpg", "0.jpg", "10500.jpg"):
        (tmp_path / name).touch()
    assert list_frames(tmp_path) == (
        Frame(tmp_path / "0.jpg", Fraction(0)),
        Frame(tmp_path / "90.jpg", Fraction(9, 100)),
        Frame(tmp_path / "1000.jpg", Fraction(1)),
        Frame(tmp_path / "10500.jpg", Fraction(21, 2)),
    )


def test_an_empty_folder_has_no_frames(tmp_path: Path) -> None:
    assert list_frames(tmp_path) == ()


@pytest.mark.parametrize(
    "name", ["a.jpg", "-5.jpg", "1.5.jpg", "5.jpeg", "5.JPG", "5.jpg.tmp", "٣.jpg", ".jpg"]
)
def test_any_other_name_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(ProcessingError) as caught:
        list_frames(tmp_path)
    assert caught.value.code is codes.TRANSCODING_FAILED
    assert caught.value.message == f"{name!r} in {tmp_path.name} is not a frame named after its time in ms"


def test_two_names_for_one_time_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "7.jpg").touch()
    (tmp_path / "007.jpg").touch()
    with pytest.raises(ProcessingError, match=r"two frames in .* have the time 7 ms"):
        list_frames(tmp_path)


def test_a_missing_folder_is_an_error_not_a_traceback(tmp_path: Path) -> None:
    with pytest.raises(ProcessingError, match="the folder of frames gone cannot be read"):
        list_frames(tmp_path / "gone")


def damaged(kind: str) -> bytes:
    good = encode(Image.effect_mandelbrot((64, 64), (-2, -1, 1, 1), 50).convert("RGB"))
    return {
        "empty": b"",
        "text": b"not a picture",
        "png": b"\x89PNG\r\n\x1a\n" + bytes(40),
        "header only": good[:100],
        "half": good[: len(good) // 2],
    }[kind]


@pytest.mark.parametrize("kind", ["empty", "text", "png", "header only", "half"])
def test_a_damaged_frame_is_named(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "40.jpg"
    path.write_bytes(damaged(kind))
    with pytest.raises(ProcessingError) as caught, reading(path) as image:
        image.load()
    assert caught.value.code is codes.TRANSCODING_FAILED
    assert caught.value.message == f"the frame {tmp_path.name}/40.jpg cannot be read"
    assert "\n" not in caught.value.line


def test_a_missing_frame_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProcessingError, match=r"40\.jpg cannot be read"), reading(tmp_path / "40.jpg"):
        pass


def test_encoding_is_deterministic() -> None:
    image = Image.linear_gradient("L").convert("RGB")
    assert encode(image) == encode(image.copy())


@pytest.mark.parametrize(
    ("number", "kind", "code"),
    [
        (errno.ENOSPC, ResourceError, codes.DISK_FULL),
        (errno.EDQUOT, ResourceError, codes.DISK_FULL),
        (errno.EACCES, OutputError, codes.OUTPUT_NOT_WRITABLE),
    ],
)
def test_a_full_disk_is_told_from_a_forbidden_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type, code: codes.Code
) -> None:
    def refuse(self: Path, data: bytes) -> int:
        raise OSError(number, "no")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(kind) as caught:
        write(tmp_path / "sheet-001.jpg", b"x")
    assert caught.value.code is code
    assert "sheet-001.jpg" in caught.value.message
