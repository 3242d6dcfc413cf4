"""Tiny media, made with the ffmpeg that ingest itself uses."""

from __future__ import annotations

import hashlib
import struct
import subprocess
from functools import cache
from typing import TYPE_CHECKING

from ingest.media.toolchain import find

if TYPE_CHECKING:
    from pathlib import Path

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


@cache
def ffmpeg() -> str:
    """Looked for once: each time starts three programs."""
    return str(find().ffmpeg.path)


class Clips:
    """Makes each clip once, when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self, name: str, *arguments: str) -> Path:
        """Run ffmpeg with `arguments`; the clip is called `name`, in a folder of all that it is made of."""
        folder = self.folder / hashlib.sha256("\0".join((name, *arguments)).encode()).hexdigest()[:16]
        folder.mkdir(exist_ok=True)
        path = folder / name
        if not path.exists():
            command = (ffmpeg(), "-nostdin", "-v", "error", "-y", *arguments, str(path))
            subprocess.run(command, check=True, timeout=120, cwd=self.folder)
        return path

    def tiny(self) -> Path:
        """1 s, 64x64, with sound: the least that is a film."""
        return self.make("tiny.mp4", *picture("64x64", 1), *hiss(1), *X264, "-c:a", "aac")

    def small(self) -> Path:
        """2 s, 320x180, with sound."""
        return self.make("small.mp4", *picture("320x180", 2), *hiss(2), *X264, "-c:a", "aac")

    def long(self) -> Path:
        """60 s, 1280x720: busy for longer than any test needs to catch it at work."""
        once = self.make("once.mp4", *picture("1280x720", 2), *X264)
        return self.make("long.mp4", "-stream_loop", "29", "-i", str(once), "-c", "copy")


def picture(size: str, seconds: float, rate: int = 25) -> tuple[str, ...]:
    return "-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds}"


def hiss(seconds: float) -> tuple[str, ...]:
    """Brown noise, always the same. Not a sine: of one in two equal channels ffmpeg makes AAC five times as slowly."""
    return "-f", "lavfi", "-i", f"anoisesrc=color=brown:amplitude=0.1:seed=1:duration={seconds}"


def box_at(data: bytes, *names: bytes) -> int:
    """Where the payload of the first box on the path `names` begins (ISO/IEC 14496-12)."""
    start, end = 0, len(data)
    for name in names:
        while start < end:
            size, kind = struct.unpack_from(">I4s", data, start)
            if kind == name:
                break
            start += size
        assert start < end, f"no {name!r}"
        start, end = start + 8, start + size
    return start
