"""What the cases of `speed.py` share: their surroundings, films to work on, a job and what it cost."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import usage
from main_job import PARK, REPOSITORY, looped, table

if TYPE_CHECKING:
    from ingest.media.toolchain import Toolchain

HEAD = ["what", "measured", "at most"]


@dataclass(frozen=True, slots=True)
class Setting:
    """`seconds` of film, `rounds` of A and B, `folder` for all that is written, `media` with clips for BD-rate."""

    tools: Toolchain
    folder: Path
    seconds: int
    rounds: int
    res: str
    media: Path | None
    clip_seconds: int

    @property
    def ffmpeg(self) -> list[str]:
        return [str(self.tools.ffmpeg.path), "-y", "-nostdin", "-v", "error"]

    def environment(self, **more: str) -> dict[str, str]:
        return {**os.environ, "INGEST_HOME": str(self.folder / "home"), **more}

    def film(self) -> Path:
        """1080p30 from a camera with stereo sound, looped."""
        return looped(self.tools, PARK, self.seconds, self.folder)

    def job(self, film: Path, package: Path, *arguments: str) -> list[str]:
        """`ingest run` with its messages as marks for `usage.watch`."""
        ingest = str(Path(sys.executable).with_name("ingest"))
        run = [ingest, "run", str(film), "-o", str(package), "--force", "--progress", "json"]
        return [*run, *arguments]

    def call(self, *command: str) -> None:
        subprocess.run(command, check=True, cwd=self.folder)


def abr(package: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((package / "info/abr.json").read_bytes())
    return found


def copyable(setting: Setting, seconds: int, *, sound: bool = True) -> Path:
    """1080p30 H.264 of about 5 Mbit/s, a key picture every two seconds, and AAC; a minute of picture, repeated."""
    folder, ffmpeg = setting.folder, setting.ffmpeg
    minute, tone, film = (folder / f"{n}-{seconds}.mp4" for n in ("minute", "tone", "film"))
    noise = f"testsrc2=size=1920x1080:rate=30:duration={min(60, seconds)},noise=alls=12:allf=t"
    encoder = ("-c:v", "libx264", "-preset", "superfast", "-b:v", "5M", "-maxrate", "5M", "-bufsize", "10M")
    groups = ("-g", "60", "-keyint_min", "60", "-sc_threshold", "0", "-flags", "+cgop", "-pix_fmt", "yuv420p")
    setting.call(*ffmpeg, "-f", "lavfi", "-i", noise, *encoder, *groups, str(minute))
    repeated = ("-stream_loop", str(-(-seconds // 60) - 1), "-i", str(minute))
    if not sound:
        setting.call(*ffmpeg, *repeated, "-c", "copy", str(film))
        return film
    sweep = f"sine=frequency=300:beep_factor=4:duration={-(-seconds // 60) * 60 if seconds > 60 else seconds}"
    stereo = ("-ac", "2", "-ar", "48000", "-c:a", "aac", "-b:a", "128k")
    setting.call(*ffmpeg, "-f", "lavfi", "-i", sweep, *stereo, str(tone))
    setting.call(*ffmpeg, *repeated, "-i", str(tone), "-map", "0:v", "-map", "1:a", "-c", "copy", str(film))
    return film


def spent(commands: list[list[str]], cwd: Path, env: dict[str, str] | None = None) -> tuple[float, float]:
    """CPU seconds and seconds on the clock of commands, one after the other."""
    each = [usage.cpu_seconds(c, cwd, env) for c in commands]
    return sum(cpu for cpu, _ in each), sum(clock for _, clock in each)


def seconds(values: list[float]) -> str:
    return f"{median(values):.2f} s"


def ratio(ours: list[float], others: list[float]) -> str:
    """The median of the ratios, pair by pair, and the least and most where there are several."""
    found = [a / b for a, b in zip(ours, others, strict=True)]
    middle = f"{median(found):.3f}"
    return middle if len(found) == 1 else f"{middle} ({min(found):.3f} to {max(found):.3f})"


def show(rows: list[list[str]], *, markdown: bool) -> str:
    return table(HEAD, rows, markdown=markdown)


def presets_at(folder: Path, shift: int) -> Path:
    """The shipped presets with another CRF for H.264, and no other difference."""
    folder.mkdir()
    for preset in sorted((REPOSITORY / "presets").glob("*.toml")):
        text, before = preset.read_text(), re.compile(r"^crf = (\d+)", re.MULTILINE)
        changed = before.sub(lambda found: f"crf = {int(found[1]) + shift}", text, count=1)
        (folder / preset.name).write_text(changed)
    return folder
