"""GoPro's GPMF (github.com/gopro/gpmf-parser): where the camera was, out of the `gpmd` track of its MP4 files.

Every sample of the track is nested items of a four-letter key, a type, a size and a count, padded to four bytes. What
is read: GPS5 (HERO5 to 10), GPS9 (HERO11 and later), and of the Karma drone its position (GLPI), attitude (ATTD) and
clock (SYST), which are MAVLink's GLOBAL_POSITION_INT, ATTITUDE and SYSTEM_TIME.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import degrees, isfinite
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

GPMF = "GPMF"
Values: TypeAlias = "dict[int, object]"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CENTURY = datetime(2000, 1, 1, tzinfo=UTC)
_LETTERS = {
    "b": "b",
    "B": "B",
    "s": "h",
    "S": "H",
    "l": "i",
    "L": "I",
    "j": "q",
    "J": "Q",
    "f": "f",
    "d": "d",
}
_DEEPEST = 8
_LOCKED = 2
"""GPSF: a fix in two dimensions; 3: in three."""
_MOST_ROWS = 10_000
_WANTED = frozenset({b"GPS5", b"GPS9", b"GLPI", b"ATTD", b"SYST"})
_UNKNOWN_HEADING = 655.35


@dataclass(slots=True)
class Table:
    """The rows of one stream of a sample, in its units, and what it says before them."""

    rows: list[list[float]] = field(default_factory=list)
    scales: list[float] = field(default_factory=list)
    kinds: str = ""
    fix: int = _LOCKED
    above_sea: bool = False
    start: int | None = None


def fixes(sample: bytes) -> Iterator[tuple[float, Values]]:
    """The positions of one sample of the track: the share of its time before each, and values by ST 0601's tags.

    None where the receiver had no fix; damage ends the sample.
    """
    tables = read_tables(sample)
    found = _gps9(tables[b"GPS9"]) if b"GPS9" in tables else _gps5(tables.get(b"GPS5", Table()))
    if b"GLPI" in tables:
        found = _karma(tables[b"GLPI"], tables.get(b"ATTD", Table()), tables.get(b"SYST", Table()))
    for share, values in found:
        north, east = values[13], values[14]
        if isinstance(north, float) and isinstance(east, float) and abs(north) <= 90 and abs(east) <= 180:
            yield share, values


def read_tables(sample: bytes) -> dict[bytes, Table]:
    """The streams that are of use, by the key of their rows."""
    found: dict[bytes, Table] = {}
    table = Table()
    for key, kind, size, data in _items(sample, 0):
        if key == b"STRM":
            table = Table()
        elif key == b"SCAL":
            table.scales = [row[0] for row in _rows(kind, struct.calcsize(_LETTERS.get(kind, "b")), data)]
        elif key == b"TYPE":
            table.kinds = data.rstrip(b"\0").decode("latin-1")
        elif key == b"GPSF":
            table.fix = int.from_bytes(data[:4], "big")
        elif key == b"GPSA":
            table.above_sea = data[:4] == b"MSLV"
        elif key == b"GPSU":
            table.start = utc(data.rstrip(b"\0"))
        elif key in _WANTED:
            kinds = table.kinds if kind == "?" else kind * (size // struct.calcsize(_LETTERS.get(kind, "b")))
            table.rows = _scaled(_rows(kinds, size, data), table.scales)
            found[key] = table
    return found


def utc(text: bytes) -> int | None:
    """`yymmddhhmmss.sss` as microseconds since 1970; None where it is no time."""
    try:
        moment = datetime.strptime(text.decode("ascii"), "%y%m%d%H%M%S.%f").replace(tzinfo=UTC)
    except ValueError:
        return None
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _gps5(table: Table) -> Iterator[tuple[float, Values]]:
    """Latitude, longitude, height, speed over ground, speed; the sample's time is that of the first."""
    for k, row in enumerate(table.rows if table.fix >= _LOCKED else ()):
        if len(row) == 5:
            values: Values = {13: row[0], 14: row[1], 15 if table.above_sea else 75: row[2], 56: row[3]}
            if k == 0 and table.start is not None:
                values[2] = table.start
            yield k / len(table.rows), values


def _gps9(table: Table) -> Iterator[tuple[float, Values]]:
    """The same, then days since 2000, seconds of the day, dilution, and the fix of each."""
    for k, row in enumerate(table.rows):
        if len(row) == 9 and row[8] >= _LOCKED and 0 <= row[5] < 1e5 and 0 <= row[6] <= 86_400:
            moment = _CENTURY + timedelta(days=row[5], seconds=row[6])
            values: Values = {13: row[0], 14: row[1], 15 if table.above_sea else 75: row[2], 56: row[3]}
            yield k / len(table.rows), values | {2: (moment - _EPOCH) // timedelta(microseconds=1)}


def _karma(places: Table, attitudes: Table, clock: Table) -> Iterator[tuple[float, Values]]:
    """Seconds since the start of the drone, latitude, longitude, height above the sea and ..., heading at the end."""
    turned = [row for row in attitudes.rows if len(row) >= 4]
    times = [row[0] for row in turned]
    start = next((round((row[1] - row[0]) * 1e6) for row in clock.rows if len(row) == 2), None)
    for k, row in enumerate(places.rows):
        if len(row) != 9:
            continue
        values: Values = {13: row[1], 14: row[2], 15: row[3]}
        if start is not None:
            values[2] = start + round(row[0] * 1e6)
        if row[8] < _UNKNOWN_HEADING:
            values[5] = row[8]
        near = bisect_right(times, row[0]) - 1
        if near >= 0:
            values |= {90: degrees(turned[near][2]), 91: degrees(turned[near][1])}
        yield k / len(places.rows), values


def _items(data: bytes, depth: int) -> Iterator[tuple[bytes, str, int, bytes]]:
    """Key, type, size of one value, and bytes; of what is nested, first itself, then its items."""
    at = 0
    while at + 8 <= len(data):
        key, kind, size = data[at : at + 4], chr(data[at + 4]), data[at + 5]
        length = size * int.from_bytes(data[at + 6 : at + 8], "big")
        if at + 8 + length > len(data):
            return
        body = data[at + 8 : at + 8 + length]
        yield key, kind, size, body
        if kind == "\0" and depth < _DEEPEST:
            yield from _items(body, depth + 1)
        at += 8 + length + -length % 4


def _rows(kinds: str, size: int, data: bytes) -> list[list[float]]:
    """Rows of numbers of these types, big-endian; none where a type is no number or the size is another one."""
    if not kinds or not all(kind in _LETTERS for kind in kinds):
        return []
    letters = ">" + "".join(_LETTERS[kind] for kind in kinds)
    if struct.calcsize(letters) != size:
        return []
    whole = data[: min(len(data) // size, _MOST_ROWS) * size]
    return [[float(v) for v in row] for row in struct.iter_unpack(letters, whole)]


def _scaled(rows: list[list[float]], scales: list[float]) -> list[list[float]]:
    """Each value by its own scale, or all by the only one; no row that is not finite."""
    if not scales or 0 in scales:
        return []
    made = [
        [v / (scales[k] if len(scales) > 1 else scales[0]) for k, v in enumerate(row)]
        for row in rows
        if len(scales) in (1, len(row))
    ]
    return [row for row in made if all(isfinite(v) for v in row)]
