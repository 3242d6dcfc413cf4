"""Pieces beside one piece: CPU of encoding the same film, and BD-rate over the same few CRF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bd_rate import LIBRARY, Point, bd_rates, environment
from chunks import made
from speed_common import abr, presets_at, ratio, seconds

if TYPE_CHECKING:
    from chunks import Made
    from speed_common import Setting

CHUNK = 30  # seconds; half of the default, so that there are twice as many joins
SHIFTS = (0, 4, 8, 12)  # of the presets' CRF
CPU_AT_MOST, BD_AT_MOST = "1.03", "+0.50 %"


def rows(setting: Setting) -> list[list[str]]:
    film, folder = setting.film(), setting.folder
    pieces: list[Made] = []
    wholes: list[Made] = []
    for shift in SHIFTS:
        presets = presets_at(folder / f"presets-{shift}", shift)
        pieces.append(made(film, setting.res, folder / f"pieces-{shift}", CHUNK, presets))
        wholes.append(made(film, setting.res, folder / f"whole-{shift}", 10**6, presets))
    length = abr(folder / "whole-0")["durationSeconds"]
    names = list(wholes[0].renditions)
    pairs = [(curve(wholes, name, length), curve(pieces, name, length)) for name in names]
    rates = bd_rates(environment(folder / "bd", LIBRARY), pairs)
    cpu = [m.cpu for m in pieces], [m.cpu for m in wholes]
    return [
        [f"A: encoding {pieces[0].chunks} pieces, CPU, median of {len(SHIFTS)}", seconds(cpu[0]), ""],
        ["B: encoding one piece, CPU", seconds(cpu[1]), ""],
        ["A / B", ratio(*cpu), CPU_AT_MOST],
        *(
            [f"BD-rate of A against B, {name}", "-" if rate is None else f"{rate:+.2f} %", BD_AT_MOST]
            for name, rate in zip(names, rates, strict=True)
        ),
    ]


def curve(jobs: list[Made], name: str, length: float) -> list[Point]:
    return [Point(8 * size / length, score) for size, score in (j.renditions[name] for j in jobs)]
