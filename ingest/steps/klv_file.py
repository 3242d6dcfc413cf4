"""Telemetry of any file without a job: a transport stream, bare KLV, a side file, or a container with data tracks."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ingest.job import codes
from ingest.job.errors import SourceError, one_line
from ingest.klv import NotKlvError, packets
from ingest.steps.klv_side import by_time_stamp, side_reading
from ingest.steps.klv_source import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ingest.media.source import Source

Again: TypeAlias = "Callable[[], Reading]"
_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
"""Boxes that a film of ISO/IEC 14496-12 or QuickTime begins with."""


@contextmanager
def readings_of(source: Source) -> Iterator[Again]:
    """A function that reads the file from its beginning, as often as it is called.

    Times are counted from the first picture; in a data track from where the container says that its picture begins;
    of bare KLV and of a stream without a clock by the Precision Time Stamps from the first one on.

    Raises:
        SourceError: it holds no telemetry that is known.
        ToolError: it is a container, and there is no ffprobe to open it.
    """
    head = next(iter(source.pieces()), b"")
    if head[4:8] in _BOXES:  # whose media may hold KLV's keys, too
        with _tracks(source) as again:
            yield again
        return
    try:
        next(packets(iter([head])), None)
    except NotKlvError:
        pass
    else:
        yield lambda: _plain(source)
        return
    try:
        side_reading(source, None)
    except SourceError:
        with _tracks(source) as again:
            yield again
    else:
        yield lambda: side_reading(source, None)


def _plain(source: Source) -> Reading:
    read = packets(source.pieces())
    return Reading(by_time_stamp(read, None), lambda: read.streams)


@contextmanager
def _tracks(source: Source) -> Iterator[Again]:
    from ingest import settings
    from ingest.media import toolchain
    from ingest.media.data_tracks import data_tracks
    from ingest.media.document import choose_video
    from ingest.media.probe import ProbeLimits, Prober
    from ingest.steps.by_content import without_drone_text
    from ingest.steps.klv_tracks import kind_of, listed, track_reading

    with tempfile.TemporaryDirectory(prefix="ingest-klv-") as name:
        tools = toolchain.find()
        prober = Prober(tools.ffprobe, tools.ffmpeg, source, Path(name), ProbeLimits.of(settings.load()))
        document, _ = without_drone_text(prober, prober.streams())
        found = [listed(prober, track) for track in data_tracks(document)]
    kinds = [(samples, kind) for samples in found if (kind := kind_of(samples, source)) is not None]
    if not kinds:
        raise SourceError(
            codes.KLV_MISSING,
            f"{one_line(source.name)} has no track of telemetry that ingest knows",
            remedy="name a transport stream, bare KLV, a side file, or a film with a data track of KLV or GPMF",
        )
    video, _ = choose_video(document)
    start = Fraction(str((video or {}).get("start_time") or 0))

    def again() -> Reading:
        readings = [track_reading(samples, kind, source, start) for samples, kind in kinds]
        return Reading(
            chain.from_iterable(r.packets for r in readings),
            lambda: tuple(s for r in readings for s in r.streams()),
        )

    yield again
