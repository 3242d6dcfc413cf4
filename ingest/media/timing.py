"""From packet times to exact timing: pure arithmetic on integers, no floats that add up."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.media.facts import Timing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

STANDARD_RATES: tuple[Fraction, ...] = tuple(
    Fraction(n, d)
    for n, d in (
        *((24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (50, 1), (60000, 1001), (60, 1)),
        *((48, 1), (48000, 1001), (10, 1), (12, 1), (15, 1), (20, 1), (5, 1), (1, 1), (2, 1)),
        *((100, 1), (120000, 1001), (120, 1), (240000, 1001), (240, 1), (25, 2), (15000, 1001)),
    )
)


@dataclass(frozen=True, slots=True)
class Packet:
    """One coded picture: times in ticks of the stream's time base, `size` in bytes."""

    pts: int | None
    dts: int | None
    duration: int | None
    size: int
    key: bool
    discard: bool


@dataclass(slots=True)
class PacketReader:
    """Collects ffprobe's `packet` lines (`pts,dts,duration,size,flags`) as they arrive."""

    packets: list[Packet] = field(default_factory=list)

    def line(self, text: str) -> int:
        """Take one line; returns how many packets there are, as the watchdog's measure of progress."""
        packet = parse_packet(text)
        if packet is not None:
            self.packets.append(packet)
        return len(self.packets)


def parse_packet(line: str) -> Packet | None:
    """One CSV line of ffprobe; None for a line that is not a packet.

    >>> parse_packet("512,0,512,14313,K__")
    Packet(pts=512, dts=0, duration=512, size=14313, key=True, discard=False)
    """
    parts = line.strip().split(",")
    if len(parts) < 5:
        return None
    pts, dts, duration, size = (_integer(p) for p in parts[:4])
    flags = parts[4]
    return Packet(pts, dts, duration, size or 0, "K" in flags, "D" in flags)


def _integer(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def measure(
    packets: Sequence[Packet],
    time_base: Fraction,
    *,
    first_pts: int | None = None,
    hints: Iterable[Fraction] = (),
) -> Timing:
    """What the packets of one video stream show.

    Args:
        packets: in stream order.
        time_base: seconds per tick.
        first_pts: time of the first picture that really decoded; packets shown before it are not counted.
        hints: frame rates that the container declares, tried first.

    Raises:
        ValueError: there is no packet to show.
    """
    shown = [p for p in packets if not p.discard]
    times = _times(shown)
    if times is None:
        return _untimed(shown, time_base, tuple(hints))
    order = sorted(range(len(shown)), key=times.__getitem__)
    order = [i for i in order if first_pts is None or times[i] >= first_pts]
    if not order:
        raise ValueError("no pictures to show")
    ticks = [times[i] for i in order]
    rate = constant_rate(ticks, time_base, hints)
    last = shown[order[-1]]
    span = (ticks[-1] - ticks[0]) * time_base
    if rate is not None:
        duration = len(ticks) / rate
    else:
        mean_step = span / (len(ticks) - 1) if len(ticks) > 1 and span else Fraction(1, 25)
        duration = span + (last.duration * time_base if last.duration else mean_step)
    keys = [t for i, t in zip(order, ticks, strict=True) if shown[i].key]
    return Timing(
        time_base=time_base,
        start=ticks[0] * time_base,
        duration=duration,
        frames=len(ticks),
        rate=rate,
        mean_rate=rate if rate is not None else len(ticks) / duration,
        longest_gap=_longest(ticks) * time_base,
        key_frames=len(keys),
        longest_key_distance=_longest([*keys, ticks[0] + round(duration / time_base)]) * time_base,
        bytes=sum(p.size for p in shown),
    )


def constant_rate(
    ticks: Sequence[int], time_base: Fraction, hints: Iterable[Fraction] = ()
) -> Fraction | None:
    """The constant frame rate that every time in `ticks` (sorted) keeps to, or None.

    A time may be off the grid by one tick (rounding to a coarse time base), never by a quarter of a frame.
    """
    if len(ticks) < 2:
        return None
    span = (ticks[-1] - ticks[0]) * time_base
    if span <= 0:
        return None
    mean = (len(ticks) - 1) / span
    # In a short clip of coarse times several rates fit: the declared one counts, then the nearest usual one.
    usual = sorted(STANDARD_RATES, key=lambda rate: abs(rate - mean))
    tried = dict.fromkeys((*hints, *usual, mean.limit_denominator(1001)))
    return next((rate for rate in tried if rate > 0 and _on_grid(ticks, time_base, rate)), None)


def _on_grid(ticks: Sequence[int], time_base: Fraction, rate: Fraction) -> bool:
    # |tick * tb - i / rate| <= tolerance, all multiplied out to integers.
    tick_scale = time_base.numerator * rate.numerator
    frame_scale = time_base.denominator * rate.denominator
    tolerance = min(tick_scale, frame_scale // 4)
    first = ticks[0]
    return all(abs((t - first) * tick_scale - i * frame_scale) <= tolerance for i, t in enumerate(ticks))


def _times(shown: Sequence[Packet]) -> list[int] | None:
    """Presentation ticks; decoding ticks where the container has no others (AVI); None when neither exists."""
    if not shown:
        raise ValueError("no pictures to show")
    pts = [p.pts for p in shown if p.pts is not None]
    if len(pts) == len(shown):
        return pts
    dts = [p.dts for p in shown if p.dts is not None]
    return dts if len(dts) == len(shown) else None


def _untimed(shown: Sequence[Packet], time_base: Fraction, hints: Sequence[Fraction]) -> Timing:
    rate = next((h for h in hints if 0 < h <= 1000), Fraction(25))
    duration = len(shown) / rate
    keys = [i for i, p in enumerate(shown) if p.key]
    return Timing(
        time_base=time_base,
        start=Fraction(0),
        duration=duration,
        frames=len(shown),
        rate=rate,
        mean_rate=rate,
        longest_gap=1 / rate,
        key_frames=len(keys),
        longest_key_distance=_longest([*keys, len(shown)]) / rate,
        bytes=sum(p.size for p in shown),
    )


def _longest(ticks: Sequence[int]) -> Fraction:
    return Fraction(max((b - a for a, b in itertools.pairwise(ticks)), default=0))
