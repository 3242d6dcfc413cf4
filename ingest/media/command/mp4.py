"""The command that puts a finished rendition and a finished sound into one progressive MP4 file. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ffmpeg

from ingest.media.command.global_options import ERRORS_AND_PROGRESS
from ingest.media.whitelists import FORMAT_WHITELIST, PROTOCOL_WHITELIST

if TYPE_CHECKING:
    from ingest.media.plan.mp4 import Mp4Plan


def mp4_arguments(
    program: str, plan: Mp4Plan, picture: str, sound: str | None, made: str, timescale: int
) -> tuple[str, ...]:
    """Packets are copied; the index comes first, so that playing can begin while the file is still loaded.

    Args:
        picture, sound: the encoder's files, by relative name.
        timescale: ticks a second of the picture.
    """
    # The encoder's file says how the source was turned, though its own pictures are upright.
    streams = [
        _input(picture, **{"display_rotation:v": 0})["v:0"],
        *([_input(sound)["a:0"]] if sound else []),
    ]
    run = ffmpeg.output(
        *streams,
        made,
        **{
            "c": "copy",
            "video_track_timescale": timescale,
            "movflags": "+faststart",
            "map_metadata": -1,
            "map_chapters": -1,
            **({"metadata:s:a:0": f"language={plan.language}"} if sound else {}),
            "format": "mp4",
            **({"tag:v": "hvc1"} if plan.codec == "hevc" else {}),
        },
    ).global_args(*ERRORS_AND_PROGRESS)
    arguments: list[str] = run.compile(cmd=program, overwrite_output=True)
    return tuple(arguments)


def _input(name: str, **options: int) -> Any:
    return ffmpeg.input(
        f"file:{name}", protocol_whitelist=PROTOCOL_WHITELIST, format_whitelist=FORMAT_WHITELIST, **options
    )
