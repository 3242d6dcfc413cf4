"""Measures renditions whose segments have no initialization segment: MPEG-2 transport streams and packed audio.

Times stay on the streams' own clock, put on one line across 33-bit wraps.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ingest.packaging.annexb import DELIMITER, IDR, PPS, SPS, BitstreamError, count_delimiters, head, read_sps
from ingest.packaging.audio_frames import Frame, frames, id3_timestamp
from ingest.packaging.boxes import TrackInit
from ingest.packaging.findings import APPLE, OURS, RFC, FaultError, Finding
from ingest.packaging.playlists import MediaPlaylist, place_of, resolve
from ingest.packaging.psi import AAC_ADTS, AC3, EAC3, H264, HEVC, Stream
from ingest.packaging.segments import StreamFacts, read_bytes
from ingest.packaging.stream_segments import File, MeasuredStream, Piece, measured_stream
from ingest.packaging.transport import (
    PACKET,
    TICKS,
    Pes,
    Transport,
    TransportError,
    is_transport,
    read_transport,
    unwrap,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MAX_SEGMENT_BYTES = 512 << 20
_SOUND = {AAC_ADTS: "mp4a", AC3: "ac-3", EAC3: "ec-3"}


@dataclass(slots=True)
class _Row:
    """One stream as it is collected; `near` is where the next time is expected, in ticks."""

    pieces: list[Piece] = field(default_factory=list)
    near: int | None = None


def not_boxes(start: bytes) -> bool:
    """Whether a segment that begins with `start` is a transport stream or packed audio."""
    return is_transport(start) or _packed_codec(start) is not None


def _packed_codec(start: bytes) -> str | None:
    if start[:3] == b"ID3" or (start[:1] == b"\xff" and len(start) > 1 and start[1] & 0xF6 == 0xF0):
        return "mp4a"
    return "ac-3" if start[:2] == b"\x0b\x77" else None


def read_streams(
    playlist: MediaPlaylist, root: Path
) -> tuple[tuple[MeasuredStream, ...], tuple[Finding, ...]]:
    """Measure every segment of a playlist without EXT-X-MAP: its picture first, then its sounds."""
    rows: list[_Row] = []
    files: list[File] = []
    faults: list[Finding] = []
    counters: dict[int, int] = {}
    for entry in playlist.entries:
        try:
            path = resolve(entry.uri, playlist.path.parent, root, place_of(playlist.path, root))
            place = place_of(path, root.resolve())
            offset = entry.byterange.offset if entry.byterange else 0
            size = entry.byterange.length if entry.byterange else path.stat().st_size
            if size > MAX_SEGMENT_BYTES:
                raise FaultError(f"{OURS} measure", place, f"{size} bytes", f"at most {MAX_SEGMENT_BYTES}")
            data = read_bytes(path, offset, size, place)
            if entry.discontinuity:
                counters.clear()
                for row in rows:
                    row.near = None
            facts, pieces = _segment(data, rows, counters, place)
            if len(data) < size:
                raise FaultError(f"{RFC} 4.4.4.2", place, f"{len(data)} bytes", f"{size} as its byte range")
        except FaultError as fault:
            faults.append(fault.finding)
            continue
        rows = rows or [_Row() for _ in pieces]
        if len(pieces) != len(rows) or any(
            row.pieces and row.pieces[0].header.handler != piece.header.handler
            for row, piece in zip(rows, pieces, strict=True)
        ):
            found = ", ".join(piece.header.entry for piece in pieces)
            wanted = "the streams of the first segment"
            faults.append(Finding(f"{RFC} 4.4.4.3", "MUST", place, found, wanted))
            continue
        for row, piece in zip(rows, pieces, strict=True):
            row.pieces.append(piece)
            row.near = piece.dts[-1] if piece.dts else piece.stamps[-1][1] if piece.stamps else row.near
        files.append(File(entry, path, offset, size, facts))
    if faults or not rows:
        return (), tuple(faults)
    return tuple(measured_stream(row.pieces, files) for row in rows), ()


def _segment(
    data: bytes, rows: Sequence[_Row], counters: dict[int, int], place: str
) -> tuple[StreamFacts, list[Piece]]:
    try:
        if not is_transport(data[: PACKET + 1]):
            return _packed(data, rows)
        stream = read_transport(data)
        return _transport(stream, rows, counters, place)
    except TransportError as error:
        wanted = "a transport stream"
        raise FaultError(f"{RFC} 3.1.1", place, str(error), wanted) from None
    except BitstreamError as error:
        raise FaultError(f"{OURS} measure", place, str(error), "whole pictures and sound frames") from None


def _packed(data: bytes, rows: Sequence[_Row]) -> tuple[StreamFacts, list[Piece]]:
    length, stamp = id3_timestamp(data)
    codec = "ac-3" if data[length : length + 2] == b"\x0b\x77" else "mp4a"
    found = frames(data[length:], codec)
    if not found:
        raise BitstreamError("no sound")
    near = rows[0].near if rows else None
    # Without a tag the sound simply goes on.
    ticks = stamp or 0 if near is None else unwrap(stamp, near) if stamp is not None else near
    piece = Piece(_sound_header(1, found[0], ""), frames=found, stamps=((0, ticks),))
    if stamp is None and rows:
        piece = replace(piece, stamps=())
    return StreamFacts(packed=found[0].codec, timestamped=stamp is not None), [piece]


def _transport(
    stream: Transport, rows: Sequence[_Row], counters: dict[int, int], place: str
) -> tuple[StreamFacts, list[Piece]]:
    gaps = len(stream.gaps)
    for pid, (first, last) in stream.counters.items():
        gaps += pid in counters and (counters[pid] + 1) & 15 != first
        counters[pid] = last
    used = [s for s in stream.streams if stream.packets.get(s.pid)]
    if any(s.kind == HEVC for s in used):
        raise FaultError(f"{APPLE} 1.5", place, "HEVC in a transport stream", "fragmented MP4")
    pictures = [s for s in used if s.kind == H264]
    sounds = [s for s in used if s.kind in _SOUND]
    if not pictures and not sounds:
        kinds = ", ".join(sorted({f"0x{s.kind:02x}" for s in stream.streams}))
        raise FaultError(
            f"{OURS} measure",
            place,
            f"not measured: stream types {kinds}",
            "H.264, AAC, AC-3",
            level="SHOULD",
        )
    pieces: list[Piece] = []
    undelimited = 0
    parameters = True
    for index, found in enumerate((*pictures[:1], *sounds)):
        packets = stream.packets[found.pid]
        near = rows[index].near if index < len(rows) else None
        before = rows[index].pieces[-1].header if index < len(rows) and rows[index].pieces else None
        if found.kind == H264:
            piece, bare, parameters = _picture(found, packets, near, before)
            undelimited += bare
        else:
            piece = _sound(found, packets, near)
        pieces.append(piece)
    facts = StreamFacts(
        packed=None,
        tables=(0, stream.head),
        tables_first=stream.tables_first,
        gaps=gaps,
        orphans=stream.orphans,
        broken_tables=stream.broken_tables,
        programs=stream.programs,
        cut_off=sum(not p.whole for found in stream.packets.values() for p in found),
        undelimited=undelimited,
        parameter_sets=parameters,
    )
    return facts, pieces


def _times(packets: Sequence[Pes], near: int | None) -> tuple[list[int], list[int]]:
    """Decoding and presentation times of PES packets that must have them, on one line."""
    dts: list[int] = []
    pts: list[int] = []
    for packet in packets:
        if packet.pts is None or packet.dts is None:
            raise TransportError(f"a picture at {packet.start} has no time")
        near = packet.dts if near is None else unwrap(packet.dts, near)
        dts.append(near)
        pts.append(unwrap(packet.pts, near))
    return dts, pts


def _picture(
    stream: Stream, packets: Sequence[Pes], near: int | None, before: TrackInit | None
) -> tuple[Piece, int, bool]:
    """The pictures; how many lack a delimiter; whether parameter sets come before the first one."""
    dts, pts = _times(packets, near)
    idr: list[bool] = []
    undelimited = 0
    header: TrackInit | None = None
    for packet in packets:
        if count_delimiters(packet.data) > 1:
            raise TransportError(f"several pictures in the PES packet at {packet.start}")
        units, slice_kind = head(packet.data)
        if slice_kind is None:
            raise TransportError(f"no picture in the PES packet at {packet.start}")
        idr.append(slice_kind == IDR)
        undelimited += not (units and units[0].kind == DELIMITER)
        sets = {u.kind: packet.data[u.start : u.end] for u in reversed(units) if u.kind in (SPS, PPS)}
        if header is None and len(sets) == 2:
            header = _picture_header(stream, sets[SPS].rstrip(b"\0"), sets[PPS].rstrip(b"\0"))
        if len(idr) == 1:
            parameters = header is not None
    found = header or before
    if found is None:
        raise BitstreamError("no sequence and picture parameter sets")
    spans = tuple((p.start, p.end) for p in packets)
    return Piece(found, tuple(dts), tuple(pts), tuple(idr), spans), undelimited, parameters


def _picture_header(stream: Stream, sps: bytes, pps: bytes) -> TrackInit:
    """What an `avc1` sample entry would say (ISO/IEC 14496-15, 5.3.3.1)."""
    said = read_sps(sps)
    config = bytes((1, said.profile, said.constraints, said.level, 0xFF, 0xE1))
    config += len(sps).to_bytes(2, "big") + sps + b"\x01" + len(pps).to_bytes(2, "big") + pps
    boxes = {"avcC": config}
    if said.colour:
        colour = b"".join(value.to_bytes(2, "big") for value in said.colour)
        boxes["colr"] = b"nclx" + colour + bytes((said.full_range << 7,))
    return TrackInit(
        track_id=stream.pid,
        handler="vide",
        timescale=TICKS,
        language=stream.language or "und",
        entry="avc1",
        boxes=boxes,
        width=said.width,
        height=said.height,
    )


def _sound(stream: Stream, packets: Sequence[Pes], near: int | None) -> Piece:
    data = b"".join(p.data for p in packets)
    found = frames(data, _SOUND[stream.kind])
    if not found:
        raise BitstreamError("no sound")
    # A PES packet's time is that of the first frame that begins in it (2.4.3.7).
    stamps: list[tuple[int, int]] = []
    number = position = 0
    for packet in packets:
        until = position + len(packet.data)
        while number < len(found) and found[number].start < position:
            number += 1
        if packet.pts is not None and number < len(found) and found[number].start < until:
            near = packet.pts if near is None else unwrap(packet.pts, near)
            stamps.append((number, near))
        position = until
    if not stamps or stamps[0][0] != 0:
        raise TransportError("the first sound frame has no time")
    return Piece(_sound_header(stream.pid, found[0], stream.language), frames=found, stamps=tuple(stamps))


def _sound_header(pid: int, frame: Frame, language: str) -> TrackInit:
    boxes: dict[str, bytes] = {}
    if frame.config:
        # An esds box with nothing but the object type and the AudioSpecificConfig (ISO/IEC 14496-1, 7.2.6.5).
        decoder = b"\x40\x15" + bytes(11) + b"\x05" + bytes((len(frame.config),)) + frame.config
        body = b"\0\0\0\x04" + bytes((len(decoder),)) + decoder
        boxes["esds"] = bytes(4) + b"\x03" + bytes((len(body),)) + body
    return TrackInit(
        track_id=pid,
        handler="soun",
        timescale=TICKS,
        language=language or "und",
        entry=frame.codec,
        boxes=boxes,
        channels=frame.channels or None,
        sample_rate=frame.rate,
    )
