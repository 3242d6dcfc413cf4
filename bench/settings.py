"""CPU against BD-rate of the encoders' presets over real clips, with the settings that ingest encodes with otherwise.

    python bench/settings.py --media ../shared/media [--codec h264] [--seconds 4] [--markdown]

Excerpts of the clips at 720 lines, each encoded with every preset at a few CRF under the cap of `hd`. BD-rate is by
VMAF, against x264 `veryfast`, the mean over the clips; CPU is that of encoding alone, as a multiple of the anchor's at
the CRF that the shipped preset has (22 for x264). Run by hand, on Linux.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import usage
from bd_rate import LIBRARY, Point, bd_rates, environment, vmaf
from main_job import probe, table

from ingest.media import toolchain
from ingest.media.command.encoders import BESIDE_X264_PRESET

CAP, BUFFER = 4_500_000, 9_000_000  # as presets/hd.toml has it for H.264
SHIPPED = "veryfast as shipped"  # with what ingest asks beside it
CLIPS = {  # and the second at which the excerpt begins
    "sintel-trailer-720p.mp4": 14,
    "park-1080p-h264-aac.mp4": 0,
    "bbb-720p-aac51.mp4": 0,
    "street-portrait-hevc.mp4": 0,
}


@dataclass(frozen=True, slots=True)
class Encoder:
    """`crfs`: that of the shipped presets first, and higher ones; `share`: of the cap for H.264."""

    name: str
    presets: tuple[str, ...]
    crfs: tuple[int, ...]
    share: float
    options: tuple[str, ...]


ENCODERS = {
    "h264": Encoder(
        "libx264",
        ("ultrafast", "superfast", "veryfast", SHIPPED, "faster", "fast", "medium"),
        (22, 27, 32, 37),
        1.0,
        ("-profile:v", "high", "-sc_threshold", "0"),
    ),
    "hevc": Encoder(
        "libx265",
        ("ultrafast", "superfast", "veryfast", "faster", "fast"),
        (25, 29, 33, 37),
        0.69,
        ("-x265-params", "log-level=error:scenecut=0:open-gop=0"),
    ),
    "av1": Encoder(
        "libsvtav1", ("12", "11", "10", "9", "8"), (33, 40, 47, 54), 0.6, ("-svtav1-params", "scd=0")
    ),
}
ANCHOR = ("h264", "veryfast")


@dataclass(frozen=True, slots=True)
class Clip:
    """Uncompressed, so that decoding it costs hardly anything."""

    name: str
    file: Path
    size: tuple[int, int]
    rate: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Curve:
    """One preset on one clip: CPU seconds at the shipped CRF, and a point for each CRF."""

    cpu: float
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Bench:
    """`points`: how many CRF are tried."""

    tools: toolchain.Toolchain
    folder: Path
    points: int

    @property
    def ffmpeg(self) -> list[str]:
        return [str(self.tools.ffmpeg.path), "-y", "-nostdin", "-v", "error"]

    def excerpt(self, clip: Path, start: float, seconds: float) -> Clip:
        """The shorter side is 720 pixels, or the clip's own where that is less."""
        file = self.folder / f"{clip.stem}.y4m"
        fit = r"scale=w='if(gt(iw,ih),-2,min(720,iw))':h='if(gt(iw,ih),min(720,ih),-2)':flags=bicubic"
        graph = f"fps=30,{fit},format=yuv420p" if "street" in clip.name else f"{fit},format=yuv420p"
        cut = ["-ss", f"{start}", "-t", f"{seconds}", "-i", str(clip), "-an", "-vf", graph]
        subprocess.run([*self.ffmpeg, *cut, str(file)], check=True)
        show = ["-count_packets", "-show_entries", "stream=width,height,r_frame_rate,nb_read_packets"]
        width, height, rate, frames = probe(self.tools, file, [*show, "-of", "csv=p=0"]).strip().split(",")
        per_second = int(rate.split("/")[0]) / int(rate.split("/")[1])
        return Clip(clip.stem, file, (int(width), int(height)), per_second, int(frames) / per_second)

    def curve(self, clip: Clip, encoder: Encoder, preset: str) -> Curve:
        points, costs = [], []
        name = preset.partition(" ")[0]
        beside = BESIDE_X264_PRESET[name] if preset == SHIPPED else {}
        for crf in encoder.crfs[: self.points]:
            made = self.folder / "made.mp4"
            gop, cap = str(round(2 * clip.rate)), round(CAP * encoder.share)
            argv = [
                *self.ffmpeg,
                "-i",
                str(clip.file),
                "-c:v",
                encoder.name,
                "-preset",
                name,
                "-crf",
                f"{crf}",
            ]
            argv += ["-maxrate", f"{cap}", "-bufsize", f"{2 * cap}", "-g", gop, "-keyint_min", gop]
            argv += [word for option, value in beside.items() for word in (f"-{option}", f"{value}")]
            argv += [*encoder.options, "-flags:v", "+cgop", str(made)]
            costs.append(usage.cpu_seconds(argv, self.folder)[0])
            reached = vmaf(self.tools, clip.file, made, clip.size, self.folder)
            points.append(Point(8 * made.stat().st_size / clip.seconds, reached))
        return Curve(costs[0], tuple(points))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--media", type=Path, required=True)
    parser.add_argument("--codec", choices=ENCODERS, action="append", help="these alone; repeatable")
    parser.add_argument("--seconds", type=float, default=4, help="of each clip")
    parser.add_argument("--clips", type=int, default=len(CLIPS), help="so many of them")
    parser.add_argument("--points", type=int, default=4, help="so many CRF, at least 2")
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    chosen = options.codec or list(ENCODERS)
    kinds = [(c, p) for c in ENCODERS for p in ENCODERS[c].presets if c in chosen or (c, p) == ANCHOR]
    with tempfile.TemporaryDirectory(prefix="ingest-settings-") as name:
        bench = Bench(toolchain.find(), Path(name), options.points)
        found: dict[tuple[str, str], list[Curve]] = {kind: [] for kind in kinds}
        for clip_name, start in list(CLIPS.items())[: options.clips]:
            clip = bench.excerpt(options.media / clip_name, start, options.seconds)
            for codec, preset in kinds:
                print(f"{clip.name} {codec} {preset}", file=sys.stderr, flush=True)
                encoder = ENCODERS[codec]
                found[codec, preset].append(bench.curve(clip, encoder, preset))
            clip.file.unlink()
        library = environment(bench.folder / "bd", LIBRARY)
        rows = [row(library, kind, curves, found[ANCHOR]) for kind, curves in found.items()]
    head = [
        "encoder, preset",
        "CPU of veryfast's",
        "kbit/s at the preset's CRF",
        "VMAF there",
        "BD-rate, mean",
        "clip by clip",
    ]
    print(table(head, rows, markdown=options.markdown))


def row(library: Path, kind: tuple[str, str], curves: list[Curve], anchor: list[Curve]) -> list[str]:
    rates = bd_rates(library, [(a.points, c.points) for a, c in zip(anchor, curves, strict=True)])
    known = [r for r in rates if r is not None]
    return [
        f"{ENCODERS[kind[0]].name} {kind[1]}",
        f"{mean(c.cpu / a.cpu for a, c in zip(anchor, curves, strict=True)):.2f}",
        f"{mean(c.points[0].rate for c in curves) / 1000:.0f}",
        f"{mean(c.points[0].vmaf for c in curves):.1f}",
        f"{mean(known):+.1f} %" if known else "-",
        ", ".join("-" if r is None else f"{r:+.0f}" for r in rates),
    ]


if __name__ == "__main__":
    main()
