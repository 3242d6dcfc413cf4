"""The tags of ST 0601 that hold fields of their own: packs and lists, as frozen dataclasses and tuples.

Each reader takes the value's bytes and raises `KlvError` for what does not fit. Angles are in degrees, heights in
metres above the WGS 84 ellipsoid, percentages from 0 to 100, times in microseconds since 1970 (ST 0603).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.klv.ber import KlvError, read_length, read_oid, read_values
from ingest.klv.linear import imapb, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LATITUDE, _LONGITUDE, _HEIGHT = Fraction(90), Fraction(180), (Fraction(-900), Fraction(9000))
_NANOMETRES = (Fraction(0), Fraction(10**9))
_TURN = Fraction(360)


@dataclass(frozen=True, slots=True)
class HorizonPixels:
    """Tag 81: where the horizon leaves the picture, in percent of its size, and what ground that is."""

    x0: int
    y0: int
    x1: int
    y1: int
    latitude0: float | None
    longitude0: float | None
    latitude1: float | None
    longitude1: float | None


@dataclass(frozen=True, slots=True)
class Command:
    """Tag 115: an order to the platform; `time` None is the set's own time."""

    number: int
    text: str
    time: int | None


@dataclass(frozen=True, slots=True)
class Countries:
    """Tag 122: `coding` as in ST 0102; None where a country is left out."""

    coding: int
    overflight: str | None
    operator: str | None
    manufacture: str | None


@dataclass(frozen=True, slots=True)
class Wavelengths:
    """A record of tag 128: a band in nanometres."""

    number: int
    low: float | None
    high: float | None
    name: str


@dataclass(frozen=True, slots=True)
class Location:
    """A place (tags 130 and 141); `height` None where it is left out."""

    latitude: float | None
    longitude: float | None
    height: float | None


@dataclass(frozen=True, slots=True)
class Airbases:
    """Tag 130. Where only the take-off is sent, it is the recovery location as well; no bytes: unknown."""

    take_off: Location | None
    recovery: Location | None


@dataclass(frozen=True, slots=True)
class Payload:
    """A record of tag 138: `kind` 0 electro-optical, 1 LIDAR, 2 RADAR, 3 SIGINT, 4 SAR."""

    number: int
    kind: int
    name: str


@dataclass(frozen=True, slots=True)
class Weapon:
    """A record of tag 140. `general` is the status code, `engagement` bits: fuse, laser, target, armed."""

    station: int
    hardpoint: int
    carriage: int
    store: int
    general: int
    engagement: int
    name: str


@dataclass(frozen=True, slots=True)
class Waypoint:
    """A record of tag 141: `order` 0 the present one, below it the past. None where the record ends before."""

    number: int
    order: int
    manual: bool | None
    ad_hoc: bool | None
    location: Location | None


@dataclass(frozen=True, slots=True)
class View:
    """A pair of tag 142: from `start` on over `width` degrees."""

    start: float | None
    width: float | None


@dataclass(frozen=True, slots=True)
class ViewDomain:
    """Tag 142: which way the sensor can look; None where it is not said."""

    azimuth: View | None
    elevation: View | None
    roll: View | None


@dataclass(frozen=True, slots=True)
class Substream:
    """Tag 143, the Metadata Substream ID: a local number, or 0 and a UUID."""

    number: int
    uuid: str | None


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _horizon(raw: bytes) -> HorizonPixels:
    if len(raw) not in (4, 20):
        raise KlvError(f"{len(raw)} bytes of horizon")
    places = [
        signed(_LONGITUDE if k % 2 else _LATITUDE, 4).decode(raw[4 + 4 * k : 8 + 4 * k])
        if len(raw) == 20
        else None
        for k in range(4)
    ]
    return HorizonPixels(raw[0], raw[1], raw[2], raw[3], *places)


def _command(raw: bytes) -> Command:
    number, at = read_oid(raw, 0, len(raw))
    length, at = read_length(raw, at, len(raw))
    rest = len(raw) - at - length
    if rest not in (0, 8):
        raise KlvError("a command that does not fit")
    text = _text(raw[at : at + length])
    return Command(number, text, int.from_bytes(raw[-8:], "big") if rest else None)


def _numbers(raw: bytes) -> tuple[int, ...]:
    found: list[int] = []
    at = 0
    while at < len(raw):
        number, at = read_oid(raw, at, len(raw))
        found.append(number)
    return tuple(found)


def _countries(raw: bytes) -> Countries:
    values = [raw[start:end] for start, end in read_values(raw, 0, len(raw), at_most=4)]
    if not values or len(values[0]) != 1:
        raise KlvError("no country coding method")
    names: list[str | None] = [_text(v) or None for v in values[1:]]
    names += [None] * (3 - len(names))
    return Countries(values[0][0], names[0], names[1], names[2])


def _frame_rate(raw: bytes) -> Fraction:
    numbers = _numbers(raw)
    if len(numbers) not in (1, 2) or 0 in numbers:
        raise KlvError("no frame rate")
    return Fraction(*numbers)


def _wavelengths(raw: bytes) -> tuple[Wavelengths, ...]:
    found: list[Wavelengths] = []
    line = imapb(*_NANOMETRES, 4)
    for start, end in read_values(raw, 0, len(raw)):
        number, at = read_oid(raw, start, end)
        if end - at < 8:
            raise KlvError("a wavelength record that is too short")
        low, high = line.decode(raw[at : at + 4]), line.decode(raw[at + 4 : at + 8])
        found.append(Wavelengths(number, low, high, _text(raw[at + 8 : end])))
    return tuple(found)


def _location(raw: bytes) -> Location | None:
    if not raw:
        return None
    if len(raw) not in (8, 11):
        raise KlvError(f"a location of {len(raw)} bytes")
    return Location(
        imapb(-_LATITUDE, _LATITUDE, 4).decode(raw[:4]),
        imapb(-_LONGITUDE, _LONGITUDE, 4).decode(raw[4:8]),
        imapb(*_HEIGHT, 3).decode(raw[8:]) if len(raw) == 11 else None,
    )


def _airbases(raw: bytes) -> Airbases:
    places = [_location(raw[start:end]) for start, end in read_values(raw, 0, len(raw), at_most=2)]
    return Airbases(places[0], places[-1])


def _payloads(raw: bytes) -> tuple[Payload, ...]:
    _, at = read_oid(raw, 0, len(raw))  # how many there are in all; a list may come in parts
    found: list[Payload] = []
    for start, end in read_values(raw, at, len(raw)):
        number, place = read_oid(raw, start, end)
        kind, place = read_oid(raw, place, end)
        length, place = read_length(raw, place, end)
        if place + length != end:
            raise KlvError("a payload record that does not fit")
        found.append(Payload(number, kind, _text(raw[place:end])))
    return tuple(found)


def _active_payloads(raw: bytes) -> tuple[int, ...]:
    if len(raw) > 64:
        raise KlvError("more than 512 payloads")
    bits = int.from_bytes(raw, "big")
    return tuple(k for k in range(8 * len(raw)) if bits >> k & 1)


def _weapons(raw: bytes) -> tuple[Weapon, ...]:
    found: list[Weapon] = []
    for start, end in read_values(raw, 0, len(raw)):
        numbers: list[int] = []
        at = start
        for _ in range(5):
            number, at = read_oid(raw, at, end)
            numbers.append(number)
        length, at = read_length(raw, at, end)
        if at + length != end:
            raise KlvError("a weapon record that does not fit")
        station, hardpoint, carriage, store, status = numbers
        found.append(
            Weapon(station, hardpoint, carriage, store, status & 0x7F, status >> 8 & 0x0F, _text(raw[at:end]))
        )
    return tuple(found)


def _waypoints(raw: bytes) -> tuple[Waypoint, ...]:
    found: list[Waypoint] = []
    for start, end in read_values(raw, 0, len(raw)):
        number, at = read_oid(raw, start, end)
        if end - at < 2:
            raise KlvError("a waypoint without its order")
        order = int.from_bytes(raw[at : at + 2], "big", signed=True)
        at += 2
        manual = ad_hoc = None
        if at < end:
            info, at = read_oid(raw, at, end)
            manual, ad_hoc = bool(info & 1), bool(info & 2)
        found.append(Waypoint(number, order, manual, ad_hoc, _location(raw[at:end])))
    return tuple(found)


def _view(raw: bytes, low: int) -> View | None:
    if not raw:
        return None
    half, odd = divmod(len(raw), 2)
    if odd or half > 8:
        raise KlvError(f"a view of {len(raw)} bytes")
    start = imapb(Fraction(low), Fraction(low + 360), half).decode(raw[:half])
    return View(start, imapb(Fraction(0), _TURN, half).decode(raw[half:]))


def _view_domain(raw: bytes) -> ViewDomain:
    values = [raw[start:end] for start, end in read_values(raw, 0, len(raw), at_most=3)]
    values += [b""] * (3 - len(values))
    return ViewDomain(_view(values[0], 0), _view(values[1], -180), _view(values[2], 0))


def _substream(raw: bytes) -> Substream:
    number, at = read_oid(raw, 0, len(raw))
    if len(raw) - at != (0 if number else 16):
        raise KlvError("a substream that does not fit")
    return Substream(number, None if number else str(uuid.UUID(bytes=raw[at:])))


READERS: Mapping[int, Callable[[bytes], object]] = {
    81: _horizon,
    115: _command,
    116: _numbers,
    121: _numbers,
    122: _countries,
    127: _frame_rate,
    128: _wavelengths,
    130: _airbases,
    138: _payloads,
    139: _active_payloads,
    140: _weapons,
    141: _waypoints,
    142: _view_domain,
    143: _substream,
}
"""By tag of ST 0601."""
