"""From packet times to exact timing: pure arithmetic on integers, no floats that add up."""

from __future__ import annotations

import itertools
from array import array
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.media.facts import Timing
from ingest.media.packets import Packet, PacketTable
from ingest.media.pulldown import film_rate

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


def shown_packets(table: PacketTable, timing: Timing) -> tuple[Sequence[int], Sequence[int]]:
    """The packets that `timing` was measured of: their indices, and when each is shown (ticks), in stream order.

    Both are empty where none says when.
    """
    first = round(timing.start / timing.time_base)
    shown, times = _counted(table, first)
    if times is None:
        return (), ()
    kept = [(i, t) for i, t in zip(shown, times, strict=True) if t >= first]
    return [i for i, _ in kept], [t for _, t in kept]


def _counted(table: PacketTable, first: int | None) -> tuple[Sequence[int], array[int] | None]:
    """The packets that may be shown, and their times in ticks; `first`: that of the first picture that decodes.

    Where there are decoding times only, the pictures keep their number and spacing, and begin where the decoder says.
    """
    shown: Sequence[int] = table.shown()
    if first is None or not shown or table.presented(shown):
        return shown, table.times(shown)
    kept = table.decodable(shown, first)
    times = table.times(kept)
    if times is None or table.presented(kept):
        return kept, times
    if 1 < len(kept) < len(shown):
        # The key picture is shown right before the next one, whatever is decoded between them and not shown.
        times[0] = table.dts[kept[1] - 1]
    late = first - min(times)
    return kept, array("q", (t + late for t in times))


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
    table = packets if isinstance(packets, PacketTable) else PacketTable(packets)
    shown, times = _counted(table, first_pts)
    if not shown:
        raise ValueError("no pictures to show")
    if times is None:
        return _untimed(table, shown, time_base, tuple(hints))
    ticks = array("q", sorted(t for t in times if first_pts is None or t >= first_pts))
    if not ticks:
        raise ValueError("no pictures to show")
    rate = constant_rate(ticks, time_base, hints) or film_rate(ticks, time_base)
    # Of equal times the last in stream order.
    last = table[next(i for i, t in zip(reversed(shown), reversed(times), strict=True) if t == ticks[-1])]
    span = (ticks[-1] - ticks[0]) * time_base
    if rate is not None:
        duration = len(ticks) / rate
    else:
        mean_step = span / (len(ticks) - 1) if len(ticks) > 1 and span else Fraction(1, 25)
        duration = span + (last.duration * time_base if last.duration else mean_step)
    keys = array(
        "q", sorted(t for i, t in zip(shown, times, strict=True) if t >= ticks[0] and table.is_key(i))
    )
    return Timing(
        time_base=time_base,
        start=ticks[0] * time_base,
        duration=duration,
        frames=len(ticks),
        rate=rate,
        mean_rate=rate if rate is not None else len(ticks) / duration,
        longest_gap=max(_longest(ticks) * time_base, duration - span),
        key_frames=len(keys),
        longest_key_distance=_longest([*keys, ticks[0] + round(duration / time_base)]) * time_base,
        bytes=sum(table.sizes[i] for i in shown),
        key_bytes=sum(table.sizes[i] for i in shown if table.is_key(i)),
        last=1 / rate if rate is not None else duration - span,
        early=len(times) - len(ticks),
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
    # Containers round the rate that they declare (Matroska: 19001/317 for 60000/1001).
    declared = [r for hint in hints for r in (*(u for u in usual if abs(u - hint) * 10_000 < hint), hint)]
    tried = dict.fromkeys((*declared, *usual, mean.limit_denominator(1001)))
    return next((rate for rate in tried if rate > 0 and _on_grid(ticks, time_base, rate)), None)


def _on_grid(ticks: Sequence[int], time_base: Fraction, rate: Fraction) -> bool:
    # |tick * tb - i / rate| <= tolerance, all multiplied out to integers.
    tick_scale = time_base.numerator * rate.numerator
    frame_scale = time_base.denominator * rate.denominator
    tolerance = min(tick_scale, frame_scale // 4)
    first = ticks[0]
    return all(abs((t - first) * tick_scale - i * frame_scale) <= tolerance for i, t in enumerate(ticks))


def _untimed(
    table: PacketTable, shown: Sequence[int], time_base: Fraction, hints: Sequence[Fraction]
) -> Timing:
    lengths = {table.durations[i] for i in shown}
    ticks = lengths.pop() if len(lengths) == 1 else 0
    # What the bitstream says of each picture goes before what the demuxer assumes of a stream that says nothing.
    said = (1 / (ticks * time_base), *hints) if ticks > 0 else hints
    rate = next((h for h in said if 0 < h <= 1000), Fraction(25))
    duration = len(shown) / rate
    keys = [n for n, i in enumerate(shown) if table.is_key(i)]
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
        bytes=sum(table.sizes[i] for i in shown),
        key_bytes=sum(table.sizes[i] for i in shown if table.is_key(i)),
        last=1 / rate,
        counted=True,
    )


def _longest(ticks: Sequence[int]) -> Fraction:
    return Fraction(max((b - a for a, b in itertools.pairwise(ticks)), default=0))
