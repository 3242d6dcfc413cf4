"""Measures a copied rendition against `ffmpeg -c copy` to HLS, on the clock and in CPU seconds. Run by hand.

    python bench/copying.py [--seconds 3600] [--rounds 1]

The source is made here: 1080p30 H.264 at about 5 Mbit/s with a key picture every two seconds, and AAC. Its picture is a
minute that is repeated, which copying does not notice. Target: wall at most twice the baseline's and a second more, and
an hour in less than 20 s.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ingest.media.toolchain import find

NOISE = "testsrc2=size=1920x1080:rate=30:duration=60,noise=alls=12:allf=t"
ENCODER = ("-c:v", "libx264", "-preset", "superfast", "-b:v", "5M", "-maxrate", "5M", "-bufsize", "10M")
GROUPS = ("-g", "60", "-keyint_min", "60", "-sc_threshold", "0", "-flags", "+cgop", "-pix_fmt", "yuv420p")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    table = Table("round", "what", "wall s", "CPU s")
    with tempfile.TemporaryDirectory(prefix="copying-") as name:
        folder = Path(name)
        source = make_source(folder, options.seconds)
        for number in range(1, options.rounds + 1):
            baseline = spent(hls(source, folder / f"hls{number}"), folder)
            table.add_row(str(number), "ffmpeg -c copy to HLS", *baseline)
            out = folder / f"out{number}"
            run = (sys.executable, "-m", "ingest", "run", str(source), "--res", "fhd", "-q", "-o", str(out))
            whole = spent((*run, "--copy", "require"), folder)
            table.add_row(str(number), "ingest run --copy require", *whole)
            for step in json.loads((out / "job.json").read_bytes())["steps"]:
                if step["seconds"] >= 1:
                    cpu = f"{step['cpuSeconds']:.1f}" if step["cpuSeconds"] is not None else ""
                    table.add_row("", f"  {step['message']}", f"{step['seconds']:.1f}", cpu)
    Console().print(table)


def make_source(folder: Path, seconds: int) -> Path:
    """A minute of picture repeated, beside sound of the whole length."""
    minute, sound, source = (folder / n for n in ("minute.mp4", "sound.m4a", "source.mp4"))
    program = (str(find().ffmpeg.path), "-nostdin", "-v", "error", "-y")
    call(*program, "-f", "lavfi", "-i", NOISE, *ENCODER, *GROUPS, str(minute))
    call(*program, "-f", "lavfi", "-i", f"sine=duration={seconds}", "-ac", "2", "-c:a", "aac", str(sound))
    loop = ("-stream_loop", str(-(-seconds // 60) - 1), "-i", str(minute), "-i", str(sound))
    call(*program, *loop, "-map", "0:v", "-map", "1:a", "-c", "copy", str(source))
    return source


def hls(source: Path, folder: Path) -> tuple[str, ...]:
    folder.mkdir()
    program = (str(find().ffmpeg.path), "-nostdin", "-v", "error", "-y", "-i", str(source), "-c", "copy")
    options = ("-hls_time", "6", "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4")
    return (*program, *options, str(folder / "index.m3u8"))


def call(*command: str) -> None:
    subprocess.run(command, check=True)


def spent(command: tuple[str, ...], folder: Path) -> tuple[str, str]:
    """Seconds on the clock, and CPU seconds of the whole process tree."""
    began = time.monotonic()
    environment = os.environ | {"INGEST_HOME": str(folder / "home")}
    child = subprocess.Popen(command, cwd=folder, env=environment)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{command[0]} ended with {child.returncode}")
    return f"{time.monotonic() - began:.1f}", f"{usage.ru_utime + usage.ru_stime:.1f}"


if __name__ == "__main__":
    main()
