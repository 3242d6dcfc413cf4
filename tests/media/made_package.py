"""Makes a small real package with ffmpeg and Shaka Packager, and completes it as the pipeline would."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from typing import TYPE_CHECKING

from PIL import Image

from ingest.media.toolchain import find
from ingest.packaging.measure import measure_track

if TYPE_CHECKING:
    from pathlib import Path

FRAMES = 336
SECONDS = 14


@cache
def ffmpeg() -> str:
    return str(find().ffmpeg.path)


def tool(*argv: str, cwd: Path) -> None:
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def encode(folder: Path, *, gop: int = 48) -> None:
    """h.mp4 (640x360), s.mp4 (320x180) and a.mp4 (stereo AAC) in `folder`: 14 s, 24 pictures/s."""
    x264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-crf", "30", "-pix_fmt", "yuv420p")
    x264 += ("-x264-params", "8x8dct=1")  # High profile
    cuts = ("-g", str(gop), "-keyint_min", str(gop), "-sc_threshold", "0", "-flags", "+cgop")
    exact = ("-video_track_timescale", "24000")
    tool(
        *(ffmpeg(), "-nostdin", "-v", "error", "-y"),
        *("-f", "lavfi", "-i", f"testsrc2=size=640x360:rate=24:duration={SECONDS}"),
        *("-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={SECONDS}"),
        *("-filter_complex", "[0:v]split[h][b];[b]scale=320:180,setsar=1[s]"),
        *("-map", "[h]", *x264, *cuts, *exact, "h.mp4"),
        *("-map", "[s]", *x264, *cuts, *exact, "s.mp4"),
        *("-map", "1:a", "-c:a", "aac", "-b:a", "96k", "-ac", "2", "-use_editlist", "0", "a.mp4"),
        cwd=folder,
    )


def video(file: str, folder: str) -> str:
    return (
        f"in={file},stream=video,init_segment=pkg/{folder}/init.mp4,"
        f"segment_template=pkg/{folder}/seg-$Number%05d$.m4s,"
        f"playlist_name={folder}/index.m3u8,iframe_playlist_name={folder}/iframes.m3u8"
    )


def package(folder: Path) -> Path:
    """`folder`/pkg: the packager's output, with measured bandwidths, a poster and previews."""
    encode(folder)
    tool(
        str(find().packager.path),
        video("h.mp4", "video/hd"),
        video("s.mp4", "video/sd"),
        "in=a.mp4,stream=audio,language=en,hls_group_id=audio,hls_name=English,"
        "init_segment=pkg/audio/en-stereo/init.mp4,"
        "segment_template=pkg/audio/en-stereo/seg-$Number%05d$.m4s,playlist_name=audio/en-stereo/index.m3u8",
        *("--segment_duration", "6", "--fragment_duration", "2", "--hls_playlist_type", "VOD"),
        *("--hls_master_playlist_output", "pkg/ABR.m3u8", "--mpd_output", "pkg/manifest.mpd"),
        "--generate_static_live_mpd",
        cwd=folder,
    )
    root = folder / "pkg"
    for playlist in root.glob("*/*/*.m3u8"):
        edit(playlist, "TARGETDURATION:7", "TARGETDURATION:6")
    measured(root)
    images(root)
    return root


def edit(path: Path, old: str, new: str) -> None:
    """Replace every `old` in a text file, which must have it."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} not in {path.name}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def measured(root: Path) -> None:
    """Write the measured bandwidths into ABR.m3u8."""
    master = root / "ABR.m3u8"
    sound = measure_track(root / "audio/en-stereo/index.m3u8")
    lines = master.read_text(encoding="utf-8").splitlines()
    for index, line in enumerate(lines):
        if line.startswith("#EXT-X-STREAM-INF:"):
            track = measure_track(root / lines[index + 1])
            peak = track.peak_bandwidth + sound.peak_bandwidth
            average = track.average_bandwidth + sound.average_bandwidth
            rates = f":BANDWIDTH={peak},AVERAGE-BANDWIDTH={average}"
            lines[index] = re.sub(r":BANDWIDTH=\d+,AVERAGE-BANDWIDTH=\d+", rates, line)
    master.write_text("\n".join(lines) + "\n", encoding="utf-8")


def images(root: Path) -> None:
    """A poster of the right shape, and seven previews of two seconds in one sheet."""
    Image.linear_gradient("L").resize((640, 360)).convert("RGB").save(root / "poster.jpg")
    folder = root / "previews"
    folder.mkdir()
    Image.new("RGB", (7 * 160, 90), "teal").save(folder / "sheet-001.jpg")
    cues = [
        f"00:00:{2 * i:02d}.000 --> 00:00:{2 * i + 2:02d}.000\nsheet-001.jpg#xywh={160 * i},0,160,90\n"
        for i in range(7)
    ]
    (folder / "previews.vtt").write_text("\n".join(["WEBVTT\n", *cues]), encoding="utf-8")
    document = {"preview": "previews/sheet-001.jpg", "frameCount": 7, "frameInterval": 2000}
    document |= {"frames": [{"offset": 2000 * i} for i in range(7)]}
    document |= {"width": 160, "height": 90, "nCol": 7, "nRow": 1}
    (folder / "preview.json").write_text(json.dumps(document), encoding="utf-8")
