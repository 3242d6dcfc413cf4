"""Pictures of H.264 that are coded as two fields each. Pure.

In a transport stream each field is an access unit (ITU-T H.264, 3.1) and ffmpeg gives a packet for it, whether or not
it has a time of its own; the decoder gives one picture for both. Other containers keep both in one sample.
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from statistics import median_low
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingest.media.packets import Packet, PacketTable

# Of a picture's time, from one field to the other, with rounding.
_NEAR, _FAR = Fraction(2, 5), Fraction(3, 5)


def second_fields(packets: PacketTable, decoded: Iterable[int]) -> list[int]:
    """Numbers of the packets that are the second field of the picture that the one before them began.

    Args:
        packets: in stream order, of a picture that has fields.
        decoded: ticks of the first pictures that the decoder gave. Where one is at a second field's time there are no
            pairs: what comes at half the distance are whole pictures then. Two fields in one PES packet have one time.
    """
    times = sorted(set(decoded))
    if len(times) < 2:
        return []
    picture = median_low(b - a for a, b in itertools.pairwise(times))
    found: list[int] = []
    first: Packet | None = None
    room = _room(packets, picture)
    for number, packet in enumerate(packets):
        if first is not None and _belongs(first, packet, picture, room=room):
            found.append(number)
            first = None
        else:
            first = packet
    seconds = {packets[number].pts for number in found}
    return [] if seconds & set(times) else found


def _room(packets: PacketTable, picture: int) -> bool:
    """Whether the packets without a time may be pictures whose time was lost: it is missing among the others'."""
    times = sorted(packets.presentation_times().values())
    missing = sum(max(0, round(Fraction(b - a, picture)) - 1) for a, b in itertools.pairwise(times))
    return 2 * missing >= len(packets) - len(times)


def _belongs(first: Packet, second: Packet, picture: int, *, room: bool) -> bool:
    """Whether `second` is half of a `picture`'s ticks behind `first` by every clock that both have."""
    if second.key and not first.key:
        return False
    apart = [
        b - a
        for a, b in ((first.pts, second.pts), (first.dts, second.dts))
        if a is not None and b is not None
    ]
    bare = not apart and first.pts is None
    if second.pts is None and (room or bare):
        # The parser tells how long each is, where the stream tells it.
        apart.append(first.duration or picture)
    return all(_NEAR * picture <= ticks <= _FAR * picture for ticks in apart)
