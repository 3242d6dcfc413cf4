"""The packets of a transport stream, 188, 192 (M2TS) or 204 bytes apart, in step again after damage."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SYNC = 0x47
PACKET = 188
SIZES = (188, 192, 204)
"""Bytes from one packet to the next: plain, with a time stamp before each (M2TS), with a checksum after it (DVB)."""
_PROOF = 4
"""Sync bytes in a row that tell a transport stream."""
LOOK = 204 * (_PROOF + 2)


def packet_size(head: bytes) -> int | None:
    """Bytes from packet to packet of the transport stream that `head` is the beginning of, None where it is none.

    Up to a packet of something else may stand before the first one.
    """
    found = [(begin, size) for size in SIZES if (begin := _step(head, size)) is not None]
    return min(found)[1] if found else None


def _step(data: bytes | bytearray, size: int, start: int = 0) -> int | None:
    """The first place from `start` on where sync bytes stand `size` apart, four of them or up to the end."""
    at = data.find(SYNC, start)
    while 0 <= at < start + LOOK:
        places = range(at, min(len(data), at + size * _PROOF), size)
        if len(places) > 1 and all(data[place] == SYNC for place in places):
            return at
        at = data.find(SYNC, at + 1)
    return None


def packets_in_blocks(source: Iterable[bytes], size: int) -> Iterator[bytes]:
    """`source` again, as blocks of whole packets that each begin with a sync byte and are `size` apart.

    Bytes that are in no step are left out; a single packet without its sync byte, too.
    """
    rest = bytearray()
    for piece in source:
        if (begin := _in_step(rest, piece, size)) is None:
            rest += piece
            yield from _whole(rest, size, last=False)
            continue
        if begin:
            yield bytes(rest) + piece[:begin]
        end = len(piece) - (len(piece) - begin) % size
        if end > begin:
            yield piece[begin:end]
        rest[:] = piece[end:]
    yield from _whole(rest, size, last=True)


def _in_step(rest: bytearray, piece: bytes, size: int) -> int | None:
    """Where in `piece` the first packet begins, `rest` being the beginning of the one before it.

    None where a packet of the two has no sync byte: that is looked at byte by byte, which takes five times as long.
    """
    begin = size - len(rest) if rest else 0
    if not 0 <= begin < size or (rest and rest[0] != SYNC) or len(piece) < begin:
        return None
    marks = piece[begin::size]
    return begin if marks.count(SYNC) == len(marks) else None


def _whole(data: bytearray, size: int, *, last: bool) -> Iterator[bytes]:
    at = 0
    room = len(data) - (0 if last else LOOK)
    while at + PACKET <= len(data) and (last or at <= room):
        count = (len(data) - at - (PACKET if last else size)) // size + 1
        marks = data[at : at + count * size : size]
        good = len(marks) - len(marks.lstrip(b"\x47"))
        if good:
            yield bytes(data[at : at + good * size])
            at += good * size
        elif (begin := _step(data, size, at)) is not None:
            at = begin
        else:
            at = min(len(data), at + LOOK) if not last or at + LOOK < len(data) else len(data)
    del data[:at]
