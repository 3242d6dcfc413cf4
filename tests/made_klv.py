"""Writes KLV sets and transport streams that carry them, byte by byte, right or wrong on purpose.

Nothing here uses the reader's own code: what both got wrong the same way would not be seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field

UAS = bytes.fromhex("060E2B34020B01010E01030101000000")
EG_0104 = bytes.fromhex("060E2B34020101010E01010201010000")
VMTI = bytes.fromhex("060E2B34020B01010E01030306000000")
SECURITY = bytes.fromhex("060E2B34020301010E01030302000000")
PMT_PID, PICTURE_PID, KLV_PID = 0x1000, 0x100, 0x101
KLVA = bytes.fromhex("05044B4C5641")
METADATA = bytes.fromhex("26090100FF4B4C5641000F")
WRAP = 1 << 33


def ber(length: int) -> bytes:
    if length < 128:
        return bytes((length,))
    size = (length.bit_length() + 7) // 8
    return bytes((0x80 | size,)) + length.to_bytes(size, "big")


def oid(number: int) -> bytes:
    made = bytes((number & 0x7F,))
    while number := number >> 7:
        made = bytes((number & 0x7F | 0x80,)) + made
    return made


def item(tag: int, value: bytes) -> bytes:
    return oid(tag) + ber(len(value)) + value


def sum16(data: bytes) -> int:
    """The checksum as ST 0601 has it in its example code: byte by byte, into the high and the low half in turn."""
    total = 0
    for place, octet in enumerate(data):
        total += octet << (8 * ((place + 1) % 2))
    return total % 65536


def klv(key: bytes, value: bytes, length: bytes | None = None) -> bytes:
    return key + (ber(len(value)) if length is None else length) + value


def uas_set(items: bytes, *, time: int | None = 1_700_000_000_000_000, length: bytes | None = None) -> bytes:
    """A whole ST 0601 set: time stamp, `items`, version 19, a right checksum."""
    body = (
        (b"" if time is None else item(2, time.to_bytes(8, "big"))) + items + item(65, b"\x13") + b"\x01\x02"
    )
    head = UAS + (ber(len(body) + 2) if length is None else length) + body
    return head + sum16(head).to_bytes(2, "big")


def numbered(number: int, *, more: bytes = b"") -> bytes:
    """A set whose mission says its number and whose time goes by milliseconds."""
    return uas_set(item(3, f"set {number}".encode()) + more, time=1_700_000_000_000_000 + 1000 * number)


def cell(data: bytes, *, service: int = 0, sequence: int = 0, fragment: int = 3) -> bytes:
    return bytes((service, sequence, fragment << 6 | 0x1F)) + len(data).to_bytes(2, "big") + data


def stamp(mark: int, ticks: int) -> bytes:
    ticks %= WRAP
    bits = mark << 36 | (ticks >> 30 & 7) << 33 | 1 << 32
    bits |= (ticks >> 15 & 0x7FFF) << 17 | 1 << 16 | (ticks & 0x7FFF) << 1 | 1
    return bits.to_bytes(5, "big")


def pes(
    data: bytes, pts: int | None = None, *, dts: int | None = None, stream_id: int = 0xFC, sized: bool = True
) -> bytes:
    times = b"" if pts is None else stamp(2, pts) if dts is None else stamp(3, pts) + stamp(1, dts)
    flags = 0 if pts is None else 2 if dts is None else 3
    body = bytes((0x80, flags << 6, len(times))) + times + data
    return b"\0\0\1" + bytes((stream_id,)) + (len(body) if sized else 0).to_bytes(2, "big") + body


def crc(data: bytes) -> int:
    value = 0xFFFFFFFF
    for octet in data:
        value ^= octet << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value >> 31 else 0)) & 0xFFFFFFFF
    return value


def section(
    table: int, extension: int, body: bytes, *, version: int = 0, number: int = 0, last: int = 0
) -> bytes:
    data = bytes((table, 0xB0 | len(body) + 9 >> 8, len(body) + 9 & 0xFF)) + extension.to_bytes(2, "big")
    data += bytes((0xC1 | version << 1, number, last)) + body
    return data + crc(data).to_bytes(4, "big")


def pat(programs: dict[int, int], *, version: int = 0) -> bytes:
    body = b"".join(n.to_bytes(2, "big") + (0xE000 | pid).to_bytes(2, "big") for n, pid in programs.items())
    return section(0, 1, body, version=version)


@dataclass(frozen=True)
class Es:
    """One stream of a program map."""

    kind: int
    pid: int
    descriptors: bytes = b""


PICTURES = Es(0x1B, PICTURE_PID)
SYNC = Es(0x15, KLV_PID, KLVA + METADATA)
ASYNC = Es(0x06, KLV_PID, KLVA)


def pmt(
    *streams: Es, clock_pid: int = PICTURE_PID, program: int = 1, version: int = 0, of_all: bytes = b""
) -> bytes:
    body = (0xE000 | clock_pid).to_bytes(2, "big") + (0xF000 | len(of_all)).to_bytes(2, "big") + of_all
    for es in streams:
        body += bytes((es.kind,)) + (0xE000 | es.pid).to_bytes(2, "big")
        body += (0xF000 | len(es.descriptors)).to_bytes(2, "big") + es.descriptors
    return section(2, program, body, version=version)


@dataclass
class Mux:
    """Cuts PES packets and tables into packets of 188 bytes and counts them."""

    counters: dict[int, int] = field(default_factory=dict)
    data: bytes = b""

    def put(self, pid: int, payload: bytes, *, room: int = 184) -> None:
        """`payload` in as many packets as it takes, `room` bytes of it in each; the rest is adaptation field."""
        first = True
        while payload or first:
            part, payload = payload[:room], payload[room:]
            self.packet(pid, part, start=first)
            first = False

    def packet(self, pid: int, part: bytes, *, start: bool, field: bytes | None = None) -> None:
        """One packet; `field` is the adaptation field's flags and what they announce."""
        counter = self.counters[pid] = (self.counters.get(pid, -1) + 1) & 15
        head = bytes((0x47, (0x40 if start else 0) | pid >> 8, pid & 255))
        spare = 184 - len(part)
        if not spare:
            self.data += head + bytes((0x10 | counter,)) + part
        elif spare == 1:
            self.data += head + bytes((0x30 | counter, 0)) + part
        else:
            inside = (b"\0" if field is None else field).ljust(spare - 1, b"\xff")
            self.data += head + bytes((0x30 | counter, spare - 1)) + inside + part

    def tables(self, *streams: Es, **more: int) -> None:
        self.table(0, pat({1: PMT_PID}, **more))
        self.table(PMT_PID, pmt(*streams, **more))

    def table(self, pid: int, *sections: bytes) -> None:
        self.put(pid, (b"\0" + b"".join(sections)))

    def picture(self, pts: int, dts: int | None = None, *, pid: int = PICTURE_PID, size: int = 400) -> None:
        self.put(pid, pes(b"\0\0\0\1\x09" + b"\x55" * size, pts, dts=dts, stream_id=0xE0, sized=False))

    def klv(
        self, data: bytes, pts: int | None = None, *, pid: int = KLV_PID, room: int = 184, **more: int
    ) -> None:
        self.put(pid, pes(data, pts, **more), room=room)


def flight(
    es: Es,
    count: int = 20,
    *,
    cells: bool = False,
    timed: bool = True,
    start: int = 126_000,
    stream_id: int = 0xFC,
) -> Mux:
    """`count` pictures at 25 a second, a numbered set after each."""
    mux = Mux()
    mux.tables(PICTURES, es)
    for number in range(count):
        ticks = start + 3600 * number
        mux.picture(ticks)
        data = numbered(number)
        mux.klv(cell(data) if cells else data, ticks if timed else None, stream_id=stream_id)
    return mux


def m2ts(data: bytes) -> bytes:
    """The same with four bytes before each packet."""
    return b"".join(
        (0x1000 * k & 0x3FFFFFFF).to_bytes(4, "big") + data[at : at + 188]
        for k, at in enumerate(range(0, len(data), 188))
    )
