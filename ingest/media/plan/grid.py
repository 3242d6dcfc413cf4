"""The grid: where pictures, GOPs and segments begin. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest.media.facts import VideoFacts
    from ingest.media.presets import Preset

LONGEST_REORDERED_GAP = 4  # mean picture durations
FEWEST_REORDERED = 32  # pictures


@dataclass(frozen=True, slots=True)
class Grid:
    """Where pictures, GOPs and segments begin; one for all rungs.

    `rate` is the constant output rate, None for pictures on their own exact times. With a rate, `gop_frames`
    pictures make a GOP; without, a key picture is forced at the first picture of each `gop` seconds. `reorder`
    is False where B-frames would do harm: MP4 gives each picture the time to the next one in decoding order, which
    across a long gap is seconds away from how long it is shown; and for the last picture to end where it should,
    others must be decoded that much earlier (see `packaging.ending`), for which very few pictures leave no room.
    `frame_step` keeps every n-th picture; `resample` makes an uneven, too fast source constant; `fill` shows a
    picture for longer where those after it are lost; `held`: the source's only picture is shown all the time.
    picture for longer where those after it are lost. Where a rendition is copied, `keys` are the numbers of the
    pictures that are key pictures of the encoded ones, and `starts` those at which segments begin; `segment` is then
    what makes the packager cut there.
    """

    rate: Fraction | None
    time_base: Fraction
    timescale: int
    gop: Fraction
    segment: Fraction
    gop_frames: int | None
    frame_step: int
    resample: bool
    frames: int | None
    duration: Fraction
    reorder: bool = True
    fill: bool = False
    held: bool = False
    keys: tuple[int, ...] = ()
    starts: tuple[int, ...] = ()

    @property
    def steady_gop(self) -> int | None:
        """Pictures of each GOP; None where key pictures are forced at places of their own."""
        return None if self.keys else self.gop_frames

    @property
    def shortest_gop(self) -> Fraction:
        """Seconds between the nearest two key pictures."""
        gaps = [b - a for a, b in pairwise(self.keys)]
        return min(gaps) * self.time_base if gaps else self.gop

    def with_losses(self) -> Grid:
        """The same grid for a source of which pictures do not decode: nothing moves into their place."""
        return replace(self, fill=True) if self.rate is not None else replace(self, reorder=False)


def make_grid(video: VideoFacts, preset: Preset) -> Grid:
    """One grid for all rungs: exact frame counts for a constant rate, forced key pictures for a variable one."""
    timing, limit = video.timing, preset.video.max_frame_rate
    gop = preset.video.gop
    # Field-coded clocks run a little fast (60.06); half a percent is not a reason to drop pictures.
    most = limit * Fraction(201, 200)
    too_fast = timing.mean_rate > most
    if timing.rate is None and not (too_fast and timing.mean_rate > limit * Fraction(21, 20)):
        return Grid(
            rate=None,
            time_base=timing.time_base if _usable(timing.time_base) else Fraction(1, 90000),
            timescale=_timescale(timing.time_base),
            gop=gop,
            segment=gop * int(preset.video.segment / gop),
            gop_frames=None,
            frame_step=1,
            resample=False,
            frames=timing.frames,
            duration=timing.duration,
            reorder=(
                timing.longest_gap * timing.mean_rate <= LONGEST_REORDERED_GAP
                and timing.frames >= FEWEST_REORDERED
            ),
        )
    step = ceil(timing.rate / most) if timing.rate is not None and too_fast else 1
    rate = timing.rate / step if timing.rate is not None else limit
    gop_frames = max(1, round(gop * rate))
    # Pictures of many seconds each are groups of their own; so long a segment need not be.
    per_segment = max(1, round(preset.video.segment * rate / gop_frames))
    frames = ceil(Fraction(timing.frames, step)) if timing.rate is not None else None
    return Grid(
        rate=rate,
        time_base=1 / rate,
        timescale=_timescale(1 / rate),
        gop=gop_frames / rate,
        segment=gop_frames * per_segment / rate,
        gop_frames=gop_frames,
        frame_step=step,
        resample=timing.rate is None,
        frames=frames,
        duration=frames / rate if frames is not None else timing.duration,
    )


def _usable(time_base: Fraction) -> bool:
    return time_base.numerator == 1 and time_base.denominator <= 1_000_000


def _timescale(time_base: Fraction) -> int:
    """Ticks a second for the MP4 track: a whole multiple of the frame clock, fine enough to be exact."""
    ticks = time_base.denominator if time_base.denominator <= 1_000_000 else 90_000
    while ticks < 10_000:
        ticks *= 2
    return ticks
