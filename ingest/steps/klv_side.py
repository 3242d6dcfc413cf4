"""Telemetry beside the film (`--klv FILE`): bare KLV, a transport stream, Esri's CSV, or DJI's SubRip text."""

from __future__ import annotations

import codecs as text_codecs
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import SourceError, one_line
from ingest.klv import NotKlvError, Stream, packets
from ingest.klv.pes import TICKS
from ingest.steps.klv_source import Reading, on_timeline
from ingest.telemetry import side_csv, side_srt
from ingest.telemetry.tally import is_uas

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ingest.klv import Packet, Packets
    from ingest.media.cancel import CancelToken
    from ingest.media.source import Source

_HEAD = 4096
_LONGEST_LINE = 1 << 16


def side_reading(side: Source, cancel: CancelToken | None, origin: int | None = None) -> Reading:
    """What the file holds, on the film's timeline.

    A transport stream has its own; text cues have the film's. Time stamps are counted from `origin` (microseconds since
    1970 at the film's first picture), by default from the first one of the file.

    Raises `SourceError` at once where the file is neither.
    """
    head = next(iter(side.pieces(cancel)), b"")[:_HEAD]
    text = _text(head)
    if text is not None and side_srt.is_srt(text):
        stream = _stream(side, "SubRip file")
        return Reading(side_srt.cues(_lines(side.pieces(cancel)), stream), lambda: (stream,))
    if text is not None and side_csv.is_csv(text):
        stream = _stream(side, "CSV file")
        made = side_csv.rows(_lines(side.pieces(cancel)), stream)
        return Reading(by_time_stamp(made, origin), lambda: (stream,))
    try:
        next(packets(iter([head])), None)
    except NotKlvError as error:
        raise SourceError(
            codes.SOURCE_NOT_MEDIA,
            f"{one_line(side.name)} holds no telemetry that ingest knows",
            remedy="give bare KLV, a transport stream, Esri's CSV (a column Precision Time Stamp) or DJI's SRT",
        ) from error
    read = packets(side.pieces(cancel))
    return Reading(_timed(read, origin), lambda: tuple(replace(s, carried=_carried(s)) for s in read.streams))


def by_time_stamp(packets: Iterable[Packet], origin: int | None) -> Iterator[Packet]:
    """Times by the Precision Time Stamp (tag 2), from `origin` or else the first one on; 0 is none.

    What has a time already keeps it.
    """
    for packet in packets:
        time = packet.content.time if is_uas(packet.content) else None
        if not time or packet.milliseconds is not None:
            yield packet
            continue
        origin = time if origin is None else origin
        at = round(Fraction((time - origin) * TICKS, 1_000_000))
        yield replace(packet, pts=None, arrival=at, start=0)


def _timed(read: Packets, origin: int | None) -> Iterator[Packet]:
    iterator = iter(read)
    first = next(iterator, None)
    if first is None:
        return
    rest = _again(first, iterator)
    if first.start is not None:
        yield from on_timeline(rest, Fraction(first.start, TICKS), None)
    else:
        yield from by_time_stamp(rest, origin)


def _again(first: Packet, rest: Iterable[Packet]) -> Iterator[Packet]:
    yield first
    yield from rest


def _stream(side: Source, what: str) -> Stream:
    return Stream(carried=f"{what} beside the film ({one_line(side.name)[:80]})", declared=True)


def _carried(stream: Stream) -> str | None:
    return "bare file beside the film" if stream.stream_type is None else None


def _text(head: bytes) -> str | None:
    """`head` as text; None where it is none. A character cut at its end is no reason."""
    try:
        text = text_codecs.getincrementaldecoder("utf-8-sig")().decode(head, final=len(head) < _HEAD)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _lines(source: Iterable[bytes]) -> Iterator[str]:
    """Lines of UTF-8 text, of any line ending; what is longer than 64 KiB is cut into several."""
    decoder = text_codecs.getincrementaldecoder("utf-8-sig")("replace")
    rest = ""
    for piece in source:
        *whole, rest = (rest + decoder.decode(piece)).splitlines(keepends=True) or [""]
        yield from whole
        if rest.endswith("\n") or len(rest) > _LONGEST_LINE:
            yield rest
            rest = ""
    rest += decoder.decode(b"", final=True)
    if rest:
        yield rest
