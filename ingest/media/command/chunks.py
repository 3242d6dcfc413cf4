"""What a chunk's command has beside that of a whole film, and how the chunks' files are joined. Pure."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import ffmpeg

from ingest.media.command.expressions import ZERO, ratio
from ingest.media.command.global_options import ERRORS_AND_PROGRESS
from ingest.media.whitelists import FORMAT_WHITELIST, PROTOCOL_WHITELIST

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from ingest.media.plan.chunks import Chunk
    from ingest.media.plan.grid import Grid

# The pictures that a chunk and the one before it have both decoded; seen by the later one, and by the earlier one.
BEFORE = "before.txt"
AT_END = "at-end.txt"


def sought(chunk: Chunk) -> dict[str, Any]:
    """The input's options: from where it is read. What is decoded too early is taken away by time."""
    if chunk.seek is None:
        return {}
    return {"seek_timestamp": 1, "ss": f"{float(chunk.seek):.6f}", "noaccurate_seek": None}


def within(stream: Any, chunk: Chunk) -> tuple[Any, list[Any]]:
    """The chunk's own pictures, and the outputs that say which ones were decoded around its ends."""
    windows = {BEFORE: chunk.first if chunk.number else None, AT_END: chunk.last}
    named = [(name, end) for name, end in windows.items() if end is not None]
    branches = stream.filter_multi_output("split", 1 + len(named))
    since = {"start_pts": chunk.first} if chunk.number else {}
    until = {"end_pts": chunk.last} if chunk.last is not None else {}
    proofs = [
        _seen(branches.stream(number).filter("trim", start_pts=end - chunk.window, end_pts=end), name, chunk)
        for number, (name, end) in enumerate(named, 1)
    ]
    return branches.stream(0).filter("trim", **since, **until), proofs


def _seen(stream: Any, name: str, chunk: Chunk) -> Any:
    """A line for each picture: its time and a hash of its samples."""
    return ffmpeg.output(
        stream,
        name,
        **{
            "c:v": "rawvideo",
            "fps_mode": "passthrough",
            "enc_time_base": ratio(chunk.time_base),
            "map_metadata": -1,
            "map_chapters": -1,
            "hash": "murmur3",
            "format": "framehash",
        },
    )


def own_keys(grid: Grid, chunk: Chunk | None) -> Grid:
    """The grid as the chunk's encoder counts: key pictures at places of their own are its own ones, from its first."""
    if chunk is None or not grid.keys:
        return grid
    start = round(chunk.start / grid.time_base)
    end = round(chunk.end / grid.time_base) if chunk.end is not None else None
    return replace(grid, keys=tuple(k - start for k in grid.keys if k >= start and (end is None or k < end)))


def joining_list(files: Sequence[tuple[str, Fraction]]) -> str:
    """ffmpeg's list of files, one after the other, each with its length in seconds."""
    lines = ["ffconcat version 1.0"]
    ends = accumulate((length for _, length in files), initial=ZERO)
    # ffmpeg counts in microseconds: each place is rounded by itself, so that nothing adds up.
    places = [round(end * 1_000_000) for end in ends]
    for (name, _), (start, end) in zip(files, pairwise(places), strict=True):
        micros = end - start
        # Every file counts from its chunk's start, also where its first picture is shown a little later.
        lines += [f"file '{name}'", "inpoint 0", f"duration {micros // 1_000_000}.{micros % 1_000_000:06d}"]
    return "\n".join(lines) + "\n"


def joining_arguments(
    program: str, listed: str, joined: str, timescale: int, tag: str | None
) -> tuple[str, ...]:
    """The command that joins the files of a list without encoding anything.

    Args:
        timescale: ticks a second of the files and of what is made.
        tag: the sample entry's name, where it is not the usual one.
    """
    stream = ffmpeg.input(
        listed,
        format="concat",
        protocol_whitelist=PROTOCOL_WHITELIST,
        format_whitelist=f"concat,{FORMAT_WHITELIST}",
    )
    # On uneven times the first pictures of a chunk may be decoded before the last ones of the chunk before.
    ordered = {"bsf:v": r"setts=pts=PTS:dts=max(DTS\,PREV_OUTDTS+1)"}
    return _copied(program, stream, joined, timescale, tag, ordered)


def remuxing_arguments(
    program: str, given: str, made: str, timescale: int, tag: str | None
) -> tuple[str, ...]:
    """The command that makes an encoder's file of a rendition's segments, which follow each other in one file."""
    stream = ffmpeg.input(given, protocol_whitelist=PROTOCOL_WHITELIST, format_whitelist=FORMAT_WHITELIST)
    return _copied(program, stream, made, timescale, tag, {})


def _copied(
    program: str, stream: Any, made: str, timescale: int, tag: str | None, options: dict[str, str]
) -> tuple[str, ...]:
    run = ffmpeg.output(
        stream["v:0"],
        made,
        **{
            "c": "copy",
            **options,
            "video_track_timescale": timescale,
            "map_metadata": -1,
            "map_chapters": -1,
            "format": "mp4",
            **({"tag:v": tag} if tag else {}),
        },
    ).global_args(*ERRORS_AND_PROGRESS)
    arguments: list[str] = run.compile(cmd=program, overwrite_output=True)
    return tuple(arguments)
