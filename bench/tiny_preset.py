"""A rendition that is made at once, for benches in which many jobs run."""

from __future__ import annotations

PRESET = """
name = "tiny"
title = "Tiny"
box = [128, 72]
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
