"""The same content longer and longer: CPU for each minute of it, and peak memory of ingest and of ffmpeg."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import usage
from main_job import PARK, looped
from speed_common import abr

if TYPE_CHECKING:
    from speed_common import Setting

LENGTHS = (10, 60, 600, 3600)


def rows(setting: Setting) -> list[list[str]]:
    found: list[tuple[float, usage.Watched]] = []
    for length in (n for n in LENGTHS if n <= setting.seconds):
        folder = setting.folder / f"film-{length}"
        folder.mkdir()
        film, package = looped(setting.tools, PARK, length, folder), folder / "package"
        run = setting.job(film, package, "--res", "sd", "--copy", "never")
        job = usage.watch(run, setting.folder, setting.environment())
        found.append((abr(package)["durationSeconds"] / 60, job))
    shown = []
    for minutes, job in found:
        of = f"{60 * minutes:.0f} s of 1080p30, `--res sd`"
        shown += [
            [f"{of}: CPU for each minute", f"{job.cpu / minutes:.2f} s", ""],
            [f"{of}: peak memory of ingest", f"{job.own_bytes / 1e6:.0f} MB", "the same"],
            [
                f"{of}: peak memory of the largest program",
                f"{job.largest_bytes / 1e6:.0f} MB",
                "1.10 of the others",
            ],
        ]
    # What a job costs before and after its film does not grow; of a short film it is a large part.
    each = [(b.cpu - a.cpu) / (n - m) for (m, a), (n, b) in pairwise(found)]
    for (m, _), (n, _), cpu in zip(found, found[1:], each, strict=False):
        shown.append(
            [
                f"from {60 * m:.0f} to {60 * n:.0f} s: CPU for each minute more",
                f"{cpu:.2f} s",
                "1.05 of the others",
            ]
        )
    return shown
