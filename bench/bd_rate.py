"""Quality for the bits: VMAF of an encode against its source, and the BD-rate of one series of encodes against another.

BD-rate (Bjontegaard, VCEG-M33) is by how many per cent more bits a series needs than another at the same quality, on
average over the qualities that both reach. It is computed by the package `bjontegaard`, in a virtual environment of its
own: it brings NumPy and SciPy, which nothing else here needs.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ingest.media.toolchain import Toolchain

LIBRARY = "bjontegaard==1.3.0"
# One line in, one line out; the other way round would be asked for by "require_matching_points".
_ASK = """
import json, sys, warnings
import bjontegaard
warnings.simplefilter("ignore")
for line in sys.stdin:
    a, b = json.loads(line)
    rate = [[p[0] for p in series] for series in (a, b)]
    score = [[p[1] for p in series] for series in (a, b)]
    low, high = max(map(min, score)), min(map(max, score))
    found = None
    if low < high:
        found = float(bjontegaard.bd_rate(
            rate[0], score[0], rate[1], score[1], method="pchip", require_matching_points=False
        ))
    print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True, order=True)
class Point:
    """One encode: bits a second, and mean VMAF."""

    rate: float
    vmaf: float


def environment(folder: Path, *requirements: str) -> Path:
    """The `bin` folder of a new virtual environment in `folder` with `requirements` from PyPI."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    install = [str(folder / "bin/pip"), "install", "-q", "--disable-pip-version-check", *requirements]
    subprocess.run(install, check=True)
    return folder / "bin"


def bd_rates(binaries: Path, pairs: Sequence[tuple[Sequence[Point], Sequence[Point]]]) -> list[float | None]:
    """For each pair of an anchor and another series: per cent of bits that the other needs more; None where they have
    no quality in common, or fewer than two points of their own.

    Args:
        binaries: of an environment that has `LIBRARY`.
    """
    lines = [
        json.dumps([[(p.rate, p.vmaf) for p in rising(series)] for series in pair])
        if all(len(rising(series)) > 1 for series in pair)
        else "[[[1, 1]], [[1, 2]]]"
        for pair in pairs
    ]
    asked = subprocess.run(
        [str(binaries / "python"), "-c", _ASK],
        input="\n".join(lines),
        check=True,
        capture_output=True,
        text=True,
    )
    return [json.loads(line) for line in asked.stdout.splitlines()]


def rising(series: Sequence[Point]) -> list[Point]:
    """The points by rate, without those that cost more and are no better: a curve of quality can only rise."""
    kept: list[Point] = []
    for point in sorted(series):
        if not kept or point.vmaf > kept[-1].vmaf:
            kept.append(point)
    return kept


def vmaf(
    tools: Toolchain, source: Path, made: Path, size: tuple[int, int], folder: Path, every: int = 3
) -> float:
    """Mean VMAF (vmaf_v0.6.1) of every `every`th picture, both sides scaled to `size` as a player would."""
    log = folder / "vmaf.json"
    same = f"scale={size[0]}:{size[1]}:flags=bicubic,format=yuv420p,setsar=1,settb=AVTB,setpts=PTS-STARTPTS"
    graph = (
        f"[0:v:0]{same}[a];[1:v:0]{same}[b];"
        f"[a][b]libvmaf=n_subsample={every}:n_threads=2:log_fmt=json:log_path={log.name}:shortest=1"
    )
    argv = [str(tools.ffmpeg.path), "-nostdin", "-v", "error", "-i", str(made), "-i", str(source)]
    subprocess.run([*argv, "-lavfi", graph, "-f", "null", "-"], check=True, cwd=folder)
    mean: float = json.loads(log.read_text())["pooled_metrics"]["vmaf"]["mean"]
    return mean


def whole(init: Path, segments: Sequence[Path], file: Path) -> Path:
    """A rendition's segments as one file."""
    with file.open("wb") as out:
        for part in (init, *segments):
            out.write(part.read_bytes())
    return file
