"""Telemetry in the data tracks of MP4, MOV, MXF and others: MISB KLV, GoPro's GPMF, DJI's in tracks of text.

The demuxer says when each sample is and where in the file it lies; the bytes are read from there. So no sample passes
through a program, and nothing but the list of them is held.
"""

from __future__ import annotations

import os
from array import array
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.klv import Stream, keys, samples
from ingest.klv.ber import KlvError, read_length
from ingest.klv.pes import TICKS
from ingest.media import process
from ingest.media.other_streams import DRONE_TEXT, GOPRO
from ingest.steps.klv_source import Reading
from ingest.telemetry.gpmf import GPMF, fixes
from ingest.telemetry.made import made_packet
from ingest.telemetry.side_srt import DJI, is_telemetry, values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.klv import Packet
    from ingest.media.data_tracks import DataTrack
    from ingest.media.probe import Prober
    from ingest.media.source import Source

MOST_SAMPLES = 4_000_000
LARGEST_SAMPLE = 4 << 20
_LOOKED_INTO = 8
"""Samples of a track that says nothing of its content which are looked into."""
_ESSENCE = bytes.fromhex("060E2B34010201010D010301")
"""How the triplets begin in which MXF has its samples (SMPTE ST 379-2)."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Where the samples of a track lie in the file, and when they are (ticks of the track)."""

    track: DataTrack
    times: array[int] = field(default_factory=lambda: array("q"))
    places: array[int] = field(default_factory=lambda: array("q"))
    sizes: array[int] = field(default_factory=lambda: array("q"))

    def line(self, text: str) -> None:
        """Take a line of ffprobe's answer: pts, size, pos."""
        parts = text.strip().split(",")
        try:
            time, size, place = (int(part) for part in parts[:3])
        except ValueError:
            return  # without a time or a place
        if place >= 0 and 0 < size <= LARGEST_SAMPLE and len(self.times) < MOST_SAMPLES:
            self.times.append(time)
            self.places.append(place)
            self.sizes.append(size)

    def read(self, source: Source) -> Iterator[tuple[bytes, int]]:
        """The bytes of each sample and its time."""
        for time, place, size in zip(self.times, self.places, self.sizes, strict=True):
            yield _unwrapped(source, place, size), time


def listed(prober: Prober, track: DataTrack) -> Samples:
    """Ask the demuxer. Raises SourceError or Cancelled."""
    found = Samples(track)
    command = prober.command(
        *("-select_streams", str(track.index), "-show_entries", "packet=pts,size,pos", "-of", "csv=p=0")
    )
    done = process.run(command, cancel=prober.cancel, on_stdout_line=found.line)
    if done.limit is not None or done.signal is not None:
        process.check(done, codes.SOURCE_NOT_MEDIA)
    return found


def kind_of(found: Samples, source: Source) -> str | None:
    """What the first samples hold: `KLV`, `GPMF` or DJI's text; None for anything else."""
    if found.track.tag == DRONE_TEXT:
        return DJI
    for number, (data, _) in enumerate(found.read(source)):
        if keys.PREFIX in data[:32]:
            return "KLV"
        if data[:4] == b"DEVC":
            return GPMF
        if number >= _LOOKED_INTO:
            break
    return None


def is_drone_text(found: Samples, source: Source) -> bool:
    """Whether each of the first samples of a text track, as far as it has text, is telemetry of DJI's."""
    texts = [_text(data) for (data, _), _ in zip(found.read(source), range(_LOOKED_INTO), strict=False)]
    return any(texts) and all(is_telemetry(text) for text in texts if text)


def track_reading(found: Samples, kind: str, source: Source, start: Fraction) -> Reading:
    """The telemetry of a track; `start` is the film's, in seconds of the container's clock."""
    stream = Stream(pid=found.track.number, carried=f"data track {found.track.index} ({kind})")
    stream.declared = found.track.tag.upper().startswith("KLV") or found.track.tag == GOPRO
    read = {GPMF: _gpmf, DJI: _drone}.get(kind, _klv)
    return Reading(read(found, source, start, stream), lambda: (stream,))


def _drone(found: Samples, source: Source, start: Fraction, stream: Stream) -> Iterator[Packet]:
    for data, time in found.read(source):
        if text := _text(data):
            yield made_packet(stream, DJI, values(text), float((time * found.track.time_base - start) * 1000))


def _text(sample: bytes) -> str:
    """The text of a sample of timed text, whose length stands in front of it (3GPP TS 26.245, 5.17)."""
    return sample[2 : 2 + int.from_bytes(sample[:2], "big")].decode("utf-8", "replace").strip()


def _klv(found: Samples, source: Source, start: Fraction, stream: Stream) -> Iterator[Packet]:
    base = found.track.time_base
    timed = ((data, round(time * base * TICKS)) for data, time in found.read(source))
    return samples(timed, stream, round(start * TICKS))


def _gpmf(found: Samples, source: Source, start: Fraction, stream: Stream) -> Iterator[Packet]:
    """Each sample lasts until the next one, and its positions are spread over it."""
    base, times = found.track.time_base, found.times
    for k, (data, time) in enumerate(found.read(source)):
        lasts = times[k + 1] - time if k + 1 < len(times) else (time - times[k - 1] if k else 0)
        for share, fix in fixes(data):
            at = (time * base - start) * 1000 + Fraction(share).limit_denominator(
                10_000
            ) * lasts * base * 1000
            yield made_packet(stream, GPMF, fix, float(at))


def _unwrapped(source: Source, place: int, size: int) -> bytes:
    """The sample at `place`; in MXF its triplet begins there, and the sample is its value."""
    data = os.pread(source.descriptor, size, place)
    if data.startswith(_ESSENCE):
        try:
            length, body = read_length(data, keys.SIZE, len(data))
        except KlvError:
            return data
        return os.pread(source.descriptor, min(length, size), place + body)
    return data
