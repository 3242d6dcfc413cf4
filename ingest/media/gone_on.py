"""Pictures of a transport stream that go on in another stream, coded in another way. Pure.

Streams of one codec that follow each other are one to us; of two codecs only one becomes the film, and what the
other shows is lost.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.media.damage import Loss, places_of
from ingest.media.document import of_kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.media.document import Document
    from ingest.media.facts import Timing

_LEAST = Fraction(1)  # seconds in a row in which a stream is alone; two at once take turns


@dataclass(frozen=True, slots=True)
class Other:
    """Another stream of pictures: its packets' places in the file (bytes)."""

    index: int
    codec: str
    places: Sequence[int]


def candidates(document: Document, index: int, container: str) -> list[Document]:
    """The other streams of pictures in the program of stream `index`, which is all that `document` has."""
    if "mpegts" not in container.split(","):
        return []
    return [s for s in of_kind(document, "video") if int(s["index"]) != index]


def told(others: Sequence[Other]) -> str:
    """What is said of them."""
    return ", ".join(f"{len(o.places)} pictures in stream {o.index} ({o.codec})" for o in others)


def follows(mine: Sequence[int], other: Other, timing: Timing) -> bool:
    """Whether it is only there where the film (`mine`: the places of its packets, ascending) is not."""
    runs = _runs(mine, other)
    return bool(runs) and len(other.places) >= len(runs) * _LEAST * timing.mean_rate


def loss_of(mine: Sequence[int], others: Sequence[Other], timing: Timing) -> Loss:
    """What the film loses with them, each picture as long as the film's are."""
    runs: Counter[int] = Counter()
    for other in others:
        runs += _runs(mine, other)
    where = sorted(Fraction(at, max(1, len(mine))) * timing.duration for at in runs)
    count = runs.total()
    seconds = count / timing.mean_rate
    return Loss(count, seconds, places_of((t, t) for t in where), seconds)


def _runs(mine: Sequence[int], other: Other) -> Counter[int]:
    """How many of its packets lie before the film's packet of each number."""
    return Counter(bisect_left(mine, place) for place in other.places)
