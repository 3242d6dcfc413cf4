"""Reads what ffmpeg's `ametadata` filter wrote: how loud each second is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.media.command.reference import LEVEL

if TYPE_CHECKING:
    from pathlib import Path

SILENCE = -120.0  # dBFS; stands for digital silence too, which has no level


def read_levels(path: Path) -> tuple[float, ...]:
    """RMS levels in dBFS, one for each second; empty where the file is absent."""
    if not path.exists():
        return ()
    return parse_levels(path.read_text(encoding="ascii", errors="replace"))


def parse_levels(text: str) -> tuple[float, ...]:
    """
    >>> parse_levels("frame:0 pts:0 pts_time:0\\nlavfi.astats.Overall.RMS_level=-20.5\\n"
    ...     "frame:1 pts:48000 pts_time:1\\nlavfi.astats.Overall.RMS_level=-inf\\n")
    (-20.5, -120.0)
    """
    found = (line.removeprefix(f"{LEVEL}=") for line in text.splitlines() if line.startswith(f"{LEVEL}="))
    return tuple(max(SILENCE, float(value)) if value != "nan" else SILENCE for value in found)
