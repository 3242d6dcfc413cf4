"""Interlaced video of every kind, and film in video."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import test_fields as made
from flash_and_beep import SECONDS, beeping, flashing
from measuring import pictures

from trait_cases.checks import alike, every, in_step
from trait_cases.core import Case, Check, Finding, Job

if TYPE_CHECKING:
    from collections.abc import Callable
    from fractions import Fraction
    from pathlib import Path

    from helpers_media import Clips

TRAIT = "interlaced, telecine"


def filmed(rate: Fraction, size: str, count: int = 80, floor: float = 27) -> Check:
    """Each picture is the one that was filmed at its moment; the ends have no neighbour to interpolate from."""

    def check(job: Job) -> Finding:
        shown = made.whole(job.clips, rate, size, count)
        found = pictures(job.rung, size=made.SIZE)
        if len(found) != count:
            return Finding(f"{len(found)} pictures", f"{count} pictures", passed=False)
        return alike(found[3:-3], shown[3:-3], floor)

    return check


def not_combed(job: Job) -> Finding:
    found = made.combed(job.rung)
    return Finding(f"idet takes {found} for interlaced", "at most 10", found <= 10)


def mixed(job: Job) -> Finding:
    """A second of whole pictures, each twice, then 80 fields."""
    found = pictures(job.rung, size=made.SIZE)
    if len(found) != 130:
        return Finding(f"{len(found)} pictures", "130 pictures", passed=False)
    fields = made.whole(job.clips, 2 * made.PAL, "352x288", 80)
    return alike(found[53:-3], fields[3:-3], 27)


def field_by_field(job: Job) -> Finding:
    found = made.off(job.rung)
    return Finding(f"luma at most {found} off each field's", "at most 4", found <= 4)


def flashing_fields(clips: Clips) -> Path:
    weave = "fps=50,tinterlace=interleave_top,setfield=tff"
    return clips.make(
        *("flashing-50i.ts", "-f", "lavfi", "-i", flashing("50")),
        *("-f", "lavfi", "-i", beeping(48000, "stereo"), "-vf", weave, *made.x264(top=True), "-c:a", "mp2"),
    )


def _field_case(name: str) -> Case:
    size, rate, top, coding = made.KINDS[name]

    def make(clips: Clips) -> Path:
        return made.fields(clips, name, size, rate, *coding, top=top)

    return Case(
        TRAIT,
        f"{name.split('.', maxsplit=1)[0] if 'i.' not in name else name.rpartition('.')[0]}, {'tff' if top else 'bff'}",
        make,
        (every(80, 2 * rate), filmed(2 * rate, size), not_combed),
    )


def _case(name: str, make: Callable[[Clips], Path], *checks: Check) -> Case:
    return Case(TRAIT, name, make, checks)


CASES = (
    *(_field_case(name) for name in made.KINDS),
    *(
        _case(
            *(
                f"50i, H.264 coded as fields and frames (PAFF), {times} PTS a picture",
                partial(made.coded_as_fields, times=times),
            ),
            *(every(60, 50), field_by_field),
        )
        for times in (1, 2)
    ),
    _case("50i, not flagged", made.unflagged, every(80, 50), filmed(2 * made.PAL, "352x576")),
    _case(
        *("flagged, but whole pictures (PsF)", made.flagged_but_whole),
        *(every(80, 25), filmed(made.PAL, "352x288", floor=30)),
    ),
    _case("25p, then 50i (mixed flags)", made.late_fields, every(130, 50), mixed),
    *(
        _case(
            *(f"telecine 3:2, {first} field first", partial(made.telecined, first=first)),
            *(every(80, made.FILM), filmed(made.FILM, "352x240")),
        )
        for first in ("top", "bottom")
    ),
    _case(
        *("telecine by flags (soft pulldown)", made.flagged_film),
        *(every(80, made.FILM), filmed(made.FILM, "352x288", floor=30)),
    ),
    _case("50i with sound", flashing_fields, every(50 * SECONDS, 50), in_step(SECONDS)),
)
