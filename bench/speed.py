"""Every case of the speed table: what a job costs beside what else one could do. Run by hand, on Linux.

    python bench/speed.py scripts [--seconds 60]     a separate ffmpeg for each rendition, as scripts do it
    python bench/speed.py streamer [--seconds 60] [--media DIR]   Shaka Streamer, and BD-rate over the clips in DIR
    python bench/speed.py copying [--seconds 3600]   a copied rendition beside ffmpeg -c copy
    python bench/speed.py stills [--seconds 600]     previews and poster alone beside a full decode
    python bench/speed.py verification [--seconds 60]
    python bench/speed.py growth [--seconds 600]     10 s, 1 min, 10 min, ... up to --seconds of the same
    python bench/speed.py chunks [--seconds 180]     pieces beside one piece, CPU and BD-rate

A and its baseline B run one right after the other; CPU seconds are those of the whole process tree.
"""

from __future__ import annotations

import argparse
import compileall
import tempfile
from collections.abc import Callable
from pathlib import Path

import speed_chunks
import speed_copying
import speed_growth
import speed_scripts
import speed_stills
import speed_streamer
import speed_verification
from speed_common import Setting, show

import ingest
from ingest.media import toolchain

Case = Callable[[Setting], list[list[str]]]
# Seconds of film where none are given.
CASES: dict[str, tuple[Case, int]] = {
    "scripts": (speed_scripts.rows, 60),
    "streamer": (speed_streamer.rows, 60),
    "copying": (speed_copying.rows, 3600),
    "stills": (speed_stills.rows, 600),
    "verification": (speed_verification.rows, 60),
    "growth": (speed_growth.rows, 600),
    "chunks": (speed_chunks.rows, 180),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("case", choices=CASES)
    parser.add_argument("--seconds", type=int, help="of film")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--res", default="sd,hd,fhd")
    parser.add_argument("--media", type=Path, help="folder of clips for BD-rate; none: no BD-rate")
    parser.add_argument("--clip-seconds", type=int, default=5, help="of each of these clips")
    parser.add_argument("--markdown", action="store_true", help="as bench/README.md has it")
    options = parser.parse_args()
    # As pip leaves an installed package: an editable one may have no bytecode yet.
    compileall.compile_dir(Path(ingest.__file__).parent, quiet=1)
    case, seconds = CASES[options.case]
    with tempfile.TemporaryDirectory(prefix="ingest-speed-") as name:
        setting = Setting(
            tools=toolchain.find(),
            folder=Path(name),
            seconds=options.seconds or seconds,
            rounds=options.rounds,
            res=options.res,
            media=options.media and options.media.resolve(),
            clip_seconds=options.clip_seconds,
        )
        rows = case(setting)
    title = f"{options.case}, {setting.seconds} s, {setting.rounds} rounds"
    print(f"#### {title}" if options.markdown else title, show(rows, markdown=options.markdown), sep="\n\n")


if __name__ == "__main__":
    main()
