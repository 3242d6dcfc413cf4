"""What the pictures all over a film say of how they were scanned. Pure: ffprobe's and ffmpeg's answers -> facts.

Flags are the encoder's word for each picture; ffmpeg's `idet` filter looks at the lines themselves.
"""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from ingest.media.facts import Judged, Scan, Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Field = Literal["P", "T", "B"]
CADENCE = 5  # pictures of 3:2 pulldown: four of film, in which one field of the first and one of the third come twice
_BETWEEN = (
    2,
    3,
)  # pictures from the repeated top field to the repeated bottom field, by which one comes first
_LEAST_HITS = 4
_CAPTIONS = "Closed Captions"  # in ffprobe's name of A/53 side data
_MULTIPLE = "lavfi.idet.multiple.current_frame="
_REPEATED = "lavfi.idet.repeated.current_frame="


@dataclass(frozen=True, slots=True)
class SampledPicture:
    """One decoded picture: `shape` is its size in samples and their aspect, `field` P progressive, T or B first.

    `captions`: it carries some, with or without text.
    """

    shape: Shape
    field: Field
    captions: bool = False


def parse_pictures(text: str, cropped: tuple[int, int] = (0, 0)) -> tuple[SampledPicture, ...]:
    """`cropped`: columns and rows that the container hides, which ffmpeg leaves out and ffprobe does not. `text` is
    ffprobe's JSON of `frame=width,height,sample_aspect_ratio,interlaced_frame,top_field_first` and the side data."""
    try:
        frames = json.loads(text).get("frames", [])
    except (ValueError, AttributeError):
        return ()
    return tuple(
        _picture(f, cropped) for f in frames if isinstance(f, dict) and f.get("width") and f.get("height")
    )


def _picture(frame: dict[str, object], cropped: tuple[int, int]) -> SampledPicture:
    field: Field = "P"
    if frame.get("interlaced_frame"):
        field = "T" if frame.get("top_field_first") else "B"
    aspect = re.fullmatch(r"([0-9]{1,9}):([0-9]{1,9})", str(frame.get("sample_aspect_ratio")))
    known = aspect is not None and int(aspect[1]) and int(aspect[2])
    sample = Fraction(int(aspect[1]), int(aspect[2])) if aspect is not None and known else None
    width, height = (
        max(1, int(str(frame[k])) - c) for k, c in zip(("width", "height"), cropped, strict=True)
    )
    shape = Shape(width, height, sample)
    return SampledPicture(shape, field, captions=_CAPTIONS in str(frame.get("side_data_list")))


def scan_of(
    pictures: Sequence[SampledPicture],
) -> Scan:
    """How many of the sampled pictures are flagged in which way, and every shape that they have."""
    fields = Counter(p.field for p in pictures)
    return Scan(
        pictures=len(pictures),
        top=fields["T"],
        bottom=fields["B"],
        shapes=tuple(dict.fromkeys(p.shape for p in pictures)),
        captions=any(p.captions for p in pictures),
    )


def judge(logs: Iterable[str]) -> Judged:
    """The verdict over several places; each log is what ffmpeg's `metadata=print` wrote of `idet` at one place."""
    seen: Counter[str] = Counter()
    cadences: list[bool | None] = []
    for log in logs:
        lines = log.split("\n")
        seen.update(x.removeprefix(_MULTIPLE) for x in lines if x.startswith(_MULTIPLE))
        cadences.append(shows_pulldown([x.removeprefix(_REPEATED) for x in lines if x.startswith(_REPEATED)]))
    return Judged(
        pictures=sum(seen.values()),
        top=seen["tff"],
        bottom=seen["bff"],
        smooth=seen["progressive"],
        # Nothing moves at some places; nowhere may it be contradicted.
        pulldown=cadences.count(True) * 2 > len(cadences) and False not in cadences,
    )


def shows_pulldown(repeated: Sequence[str]) -> bool | None:
    """Whether one field comes twice in the rhythm of 3:2 pulldown, given which one does ("top", "bottom", "neither").

    None where too little moves to tell.
    """
    places = [(i % CADENCE, kind) for i, kind in enumerate(repeated) if kind in {"top", "bottom"}]
    best = 0
    for phase, between in itertools.product(range(CADENCE), _BETWEEN):
        wanted = {(phase, "top"), ((phase + between) % CADENCE, "bottom")}
        best = max(best, sum(1 for p in places if p in wanted))
    if best >= max(_LEAST_HITS, len(repeated) // CADENCE) and best >= len(places) * 9 // 10:
        return True
    return None if len(places) < _LEAST_HITS else False
