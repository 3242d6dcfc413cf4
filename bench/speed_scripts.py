"""The main job beside what scripts do: ffmpeg once for each rendition, once for its stills, and the packager."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import usage
from hand_written import X264
from speed_common import abr, ratio, seconds, spent

if TYPE_CHECKING:
    from pathlib import Path

    from speed_common import Setting

AT_MOST = "0.80"
CRF = {"sd": 21, "hd": 22, "fhd": 22}  # as the presets have it
RENDITION = """-i {film} -map 0:v:0 -vf scale={width}:{height} -c:v libx264 {x264} -profile:v high -crf {crf}
  -maxrate {cap} -bufsize {buffer} -g {gop} -keyint_min {gop} -sc_threshold 0 {name}.mp4"""
OTHERS = (
    "-i {film} -map 0:a:0 -c:a aac -b:a 128k -ac 2 audio.mp4",
    "-i {film} -map 0:v:0 -vf fps=12/{seconds} -q:v 2 poster-%03d.jpg",
    "-i {film} -map 0:v:0 -vf fps=1,scale=160:-2 -q:v 3 preview-%05d.jpg",
)


def rows(setting: Setting) -> list[list[str]]:
    film, ours, others = setting.film(), [], []
    for number in range(setting.rounds):
        package, work = setting.folder / f"package-{number}", setting.folder / f"by-hand-{number}"
        run = setting.job(film, package, "--res", setting.res, "--copy", "never")
        ours.append(usage.watch(run, setting.folder, setting.environment()).cpu)
        work.mkdir()
        others.append(spent(by_hand(setting, film, abr(package)), work)[0])
    return [
        ["A: `ingest run`, CPU", seconds(ours), ""],
        ["B: ffmpeg for each rendition, sound and stills, and the packager, CPU", seconds(others), ""],
        ["A / B", ratio(ours, others), AT_MOST],
    ]


def by_hand(setting: Setting, film: Path, made: dict[str, Any]) -> list[list[str]]:
    """The commands, with the sizes and caps that the job has chosen."""
    commands = []
    for rung in made["rungs"]:
        values = {
            "film": film,
            "name": rung["resolution"],
            "x264": X264,
            "crf": CRF[rung["resolution"]],
            "width": rung["width"],
            "height": rung["height"],
            "cap": rung["maxBitrate"],
            "buffer": 2 * rung["maxBitrate"],
            "gop": round(2 * rung["meanFrameRate"]),
        }
        commands.append([*setting.ffmpeg, *shlex.split(RENDITION.format_map(values))])
    values = {"film": film, "seconds": made["durationSeconds"]}
    commands += [[*setting.ffmpeg, *shlex.split(other.format_map(values))] for other in OTHERS]
    names = [r["resolution"] for r in made["rungs"]]
    commands.append([str(setting.tools.packager.path), *packaging(names)])
    return commands


def packaging(names: list[str]) -> list[str]:
    def stream(name: str, kind: str) -> str:
        place = f"init_segment={name}/init.mp4,segment_template={name}/$Number$.m4s"
        return f"in={name}.mp4,stream={kind},{place}"

    streams = [stream(name, "video") for name in names] + [stream("audio", "audio")]
    written = ["--hls_master_playlist_output=master.m3u8", "--mpd_output=manifest.mpd"]
    return [
        *streams,
        "--segment_duration=6",
        "--hls_playlist_type=VOD",
        "--generate_static_live_mpd",
        *written,
    ]
