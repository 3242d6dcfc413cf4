"""Readers of the tags of ST 0601 that hold fields of their own: packs and lists.

Each takes the value's bytes and raises `KlvError` for what does not fit.
"""

from __future__ import annotations

import uuid
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.klv.ber import KlvError, read_length, read_oid, read_values
from ingest.klv.linear import imapb, signed
from ingest.klv.pack_types import (
    Airbases,
    Command,
    Countries,
    HorizonPixels,
    Location,
    Payload,
    Substream,
    View,
    ViewDomain,
    Wavelengths,
    Waypoint,
    Weapon,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LATITUDE, _LONGITUDE, _HEIGHT = Fraction(90), Fraction(180), (Fraction(-900), Fraction(9000))
_NANOMETRES = (Fraction(0), Fraction(10**9))
_TURN = Fraction(360)


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
