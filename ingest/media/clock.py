"""A source's clock that begins anew in the middle, made into one that runs on. Pure.

A transport stream that was put together from several, or recorded across a programme change, starts its clock again.
A player follows (ISO/IEC 13818-1 2.4.3.5): the second part is shown right after the first. Jumps are found in the
decoding times, which never fall back within one clock, and taken out before anything is measured.
"""

from __future__ import annotations

from array import array
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.media.facts import Jump

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.media.timing import PacketTable

# Containers whose clock may be set anew; in the others a long way to the next picture is meant.
_MAY_JUMP = frozenset({"mpegts", "mpeg"})

MOST_JUMPS = 200  # each is a term of the command that takes them out
FORWARD = Fraction(10)  # seconds: ffmpeg's and most players' bound
BACKWARD = Fraction(1, 10)
BACKWARD_UNORDERED = Fraction(1)  # where only presentation times are known, which are not in order
_ALIKE = Fraction(1)


def jumps_of(table: PacketTable, time_base: Fraction, container: str) -> tuple[Jump, ...]:
    """Where the clock of one stream jumps, in packets of the stream.

    Args:
        table: every packet, in stream order.
        time_base: seconds per tick.
        container: ffprobe's name of the format.
    """
    if not _MAY_JUMP & set(container.split(",")):
        return ()
    back = BACKWARD if table.ordered else BACKWARD_UNORDERED
    most, least = int(FORWARD / time_base), -int(back / time_base)
    found: list[Jump] = []
    shift, step = 0, 0
    before: int | None = None
    for number, time in table.decoding_times():
        if before is not None:
            if least <= time - before <= most:
                step = time - before if time > before else step
            else:
                shift += before + step - time
                found.append(Jump(number, shift))
        before = time
    return tuple(found)


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
