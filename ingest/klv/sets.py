"""What the library gives: KLV packets with their times and contents, and what was found of each stream."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest.klv import keys, st0102
from ingest.klv.framing import Framer, FramingCounts
from ingest.klv.pes import TICKS, WRAP
from ingest.klv.st0601 import ChecksumError, Decoder, UasSet

if TYPE_CHECKING:
    from ingest.klv.st0102 import SecuritySet

FAR, FAR_FROM_0 = 10 * TICKS, TICKS
"""A PTS so far from its arrival is of no use; one of 0, which senders write that know no time, the sooner."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One KLV set.

    `stream` is its PID, 0 in a bare file; `service` the metadata service of its cell (None without cells).
    `standard` is what its key stands for, `value` its bytes without key and `length` (as written), `content` what
    they say: only ST 0601 and ST 0102 local sets are decoded. Times are in ticks of 90 kHz, on a line that neither
    wraps nor jumps: `pts` as written on it, `arrival` when the picture is shown beside which it arrived, `start` when
    the first picture is (without pictures: the first PCR).
    """

    stream: int
    service: int | None
    standard: str
    key: bytes
    value: bytes
    pts: int | None
    arrival: int | None
    start: int | None
    content: UasSet | SecuritySet | None
    length: bytes = b""

    @property
    def raw(self) -> bytes:
        """The set as it was sent; only so its checksum holds, since a length can be written in several ways."""
        return self.key + self.length + self.value

    @property
    def ticks(self) -> int | None:
        """When it is to be shown: its PTS, or its arrival where it has none or one that is far away."""
        if self.pts is None or self.arrival is None:
            return self.arrival if self.pts is None else self.pts
        far = FAR if self.pts % WRAP else FAR_FROM_0
        return self.arrival if abs(self.pts - self.arrival) > far else self.pts

    @property
    def milliseconds(self) -> float | None:
        """`ticks` counted from `start` on, None where there are no times."""
        return None if self.ticks is None or self.start is None else (self.ticks - self.start) * 1000 / TICKS


@dataclass(slots=True)
class Stream:
    """What was found of one KLV stream so far. `pid` and what is of the transport are None or 0 in a bare file.

    `standards` counts good sets: a stream is ST 0601 only where it has one. `bad_checksums` are among the `framing`
    counts' bad ones. `times` are the first and last Precision Time Stamps. `carried` says in words how it came,
    where that is neither a transport stream nor a file of its own.
    """

    pid: int | None = None
    program: int | None = None
    stream_type: int | None = None
    declared: bool = False
    stream_ids: set[int] = field(default_factory=set)
    celled: bool = False
    standards: Counter[str] = field(default_factory=Counter)
    framing: FramingCounts = field(default_factory=FramingCounts)
    bad_checksums: int = 0
    without_pts: int = 0
    backwards: int = 0
    lost: int = 0
    malformed_pes: int = 0
    first_time: int | None = None
    last_time: int | None = None
    carried: str | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """The times that a piece of a stream is under, as in `Packet`."""

    pts: int | None
    arrival: int | None
    start: int | None


NO_TIME = Mark(None, None, None)


@dataclass(slots=True)
class Lane:
    """One sequence of sets: a PID, or a metadata service of it."""

    stream: Stream
    service: int | None = None
    decoder: Decoder = field(default_factory=Decoder)
    framer: Framer[Mark, Packet] = field(init=False)

    def __post_init__(self) -> None:
        self.framer = Framer(self.judge, self.stream.framing)

    def judge(self, whole: bytes, body: int, mark: Mark) -> Packet:
        key = whole[: keys.SIZE]
        standard = keys.STANDARDS.get(key, keys.UNKNOWN)
        content: UasSet | SecuritySet | None = None
        stream = self.stream
        if key == keys.UAS_DATALINK:
            try:
                content = self.decoder.decode(whole, body)
            except ChecksumError:
                stream.bad_checksums += 1
                raise
            if (time := content.time) is not None:
                stream.last_time = time
                if stream.first_time is None:
                    stream.first_time = time
        elif key == keys.SECURITY:
            content = st0102.decode(whole[body:])
        stream.standards[standard] += 1
        return Packet(
            stream.pid or 0,
            self.service,
            standard,
            key,
            whole[body:],
            mark.pts,
            mark.arrival,
            mark.start,
            content,
            whole[keys.SIZE : body],
        )
