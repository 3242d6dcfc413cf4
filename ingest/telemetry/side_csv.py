"""Esri's metadata side file (ArcGIS Pro, Video Multiplexer; arcgis.md 2.3): CSV with a row for each set.

Columns are the names of ST 0601's tags, however they are spelt: "Precision Time Stamp" in microseconds, "Sensor
Latitude", "SensorLatitude", "sensor_latitude (deg)". What is of no tag is left alone.
"""

from __future__ import annotations

import csv
import math
import re
from typing import TYPE_CHECKING

from ingest.klv import TAGS
from ingest.telemetry.made import made_packet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ingest.klv import Packet, Stream, Tag

CSV = "CSV"
MOST_COLUMNS = 512
_ALIKE: Mapping[str, int] = {
    "unixtimestamp": 2,
    "timestamp": 2,
    "platformheading": 5,
    "platformpitch": 6,
    "platformroll": 7,
    "sensoraltitude": 15,
    "sensorellipsoidheight": 75,
    "sensorellipsoidheightextended": 104,
    "sensorhorizontalfov": 16,
    "sensorverticalfov": 17,
    "horizontalfov": 16,
    "verticalfov": 17,
    "sensorrelativeazimuth": 18,
    "sensorrelativeelevation": 19,
    "sensorrelativeroll": 20,
    "horizontalfieldofview": 16,
    "verticalfieldofview": 17,
    "framecenterheightaboveellipsoid": 78,
}
_DECODED = frozenset({"unsigned", "signed", "imapb", "uint", "sint", "time", "text"})


def is_csv(head: str) -> bool:
    """Whether the first line names a time stamp or a sensor position."""
    found = set(columns(next(csv.reader([head.splitlines()[0] if head.strip() else ""]), [])).values())
    return 2 in found or {13, 14} <= found


def columns(titles: Sequence[str]) -> dict[int, int]:
    """The tag of each column that has one."""
    names = {_plain(tag.name): number for number, tag in TAGS.items() if tag.kind in _DECODED} | dict(_ALIKE)
    found: dict[int, int] = {}
    for place, title in enumerate(titles[:MOST_COLUMNS]):
        number = names.get(_plain(title))
        if number is not None and number not in found.values():
            found[place] = number
    return found


def rows(lines: Iterable[str], stream: Stream) -> Iterator[Packet]:
    """The rows as packets, without times: what they have are time stamps.

    A row without any number is counted as bad, and so is one whose number is beyond its tag's range.
    """
    reader = csv.reader(lines)
    known: dict[int, int] | None = None
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            stream.framing.bad += 1
            continue
        if known is None:
            known = columns(cells)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        values = {
            tag: value
            for place, tag in known.items()
            if place < len(cells) and (value := _value(TAGS[tag], cells[place])) is not None
        }
        if not values:
            stream.framing.bad += 1
            continue
        yield made_packet(stream, CSV, values, None)


def _value(tag: Tag, cell: str) -> object:
    text = cell.strip()
    if not text or tag.kind == "text":
        return text or None
    try:
        number = float(text)
        whole = int(text) if re.fullmatch(r"[+-]?[0-9]{1,19}", text) else None
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    if tag.kind in {"time", "uint", "sint"}:
        whole = round(number) if whole is None else whole
        count = 1 << 8 * tag.size
        least = -count // 2 if tag.kind == "sint" else 0
        return whole if least <= whole < least + count else None
    inside = tag.high == 0 or float(min(tag.low, -tag.high)) <= number <= float(tag.high)
    return number if inside else None


def _plain(title: str) -> str:
    """A title without its unit, in small letters: `Sensor Latitude (deg)` and `SensorLatitude` are one."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"\((?!full\))[^)]*\)", "", title.lower().removeprefix("\ufeff")))
