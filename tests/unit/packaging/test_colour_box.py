"""The `colr` box of a sample entry, byte by byte."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from ingest.packaging.boxes import BoxError
from ingest.packaging.colour_box import BT709, name_bt709, with_bt709

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = b"config"


def box(kind: str, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind.encode()) + body


def moov(*inner: bytes, fixed: int = 78) -> bytes:
    """A track whose sample entry has these boxes; others stand around it."""
    entry = box("avc1", bytes(range(fixed)), *inner)
    table = box("stbl", box("stsd", struct.pack(">2I", 0, 1), entry), box("stts", b"times"))
    media = box("mdia", box("mdhd", b"head"), box("minf", box("vmhd", b"v"), table))
    return box("moov", box("mvhd", b"movie"), box("trak", box("tkhd", b"track"), media), box("udta", b"user"))


def test_the_box_is_bt_709_of_limited_range() -> None:
    assert BT709 == b"\x00\x00\x00\x13colrnclx\x00\x01\x00\x01\x00\x01\x00"


def test_it_stands_behind_the_others_and_all_sizes_are_right() -> None:
    assert with_bt709(moov(box("avcC", CONFIG))) == moov(box("avcC", CONFIG), BT709)


@pytest.mark.parametrize("kind", [b"nclx", b"nclc"])
def test_it_takes_the_place_of_another(kind: bytes) -> None:
    other = box("colr", kind, bytes(7))
    assert with_bt709(moov(other, box("avcC", CONFIG))) == moov(box("avcC", CONFIG), BT709)


def test_a_profile_stays() -> None:
    profile = box("colr", b"prof", b"ICC")
    assert with_bt709(moov(profile)) == moov(profile, BT709)


@pytest.mark.parametrize("data", [b"", box("moov"), moov(fixed=70)])
def test_what_has_no_sample_entry(data: bytes) -> None:
    with pytest.raises(BoxError):
        with_bt709(data)


def test_a_file_grows_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(box("ftyp", b"isom") + box("mdat", b"x" * 100) + moov())
    name_bt709(path)
    assert path.read_bytes() == box("ftyp", b"isom") + box("mdat", b"x" * 100) + moov(BT709)


def test_a_file_that_does_not_end_with_its_moov(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(moov() + box("mdat", b"x"))
    with pytest.raises(BoxError, match="does not end with a moov"):
        name_bt709(path)
