"""What is counted of each KLV stream while its sets pass by, and info/klv.json made of it."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any, TypeGuard

from ingest.klv import TAGS, UasSet
from ingest.klv.document import iso_time, stream_document
from ingest.telemetry.gpmf import GPMF
from ingest.telemetry.side_csv import CSV
from ingest.telemetry.side_srt import DJI

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ingest.klv import Packet, PictureTimes, Stream

ESSENTIAL: tuple[tuple[int, ...], ...] = (
    *((2,), (5,), (6, 90), (7, 91), (13,), (14,), (15,), (104, 75), (16,), (17,), (18,), (19,), (20,)),
)
"""Esri's 13 essential fields (ArcGIS Pro, Video Multiplexer), each with the tags that may carry it."""
UAS = "ST 0601"
MAPPED = (UAS, CSV, GPMF, DJI)
"""Standards whose sets have tags of ST 0601."""
_MOST_GAPS = 100
_GAP_SECONDS = 0.5
"""An interval is a gap from here on, where it is also three times the usual one."""


@dataclass(slots=True)
class Tally:
    """One stream: when its sets are (milliseconds of the video), and how often each tag of ST 0601 has a value."""

    times: array[float] = field(default_factory=lambda: array("d"))
    tags: Counter[int] = field(default_factory=Counter)
    decoded: int = 0

    def add(self, packet: Packet) -> None:
        if (milliseconds := packet.milliseconds) is not None:
            self.times.append(milliseconds)
        if isinstance(packet.content, UasSet):
            self.decoded += 1
            self.tags.update(tag for tag, value in packet.content.values.items() if value is not None)


def choose(streams: Sequence[Stream]) -> int | None:
    """The stream that the track and the cues are made of.

    It is one beside the film (its number is 0), else one of ST 0601, else any other; of several that with most sets.
    """
    having = [s for s in streams if mapped(s)]
    best = max(having, key=lambda s: (not s.pid, bool(s.standards[UAS]), mapped(s)), default=None)
    return None if best is None else best.pid or 0


def mapped(stream: Stream) -> int:
    """How many sets have tags of ST 0601."""
    return sum(stream.standards[name] for name in MAPPED)


def is_uas(content: object) -> TypeGuard[UasSet]:
    """Whether a packet's content has tags of ST 0601."""
    return isinstance(content, UasSet)


def document(
    name: str,
    streams: Sequence[Stream],
    tallies: Mapping[int, Tally],
    chosen: int | None,
    times: tuple[PictureTimes, int] | None = None,
) -> dict[str, Any]:
    """The file's streams; `used`: the one that the track and the cues are made of.

    `times` are those that stand in the pictures, and when the film begins on their line.
    """
    return {
        "file": name,
        "used": chosen,
        "pictureTimes": picture_times(*times) if times else None,
        "streams": [entry(s, tallies.get(s.pid or 0, Tally())) for s in streams],
    }


def picture_times(times: PictureTimes, zero: int) -> dict[str, Any]:
    """The time stamps of ST 0604: how many, how many not locked to a reference, the first and the last."""
    made: dict[str, Any] = {"standard": "ST 0604", "count": times.count, "notLocked": times.unlocked}
    for name, found in (("first", times.first), ("last", times.last)):
        made[f"{name}Time"] = iso_time(found[1].microseconds) if found else None
        made[f"{name}Milliseconds"] = round((found[0] - zero) / 90, 3) if found else None
    return made


def entry(stream: Stream, tally: Tally) -> dict[str, Any]:
    """What is known of one stream."""
    times = sorted(tally.times)
    steps = [b - a for a, b in pairwise(times)]
    usual = median(steps) if steps else 0.0
    gaps = [
        (start, step)
        for start, step in zip(times, steps, strict=False)
        if step > max(3 * usual, _GAP_SECONDS * 1000)
    ]
    span = times[-1] - times[0] if times else 0.0
    known = stream_document(stream)
    return {
        **known,
        "standard": standard(stream),
        "firstMilliseconds": round(times[0], 3) if times else None,
        "lastMilliseconds": round(times[-1], 3) if times else None,
        "setsPerSecond": round(len(steps) / span * 1000, 3) if span > 0 else None,
        "gapCount": len(gaps),
        "gaps": [
            {"startMilliseconds": round(at, 3), "milliseconds": round(step, 3)}
            for at, step in gaps[:_MOST_GAPS]
        ],
        "essentialFields": essential(tally) if tally.decoded else [],
        "essentialFieldsPresent": sum(f["present"] for f in essential(tally)) if tally.decoded else 0,
    }


def essential(tally: Tally) -> list[dict[str, Any]]:
    """Esri's 13 essential fields: is there a value in at least one set, and in how many."""
    found = []
    for tags in ESSENTIAL:
        sets = max(tally.tags[tag] for tag in tags)
        found.append({"tag": tags[0], "name": TAGS[tags[0]].name, "present": sets > 0, "sets": sets})
    return found


def standard(stream: Stream) -> str | None:
    """What the stream is called: ST 0601 only where a valid set was found, else what most of its sets are."""
    if stream.standards[UAS]:
        return UAS
    return max(stream.standards, key=stream.standards.__getitem__, default=None)
