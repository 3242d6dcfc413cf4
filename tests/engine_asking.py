"""A queue with something in it, for the engine's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ingest.engine.model import LocalSource, Submission
from ingest.engine.queue import JobQueue

if TYPE_CHECKING:
    from pathlib import Path

_PRESET = """
name = "NAME"
title = "Tiny"
box = [320, 180]

[video]
codec = "h264"
profile = "high"
speed = "ultrafast"
crf = 30
max_bitrate = "300k"
buffer = "600k"
gop = "1s"
segment = "2s"
max_frame_rate = 30

[audio]
stereo_bitrate = "64k"
surround_bitrate = "128k"
"""


def preset(name: str) -> str:
    return _PRESET.replace("NAME", name)


def open_queue(tmp_path: Path, **changes: Any) -> JobQueue:
    """On `tmp_path`/home; files in `tmp_path`/films may be asked for."""
    (tmp_path / "films").mkdir(exist_ok=True)
    return JobQueue.open(tmp_path / "home", **{"allowed": [tmp_path / "films"]} | changes)


def film(tmp_path: Path, name: str = "one.mp4", size: int = 4) -> LocalSource:
    path = tmp_path / "films" / name
    path.write_bytes(b"x" * size)
    return LocalSource(path)


def wanted(tmp_path: Path, name: str = "one.mp4", size: int = 4, **changes: Any) -> Submission:
    return Submission(**{"resolutions": ("sd",), "source": film(tmp_path, name, size)} | changes)
