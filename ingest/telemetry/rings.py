"""Footprints as rings of (longitude, latitude): in which direction they go, and where they are cut. Pure."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

Ring: TypeAlias = "list[tuple[float, float]]"
"""Closed: the first place comes last again."""


def clockwise(corners: Sequence[tuple[float, float]]) -> Ring:
    """The ring of a footprint (latitude, longitude of each corner) as seen from above, from its first corner on.

    So Esri has outer rings. Beyond 180 degrees rather than on the other side of the world.
    """
    first, *rest = continuous(corners)
    ring = [first, *rest, first]
    return ring if area(ring) <= 0 else ring[::-1]


def anticlockwise(corners: Sequence[tuple[float, float]]) -> list[Ring]:
    """The rings of a footprint, two where it is cut at the antimeridian (RFC 7946, 3.1.6 and 3.1.9)."""
    ring = clockwise(corners)[::-1]
    edge = 180.0 if max(x for x, _ in ring) > 180 else -180.0
    inside, beyond = _half(ring, edge, edge), _half(ring, edge, -edge)
    return [part for part in (inside, [(x - 2 * edge, y) for x, y in beyond]) if area(part) > 0] or [inside]


def continuous(corners: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """(Longitude, latitude) of each corner, beyond 180 degrees rather than on the other side of the world."""
    first = corners[0][1]
    return [(first + (east - first + 540) % 360 - 180, north) for north, east in corners]


def area(ring: Ring) -> float:
    """In square degrees, positive where the ring goes anticlockwise."""
    return sum(a * d - b * c for (a, b), (c, d) in pairwise(ring)) / 2


def _half(ring: Ring, edge: float, towards: float) -> Ring:
    """What of `ring` lies on the side of `edge` where 0 is, or (`towards` the other way) beyond it."""
    found: Ring = []
    for here, there in pairwise(ring):
        ours, theirs = (edge - here[0]) * towards, (edge - there[0]) * towards
        if ours >= 0:
            found.append(here)
        if ours * theirs < 0:
            share = ours / (ours - theirs)
            found.append((edge, here[1] + share * (there[1] - here[1])))
    return [*found, *found[:1]]
