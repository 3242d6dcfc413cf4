"""A source's clock that begins anew in the middle, made into one that runs on. Pure.

A transport stream that was put together from several, or recorded across a programme change, starts its clock again.
A player follows (ISO/IEC 13818-1 2.4.3.5): the second part is shown right after the first. Jumps are found in the
decoding times, which never fall back within one clock, and taken out before anything is measured.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, insort
from fractions import Fraction
from itertools import pairwise
from statistics import median_low
from typing import TYPE_CHECKING

from ingest.media.facts import Jump

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.media.packets import PacketTable

# Containers whose clock may be set anew; in the others a long way to the next picture is meant.
_MAY_JUMP = frozenset({"mpegts", "mpeg"})
# Here it is only set back, at a key picture: files that were put one behind the other, recordings taken up again.
_MAY_FALL_BACK = frozenset({"flv", "matroska"})

MOST_JUMPS = 200  # each is a term of the command that takes them out
FORWARD = Fraction(10)  # seconds: ffmpeg's and most players' bound
BACKWARD = Fraction(1, 10)
BACKWARD_UNORDERED = Fraction(1)  # where only presentation times are known, which are not in order
_ALIKE = Fraction(1)
MOST_MENDED = 20  # times; each is a term of the command, and more of them are no accident
_REORDERED = 32  # pictures that one is shown after the one decoded with it, at most


def jumps_of(table: PacketTable, time_base: Fraction, container: str) -> tuple[Jump, ...]:
    """Where the clock of one stream jumps, in packets of the stream.

    Args:
        table: every packet, in stream order.
        time_base: seconds per tick.
        container: ffprobe's name of the format.
    """
    names = set(container.split(","))
    anywhere = bool(_MAY_JUMP & names)
    if not anywhere and not _MAY_FALL_BACK & names:
        return ()
    back = BACKWARD if table.ordered and anywhere else BACKWARD_UNORDERED
    most, least = int(FORWARD / time_base) if anywhere else math.inf, -int(back / time_base)
    found: list[Jump] = []
    shift, step = 0, 0
    before: int | None = None
    for number, time in table.decoding_times():
        if before is not None:
            if least <= time - before <= most or not (anywhere or table.is_key(number)):
                step = time - before if time > before else step
            else:
                shift += before + step - time
                found.append(Jump(number, shift))
        before = time
    return tuple(found)


def mended(
    table: PacketTable, time_base: Fraction, container: str
) -> tuple[PacketTable, tuple[tuple[int, int], ...]]:
    """The same packets with the presentation times right that a damaged header has thrown far off.

    A picture is shown at most some pictures after it is decoded (ISO/IEC 13818-1 2.4.2.6: its data stay ten seconds at
    most). One that says otherwise, while it is decoded in line with its neighbours, belongs into the first hole of
    the others' times after that. Returned with it are the mended packets: when each is decoded and shown, in ticks.
    """
    most = int(FORWARD / time_base)
    wrong = table.misplaced(most) if _MAY_JUMP & set(container.split(",")) else []
    if not 0 < len(wrong) <= MOST_MENDED:
        return table, ()
    shown, decoded = table.presentation_times(), dict(table.decoding_times())
    right = sorted(time for number, time in shown.items() if number not in wrong)
    usual = median_low(b - a for a, b in pairwise(right)) if len(right) > 2 else 0
    times = array("q", table.pts)
    found: list[tuple[int, int]] = []
    for number in wrong if usual > 0 else ():
        at = decoded[number]
        # Only the first picture of the stream may be shown before all others.
        earliest = max(at, right[0] + 1) if number else at
        in_line = all(abs(decoded.get(n, at) - at) <= most for n in (number - 1, number + 1))
        if in_line and (hole := _hole(right, earliest, usual)) is not None:
            times[number] = hole
            insort(right, hole)
            found.append((at, hole))
    return table.presented_at(times), tuple(found)


def _hole(taken: Sequence[int], earliest: int, usual: int) -> int | None:
    """The first time from `earliest` on, on the clock of those around it, at which nothing of `taken` is shown."""
    at = bisect_left(taken, earliest)
    anchor = taken[min(at, len(taken) - 1)]
    first = anchor - (anchor - earliest) // usual * usual
    for time in range(first, first + _REORDERED * usual, usual):
        near = taken[max(0, bisect_left(taken, time) - 1) :][:2]
        if all(2 * abs(time - other) > usual for other in near):
            return time
    return None


def follow(
    jumps: Sequence[Jump], leader: Sequence[Jump], time_base: Fraction, leader_base: Fraction
) -> tuple[Jump, ...]:
    """The jumps of another stream of the same clock, with the shifts that the picture's jumps have.

    Both jump by nearly the same, each from its own last packet; taking the picture's shift for both keeps them in
    step. A jump that the picture does not have is none of the clock's, and stays.
    """
    led = [int(j.shift * leader_base / time_base) for j in leader]
    found: list[Jump] = []
    at = 0
    for jump in jumps:
        near = next((i for i in range(at, len(led)) if abs(led[i] - jump.shift) * time_base <= _ALIKE), None)
        if near is not None:
            found.append(Jump(jump.packet, led[near]))
            at = near + 1
    return tuple(found)


def straightened(table: PacketTable, jumps: Sequence[Jump]) -> PacketTable:
    """The same packets on a clock that does not jump."""
    if not jumps:
        return table
    shifts = array("q", bytes(8 * len(table)))
    for jump, until in zip(jumps, (*(j.packet for j in jumps[1:]), len(table)), strict=True):
        for number in range(jump.packet, until):
            shifts[number] = jump.shift
    return table.shifted(shifts)
