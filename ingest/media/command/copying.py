"""The command that copies the source's packets into a rendition's file. Pure.

What the bitstream filters do leaves every picture as it is, bit by bit: parameter sets move into the sample entry,
delimiters and filler go, colours and the aspect of a sample get the names that every rendition has, and times those of
the grid.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import ffmpeg

from ingest.media.command.expressions import ratio
from ingest.media.command.global_options import ERRORS_AND_PROGRESS
from ingest.media.command.graphs import joined
from ingest.media.command.names import copied_file, copied_sets, copied_sound
from ingest.media.key_pictures import UNITS
from ingest.media.plan.audio import AAC_FRAME
from ingest.media.whitelists import CODEC_WHITELIST, FORMAT_WHITELIST, PROTOCOL_WHITELIST

if TYPE_CHECKING:
    from ingest.media.command import EncodeInput
    from ingest.media.plan import Plan
    from ingest.media.plan.audio import AudioRendition
    from ingest.media.plan.rungs import Rung
    from ingest.media.plan.trim import TrimPlan

# BT.709 in all (Rec. ITU-T H.273: primaries 1, transfer 1, matrix 1), limited range, square samples.
_NAMES = {
    "h264": "h264_metadata=colour_primaries=1:transfer_characteristics=1:matrix_coefficients=1"
    ":video_full_range_flag=0:sample_aspect_ratio=1/1",
    "hevc": "hevc_metadata=colour_primaries=1:transfer_characteristics=1:matrix_coefficients=1"
    ":video_full_range_flag=0:sample_aspect_ratio=1/1",
}


def copy_arguments(program: str, plan: Plan, source: EncodeInput) -> tuple[str, ...]:
    """Every copied rendition, and beside each of the picture what parameter sets there are within its packets."""
    source_input = ffmpeg.input(
        source.url,
        protocol_whitelist=PROTOCOL_WHITELIST,
        format_whitelist=FORMAT_WHITELIST,
        codec_whitelist=CODEC_WHITELIST,
        max_streams=source.max_streams,
        copyts=None,
    )
    stream = source_input[str(plan.video.index)]
    outputs = [_sound(source_input, plan, rendition) for rendition in plan.audio if rendition.copied]
    for rung in (r for r in plan.rungs if r.copied):
        units = UNITS[rung.codec]
        outputs.append(
            ffmpeg.output(
                stream,
                copied_file(rung.name),
                **{
                    "c": "copy",
                    "bsf:v": filters(plan, rung),
                    "video_track_timescale": plan.video.grid.timescale,
                    "map_metadata": -1,
                    "map_chapters": -1,
                    "format": "mp4",
                    **({"tag:v": "hvc1"} if rung.codec == "hevc" else {}),
                },
            )
        )
        sets = {"c": "copy", "bsf:v": f"filter_units=pass_types={units.sets}", "format": "framecrc"}
        outputs.append(ffmpeg.output(stream, copied_sets(rung.name), **sets))
    return program, *joined([outputs]), *ERRORS_AND_PROGRESS, "-y"


def _sound(source: Any, plan: Plan, rendition: AudioRendition) -> Any:
    """As many AAC frames as the picture lasts, from the one on that begins with it.

    Their sound is where a player of the source hears it: an edit list that hides the encoder's priming is part of the
    times that the demuxer gives, and what it hides lies before the picture.
    """
    half = Fraction(AAC_FRAME, 2 * rendition.sample_rate)
    begin = plan.video.start - half
    end = begin + Fraction(rendition.frames * AAC_FRAME, rendition.sample_rate)
    seconds = "pts*tb"
    steps = (
        f"noise=drop='lt({seconds},{ratio(begin)})+gte({seconds},{ratio(end)})'",
        # Numbers are of the time base that a filter is given, not of the one that it sets.
        f"setts=time_base=1/{rendition.sample_rate}",
        f"setts=pts=N*{AAC_FRAME}:dts=N*{AAC_FRAME}:duration={AAC_FRAME}",
    )
    return ffmpeg.output(
        source[str(rendition.indexes[0])],
        copied_sound(rendition.name),
        **{
            "c": "copy",
            "bsf:a": ",".join(steps),
            "use_editlist": 0,
            "map_metadata": -1,
            "map_chapters": -1,
            "format": "mp4",
        },
    )


def filters(plan: Plan, rung: Rung) -> str:
    """The bitstream filters of one rendition.

    On the steady clock of a copied rendition a picture is its number, and is decoded `delay` pictures before the one
    of the number that it has in the file is shown.
    """
    grid, copies, units = plan.video.grid, plan.copies, UNITS[rung.codec]
    assert copies is not None  # noqa: S101 - there is a copied rendition
    ticks = Fraction(grid.timescale) * grid.time_base
    number = f"round((PTS-({ratio(copies.start)}))/{ticks})"
    return ",".join(
        (
            *([_part(plan.video.trim)] if plan.video.trim else []),
            f"filter_units=remove_types={units.sets}|{units.padding}",
            _NAMES[rung.codec],
            f"setts=time_base=1/{grid.timescale}:pts=PTS:dts=DTS",
            f"setts=pts={number}*{ticks}:dts=(N-{copies.delay})*{ticks}:duration={ticks}",
        )
    )


def _part(trim: TrimPlan) -> str:
    """Takes the packets away that are not kept."""
    behind = rf"+gte(pts\,{trim.until})" if trim.until is not None else ""
    return rf"noise=drop=lt(pts\,{trim.first}){behind}"
