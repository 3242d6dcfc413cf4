"""MISB motion imagery metadata: KLV out of transport streams and bare files, ST 0601 and ST 0102 decoded.

    from ingest.klv import packets

    with open("flight.ts", "rb") as file:
        for packet in packets(file):
            print(packet.milliseconds, packet.standard, packet.content)

A library of its own: it needs nothing but the standard library.
"""

from ingest.klv.ber import KlvError
from ingest.klv.reader import NotKlvError, Packets, packets, samples
from ingest.klv.sets import Packet, Stream
from ingest.klv.st0102 import SecuritySet
from ingest.klv.st0601 import UasSet
from ingest.klv.st0604 import PictureTimes, TimeStamp
from ingest.klv.tags import Item, Tag
from ingest.klv.tags_0601 import TAGS

__all__ = [
    "TAGS",
    "Item",
    "KlvError",
    "NotKlvError",
    "Packet",
    "Packets",
    "PictureTimes",
    "SecuritySet",
    "Stream",
    "Tag",
    "TimeStamp",
    "UasSet",
    "packets",
    "samples",
]
