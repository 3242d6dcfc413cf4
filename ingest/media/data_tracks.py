"""The data tracks of a container in which telemetry may be. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.media.document import number_of, time_base_of

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


def data_track(stream: Document) -> DataTrack:
    """One stream of ffprobe's answer as such a track."""
    index, number = int(stream["index"]), number_of(stream)
    number = index + 1 if number is None else number
    return DataTrack(index, number, time_base_of(stream), str(stream.get("codec_tag_string", "")))


def data_tracks(document: Document) -> tuple[DataTrack, ...]:
    """The tracks of `document` in which telemetry may be."""
    found = [data_track(s) for s in document.get("streams", ()) if s.get("codec_type") == "data"]
    return tuple([track for track in found if track.tag not in _OTHERS][:MOST_TRACKS])
