"""What this machine can encode with, proved by a trial encode of each hardware encoder; asked once."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_SOFTWARE = ("libx264", "libx265")


@cache
def encoders() -> Mapping[str, bool]:
    """H.264 and H.265 encoders by ffmpeg's name, and whether they work.

    Raises:
        ToolError: there is no ffmpeg that can be used.
    """
    from ingest.media import toolchain

    ffmpeg = toolchain.find().ffmpeg
    there = toolchain.capabilities(ffmpeg).encoders
    found = {name: name in there for name in _SOFTWARE}
    found |= {
        name: toolchain.trial_encode(ffmpeg, name) is None
        for name in toolchain.hardware_encoders(ffmpeg)
        if name.startswith(("h264_", "hevc_"))
    }
    return MappingProxyType(found)
