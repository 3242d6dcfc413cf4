"""Pictures of logos: what is read of a file, what is refused, and what ffmpeg gets."""

from __future__ import annotations

import io
import random
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from ingest.images.logos import read_logo, write_logos
from ingest.job import codes
from ingest.job.errors import SourceError
from ingest.media.plan.logos import LogoPlan

if TYPE_CHECKING:
    from pathlib import Path


def test_grey_of_sixteen_bits_and_a_turned_photo(tmp_path: Path) -> None:
    Image.new("I;16", (2, 1), 257 * 100).save(tmp_path / "grey.png")
    found = read_logo(tmp_path / "grey.png")
    assert (found.width, found.height, found.pixels) == (2, 1, bytes((100, 100, 100, 255)) * 2)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    Image.new("RGB", (32, 16), (9, 9, 9)).save(tmp_path / "photo.jpg", exif=exif)
    assert (read_logo(tmp_path / "photo.jpg").width, read_logo(tmp_path / "photo.jpg").height) == (16, 32)


def test_the_digest_is_the_picture_s(tmp_path: Path) -> None:
    for name, shade in (("a.png", 1), ("b.png", 1), ("c.png", 2)):
        Image.new("L", (4, 4), shade).save(tmp_path / name, compress_level=1 if name == "a.png" else 9)
    one, same, other = (read_logo(tmp_path / name).digest for name in ("a.png", "b.png", "c.png"))
    assert one == same != other


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_damaged_files_are_refused_in_one_line(kind: str, tmp_path: Path) -> None:
    """Two hundred times some bytes of a file are others: it is read, or refused."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "words"
    whole = io.BytesIO()
    Image.radial_gradient("L").resize((24, 24)).convert("RGB").save(whole, kind, exif=exif)
    chance = random.Random(7)
    refused = 0
    for _ in range(200):
        data = bytearray(whole.getvalue())
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        (tmp_path / "logo").write_bytes(data[: chance.choice((len(data), chance.randint(1, len(data))))])
        try:
            read_logo(tmp_path / "logo")
        except SourceError as error:
            refused += 1
            assert error.code is codes.LOGO_UNUSABLE
    assert refused > 20


def test_too_many_bytes(tmp_path: Path) -> None:
    with (tmp_path / "large.png").open("wb") as file:
        file.truncate((16 << 20) + 1)
    with pytest.raises(SourceError, match="has more than 16 MiB"):
        read_logo(tmp_path / "large.png")


def test_what_ffmpeg_gets(tmp_path: Path) -> None:
    """Its size, half as strong, and no strange colour where it is not seen."""
    drawn = Image.new("RGBA", (40, 20), (0, 255, 0, 0))  # green that nobody sees
    drawn.paste((200, 0, 0, 255), (0, 0, 22, 20))
    drawn.save(tmp_path / "logo.png")
    logo = LogoPlan("d", 40, 20, "top-left", Fraction(1, 10), Fraction(1, 2))
    write_logos(tmp_path, (logo,), (read_logo(tmp_path / "logo.png"),), {"rung-sd": (400, 200)})
    with Image.open(tmp_path / "logos/rung-sd-0.png") as made:
        assert (made.size, made.mode) == ((40, 20), "RGBA")
        assert made.getpixel((5, 5)) == (200, 0, 0, 128)
        assert made.getpixel((35, 5))[3] == 0
        assert {made.getpixel((x, 5))[1] for x in range(40)} == {0}
