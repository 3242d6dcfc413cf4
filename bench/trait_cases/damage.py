"""Damaged sources: refused unless allowed, told of, and what is left stays in its place."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import partial
from itertools import zip_longest
from typing import TYPE_CHECKING

import test_source_damage as made
from helpers_media import X264, hiss, picture
from measuring import cuts, packet_times, pictures

from trait_cases.checks import FRAME, all_of, lights
from trait_cases.core import Case, Finding, Job

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips

TRAIT = "damage in the middle, truncated end"
REFUSED = 9328
ALLOWED = ("--allow-damage",)


def damaged(clips: Clips, name: str) -> Path:
    change, codec, _ = made.DAMAGE[name]
    return made.busy(clips, name, change, *codec)


def told(job: Job) -> Finding:
    """The error says how much of it is lost, and where."""
    message = job.record["error"]["message"]
    passed = re.search(r"s of \d+\.\d\d s are lost, at \d+\.\d\d", message) is not None
    return Finding(f"“{message}”", "seconds lost, of how many, and where", passed)


def counted(job: Job) -> Finding:
    """A warning has the number of pictures and the time: the bytes were changed near 3.3 s."""
    texts = [w["message"] for w in job.record["warnings"]]
    found = [m for t in texts if (m := re.search(r"(\d+) of (\d+) pictures .*? at (\d+\.\d+)", t))]
    passed = any(0 < int(m[1]) < int(m[2]) / 3 and 2.5 < float(m[3]) < 5 for m in found)
    return Finding("; ".join(f"“{t}”" for t in texts), "count and time of pictures, 2.5 to 5 s", passed)


def in_place(job: Job) -> Finding:
    """Nothing is pulled forward: each picture on an instant of the grid, the last at the end."""
    times = packet_times(job.rung)
    off = len(set(times) - {n * FRAME for n in range(25 * made.SECONDS)})
    video = Finding(
        f"{len(times)} pictures, {off} off the grid, the last at {float(times[-1]):.2f} s",
        "0 off, the last at 7.92 s or later",
        off == 0 and times[-1] >= made.SECONDS - 2 * FRAME,
    )
    ends = [float(cuts(job.package.playlist(f"audio/{s}"))[-1]) for s in job.package.sounds]
    near = all(abs(e - made.SECONDS) < 0.1 for e in ends)
    return all_of((video, Finding(f"sound to {', '.join(f'{e:.2f}' for e in ends)} s", "8 s", near)))


def truncated(clips: Clips, name: str) -> Path:
    """Four seconds, of which the last four tenths of the bytes are cut off."""
    fragments = ("-movflags", "frag_keyframe+empty_moov+delay_moov+default_base_moof")
    options = fragments if name.endswith("mp4") else ()
    whole = clips.make(
        f"whole-{name}", *picture("128x72", 4), *hiss(4), *X264, "-g", "25", "-c:a", "mp3", *options
    )
    source = clips.folder / name
    source.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    return source


def no_index(clips: Clips) -> Path:
    """An mp4 whose end, and with it its index, is gone."""
    whole = clips.make("whole.mp4", *picture("128x72", 4), *hiss(4), *X264, "-c:a", "aac").read_bytes()
    source = clips.folder / "no-index.mp4"
    source.write_bytes(whole[: len(whole) * 6 // 10])
    return source


def what_is_left(job: Job) -> Finding:
    """Each picture when the source shows it, from the first one on, on the grid of n/25 s."""
    times = packet_times(job.rung)
    shown = [picture.time for picture in pictures(job.source)]
    wanted = [round((time - shown[0]) / FRAME) * FRAME for time in shown[: len(times)]]
    off = sum(one != other for one, other in zip_longest(times, wanted))
    measured = f"{len(times)} of {len(shown)} pictures, {off} not when the source shows them"
    return Finding(measured, "30 to 90, 0 at another time", 30 <= len(times) <= 90 and not off)


def little(clips: Clips) -> Path:
    return made.busy(clips, "bits.mp4", made.flip, *made.H264)


def in_step_source(clips: Clips) -> Path:
    return made.damaged(clips, "in-step.ts", made.lose_packets, "-g", "25")


def behind(job: Job) -> Finding:
    """Behind the damage each flash and its beep are where they were put."""
    light = [f for f in lights(job) if f > 4]
    heard = job.package.sound("und-stereo").onsets()
    wanted = [n + Fraction("0.48") for n in range(4, 6)]
    worst = max(min(abs(h - f) for h in heard) for f in light)
    measured = f"flashes behind the damage at {[float(f) for f in light]} s, beeps within {float(worst) * 1000:.2f} ms"
    return Finding(measured, f"{[float(f) for f in wanted]} s, 2 ms", light == wanted and worst < 0.002)


DAMAGE = {
    "bits.mpg": ("80 bits flipped, MPEG-2 in mpg", (9223,)),
    "block-hevc.mp4": ("a twelfth overwritten with zeros, HEVC in mp4", (9202, 9224)),
    "block-vp9.webm": ("a twelfth overwritten with zeros, VP9 in webm", (9202,)),
    "packets.ts": ("2 % of the packets lost, H.264 in ts", (9202, 9224)),
}
# Of some, sound is left behind the last picture, or half of the last picture is there.
SHORT = {
    "short.mkv": (9202, 9204),
    "short.flv": (9202,),
    "short.avi": (9202, 9223),
    "fragments.mp4": (9202, 9204),
}
CASES = (
    *(
        Case(TRAIT, f"{words}: refused", partial(damaged, name=name), (told,), refused=REFUSED)
        for name, (words, _) in DAMAGE.items()
    ),
    *(
        Case(
            TRAIT,
            f"{words}: allowed",
            partial(damaged, name=name),
            (counted, in_place),
            options=ALLOWED,
            warnings=warnings,
        )
        for name, (words, warnings) in DAMAGE.items()
    ),
    Case(TRAIT, "80 bits flipped, H.264 in mp4: little", little, (counted, in_place), warnings=(9223, 9224)),
    Case(
        TRAIT,
        "ts with lost packets: in step behind",
        in_step_source,
        (behind,),
        options=ALLOWED,
        warnings=(9202, 9224),
    ),
    *(
        Case(TRAIT, f"end cut off, {name}: refused", partial(truncated, name=name), (told,), refused=REFUSED)
        for name in SHORT
    ),
    *(
        Case(
            TRAIT,
            f"end cut off, {name}: allowed",
            partial(truncated, name=name),
            (what_is_left,),
            options=ALLOWED,
            warnings=warnings,
        )
        for name, warnings in SHORT.items()
    ),
    Case(TRAIT, "end cut off, mp4 without its index", no_index, refused=9306),
)
