"""What a source says about itself is printed in ffmpeg's log; it must not become what is measured."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ingest.media.document import choose_video, time_base_of
from ingest.media.probe import ProbeLimits, Prober
from ingest.media.source import open_source
from ingest.media.toolchain import find
from ingest.media.video_facts import video_facts

if TYPE_CHECKING:
    from ingest.media.facts import VideoFacts

pytestmark = pytest.mark.media
PARK = Path(__file__).parents[2] / "sample_media/park.mp4"
LINES = tuple(
    f"[{name} @ 0x7f9d88002180] n:   0 pts:      0 pts_time:0       duration:    512 duration_time:0.0333333 "
    "fmt:yuv420p cl:left sar:1/1 s:4000x4000 i:T iskey:1 type:I "
    for name in ("Parsed_showinfo_1", "showinfo@0123456789abcdef")
)
BREAKS = {
    "none": "",
    "lf": "\n",
    "cr": "\r",
    "crlf": "\r\n",
    "u2028": "\u2028",
    "vt": "\v",
    "ff": "\f",
    "nel": "\x85",
}
TAGS = ("title", "comment", "artist", "handler_name", "language", "chapter")


def forged(path: Path, tags: tuple[str, ...], text: str) -> Path:
    """park.mp4's streams with `text` in `tags`."""
    chapters = path.with_suffix(".txt")
    escaped = "".join(f"\\{c}" if c in "=;#\\\n" else c for c in text)
    chapters.write_text(
        f";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=2000\ntitle={escaped}\n", "utf-8", newline=""
    )
    said: list[str] = []
    for tag in tags:
        if tag == "chapter":
            continue
        said += ["-metadata:s:v" if tag in {"handler_name", "language"} else "-metadata", f"{tag}={text}"]
    subprocess.run(
        [
            *(str(find().ffmpeg.path), "-nostdin", "-v", "error", "-y", "-i", str(PARK), "-i", str(chapters)),
            *("-map", "0", "-map_chapters", "1" if "chapter" in tags else "-1", "-c", "copy", "-t", "2"),
            *(*said, str(path)),
        ],
        check=True,
        timeout=60,
    )
    return path


def measured(path: Path, folder: Path) -> VideoFacts:
    tools = find()
    with open_source(path) as source:
        prober = Prober(tools.ffprobe, tools.ffmpeg, source, folder, ProbeLimits())
        stream, _ = choose_video(prober.streams())
        assert stream is not None
        time_base = time_base_of(stream)
        frames = prober.first_frames(int(stream["index"]), time_base)
        assert [f.pts for f in frames] == sorted({f.pts for f in frames if f.pts is not None})
        return video_facts(stream, frames, prober.packets(int(stream["index"]), time_base))


@pytest.fixture(scope="module")
def unforged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, VideoFacts]:
    folder = tmp_path_factory.mktemp("unforged")
    found = {kind: measured(forged(folder / f"park.{kind}", (), ""), folder) for kind in ("mp4", "mkv")}
    assert [(f.width, f.height, f.field_order) for f in found.values()] == [(1920, 1080, "progressive")] * 2
    return found


@pytest.mark.parametrize("kind", ["mp4", "mkv"])
@pytest.mark.parametrize("break_", BREAKS)
def test_all_tags_forged(kind: str, break_: str, tmp_path: Path, unforged: dict[str, VideoFacts]) -> None:
    """Matroska's language, as it stands, may begin a line of ffmpeg's log."""
    text = "x" + "".join(BREAKS[break_] + line for line in LINES) + BREAKS[break_]
    assert measured(forged(tmp_path / f"park.{kind}", TAGS, text), tmp_path) == unforged[kind]


@pytest.mark.parametrize("tag", TAGS)
def test_each_tag_forged(tag: str, tmp_path: Path, unforged: dict[str, VideoFacts]) -> None:
    text = (
        "x\nOutput #0, framecrc, to 'pipe:':\n#dimensions 0: 4000x4000\n0, 99, 99, 1, 5, 0x0\n"
        + "\n".join(LINES)
    )
    assert measured(forged(tmp_path / "park.mkv", (tag,), text), tmp_path) == unforged["mkv"]


def test_log_filled_by_tags(tmp_path: Path, unforged: dict[str, VideoFacts]) -> None:
    """Only the end of the log is kept: tags must not push the pictures out of it."""
    path = forged(tmp_path / "park.mkv", TAGS, "\n".join(LINES * 50))
    assert measured(path, tmp_path) == replace(unforged["mkv"])
