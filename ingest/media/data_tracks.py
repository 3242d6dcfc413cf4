"""The data tracks of a container in which telemetry may be. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.media.document import time_base_of

if TYPE_CHECKING:
    from fractions import Fraction

    from ingest.media.document import Document

MOST_TRACKS = 16
_OTHERS = frozenset({"tmcd", "fdsc", "text", "c608", "c708", "rtp ", "mebx", "rtmd", "camm"})
"""Tags of tracks that are known to be something else."""


@dataclass(frozen=True, slots=True)
class DataTrack:
    """One data track: its index, the number that it is called by, seconds a tick, and what its container says it is."""

    index: int
    number: int
    time_base: Fraction
    tag: str


def data_tracks(document: Document) -> tuple[DataTrack, ...]:
    """The tracks of `document` in which telemetry may be."""
    found = []
    for stream in document.get("streams", ()):
        tag = str(stream.get("codec_tag_string", ""))
        if stream.get("codec_type") == "data" and tag not in _OTHERS:
            index = int(stream["index"])
            try:
                number = int(str(stream.get("id", "")), 16)
            except ValueError:
                number = index + 1
            found.append(DataTrack(index, number, time_base_of(stream), tag))
    return tuple(found[:MOST_TRACKS])
