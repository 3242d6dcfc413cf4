"""Ingests an hour of 29.97 pictures a second and measures whether sound and picture drift apart. Run by hand.

    python bench/one_hour.py [--seconds 3600]

The film is black with a white picture every 300 pictures (10.01 s) and a beep that begins with it. Measured are the sum
of EXTINF against the length of the film, every picture's time, and beep against flash at the start, middle and end.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import tempfile
import time
from array import array
from fractions import Fraction
from math import ceil
from pathlib import Path

import m3u8
from rich.console import Console
from rich.table import Table
from tiny_preset import preset

import ingest
from ingest.media.toolchain import find

RATE = Fraction(30000, 1001)
EVERY = 300  # pictures
SAMPLES = 8000  # a second, when the sound is looked at
NEAR = 4  # flashes around each place
LIMIT = 0.020  # seconds
PRESET = preset("hour", (160, 90), gop=2, segment=6, max_frame_rate=60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=3600)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="one-hour-") as name:
        folder = Path(name)
        os.environ["INGEST_HOME"] = str(folder / "home")
        source = make_source(folder / "hour.mp4", seconds)
        presets = folder / "presets"
        presets.mkdir()
        (presets / "hour.toml").write_text(PRESET, "utf-8")
        started = time.monotonic()
        record = ingest.run(source, "hour", folder / "package", preset_dir=presets)
        taken = time.monotonic() - started
        if record.status != "COMPLETED":
            raise SystemExit(f"{record.status}: {record.error}")
        show(folder / "package", seconds, taken)


def make_source(path: Path, seconds: int) -> Path:
    """Pictures 0, 300, 600 ... are white, and a tone of 1 kHz begins with each, for 80 ms."""
    period = float(EVERY / RATE)
    white = rf"drawbox=color=white:t=fill:enable=not(mod(n\,{EVERY}))"
    tone = rf"0.5*sin(2*PI*1000*mod(t\,{period}))*lt(mod(t\,{period})\,0.08)"
    run(
        *("-f", "lavfi", "-i", f"color=black:size=160x90:rate={RATE}:duration={seconds},{white}"),
        *("-f", "lavfi", "-i", f"aevalsrc={tone}:s=48000:d={seconds}", "-c:a", "aac", "-b:a", "64k"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-crf", "30", "-pix_fmt", "yuv420p", str(path)),
    )
    return path


def show(package: Path, seconds: int, taken: float) -> None:
    video = join(package / "video/hour/index.m3u8")
    sound = join(next((package / "audio").iterdir()) / "index.m3u8")
    times = picture_times(video)
    light = [times[n] for n in flashes(video)]
    length = len(times) / RATE
    extinf = sum(
        (Fraction(str(s.duration)) for s in m3u8.load(str(package / "video/hour/index.m3u8")).segments),
        Fraction(0),
    )
    off_grid = sum(1 for n, t in enumerate(times) if t != n / RATE)
    samples = decoded(sound)
    table = Table(title=f"{seconds} s at {RATE} pictures a second, ingested in {taken:.0f} s")
    for column in ("measured", "value", "at most"):
        table.add_column(column, justify="left" if column == "measured" else "right")
    table.add_row("pictures", str(len(times)), str(ceil(seconds * RATE)))
    table.add_row("pictures off the grid", str(off_grid), "0")
    table.add_row(
        "EXTINF sum less length, ms", f"{float(extinf - length) * 1000:.3f}", f"{1000 / float(RATE):.1f}"
    )
    worst = 0.0
    for place, at in (("start", 1), ("middle", len(light) // 2), ("end", len(light) - NEAR)):
        errors = [beep(samples, t) - float(t) for t in light[max(0, at) : at + NEAR]]
        error = max(errors, key=abs)
        worst = max(worst, abs(error))
        table.add_row(f"beep less flash at the {place}, ms", f"{error * 1000:+.2f}", f"{LIMIT * 1000:.0f}")
    Console().print(table)
    if off_grid or abs(extinf - length) > 1 / RATE or worst > LIMIT:
        raise SystemExit("out of bounds")


def join(playlist: Path) -> Path:
    parsed = m3u8.load(str(playlist))
    target = playlist.with_suffix(".joined.mp4")
    with target.open("wb") as file:
        for uri in (parsed.segment_map[0].uri, *(s.uri for s in parsed.segments)):
            file.write((playlist.parent / uri).read_bytes())
    return target


def picture_times(path: Path) -> list[Fraction]:
    asked = ("-select_streams", "v", "-show_entries", "stream=time_base:packet=pts", "-of", "json", str(path))
    answer = subprocess.run(
        [str(find().ffprobe.path), "-v", "error", *asked], check=True, capture_output=True
    )
    document = json.loads(answer.stdout)
    tick = Fraction(document["streams"][0]["time_base"])
    return sorted(int(p["pts"]) * tick for p in document["packets"])


def flashes(path: Path) -> list[int]:
    """Numbers of the white pictures."""
    grey = run(
        "-i", str(path), "-vf", "scale=1:1,format=gray", "-fps_mode", "passthrough", "-f", "rawvideo", "-"
    )
    return [found.start() for found in re.finditer(rb"[\x80-\xff]", grey)]


def decoded(path: Path) -> array[int]:
    """The whole sound, one channel of 16 bits, from 0 on."""
    samples = array("h")
    samples.frombytes(run("-i", str(path), "-ac", "1", "-ar", str(SAMPLES), "-f", "s16le", "-"))
    return samples


def beep(samples: array[int], light: Fraction) -> float:
    """When the tone nearest to `light` begins: the first sample above a quarter of full scale within a second."""
    first = max(0, round((light - 1) * SAMPLES))
    found = next(n for n in range(first, first + 2 * SAMPLES) if abs(samples[n]) > 8192)
    return found / SAMPLES


def run(*arguments: str) -> bytes:
    command = (str(find().ffmpeg.path), "-nostdin", "-v", "error", *arguments)
    return subprocess.run(command, check=True, capture_output=True).stdout


if __name__ == "__main__":
    main()
