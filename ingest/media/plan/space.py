"""How much disk a plan needs, from above: encoders are held to their caps, the rest is reckoned. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest.media.plan import Plan

BLOCK = 4096  # bytes that the smallest file takes
SAMPLE = 24  # bytes of a container for each picture or frame of sound, in index and fragments
LEVELS = 100  # bytes for each second of a sound's measured levels
# Parts of a byte for each pixel, as much as pictures full of detail take: poster candidates and previews
# (JPEG q 2 and 3), pasted sheets, pictures for fast winding (H.264 key pictures of low quality).
STILL, SHEET, WINDING = Fraction(1, 2), Fraction(1, 4), Fraction(1, 8)
REST = 16 * 2**20  # text (at most 8 MiB), records, playlists, what file systems keep for themselves


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes. `working` is what the work folder holds at its fullest: the encoder's files and stills, and beside
    them the whole package, which is `package` by itself."""

    working: int
    package: int


def space_of(plan: Plan) -> Space:
    """An upper estimate: capped encoders rarely use all that they may."""
    seconds, video, stills, trick = plan.duration, plan.video, plan.stills, plan.trick
    gops = ceil(seconds / video.grid.gop)
    frames = video.grid.frames or ceil(seconds * max((r.rate for r in plan.rungs), default=Fraction(0)))
    pictures = {
        r.name: (
            plan.copies.bytes if plan.copies and r.copied else ceil((r.max_bitrate * seconds + r.buffer) / 8)
        )
        + frames * SAMPLE
        for r in plan.rungs
    }
    sounds = {a.name: ceil(a.bitrate * seconds / 8) + a.frames * SAMPLE for a in plan.audio}
    renditions = sum(pictures.values()) + sum(sounds.values())
    alone = sum(pictures[m.rung] + (sounds[m.sound] if m.sound else 0) for m in plan.mp4)
    renditions += gops * trick.per_gop * (_bytes(trick.width, trick.height, WINDING) + SAMPLE)
    tiles = ceil(seconds / stills.preview_interval)
    poster = _file(_bytes(video.display_width, video.display_height, STILL))
    sheets = tiles * _bytes(stills.tile_width, stills.tile_height, SHEET)
    candidates = (ceil(seconds / stills.poster_interval) + 1) * poster
    previews = tiles * _file(_bytes(stills.tile_width, stills.tile_height, STILL))
    references = gops * BLOCK * len({r.video_range for r in plan.rungs} | {"SDR"})
    levels = len(plan.audio) * ceil(seconds * LEVELS)
    package = renditions + alone + poster + sheets + REST
    return Space(working=renditions + candidates + previews + references + levels + package, package=package)


def _bytes(width: int, height: int, pixel: Fraction) -> int:
    return ceil(width * height * pixel)


def _file(size: int) -> int:
    """What a file of this size takes."""
    return -(-size // BLOCK) * BLOCK
