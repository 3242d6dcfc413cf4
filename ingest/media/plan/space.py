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


# What is written of a set of telemetry, from above: once as JSON or as a cue, as a row of the track, on its maps (which
# have at most so many points), for each byte of it and beside that.
SET_BYTE, SET, ROW, POINT, POINTS = 16, 1024, 400, 2500, 10_000
SMALLEST_SET = 200  # bytes that one without any (a line of a side file) counts as
SOUND_BYTES = 4  # of a sample of sound that has to be made in one form first


@dataclass(frozen=True, slots=True)
class Beside:
    """What else takes disk and changes no rendition.

    Attributes:
        sets: of telemetry.
        set_bytes: of all of them.
        lines: whether the document of all sets is written as NDJSON, too.
        sound_may_change: its channels or rate, in the middle: in transport and program streams alone.
    """

    sets: int = 0
    set_bytes: int = 0
    lines: bool = False
    sound_may_change: bool = False


NOTHING = Beside()


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
    once = plan.beside.sets * SET + SET_BYTE * max(plan.beside.set_bytes, plan.beside.sets * SMALLEST_SET)
    documents = once * (2 if plan.beside.lines else 1) + plan.beside.sets * ROW
    maps = min(plan.beside.sets, POINTS) * POINT
    thumbnails = sum(t.most * _file(_bytes(t.width, t.height, STILL)) for t in plan.thumbnails)
    package = renditions + alone + poster + sheets + documents + maps + once + REST
    package += 2 * thumbnails  # in folders and in archives
    # The sound in one form is gone before anything is packaged.
    latest = max(package + once + plan.beside.set_bytes, _steady_sound(plan))
    working = renditions + candidates + previews + thumbnails + references + levels + latest
    return Space(working=working, package=package)


def _steady_sound(plan: Plan) -> int:
    """Bytes of every track in one form, without compression."""
    if not plan.beside.sound_may_change:
        return 0
    widest: dict[tuple[int, ...], int] = {}
    for rendition in plan.audio:
        rate = len(rendition.indexes) * max(2, rendition.channels) * rendition.sample_rate
        widest[rendition.indexes] = max(widest.get(rendition.indexes, 0), rate)
    return ceil(sum(widest.values()) * SOUND_BYTES * plan.duration)


def _bytes(width: int, height: int, pixel: Fraction) -> int:
    return ceil(width * height * pixel)


def _file(size: int) -> int:
    """What a file of this size takes."""
    return -(-size // BLOCK) * BLOCK
