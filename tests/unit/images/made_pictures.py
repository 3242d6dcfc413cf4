"""Pictures made by arithmetic: the same on every machine, no ffmpeg, no files in the repository."""

from __future__ import annotations

import random

from PIL import Image, ImageDraw, ImageFont

SIZE = (640, 360)


def draw_scene(seed: int = 1, size: tuple[int, int] = SIZE) -> Image.Image:
    """Sky, ground and some hundred coloured things of all sizes: colourful, sharp, well exposed."""
    pick = random.Random(seed)
    width, height = size
    sky = Image.linear_gradient("L").rotate(180).resize(size).point(lambda v: 90 + v // 3)
    image = Image.merge("RGB", (sky.point(lambda v: v - 60), sky, sky.point(lambda v: v + 40)))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height * 3 // 5, width, height), (70, 110, 50))
    for _ in range(160):
        side = int(4 + (height / 5) * pick.random() ** 3)
        x, y = pick.randrange(width), pick.randrange(height // 4, height)
        colour = tuple(pick.randrange(20, 240) for _ in range(3))
        draw.ellipse((x, y, x + side, y + side // 2 + 2), colour)
    return image


def draw_noise(seed: int = 1, size: tuple[int, int] = SIZE, *, colour: bool = False) -> Image.Image:
    """An untuned television: every pixel independent."""
    mode, bands = ("RGB", 3) if colour else ("L", 1)
    data = random.Random(seed).randbytes(size[0] * size[1] * bands)
    return Image.frombytes(mode, size, data).convert("RGB")


def draw_text(lines: int, height: int, ink: str = "white", paper: str = "black") -> Image.Image:
    """A title card: centred lines of text on one colour."""
    image = Image.new("RGB", SIZE, paper)
    draw = ImageDraw.Draw(image)
    text = "\n".join(("THE END OF THE ROAD", "A FILM BY NOBODY", "COMING SOON")[i % 3] for i in range(lines))
    font = ImageFont.load_default(size=height)
    draw.multiline_text((SIZE[0] / 2, SIZE[1] / 2), text, ink, font, anchor="mm", align="center")
    return image


def fade(image: Image.Image, share: float, to: str = "black") -> Image.Image:
    """`image` with `share` of itself left, the rest one colour."""
    return Image.blend(Image.new("RGB", image.size, to), image, share)
