"""Rates, uneven times, and clocks that do not begin at zero or begin anew."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

import test_segment_grid as grid
import test_source_clocks as made
from flash_and_beep import SECONDS
from helpers_media import X264, hiss, picture
from measuring import likeness, packet_times, pictures
from test_sync import SOURCES

from trait_cases.checks import (
    alike,
    beeps_at,
    compare_times,
    every,
    flashes_at,
    in_step,
    lights,
    plan_times,
    shows_the_source,
    source_times,
)
from trait_cases.core import Case, Finding, Job

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips

    from trait_cases.core import Check

RATES = "VFR, every rate, wrong declared rates"
CLOCKS = "edit lists, starts, timestamp wrap, discontinuities, key frames"
NTSC = Fraction(30000, 1001)
SLOW = Fraction(1, 5)


def lavfi(clips: Clips, name: str) -> Path:
    source, _ = made.PLANNED[name]
    return clips.make(name, "-f", "lavfi", "-i", source, *X264, "-fps_mode", "passthrough")


def rated(clips: Clips, rate: str, container: str) -> Path:
    return grid.constant(clips, rate, 3, f"{rate.replace('/', '-')}.{container}")


RATED = {
    "23.976": ("24000/1001", "mp4", 72),
    "24": ("24", "mp4", 72),
    "25": ("25", "mp4", 75),
    "29.97": ("30000/1001", "mp4", 90),
    "29.97 in Matroska's milliseconds": ("30000/1001", "mkv", 90),
    "50": ("50", "mp4", 150),
    "59.94": ("60000/1001", "mp4", 180),
    "59.94 in Matroska's milliseconds": ("60000/1001", "mkv", 180),
    "60": ("60", "mp4", 180),
    "12.5": ("12.5", "mp4", 38),
}
PLANNED = {
    "VFR, a screen recording with a still of 5 s": ("screen.mp4", ()),
    "1 a second": ("slow.mp4", (every(8, 1),)),
    "one in 5 s": ("very-slow.mp4", (every(6, SLOW),)),
    "100 a second": ("fast.mp4", (every(100, 50),)),
    "119.88 a second": ("faster.mp4", (every(120, Fraction(60000, 1001)),)),
    "240 a second": ("fastest.mp4", (every(60, 60),)),
}


def uneven(clips: Clips, name: str) -> Path:
    return grid.uneven(clips, name, grid.UNEVEN[name], 18)


def half_rate(job: Job) -> Finding:
    """Every other picture of 120 a second, none blended."""
    return alike(job.package.pictures("sd"), pictures(job.source, matrix="bt601")[::2], 30)


def burst(clips: Clips) -> Path:
    times = r"floor(N/10)*333+mod(N\,10)*5"
    source = f"testsrc2=size=128x72:rate=30:duration=3,settb=1/1000,setpts={times}"
    options = ("-enc_time_base", "1/1000", "-fps_mode", "passthrough")
    return clips.make("burst.mp4", "-f", "lavfi", "-i", source, *options, *X264)


def edited(clips: Clips) -> Path:
    """Its second from 2 s on, then its first second."""
    return made.with_edits(base(clips), clips.folder / "edited.mp4", (2, 3), (0, 1))


def base(clips: Clips) -> Path:
    coding = (*X264, "-g", "25", "-bf", "2", "-c:a", "aac")
    return clips.make("base.mp4", *picture("128x72", 4), *hiss(4), *coding)


def edits_in_order(job: Job) -> Finding:
    whole = pictures(base(job.clips), matrix="bt601")
    found = job.package.pictures("sd")
    wanted = (*whole[50:75], *whole[:25])
    if len(found) != len(wanted):
        return Finding(f"{len(found)} pictures", "50 pictures", passed=False)
    parts = [likeness(found[p], wanted[p]) for p in (slice(0, 25), slice(25, 50))]
    worst = min(p.worst for p in parts)
    measured = f"seconds 2 to 3, then 0 to 1: worst {worst:.1f} dB"
    return Finding(measured, "over 30 dB, each in place", all(p.in_place for p in parts) and worst > 30)


def shown_times(job: Job) -> Finding:
    """Of those pictures that ffmpeg shows: what edit lists hide and what cannot be decoded is not there."""
    shown = [p.time for p in pictures(job.source)]
    return compare_times(packet_times(job.rung), [t - shown[0] for t in shown], "as a player shows them")


def joined(clips: Clips, starts: tuple[str, ...]) -> Path:
    return made.joined(clips, f"joined-{'-'.join(starts)}.ts", *starts)


def _joined_case(name: str, *starts: str) -> Case:
    length = SECONDS * len(starts)
    half = [n + Fraction("0.48") for n in range(length)]
    checks: tuple[Check, ...] = (every(25 * length, 25), flashes_at(half), in_step(length))
    return Case(CLOCKS, name, partial(joined, starts=starts), checks, warnings=(9222,))


def fragments(clips: Clips) -> Path:
    flags = "frag_keyframe+empty_moov+delay_moov+default_base_moof"
    coding = (*X264, "-g", "25", "-c:a", "aac", "-movflags", flags)
    return clips.make("fragments.mp4", *picture("128x72", 3), *hiss(3), *coding)


def one_key(clips: Clips) -> Path:
    return clips.make("one-key.mp4", *picture("128x72", 8), *X264, "-g", "9999", "-sc_threshold", "0")


def synced(clips: Clips, name: str) -> Path:
    return SOURCES[name](clips, name)


def late_picture(job: Job) -> Finding:
    return flashes_at([n + Fraction("0.88") for n in range(SECONDS - 1)])(job)


def beeps_as_lights(job: Job) -> Finding:
    return beeps_at(lights(job))(job)


CASES = (
    *(
        Case(
            RATES,
            words,
            partial(rated, rate=rate, container=kind),
            (every(count, Fraction(rate)), plan_times),
        )
        for words, (rate, kind, count) in RATED.items()
    ),
    *(
        Case(RATES, words, partial(lavfi, name=name), (*checks, plan_times))
        for words, (name, checks) in PLANNED.items()
    ),
    *(
        Case(RATES, f"VFR, {name.replace('-', ' ')}", partial(uneven, name=name), (source_times, plan_times))
        for name in ("random.mp4", "random.mkv", "hole-of-9s.mp4", "one-each-3s.mp4")
    ),
    Case(RATES, "VFR, bursts 5 ms apart", burst, (source_times, plan_times)),
    Case(RATES, "120 a second", partial(rated, rate="120", container="mp4"), (every(180, 60), half_rate)),
    Case(RATES, "declared 12.5, is 25", made.lying, (every(50, 25),)),
    Case(
        *(CLOCKS, "edit list: two edits in another order", edited),
        checks=(every(50, 25), edits_in_order),
    ),
    Case(CLOCKS, "edit list: cut without encoding", grid.cut_without_encoding, (shown_times,)),
    Case(CLOCKS, "0.5 s before zero, mp4", partial(made.before_zero, name="before-zero.mp4"), (shown_times,)),
    Case(
        *(CLOCKS, "0.5 s before zero, mkv", partial(made.before_zero, name="before-zero.mkv")),
        checks=(shown_times,),
        warnings=(9204,),  # sound from before the first picture that is shown
    ),
    Case(
        *(CLOCKS, "starts at 10 s, ts", partial(synced, name="starts-at-10s.ts")),
        checks=(every(150, 25), in_step(SECONDS)),
    ),
    Case(
        *(CLOCKS, "picture 0.6 s after the sound", partial(synced, name="picture-0.6s-late.mp4")),
        checks=(late_picture, beeps_as_lights),
        warnings=(9204,),
    ),
    Case(
        *(
            CLOCKS,
            "timestamp wrap after 3.7 s, ts",
            partial(grid.starting_at, start="95440", name="wrapping.ts"),
        ),
        checks=(every(325, 25),),
    ),
    _joined_case("discontinuity: clock jumps to 40 s", "0", "40"),
    _joined_case("discontinuity: clock falls back", "40", "0"),
    _joined_case("two discontinuities", "0", "40", "7"),
    Case(CLOCKS, "one key picture in all", one_key, (every(200, 25),)),
    Case(
        CLOCKS,
        "no key picture at the start, open GOP",
        made.cut_open,
        (shown_times, shows_the_source(matrix="bt601")),
    ),
    Case(CLOCKS, "fragmented mp4", fragments, (every(75, 25),)),
)
