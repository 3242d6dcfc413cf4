"""What the tags of ST 0601 that hold fields of their own become.

Angles are in degrees, heights in metres above the WGS 84 ellipsoid, percentages from 0 to 100, times in microseconds
since 1970 (ST 0603). None is a value that the sender leaves out or marks as unknown.
"""

from __future__ import annotations

from dataclasses import dataclass


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
