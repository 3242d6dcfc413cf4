"""What the verification inside a job costs, beside decoding every rendition to its end once.

Run by hand, on Linux: `python bench/verification.py [CLIP] [--res sd,hd,fhd] [--runs N] [--loop SECONDS] [--markdown]`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import usage
from main_job import PARK, looped, table

from ingest.media import toolchain

STEP = "Verifying Package"
AT_MOST = 0.25


@dataclass(frozen=True, slots=True)
class Costs:
    """CPU seconds: of the step inside the job, of a command on the package alone, of decoding every rendition."""

    step: float
    command: float
    full: float
    decoding: float


def measure(tools: toolchain.Toolchain, clip: Path, res: str, folder: Path) -> Costs:
    ingest = str(Path(sys.executable).with_name("ingest"))
    package = folder / "package"
    environment = {**os.environ, "INGEST_HOME": str(folder / "home")}
    run = [ingest, "run", str(clip), "--res", res, "-o", str(package)]
    run += ["--copy", "never", "--force", "--progress", "json"]
    step = usage.watch(run, folder, environment).steps[STEP]
    verify = [ingest, "verify", str(package)]
    command, _ = usage.cpu_seconds(verify, folder, environment)
    full, _ = usage.cpu_seconds([*verify, "--full"], folder, environment)
    decoding = sum(
        decode(tools, playlist.parent, folder) for playlist in sorted(package.glob("*/*/index.m3u8"))
    )
    return Costs(step.own + step.programs, command, full, decoding)


def decode(tools: toolchain.Toolchain, rendition: Path, folder: Path) -> float:
    whole = folder / "whole.mp4"
    files = [rendition / "init.mp4", *sorted(rendition.glob("seg-*.m4s"))]
    whole.write_bytes(b"".join(f.read_bytes() for f in files))
    argv = [str(tools.ffmpeg.path), "-nostdin", "-v", "error", "-i", str(whole)]
    cpu, _ = usage.cpu_seconds([*argv, "-fps_mode", "passthrough", "-f", "null", "-"], folder)
    return cpu


def report(rounds: list[Costs], *, markdown: bool) -> str:
    def row(name: str, pick: str, most: str) -> list[str]:
        spent = [getattr(c, pick) for c in rounds]
        ratios = [getattr(c, pick) / c.decoding for c in rounds]
        return [name, f"{median(spent):.2f}", f"{median(ratios):.3f}", most]

    rows = [
        row("decoding every rendition once", "decoding", ""),
        row(f"the step {STEP}", "step", f"{AT_MOST}"),
        row("`ingest verify`, start of Python included", "command", ""),
        row("`ingest verify --full`", "full", ""),
    ]
    return table(["", "CPU s", "of decoding", "at most"], rows, markdown=markdown)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", nargs="?", type=Path, default=PARK)
    parser.add_argument("--res", default="sd,hd,fhd")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--loop", type=float, metavar="SECONDS", help="loop the clip to at least so long")
    parser.add_argument("--markdown", action="store_true", help="print the text for bench/README.md")
    options = parser.parse_args()
    clip: Path = options.clip.resolve()
    with tempfile.TemporaryDirectory(prefix="ingest-bench-") as name:
        folder, tools = Path(name), toolchain.find()
        if options.loop:
            clip = looped(tools, clip, options.loop, folder)
        rounds = [measure(tools, clip, options.res, folder) for _ in range(options.runs)]
        abr = json.loads((folder / "package/info/abr.json").read_bytes())
    seconds = f"{abr['durationSeconds']:.1f} s"
    title = f"{options.clip.name}, {seconds}, `--res {options.res}`, {options.runs} rounds"
    print(
        f"### {title}" if options.markdown else title, report(rounds, markdown=options.markdown), sep="\n\n"
    )


if __name__ == "__main__":
    main()
