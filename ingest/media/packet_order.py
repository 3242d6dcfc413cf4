"""How the packets of a steady picture lie in the file: where its key pictures are, and whether their groups are closed.

Pure arithmetic on what the container says; whether a key picture really is one that decoding may begin at, only the
bitstream tells (`key_pictures`).
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest.media.facts import Timing
    from ingest.media.packets import PacketTable


@dataclass(frozen=True, slots=True)
class PacketOrder:
    """Every packet is one picture, all are shown, and the picture's number is its time.

    Attributes:
        keys: numbers of the key pictures, in the order in which they are shown; the first is 0.
        group_bytes: what the pictures from each key picture up to the next one take.
        delay: pictures that decoding is ahead of showing, so that none is shown before it is decoded.
        closed: no picture is shown before the key picture that it follows in the file.
    """

    keys: tuple[int, ...]
    group_bytes: tuple[int, ...]
    delay: int
    closed: bool


def packet_order(packets: PacketTable, timing: Timing) -> PacketOrder | None:
    """The order of a picture with a constant rate; None where its packets are not one shown picture each."""
    rate, count = timing.rate, timing.frames
    if rate is None or len(packets) != count or not packets.whole() or not packets.is_key(0):
        return None
    up = 2 * timing.time_base.numerator * rate.numerator
    down = 2 * timing.time_base.denominator * rate.denominator
    first = round(timing.start / timing.time_base)
    numbers = array("q", (((t - first) * up + down // 2) // down for t in packets.pts))
    if sorted(numbers) != list(range(count)):
        return None
    keys: list[int] = []
    groups: list[int] = []
    delay, latest, closed = 0, -1, True
    for position, number in enumerate(numbers):
        if packets.is_key(position):
            # Before it in the file there are as many pictures as are shown before it, and none later.
            closed = closed and number == position == latest + 1
            keys.append(number)
            groups.append(0)
        groups[-1] += packets.sizes[position]
        delay = max(delay, position - number)
        latest = max(latest, number)
    return PacketOrder(tuple(keys), tuple(groups), delay, closed)
