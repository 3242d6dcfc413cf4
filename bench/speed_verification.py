"""Verification inside a job beside decoding every rendition to its end once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from speed_common import ratio, seconds
from verification import AT_MOST, STEP, measure

if TYPE_CHECKING:
    from speed_common import Setting


def rows(setting: Setting) -> list[list[str]]:
    film = setting.film()
    found = [measure(setting.tools, film, setting.res, setting.folder) for _ in range(setting.rounds)]
    steps, decodings = [f.step for f in found], [f.decoding for f in found]
    return [
        [f"A: the step {STEP}, CPU", seconds(steps), ""],
        ["B: decoding every rendition once, CPU", seconds(decodings), ""],
        ["A / B", ratio(steps, decodings), f"{AT_MOST:.2f}"],
    ]
