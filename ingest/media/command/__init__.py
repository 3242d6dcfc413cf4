"""From the plan to ffmpeg's argument list. Pure; built with ffmpeg-python, which is never used to run anything.

One run decodes once and feeds every rung, every audio rendition, the poster candidates, the preview frames and what
verification compares the renditions with. Each kind of output has a module of its own here; this one puts them
together: a filter graph for all that is made of the picture, and one for each sound, so that a change within one stream
does not touch what is made of the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ffmpeg

from ingest.media.command.captions import captions_output
from ingest.media.command.chunks import sought, within
from ingest.media.command.colour import sdr_picture
from ingest.media.command.global_options import ANY_DAMAGE, PROGRESS
from ingest.media.command.graphs import joined
from ingest.media.command.hdr import hdr_branches, hdr_rung_output
from ingest.media.command.picture import on_the_clock, own_times, upright
from ingest.media.command.reference import reference_output, wide_reference_output
from ingest.media.command.rungs import rung_output
from ingest.media.command.sound import audio_outputs
from ingest.media.command.stills import stills_output, wanted
from ingest.media.command.trick import trick_output
from ingest.media.whitelists import CODEC_WHITELIST, FORMAT_WHITELIST, PROTOCOL_WHITELIST

if TYPE_CHECKING:
    from ingest.media.plan import Plan
    from ingest.media.plan.chunks import Chunk


@dataclass(frozen=True, slots=True)
class EncodeInput:
    """Where ffmpeg reads from and what it is allowed to meet there; `filters`: it has input bitstream filters."""

    url: str
    max_pixels: int
    max_streams: int
    filters: bool = True


def source_input(plan: Plan, source: EncodeInput, chunk: Chunk | None = None) -> Any:
    """The source as everything reads it that must see the same pictures at the same times."""
    return ffmpeg.input(
        source.url,
        protocol_whitelist=PROTOCOL_WHITELIST,
        format_whitelist=FORMAT_WHITELIST,
        codec_whitelist=CODEC_WHITELIST,
        max_streams=source.max_streams,
        max_pixels=source.max_pixels,
        copyts=None,
        **(sought(chunk) if chunk else {}),
        # We turn and fit the pictures ourselves: ffmpeg would begin its whole graph anew, the sound's too, wherever
        # the size or a tag of the picture changes.
        noautorotate=None,
        **{"reinit_filter:v": 0},
        **(own_times(plan) if source.filters else {}),
        **({"skip_frame:v": "nokey"} if plan.key_pictures_alone else {}),
    )


def encode_arguments(
    program: str, plan: Plan, source: EncodeInput, chunk: Chunk | None = None
) -> tuple[str, ...]:
    """The whole ffmpeg command; for a chunk, what is made of its pictures, and no sound."""
    stream = source_input(plan, source, chunk)
    picture = on_the_clock(stream[str(plan.video.index)], plan)
    proofs: list[Any] = []
    if chunk is not None:
        picture, proofs = within(picture, chunk)
    wide, picture = hdr_branches(upright(picture, plan), plan)
    sdr = sum(r.video_range == "SDR" for r in plan.encoded)
    stills = wanted(plan, chunk)
    branches = sdr_picture(picture, plan).filter_multi_output("split", sdr + len(stills) + 2)
    narrow = (branches.stream(i) for i in range(sdr + len(stills) + 2))
    outputs = [
        rung_output(next(narrow), rung, plan, chunk)
        if rung.video_range == "SDR"
        else hdr_rung_output(next(wide), rung, plan, chunk)
        for rung in plan.encoded
    ]
    outputs += captions_output(stream, plan, chunk)
    outputs += [stills_output(next(narrow), plan, name, chunk) for name in stills]
    outputs.append(reference_output(next(narrow), plan, chunk))
    outputs += [wide_reference_output(picture, plan, chunk) for picture in wide]
    outputs.append(trick_output(next(narrow), plan, chunk))
    sound = audio_outputs(stream, plan) if chunk is None else []
    return (
        program,
        *joined([[*outputs, *proofs], *sound]),
        *_GLOBAL,
        *(("-abort_on", "empty_output") if chunk is None else ()),
        *(("-vaapi_device", plan.hardware.device) if plan.hardware and plan.hardware.device else ()),
        "-y",
    )


def sound_arguments(program: str, plan: Plan, source: EncodeInput) -> tuple[str, ...]:
    """The command that makes every audio rendition and nothing else, for a film whose picture is made in chunks."""
    return program, *joined(audio_outputs(source_input(plan, source), plan)), *_GLOBAL, "-y"


_GLOBAL = (
    *("-nostdin", "-hide_banner", "-v", "repeat+level+warning", "-nostats"),
    *(*PROGRESS, *ANY_DAMAGE),
)
