"""Renditions that are made at once, for benches in which it is not the pictures that count."""

from __future__ import annotations


def preset(
    name: str, box: tuple[int, int], *, gop: int = 1, segment: int = 2, max_frame_rate: int = 30
) -> str:
    """A preset as a file has it; `gop` and `segment` in seconds."""
    return f"""
name = "{name}"
title = "{name.capitalize()}"
box = [{box[0]}, {box[1]}]
[video]
codec = "h264"
profile = "high"
speed = "ultrafast"
crf = 30
max_bitrate = "300k"
buffer = "600k"
gop = "{gop}s"
segment = "{segment}s"
max_frame_rate = {max_frame_rate}
[audio]
stereo_bitrate = "64k"
surround_bitrate = "128k"
"""


PRESET = preset("tiny", (128, 72))
