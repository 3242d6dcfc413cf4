"""Pictures of VP8 that are coded and never shown: others refer to them (RFC 6386, 9.1, `show_frame`).

Each has a packet of its own, at the time of the picture behind it or a tick of the container before that; where packets
are numbered it takes one from those that are shown. Encoding in two passes makes them; of the later codecs such
pictures are kept in one packet with one that is shown.
"""

from __future__ import annotations

import struct
from itertools import pairwise
from statistics import median_low
from typing import TYPE_CHECKING

from ingest.media import process

if TYPE_CHECKING:
    from ingest.media.packets import PacketTable
    from ingest.media.probe import Prober

NUMBERED = frozenset(("avi", "ivf"))  # containers whose clock goes on by one with each packet
_FILE_HEADER, _HEADER = 32, struct.Struct("<I8x")  # of an IVF file, and of each frame in it: its size
_SHOWN = 0x10


def crowded(packets: PacketTable) -> bool:
    """Whether some packets follow each other much closer than most do, as one that is not shown does."""
    times = packets.times(range(len(packets)))
    steps = [b - a for a, b in pairwise(sorted(times))] if times is not None else []
    return bool(steps) and 2 * min(steps) < median_low(steps)


def hidden_pictures(prober: Prober, index: int, packets: PacketTable) -> list[int]:
    """Numbers of the packets of a stream of VP8 that are not shown.

    What cannot be asked is not known: there are none then, and no error.
    """
    flags = ShownFlags()
    asked = prober.ffmpeg_command(
        *("-v", "error", "-copyts", "-i", prober.source.url),
        *("-map", f"0:{index}", "-c", "copy", "-copyinkf", "-f", "ivf", "-"),
    )
    done = process.run(asked, cancel=prober.cancel, output=flags)
    if done.returncode != 0 or len(flags.shown) != len(packets):
        return []
    return [number for number, shown in enumerate(flags.shown) if not shown]


class ShownFlags:
    """Reads an IVF stream of VP8 as it arrives. `shown`: for each frame whether a decoder shows it."""

    kept = b""

    def __init__(self) -> None:
        self.shown: list[bool] = []
        self._skip = _FILE_HEADER  # bytes that are of no interest
        self._head = b""  # of a frame, as far as it is here: its header and its first byte

    def feed(self, chunk: bytes) -> None:
        at = 0
        while at < len(chunk):
            if self._skip:
                passed = min(self._skip, len(chunk) - at)
                self._skip -= passed
                at += passed
                continue
            wanted = _HEADER.size - len(self._head)
            size = _HEADER.unpack(self._head[: _HEADER.size])[0] if wanted <= 0 else None
            if size is None:
                self._head += chunk[at : at + wanted]
                at += wanted
            else:
                self.shown.append(bool(chunk[at] & _SHOWN))
                self._skip, self._head = size, b""
            if len(self._head) == _HEADER.size and not any(self._head[:4]):
                self.shown.append(True)  # nothing at all: the picture before it is shown once more
                self._head = b""

    def progress(self, *, arrived: bool) -> bool:
        return arrived

    def end(self) -> None:
        """Nothing is pending."""
