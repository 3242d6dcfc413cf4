"""What chunks cost: one film encoded in pieces and in one, CPU seconds, bytes and VMAF beside each other.

The film is a clip, looped. Both jobs make the same renditions with the same settings; INGEST_CHUNK_SECONDS differs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from main_job import PARK, looped

from ingest.media import toolchain

TRANSCODING = 9001


@dataclass(frozen=True)
class Made:
    """One job: how many chunks, CPU seconds of its encoding, and by rendition bytes and mean VMAF."""

    chunks: int
    cpu: float
    renditions: dict[str, tuple[int, float]]


def made(clip: Path, res: str, output: Path, chunk_seconds: int, presets: Path | None = None) -> Made:
    environment = os.environ | {
        "INGEST_HOME": str(output.parent / "home"),
        "INGEST_CHUNK_SECONDS": str(chunk_seconds),
    }
    job = ["run", str(clip), "--res", res, "-o", str(output), "--copy", "never", "--quality", "vmaf", "-q"]
    job += ["--preset-dir", str(presets)] if presets else []
    subprocess.run([sys.executable, "-m", "ingest", *job], env=environment, check=True)
    record = json.loads((output / "job.json").read_bytes())
    abr = json.loads((output / "info/abr.json").read_bytes())
    said = [m for m in record["messages"] if m.startswith("Encoded In Chunks")]
    return Made(
        chunks=int(said[0].split(": ")[1].split()[0]) if said else 1,
        cpu=sum(s["cpuSeconds"] for s in record["steps"] if s["code"] == TRANSCODING),
        renditions={r["name"]: (r["bytes"], r["quality"]["mean"]) for r in abr["rungs"]},
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", nargs="?", type=Path, default=PARK)
    parser.add_argument("--loop", type=float, default=60, help="seconds of film, at least")
    parser.add_argument("--chunk", type=int, default=20, help="seconds of a chunk")
    parser.add_argument("--res", default="sd,hd")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ingest-chunks-") as name:
        folder = Path(name)
        film = looped(toolchain.find(), options.clip, options.loop, folder)
        pieces = made(film, options.res, folder / "pieces", options.chunk)
        whole = made(film, options.res, folder / "whole", 10**6)
    print(f"| | {pieces.chunks} chunks | one piece | ratio |")
    print("| --- | ---: | ---: | ---: |")
    print(f"| encoding, CPU s | {pieces.cpu:.1f} | {whole.cpu:.1f} | {pieces.cpu / whole.cpu:.3f} |")
    for rung, (size, vmaf) in pieces.renditions.items():
        other, score = whole.renditions[rung]
        print(f"| {rung}, bytes | {size} | {other} | {size / other:.4f} |")
        print(f"| {rung}, VMAF | {vmaf:.2f} | {score:.2f} | {vmaf - score:+.2f} |")


if __name__ == "__main__":
    main()
