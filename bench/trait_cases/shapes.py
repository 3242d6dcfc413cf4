"""How pictures lie and what shape they have: rotation, mirroring, odd and extreme sizes, changes in mid-stream."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from measuring import likeness, pictures
from test_colour_and_geometry import (
    EXTREMES,
    ORIENTATIONS,
    SHAPES,
    TAGGED,
    changing_size,
    moving,
    red,
)

from trait_cases.checks import one_colour, shows_the_source, sized
from trait_cases.core import Case, Check, Finding, Job

if TYPE_CHECKING:
    from pathlib import Path

    from helpers_media import Clips

TURNED = "rotation, mirrored, portrait"
SHAPED = "anamorphic, odd sizes, 1x1, 8K, aspect changes"
RED = (0xC0, 0x20, 0x20)


def turned(clips: Clips, marks: str, container: str) -> Path:
    degrees, *flips = marks.split()
    stored = clips.make("stored.mp4", *moving("240x136"), *TAGGED)
    options = ("-display_rotation", f"-{degrees}", *(f"-display_{f}" for f in flips))
    return clips.make(f"turned.{container}", *options, "-i", str(stored), "-c", "copy")


def _turned_case(marks: str, container: str) -> Case:
    filters, size = ORIENTATIONS[marks]
    words = marks.removeprefix("0 ")
    return Case(
        TURNED,
        f"{'mirrored' if 'flip' in marks else 'rotation'} {words}, {container}",
        partial(turned, marks=marks, container=container),
        # The stored pictures are turned by filters of ours, not by ffmpeg's reading of the matrix.
        (sized(*size), shows_the_source(filters=filters, options=("-noautorotate",))),
    )


def huge(clips: Clips) -> Path:
    coding = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "20", *TAGGED[6:])
    return clips.make("8k.mp4", *moving("7680x4320", "5", 1), *TAGGED[:2], *coding)


def _shape_case(name: str) -> Case:
    arguments, filters, size = SHAPES[name]
    make = partial(_made, name=name, arguments=arguments)
    trait = TURNED if name.startswith("portrait") else SHAPED
    return Case(
        trait, name.split(".", maxsplit=1)[0], make, (sized(*size), shows_the_source(filters=filters))
    )


def _made(clips: Clips, name: str, arguments: tuple[str, ...]) -> Path:
    return clips.make(name, *arguments)


# The later part's size and aspect, and the window of the 320x180 rung in which it must be seen: x, y, width, height.
CHANGES = (
    ("240x180", "4:3", (40, 0, 240, 180)),
    ("400x180", "20:9", (0, 18, 320, 144)),
    ("160x90", "16:9", (0, 0, 320, 180)),
    ("240x180", "16:9", (0, 0, 320, 180)),
)


def fitted(size: str, aspect: str, window: tuple[int, int, int, int]) -> Check:
    """The second part is seen whole and undistorted in its window."""

    def check(job: Job) -> Finding:
        _, _, later = changing_size(job.clips, size, aspect)
        left, top, width, height = window
        seen = pictures(job.rung, filters=f"crop={width}:{height}:{left}:{top}")
        if len(seen) != 30:
            return Finding(f"{len(seen)} pictures", "30 pictures", passed=False)
        worst = likeness(seen[15:], pictures(later)).worst
        measured = f"30 pictures, the later ones in {width}x{height} at {left},{top}: worst {worst:.1f} dB"
        return Finding(measured, "30, over 26 dB", worst > 26)

    return check


def changed(clips: Clips, size: str, aspect: str) -> Path:
    return changing_size(clips, size, aspect)[0]


CASES = (
    *(_turned_case(marks, "mp4") for marks in ORIENTATIONS),
    *(_turned_case(marks, "mkv") for marks in ("90", "180", "270")),
    *(_shape_case(name) for name in sorted(SHAPES, key="portrait.mp4".__ne__)),
    *(
        Case(SHAPED, size, partial(red, size=size), (sized(*made), one_colour(RED)))
        for size, made in EXTREMES.items()
    ),
    Case(SHAPED, "8K", huge, (sized(720, 404), shows_the_source())),
    *(
        Case(
            SHAPED,
            f"320x180, then {size} shown as {aspect}",
            partial(changed, size=size, aspect=aspect),
            (sized(320, 180), fitted(size, aspect, window)),
            warnings=(9218,),
        )
        for size, aspect, window in CHANGES
    ),
)
