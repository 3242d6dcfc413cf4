"""A copied rendition beside `ffmpeg -c copy` to HLS, on the clock, and where the time goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import usage
from speed_common import copyable, seconds, spent

if TYPE_CHECKING:
    from pathlib import Path

    from speed_common import Setting

SHOWN = 0.2  # CPU seconds from which on a step has a row
HOUR, HOUR_AT_MOST = 3600, 20


def rows(setting: Setting) -> list[list[str]]:
    film = copyable(setting, setting.seconds)
    jobs, others = [], []
    for number in range(setting.rounds):
        others.append(spent([hls(setting, film, setting.folder / f"hls-{number}")], setting.folder))
        run = setting.job(film, setting.folder / "package", "--res", "fhd", "--copy", "require")
        jobs.append(usage.watch(run, setting.folder, setting.environment()))
    ours, theirs = [j.seconds for j in jobs], [clock for _, clock in others]
    over = [a - 2 * b for a, b in zip(ours, theirs, strict=True)]
    steps = jobs[-1].steps
    last = [(name, s) for name, s in steps.items() if s.own + s.programs >= SHOWN]
    return [
        ["A: `ingest run --copy require`, on the clock", seconds(ours), limit(setting.seconds)],
        ["B: ffmpeg -c copy to HLS, on the clock", seconds(theirs), ""],
        ["A - 2 B", seconds(over), "1.00 s"],
        ["A, CPU", seconds([j.cpu for j in jobs]), ""],
        ["B, CPU", seconds([cpu for cpu, _ in others]), ""],
        *(
            [f"  {name}, CPU, Python and programs", f"{s.own:.2f} + {s.programs:.2f} s", ""]
            for name, s in last
        ),
    ]


def limit(length: int) -> str:
    return f"{HOUR_AT_MOST} s" if length == HOUR else ""


def hls(setting: Setting, film: Path, folder: Path) -> list[str]:
    folder.mkdir()
    options = ["-hls_time", "6", "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4"]
    return [*setting.ffmpeg, "-i", str(film), "-c", "copy", *options, str(folder / "index.m3u8")]
