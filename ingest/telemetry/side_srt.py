"""DJI's telemetry in SubRip files and text tracks, as its drones write them beside and in the film; three generations.

Positions become tags 13 and 14 of ST 0601, heights above the sea tag 15. Its clock times have no zone and are left out;
a cue's own time is the film's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ingest.telemetry.made import made_packet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ingest.klv import Packet, Stream

DJI = "DJI SRT"
_TIMES = re.compile(r"\s*(\d{1,3}):(\d\d):(\d\d)[,.](\d{3})\s*-->")
_NUMBER = r"([+-]?\d{1,7}(?:\.\d{1,15})?)"
_NAMED = re.compile(rf"\[?\b(latitude|long?titude|longitude|abs_alt|altitude)\s*:\s*{_NUMBER}", re.IGNORECASE)
_GPS = re.compile(rf"\bGPS\s*\(\s*{_NUMBER}\s*,\s*{_NUMBER}\s*,\s*{_NUMBER}([mM]?)\s*\)")
_ISO = re.compile(r"\bISO\s*:?\s*\d", re.IGNORECASE)
_SHUTTER = re.compile(r"\b(?:SS|Shutter)\b", re.IGNORECASE)
_MOST_LINES = 64
"""Lines of one cue."""


def is_srt(head: str) -> bool:
    """Whether there is a cue with a position near the beginning."""
    return _TIMES.search(head) is not None and (_GPS.search(head) or _NAMED.search(head)) is not None


def is_telemetry(text: str) -> bool:
    """Whether the text of one cue has a position, or how the camera was set.

    >>> is_telemetry("F/2.8, SS 206.14, ISO 100, EV 0"), is_telemetry("The S.S. Isolde has left.")
    (True, False)
    """
    named = {name[:3].lower() for name, _ in _NAMED.findall(text)}
    position = _GPS.search(text) is not None or {"lat", "lon"} <= named
    return position or (_ISO.search(text) is not None and _SHUTTER.search(text) is not None)


def cues(lines: Iterable[str], stream: Stream) -> Iterator[Packet]:
    """A packet for each cue, at its time; one without a position (no fix yet) has no values."""
    milliseconds: float | None = None
    text: list[str] = []
    for line in lines:
        found = _TIMES.match(line)
        if found:
            if milliseconds is not None:
                yield made_packet(stream, DJI, values(" ".join(text)), milliseconds)
            hours, minutes, seconds, thousandths = (int(part) for part in found.groups())
            milliseconds = ((hours * 60 + minutes) * 60 + seconds) * 1000.0 + thousandths
            text = []
        elif len(text) < _MOST_LINES:
            text.append(line)
    if milliseconds is not None:
        yield made_packet(stream, DJI, values(" ".join(text)), milliseconds)


def values(text: str) -> dict[int, object]:
    """The position in a cue's text, by the tags of ST 0601.

    >>> values("[latitude : 48.5] [longtitude : 11.25] [altitude: 520.5]")
    {13: 48.5, 14: 11.25, 15: 520.5}
    """
    named = {name.lower().replace("longtitude", "longitude"): float(v) for name, v in _NAMED.findall(text)}
    north, east = named.get("latitude"), named.get("longitude")
    height = named.get("abs_alt", named.get("altitude"))
    if north is None or east is None:
        found = _GPS.search(text)
        if found is None:
            return {}
        *numbers, unit = found.groups()
        east, north, third = (float(v) for v in numbers)
        if unit == "M":  # the Matrice 300 has its latitude first, and how exact that is in the end
            north, east = east, north
        height = third if unit == "m" else None  # without a unit it counts satellites
    if not (-90 <= north <= 90 and -180 <= east <= 180) or (north, east) == (0.0, 0.0):
        return {}  # how DJI writes that it has no fix
    return {13: north, 14: east, **({} if height is None else {15: height})}
