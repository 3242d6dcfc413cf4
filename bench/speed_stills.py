"""Previews and poster alone beside a full decode with an fps filter.

There is no command for stills alone: they are what is left to do of the picture where every rendition is copied. So the
film can be copied and has no sound, and what counts is the step that copies, decodes key pictures, and makes the stills
and the rendition for fast winding.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import usage
from speed_common import abr, copyable, ratio, seconds, spent

from ingest.images.tiles import plan_interval

if TYPE_CHECKING:
    from speed_common import Setting

AT_MOST = "0.20"
STEPS = ("Copying", "Generating Poster Image", "Generating Preview Images")


def rows(setting: Setting) -> list[list[str]]:
    film, stills, jobs, others = copyable(setting, setting.seconds, sound=False), [], [], []
    for number in range(setting.rounds):
        package, work = setting.folder / f"package-{number}", setting.folder / f"stills-{number}"
        run = setting.job(film, package, "--res", "fhd", "--copy", "require")
        ours = usage.watch(run, setting.folder, setting.environment())
        stills.append(sum(ours.steps[s].own + ours.steps[s].programs for s in STEPS))
        jobs.append(ours.cpu)
        work.mkdir()
        length = abr(package)["durationSeconds"]
        interval = plan_interval(Fraction(length))  # as often as the job
        stills_filter = f"fps=1/({interval}),scale=160:-2"
        argv = [*setting.ffmpeg, "-i", str(film), "-vf", stills_filter, "-q:v", "3", "%05d.jpg"]
        others.append(spent([argv], work)[0])
    return [
        [f"A: the steps {', '.join(STEPS)}, CPU", seconds(stills), ""],
        ["the whole job, CPU", seconds(jobs), ""],
        ["B: full decode with an fps filter, CPU", seconds(others), ""],
        ["A / B", ratio(stills, others), AT_MOST],
        ["the whole job / B", ratio(jobs, others), ""],
    ]
