"""What the main job costs beside one ffmpeg command written by hand for the same encodes.

Run by hand, on Linux: `python bench/main_job.py [CLIP] [--res sd,hd,fhd] [--runs N] [--loop SECONDS] [--markdown]`.
"""

from __future__ import annotations

import argparse
import compileall
import itertools
import json
import os
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

import usage
from hand_written import COMMANDS, X264

import ingest
from ingest.media import toolchain

REPOSITORY = Path(__file__).resolve().parents[1]
PARK = REPOSITORY / "sample_media" / "park.mp4"
HELP_RUNS = 15
SMALL = 0.005  # of the hand-written command: steps below this share one row


@dataclass(frozen=True, slots=True)
class Round:
    """One of each, one right after the other: CPU seconds of the hand-written commands, bytes of their rungs.

    `hand_clock` are the seconds on the clock of the command that only encodes.
    """

    ours: usage.Watched
    hand: float
    hand_clock: float
    hand_stills: float | None
    our_bytes: dict[str, int]
    hand_bytes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Bench:
    """The surroundings of all runs."""

    ingest: str
    tools: toolchain.Toolchain
    clip: Path
    res: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "INGEST_HOME": str(self.folder / "home")}

    def round(self, number: int, *, stills: bool) -> Round:
        package = self.folder / f"package-{number}"
        arguments = [
            *(self.ingest, "run", str(self.clip), "--res", self.res, "-o", str(package)),
            *("--copy", "never"),  # the hand-written command encodes all of them
        ]
        ours = usage.watch([*arguments, "--progress", "json"], self.folder, self.environment)
        abr = json.loads((package / "info" / "abr.json").read_text())
        encodes, encodes_and_stills = COMMANDS[self.res]
        hand, hand_clock, hand_bytes = self._by_hand(encodes, abr)
        return Round(
            ours=ours,
            hand=hand,
            hand_clock=hand_clock,
            hand_stills=self._by_hand(encodes_and_stills, abr)[0] if stills else None,
            our_bytes={r["resolution"]: r["bytes"] for r in abr["rungs"]},
            hand_bytes=hand_bytes,
        )

    def _by_hand(self, command: str, abr: dict[str, Any]) -> tuple[float, float, dict[str, int]]:
        """CPU seconds, seconds on the clock, bytes of each rung."""
        values: dict[str, object] = {"clip": self.clip, "seconds": abr["durationSeconds"], "x264": X264}
        for rung in abr["rungs"]:
            name = rung["resolution"]
            values[name] = rung["maxBitrate"]
            values[f"buffer_{name}"] = 2 * rung["maxBitrate"]
            values[f"{name}_size"] = f"{rung['width']}:{rung['height']}"
            values["gop"] = round(2 * rung["meanFrameRate"])
        argv = [str(self.tools.ffmpeg.path), *shlex.split(command.format_map(values))[1:]]
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            work = Path(name)
            cpu, clock = usage.cpu_seconds(argv, work)
            for rung in abr["rungs"]:
                wanted, found = rung["frames"], self._frames(work / f"{rung['resolution']}.mp4")
                if found != wanted:
                    sys.exit(f"not the same encode: {found} pictures by hand, {wanted} by ingest")
            names = [rung["resolution"] for rung in abr["rungs"]]
            return cpu, clock, {name: (work / f"{name}.mp4").stat().st_size for name in names}

    def _frames(self, file: Path) -> int:
        entries = ["-select_streams", "v:0", "-show_entries", "stream=nb_frames", "-of", "csv=p=0"]
        return int(probe(self.tools, file, entries))


def probe(tools: toolchain.Toolchain, file: Path, arguments: list[str]) -> str:
    argv = [str(tools.ffprobe.path), "-v", "error", *arguments, str(file)]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def looped(tools: toolchain.Toolchain, clip: Path, seconds: float, folder: Path) -> Path:
    """`clip` again and again, at least `seconds` long, nothing encoded again, every picture on an even clock.

    Picture and sound are looped apart: together, the longer of the two would leave a gap in the other at each
    joint.
    """
    show = ["-select_streams", "v:0", "-show_entries", "stream=duration", "-of", "csv=p=0"]
    once = Fraction(probe(tools, clip, show).strip())
    loops = -(-Fraction(seconds) // once)
    ffmpeg = [str(tools.ffmpeg.path), "-y", "-nostdin", "-v", "error"]
    video, audio, both = (folder / f"{name}.mp4" for name in ("video", "audio", "looped"))
    copy = ["-c", "copy"]
    for argv in (
        [*ffmpeg, "-stream_loop", f"{loops - 1}", "-i", str(clip), "-map", "0:v:0", *copy, str(video)],
        [*ffmpeg, "-stream_loop", f"{loops}", "-i", str(clip), "-map", "0:a:0", *copy, str(audio)],
        [
            *(*ffmpeg, "-i", str(video), "-t", str(float(loops * once)), "-i", str(audio)),
            *("-map", "0:v", "-map", "1:a", *copy, str(both)),
        ],
    ):
        subprocess.run(argv, check=True)
    for stream in ("v:0", "a:0"):
        show = ["-select_streams", stream, "-show_entries", "packet=pts", "-of", "csv=p=0"]
        times = sorted(int(line.strip(",")) for line in probe(tools, both, show).split())
        steps = {later - earlier for earlier, later in itertools.pairwise(times)}
        if len(steps) != 1:
            sys.exit(
                f"{clip.name} cannot be looped evenly: steps of {sorted(steps)} ticks in stream {stream}"
            )
    return both


def help_seconds(bench: Bench) -> list[float]:
    runs = [usage.cpu_seconds([bench.ingest, "--help"], bench.folder) for _ in range(HELP_RUNS + 1)]
    return sorted(seconds for _, seconds in runs[1:])  # the first one fills the disk cache


def table(head: list[str], rows: list[list[str]], *, markdown: bool) -> str:
    if markdown:
        lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)
    widths = [max(len(line[i]) for line in (head, *rows)) for i in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in (head, *rows)
    )


def spread(values: list[float], digits: int = 2) -> str:
    """`1.07 (1.05 to 1.09)`: the median, and the least and most where there are several."""
    middle = f"{median(values):.{digits}f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def costs(rounds: list[Round], *, markdown: bool) -> str:
    rows = [
        ["A: `ingest run`", spread([r.ours.cpu for r in rounds], 1), ""],
        [
            "B: ffmpeg by hand, encodes only",
            spread([r.hand for r in rounds], 1),
            spread([r.ours.cpu / r.hand for r in rounds]),
        ],
    ]
    stills = [(r.ours.cpu, r.hand_stills) for r in rounds if r.hand_stills is not None]
    if stills:
        row = "B2: ffmpeg by hand, encodes and stills"
        rows.append([row, spread([b for _, b in stills], 1), spread([a / b for a, b in stills])])
    encodes = [r.ours.steps[usage.ENCODE].programs for r in rounds]
    ratios = [e / r.hand for e, r in zip(encodes, rounds, strict=True)]
    rows.append(["the ffmpeg run inside A, against B", spread(encodes, 1), spread(ratios)])
    return table(["", "CPU s", "ratio, pair by pair"], rows, markdown=markdown)


def breakdown(rounds: list[Round], *, markdown: bool) -> str:
    """Where A's CPU goes: medians of each step, and its share of B."""
    hand = median(r.hand for r in rounds)
    rows: list[list[str]] = []
    own_rest = programs_rest = 0.0
    for step in rounds[0].ours.steps:
        own = median(r.ours.steps[step].own for r in rounds)
        programs = median(r.ours.steps[step].programs for r in rounds)
        if own + programs < SMALL * hand and step != usage.START:
            own_rest, programs_rest = own_rest + own, programs_rest + programs
        else:
            rows.append([step, f"{own:.2f}", f"{programs:.2f}", f"{(own + programs) / hand:.1%}"])
    rest = (own_rest + programs_rest) / hand
    rows.append(["all other steps", f"{own_rest:.2f}", f"{programs_rest:.2f}", f"{rest:.1%}"])
    return table(["step of A", "Python, CPU s", "programs, CPU s", "of B"], rows, markdown=markdown)


def process(rounds: list[Round], helps: list[float], *, markdown: bool) -> str:
    ours = [r.ours for r in rounds]
    rows = [
        ["Python process, CPU s", spread([o.own_cpu for o in ours]), "2 (for a minute)"],
        ["Python process, peak MB", spread([o.own_bytes / 1e6 for o in ours], 0), "150"],
        ["`ingest --help`, s", spread(helps), "0.3"],
        [
            "start of `ingest run` to its first ffmpeg or ffprobe, s",
            spread([o.seconds_to_program for o in ours]),
            "1",
        ],
        ["start of `ingest run` to the encode, s", spread([o.seconds_to_encode for o in ours]), ""],
        ["the same, CPU s", spread([before_encode(o) for o in ours]), ""],
        ["`ingest run`, s on the clock", spread([o.seconds for o in ours], 1), ""],
        ["the same, times B's", spread([r.ours.seconds / r.hand_clock for r in rounds]), "1.12"],
    ]
    return table(["", "measured", "at most"], rows, markdown=markdown)


def before_encode(ours: usage.Watched) -> float:
    """CPU seconds until ffmpeg starts to encode: what the clock would show on a machine with nothing else to do."""
    steps = itertools.takewhile(lambda step: step != usage.ENCODE, ours.steps)
    return sum(ours.steps[step].own + ours.steps[step].programs for step in steps)


def sameness(rounds: list[Round]) -> str:
    last = rounds[-1]
    sizes = ", ".join(f"{n} {last.our_bytes[n] / last.hand_bytes[n]:.3f}" for n in last.our_bytes)
    return f"Same pictures in every rung; bytes of A over bytes of B: {sizes}."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", nargs="?", type=Path, default=PARK)
    known = " or ".join(COMMANDS)
    parser.add_argument("--res", choices=COMMANDS, default="sd,hd,fhd", metavar="NAMES", help=known)
    parser.add_argument("--runs", type=int, default=5, help="rounds of A, B and B2, one after the other")
    parser.add_argument("--loop", type=float, metavar="SECONDS", help="loop the clip to at least so long")
    parser.add_argument("--no-b2", action="store_true", help="leave out B2")
    parser.add_argument("--markdown", action="store_true", help="print the text for bench/README.md")
    options = parser.parse_args()
    # As pip leaves an installed package: an editable one may have no bytecode yet, or an environment that forbids it.
    compileall.compile_dir(Path(ingest.__file__).parent, quiet=1)
    clip: Path = options.clip.resolve()
    with tempfile.TemporaryDirectory(prefix="ingest-bench-") as name:
        folder, tools = Path(name), toolchain.find()
        if options.loop:
            clip = looped(tools, clip, options.loop, folder)
        bench = Bench(str(Path(sys.executable).with_name("ingest")), tools, clip, options.res, folder)
        rounds = []
        for number in range(options.runs):
            print(f"round {number + 1} of {options.runs}", file=sys.stderr, flush=True)
            rounds.append(bench.round(number, stills=not options.no_b2))
        helps = help_seconds(bench)
    loop = f", looped to at least {options.loop:g} s" if options.loop else ""
    title = f"{options.clip.name}{loop}, `--res {options.res}`, {options.runs} rounds"
    parts = [
        f"### {title}" if options.markdown else title,
        costs(rounds, markdown=options.markdown),
        sameness(rounds),
        breakdown(rounds, markdown=options.markdown),
        process(rounds, helps, markdown=options.markdown),
    ]
    print("\n\n".join(parts))


if __name__ == "__main__":
    main()
