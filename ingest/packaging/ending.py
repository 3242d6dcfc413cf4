"""Gives an encoded picture the end that was planned.

MP4 does not say how long a picture is shown, only how far apart the samples are decoded (ISO/IEC 14496-12, 8.6.1).
With B-frames the picture that is shown last is not the one that is decoded last, so on uneven times its time on show is
the distance of two others: chance. On a steady clock it is what the source says of its last picture, which may be
wrong. Decoding times are free as long as they rise and nothing is shown before it is decoded; some near the end are
chosen anew here, and no picture is shown at another time than before.
"""

from __future__ import annotations

import struct
from itertools import accumulate, groupby, pairwise
from math import ceil
from typing import TYPE_CHECKING

from ingest.packaging.boxes import (
    Box,
    BoxError,
    children,
    edit_shift,
    need,
    read_init,
    unpack,
    version_and_flags,
)
from ingest.packaging.moov import change_moov
from ingest.packaging.sample_times import times_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from fractions import Fraction
    from pathlib import Path

    from ingest.packaging.sample_times import Run, SampleTimes

TAIL = 2048  # samples at the end among which decoding times are chosen


def end_at(path: Path, end: Fraction) -> bool:
    """Let the only track of a file end at `end`, in seconds on the clock that its edit list makes.

    The file's last box must be its `moov`, which grows or shrinks. Returns False, and leaves the file as it is, where
    no decoding times could say so, or where they are too many (many hours). Raises `BoxError`.
    """
    return change_moov(path, lambda moov: with_end(moov, end))


def with_end(moov: bytes, end: Fraction) -> bytes | None:
    """The `moov` of one track that ends at `end` seconds; None where no decoding times could say so.

    Raises `BoxError`.
    """
    init = read_init(moov)
    if len(init.tracks) != 1:
        raise BoxError(f"{len(init.tracks)} tracks, not one")
    track = init.tracks[0]
    delay, _ = edit_shift(init, track)
    top = need(moov, Box("file", 0, 0, len(moov)), "moov")
    table = need(moov, top, "trak", "mdia", "minf", "stbl")
    boxes = {b.kind: b for b in children(moov, table.body, table.end)}
    durations, offsets = times_of(moov, table)
    head = max(0, durations.samples - TAIL)
    before, late = durations.split(head)
    same, moved = offsets.split(head)
    start = before.total
    ticks = round((end - delay) * track.timescale)
    first = -round(delay * track.timescale)  # where the clock begins, in ticks of the media
    found = ending(tuple(late.each()), tuple(moved.each()), end=ticks - start, until=ticks - first - start)
    if found is None:
        return None
    new = {"stts": _full(moov, boxes["stts"], before.then(_grouped(found[0])))}
    if "ctts" in boxes:
        new["ctts"] = _full(moov, boxes["ctts"], same.then(_grouped(found[1])))
    changed = _replaced(moov, top, ("trak", "mdia", "minf", "stbl"), new)
    return _with_lengths(changed, start + sum(found[0]), ceil(end * init.movie_timescale))


def ending(
    durations: Sequence[int], offsets: Sequence[int], *, end: int, until: int
) -> tuple[list[int], list[int]] | None:
    """New durations and composition offsets of samples in decoding order; None where there are none.

    The first is decoded at 0, as before. All are shown when they were, none before it is decoded, none longer than to
    `end`, and the one shown last until then. The durations add up to `until`, or come as near to it as they can.
    """
    decoded = [0, *accumulate(durations)][:-1]
    shown = [d + o for d, o in zip(decoded, offsets, strict=True)]
    last = max(range(len(shown)), key=shown.__getitem__)
    stays = end - shown[last]
    # The latest times for decoding that leave room for all that follow.
    latest = [shown[-1]]
    for i in reversed(range(len(shown) - 1)):
        latest.append(min(shown[i], latest[-1] - (stays if i == last else 1)))
    latest.reverse()
    if stays < 1 or latest[0] < 0:
        return None
    times = [0]
    for i, at in enumerate(shown[:-1]):
        longest = times[-1] + end - at
        # Where they were, as far as can be; behind the last one shown, evenly over what is left.
        wish = decoded[i + 1] if i < last else times[-1] + (until - times[-1]) // (len(shown) - i)
        times.append(longest if i == last else max(times[-1] + 1, min(wish, latest[i + 1], longest)))
    rest = end - shown[-1] if last == len(shown) - 1 else min(max(1, until - times[-1]), end - shown[-1])
    return (
        [*(b - a for a, b in pairwise(times)), rest],
        [at - time for at, time in zip(shown, times, strict=True)],
    )


def _full(data: bytes, box: Box, times: SampleTimes) -> bytes:
    entries = times.entries
    return (
        struct.pack(">I4s", 16 + len(entries), box.kind.encode())
        + data[box.body : box.body + 4]
        + struct.pack(">I", len(entries) // 8)
        + entries
    )


def _grouped(values: Sequence[int]) -> list[Run]:
    return [(len(list(group)), value) for value, group in groupby(values)]


def _replaced(data: bytes, box: Box, path: Sequence[str], new: Mapping[str, bytes]) -> bytes:
    """`box` with the children of the last box on `path` replaced, all sizes right."""
    parts = []
    for child in children(data, box.body, box.end):
        if path and child.kind == path[0]:
            parts.append(_replaced(data, child, path[1:], new))
        else:
            parts.append(
                data[child.start : child.end] if path else new.get(child.kind, data[child.start : child.end])
            )
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), box.kind.encode()) + body


def _with_lengths(moov: bytes, media: int, movie: int) -> bytes:
    """The lengths in the headers (8.2.2, 8.3.2, 8.4.2): `media` in ticks of the media, `movie` in the movie's."""
    data = bytearray(moov)
    top = need(moov, Box("file", 0, 0, len(moov)), "moov")
    trak = need(moov, top, "trak")
    # Behind version and flags: two times of making, then the timescale, or in tkhd the track's number and a gap.
    for box, length, skipped in (
        (need(moov, top, "mvhd"), movie, 4),
        (need(moov, trak, "tkhd"), movie, 8),
        (need(moov, trak, "mdia", "mdhd"), media, 4),
    ):
        version, _ = version_and_flags(moov, box)
        struct.pack_into(
            ">Q" if version else ">I", data, box.body + 4 + (16 if version else 8) + skipped, length
        )
    edits = next((b for b in children(moov, trak.body, trak.end) if b.kind == "edts"), None)
    if edits:
        _lengthen(data, need(moov, edits, "elst"), movie)
    return bytes(data)


def _lengthen(data: bytearray, box: Box, movie: int) -> None:
    """The last edit of the list ends with the movie (8.6.6)."""
    version, _ = version_and_flags(bytes(data), box)
    (count,) = unpack(">I", bytes(data), box, 4)
    layout, step = (">Q", 20) if version else (">I", 12)
    starts = [box.body + 8 + i * step for i in range(count)]
    spent = sum(struct.unpack_from(layout, data, s)[0] for s in starts[:-1])
    struct.pack_into(layout, data, starts[-1], max(1, movie - spent))
