"""The track as a picture: paths and footprints, north up, with a scale bar, drawn with Pillow."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, cos, floor, log10, radians
from typing import TYPE_CHECKING, TypeAlias

from PIL import Image, ImageDraw, ImageFont

from ingest.klv.document import iso_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ingest.telemetry.track import Track

WIDTH, HEIGHT = 1200, 900
_MARGIN, _FOOT = 60, 70
_METRES = 111_320.0
"""Of one degree of latitude, nearly."""
_SMALLEST = 20.0
"""Metres across of the smallest map: a sensor that stands still is a dot, not noise."""
_MOST_OUTLINES = 60
"""Footprints that are drawn, evenly chosen: more are a blot."""
_BACKGROUND, _GRID, _INK = (250, 250, 247), (225, 225, 220), (40, 40, 40)
_SENSOR, _CENTRE, _OUTLINE = (200, 40, 40), (30, 90, 200), (30, 90, 200, 60)
Pixel: TypeAlias = "tuple[float, float]"


@dataclass(frozen=True, slots=True)
class Map:
    """An equirectangular map about a middle (degrees): `scale` in pixels a metre, north up."""

    latitude: float
    longitude: float
    scale: float

    def place(self, north: float, east: float) -> Pixel:
        turn = (east - self.longitude + 540) % 360 - 180
        x = turn * _METRES * cos(radians(self.latitude)) * self.scale
        y = (north - self.latitude) * _METRES * self.scale
        return WIDTH / 2 + x, (HEIGHT - _FOOT) / 2 - y


def draw(track: Track) -> Image.Image | None:
    """The picture, None where the track has no place at all."""
    sensor = [(p.sensor.latitude, p.sensor.longitude) for p in track.sensor_path if p.sensor]
    centre = [(p.centre.latitude, p.centre.longitude) for p in track.centre_path if p.centre]
    outlines = [p.footprint.corners for p in track.outlines if p.footprint]
    chart = fitted([*sensor, *centre, *(corner for ring in outlines for corner in ring)])
    if chart is None:
        return None
    image = Image.new("RGB", (WIDTH, HEIGHT), _BACKGROUND)
    pen = ImageDraw.Draw(image, "RGBA")
    step = bar_length(chart.scale, 120)
    _grid(pen, step * chart.scale)
    for ring in outlines[:: max(1, ceil(len(outlines) / _MOST_OUTLINES))]:
        corners = [chart.place(*corner) for corner in ring]
        pen.polygon(corners, outline=_OUTLINE)
    if outlines:
        corners = [chart.place(*corner) for corner in outlines[-1]]
        pen.polygon(corners, fill=(*_CENTRE, 40), outline=_CENTRE)
    _path(pen, [chart.place(*p) for p in centre], _CENTRE)
    _path(pen, [chart.place(*p) for p in sensor], _SENSOR)
    _foot(pen, chart, step, track)
    return image


def fitted(places: Sequence[tuple[float, float]]) -> Map | None:
    """The map on which all `places` (latitude, longitude) have room."""
    if not places:
        return None
    first = places[0][1]
    norths = [north for north, _ in places]
    easts = [first + (east - first + 540) % 360 - 180 for _, east in places]
    middle = ((min(norths) + max(norths)) / 2, (min(easts) + max(easts)) / 2)
    high = max((max(norths) - min(norths)) * _METRES, _SMALLEST)
    wide = max((max(easts) - min(easts)) * _METRES * max(cos(radians(middle[0])), 1e-6), _SMALLEST)
    scale = min((WIDTH - 2 * _MARGIN) / wide, (HEIGHT - _FOOT - 2 * _MARGIN) / high)
    return Map(middle[0], middle[1], scale)


def bar_length(scale: float, pixels: float) -> float:
    """A round number of metres (1, 2 or 5 times a power of ten) that is at most `pixels` wide.

    >>> bar_length(0.5, 120)
    200.0
    """
    most = pixels / scale
    power = 10.0 ** floor(log10(most))
    return next(step * power for step in (5.0, 2.0, 1.0) if step * power <= most * (1 + 1e-9))


def length_text(metres: float) -> str:
    """
    >>> length_text(2000.0), length_text(0.5)
    ('2 km', '0.5 m')
    """
    return f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"


def _grid(pen: ImageDraw.ImageDraw, step: float) -> None:
    bottom = HEIGHT - _FOOT
    for x in _steps(WIDTH / 2, step, WIDTH):
        pen.line((x, 0, x, bottom), fill=_GRID)
    for y in _steps(bottom / 2, step, bottom):
        pen.line((0, y, WIDTH, y), fill=_GRID)


def _steps(middle: float, step: float, end: float) -> Iterable[float]:
    first = middle - floor(middle / step) * step
    return (first + k * step for k in range(int((end - first) / step) + 1))


def _path(pen: ImageDraw.ImageDraw, pixels: Sequence[Pixel], colour: tuple[int, int, int]) -> None:
    """The line, a ring where it begins and a dot where it ends."""
    if not pixels:
        return
    if len(pixels) > 1:
        pen.line(list(pixels), fill=colour, width=3, joint="curve")
    (x, y), (u, v) = pixels[0], pixels[-1]
    pen.ellipse((x - 6, y - 6, x + 6, y + 6), fill=_BACKGROUND, outline=colour, width=2)
    pen.ellipse((u - 5, v - 5, u + 5, v + 5), fill=colour)


def _foot(pen: ImageDraw.ImageDraw, chart: Map, step: float, track: Track) -> None:
    """Scale bar, north arrow, and what the colours are."""
    font, small = ImageFont.load_default(20), ImageFont.load_default(16)
    top = HEIGHT - _FOOT
    pen.rectangle((0, top, WIDTH, HEIGHT), fill=(255, 255, 255))
    pen.line((0, top, WIDTH, top), fill=_INK)
    x, y, wide = 30, HEIGHT - 22, step * chart.scale
    pen.line((x, y - 8, x, y, x + wide, y, x + wide, y - 8), fill=_INK, width=3)
    pen.text((x, y - 12), length_text(step), fill=_INK, font=font, anchor="lb")
    x = 240
    named = [("sensor", _SENSOR, track.sensor_path), ("frame center", _CENTRE, track.centre_path)]
    for label, colour, points in named:
        if points:
            pen.line((x, top + 24, x + 30, top + 24), fill=colour, width=3)
            pen.text((x + 38, top + 24), label, fill=_INK, font=small, anchor="lm")
            x += 60 + int(pen.textlength(label, font=small))
    prints = [p.footprint for p in track.outlines if p.footprint]
    if prints:
        computed = all(p.computed for p in prints)
        label = "footprints, computed" if computed else "footprints"
        pen.rectangle((x, top + 16, x + 30, top + 32), fill=(*_CENTRE, 40), outline=_CENTRE)
        pen.text((x + 38, top + 24), label, fill=_INK, font=small, anchor="lm")
    pen.text((240, top + 50), _caption(chart, track), fill=_INK, font=small, anchor="lm")
    x, y = WIDTH - 40, top + 35
    pen.polygon(((x, y - 26), (x - 9, y + 2), (x, y - 4), (x + 9, y + 2)), fill=_INK)
    pen.text((x, y + 16), "N", fill=_INK, font=font, anchor="mm")


def _caption(chart: Map, track: Track) -> str:
    stamps = sorted({p.time for p in (*track.sensor_path, *track.centre_path) if p.time is not None})
    times = [moment for moment in map(iso_time, stamps) if moment is not None]
    where = f"middle {chart.latitude:.5f}, {(chart.longitude + 180) % 360 - 180:.5f} (WGS 84)"
    return f"{where}   {times[0]} to {times[-1]}" if times else where
