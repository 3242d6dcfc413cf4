"""Containers and codecs, as ffmpeg writes them here. VC-1 has no encoder: WMV 2 stands for its container."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

import test_containers as made

from trait_cases.checks import every, shows_the_source, sounds
from trait_cases.core import Case, Finding, Job

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips

TRAIT = "containers and codecs"
FULL_RANGE = {"mjpeg"}
HALF = (Fraction(3, 10), Fraction(8, 10))


def source(clips: Clips, kind: made.Kind) -> Path:
    return made.make(clips, kind)


def tone(job: Job) -> Finding:
    (name,) = job.package.sounds
    found = job.package.sound(name).level(*HALF)
    return Finding(f"a tone of {found:.1f} dB", "over -40 dB", found > -40)


def _case(kind: made.Kind) -> Case:
    name = f"{kind.ending}: {kind.codec}" + (f" and {kind.sound}" if kind.sound else "")
    # RGB has no matrix; testsrc2 has the lines of BT.601, and MPEG's own default is the same.
    decode = {"matrix": "bt601", "signal": "pc" if kind.codec in FULL_RANGE else "tv"}
    heard = (sounds(und_stereo=2), tone) if kind.sound else (sounds(),)
    checks = (every(25, 25), shows_the_source(25, **decode), *heard)
    return Case(TRAIT, name, partial(source, kind=kind), checks)


CASES = tuple(_case(kind) for kind in made.KINDS)
