"""The good files that `fuzz` damages: the shared clips, short, in several containers. Nothing is encoded."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mutate import PACKET, Clip

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ingest.media.toolchain import Toolchain

SUFFIXES = (".mp4", ".mov", ".mkv", ".webm", ".ts", ".avi", ".flv")
SECONDS, PICTURES, PIXELS = 0.6, 24, 500_000  # of larger pictures accordingly less, and less often
WHOLE_BYTES = 5_000_000  # larger ones are only taken short
STREAM_BYTES = 400 * PACKET  # of a transport stream, which needs no remuxing to be cut

_ALL, _PLAIN, _PICTURE = ("-map", "0"), ("-map", "0:v", "-map", "0:a?"), ("-map", "0:v:0")
_FRAGMENTS = ("-movflags", "frag_keyframe+empty_moov+default_base_moof", "-frag_duration", "200000")


@dataclass(frozen=True, slots=True)
class Form:
    """A container that a clip is copied into: the first choice of streams that it takes is made."""

    name: str
    streams: tuple[tuple[str, ...], ...]
    options: tuple[str, ...] = ()
    weight: int = 6


FORMS = (
    Form("short.mp4", (_ALL, _PLAIN)),
    Form("fast.mp4", (_PLAIN,), ("-movflags", "faststart")),
    Form("fragments.mp4", (_PLAIN,), _FRAGMENTS),
    Form("short.mov", (_ALL, _PLAIN), weight=3),
    Form("short.mkv", (_ALL, _PLAIN)),
    Form("short.webm", (_PLAIN, _PICTURE), weight=3),
    Form("short.ts", (_PLAIN,)),
    Form("short.avi", (_PLAIN,), weight=3),
    Form("short.flv", (_PLAIN, ("-map", "0:v:0", "-map", "0:a:0")), weight=3),
)


def make(tools: Toolchain, media: Path, folder: Path) -> tuple[Clip, ...]:
    """In a fixed order, made in `folder`; the same ffmpeg writes the same bytes."""
    made: list[Clip] = []
    for source in sorted(p for p in media.iterdir() if p.suffix in SUFFIXES):
        made += _whole(source)
        share = min(1, PIXELS / _pixels(tools, source))
        forms = (_remuxed(tools, source, folder, form, share) for form in FORMS)
        made += [clip for clip in forms if clip is not None]
    return tuple(made)


def digest(clips: Sequence[Clip]) -> str:
    """Tells whether two series were made of the same clips."""
    every = hashlib.sha256()
    for clip in clips:
        every.update(f"{clip.name}:{clip.weight}:".encode() + hashlib.sha256(clip.data).digest())
    return every.hexdigest()[:16]


def _whole(source: Path) -> list[Clip]:
    data = source.read_bytes()
    if source.suffix == ".ts":
        return [Clip(source.name, data[:STREAM_BYTES], weight=20)]
    return [Clip(source.name, data)] if len(data) <= WHOLE_BYTES else []


def _pixels(tools: Toolchain, source: Path) -> int:
    show = ["-select_streams", "v:0", "-show_entries", "stream=width,height", "-of", "csv=p=0"]
    argv = [str(tools.ffprobe.path), "-v", "error", *show, str(source)]
    lines = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.splitlines()
    width, height = lines[0].split(",")[:2]  # a stream of a program is shown twice
    return int(width) * int(height)


def _remuxed(tools: Toolchain, source: Path, folder: Path, form: Form, share: float) -> Clip | None:
    """None where the container does not take what the clip has."""
    target = folder / f"{source.stem}-{form.name}"
    # A first group of pictures that an edit list hides takes no time: the number of pictures is bounded too.
    length = ["-t", f"{share * SECONDS:.3f}", "-frames:v", str(round(share * PICTURES) or 1)]
    for streams in form.streams:
        argv = [str(tools.ffmpeg.path), "-nostdin", "-v", "error", "-y", "-i", str(source), *streams]
        argv += ["-c", "copy", *length, "-fflags", "+bitexact", *form.options, str(target)]
        if subprocess.run(argv, stderr=subprocess.DEVNULL).returncode == 0 and target.stat().st_size > 0:
            return Clip(target.name, target.read_bytes(), max(1, round(share * form.weight)))
    return None
