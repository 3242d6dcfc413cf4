"""Looks into the key pictures themselves: whether decoding may begin at each, with the same parameter sets.

A container marks as key also pictures in the middle of an open group (H.264 with a recovery point, CRA of HEVC), and
a stream that was joined of others may change its parameter sets, which a sample entry holds once for all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.media import process

if TYPE_CHECKING:
    from ingest.media.facts import VideoFacts
    from ingest.media.probe import Prober


@dataclass(frozen=True, slots=True)
class Units:
    """Types of NAL units, as ffmpeg's `filter_units` takes them (Rec. ITU-T H.264, table 7-1; H.265, table 7-1).

    `start`: of a picture at which decoding begins (IDR); `sets`: parameter sets; `padding`: delimiters and filler.
    """

    start: str
    sets: str
    padding: str


UNITS = {
    "h264": Units(start="5", sets="7|8", padding="9|12"),
    "hevc": Units(start="19|20", sets="32|33|34", padding="35|38"),
}
# Two streams, each with what is left of its packets; then size and checksum of each (ffmpeg's framecrc).
_EXTRADATA = re.compile(r"^#extradata (\d): +(\d+), (0x[0-9a-f]{8})$", re.MULTILINE)
_PACKET = re.compile(r"^(\d), *-?\d+, *-?\d+, *-?\d+, *(\d+), (0x[0-9a-f]{8})(?:,|$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class KeyPictures:
    """`starts`: how many of them are such as decoding may begin at; `alike`: all parameter sets are those declared."""

    starts: int
    alike: bool


def key_pictures(prober: Prober, video: VideoFacts) -> KeyPictures:
    """Reads the key pictures alone; of a container with an index, nothing else.

    What cannot be asked is not known: there are no starts then, and no error.
    """
    units = UNITS[video.codec]
    asked = prober.ffmpeg_command(
        *("-v", "error", "-copyts", "-discard:v", "nokey", "-i", prober.source.url),
        *("-map", f"0:{video.index}", "-map", f"0:{video.index}", "-c", "copy"),
        *("-bsf:0", f"filter_units=pass_types={units.start}"),
        *("-bsf:1", f"filter_units=pass_types={units.sets}"),
        *("-f", "framecrc", "-"),
    )
    done = process.run(asked, cancel=prober.cancel)
    return parse(done.stdout.decode("ascii", "replace")) if done.returncode == 0 else KeyPictures(0, False)


def parse(text: str) -> KeyPictures:
    """What framecrc says of the starts (its stream 0) and of the parameter sets in the pictures (stream 1)."""
    declared = {m.group(2, 3) for m in _EXTRADATA.finditer(text)}
    packets = [m.groups() for m in _PACKET.finditer(text)]
    return KeyPictures(
        starts=sum(stream == "0" for stream, *_ in packets),
        alike=len(declared) == 1 and all((size, crc) in declared for s, size, crc in packets if s == "1"),
    )


def sets_alike(text: str) -> bool:
    """Whether all parameter sets within a stream's packets are those that it declares; the only stream is 0."""
    declared = {m.group(2, 3) for m in _EXTRADATA.finditer(text)}
    return len(declared) == 1 and all(m.group(2, 3) in declared for m in _PACKET.finditer(text))
