"""The commands for a source whose sound changes its channels or rate in the middle, as broadcasts do. Pure.

ffmpeg then builds its filters anew, and all that count from the beginning (padding, trimming, loudness) would begin
again. So a first run brings the sound to one form, with nothing that counts, and a second one makes the rest of it.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import ffmpeg

from ingest.media.command.expressions import ratio
from ingest.media.command.global_options import ERRORS_AND_PROGRESS
from ingest.media.command.graphs import joined
from ingest.media.command.names import AUDIO
from ingest.media.command.picture import own_times
from ingest.media.command.sound import BOTH_SIDES, audio_outputs, read_channels
from ingest.media.whitelists import CODEC_WHITELIST, FORMAT_WHITELIST, PROTOCOL_WHITELIST

if TYPE_CHECKING:
    from ingest.media.plan import Plan
    from ingest.media.plan.audio import AudioRendition

STEADY = f"{AUDIO}/steady.mkv"
_PLACES = {
    "mono": ("FC",),
    "stereo": ("FL", "FR"),
    "5.1": ("FL", "FR", "FC", "LFE", "BL", "BR"),
}


def steady_arguments(program: str, plan: Plan, url: str, max_streams: int) -> tuple[str, ...]:
    """The command that writes every track in one form each; its clock is the package's, which starts at 0."""
    source = ffmpeg.input(
        url,
        protocol_whitelist=PROTOCOL_WHITELIST,
        format_whitelist=FORMAT_WHITELIST,
        codec_whitelist=CODEC_WHITELIST,
        max_streams=max_streams,
        copyts=None,
        **(own_times(plan) if plan.video.jumps else {}),
    )
    outputs = []
    for indexes, layout in _forms(plan).items():
        rendition = next(a for a in plan.audio if a.indexes == indexes)
        for index in indexes:
            # Uncompressed: a codec's frames of a fixed size would lose the rest of one at each change.
            sound = source[str(index)].filter("asetpts", f"PTS-({ratio(plan.video.start)})/TB")
            sound = sound.filter("atrim", start=0)
            sound = read_channels(sound, rendition)
            if rendition.take == "mixed" and layout == "stereo":
                sound = sound.filter("pan", BOTH_SIDES)
            outputs.append(
                sound.filter(
                    "aformat", sample_fmts="flt", sample_rates=rendition.sample_rate, channel_layouts=layout
                )
            )
    run = ffmpeg.output(
        *outputs,
        STEADY,
        **{"c:a": "pcm_f32le", "map_metadata": -1, "map_chapters": -1, "format": "matroska"},
    ).global_args(*ERRORS_AND_PROGRESS)
    arguments: list[str] = run.compile(cmd=program, overwrite_output=True)
    return tuple(arguments)


def steady_plan(plan: Plan) -> Plan:
    """The plan with the renditions made of that file, at the level that they have there."""
    forms = _forms(plan)
    numbers = {index: n for n, index in enumerate(i for indexes in forms for i in indexes)}
    audio = tuple(_of_steady(a, forms[a.indexes], tuple(numbers[i] for i in a.indexes)) for a in plan.audio)
    return replace(plan, video=replace(plan.video, start=Fraction(0), jumps=()), audio=audio)


def _of_steady(rendition: AudioRendition, form: str, indexes: tuple[int, ...]) -> AudioRendition:
    plain = replace(rendition, indexes=indexes, gain=0.0)
    if rendition.take == "joined":
        return plain
    places = tuple(enumerate(_PLACES[form]))
    return replace(plain, take="mapped", positions=places, source_layout=form)


def sound_arguments(program: str, plan: Plan, url: str) -> tuple[str, ...]:
    """The command that makes the audio renditions alone."""
    source = ffmpeg.input(
        url, protocol_whitelist=PROTOCOL_WHITELIST, format_whitelist=FORMAT_WHITELIST, copyts=None
    )
    return program, *joined(audio_outputs(source, plan)), *ERRORS_AND_PROGRESS, "-y"


def _forms(plan: Plan) -> dict[tuple[int, ...], str]:
    """The one layout that each sound is brought to."""
    found: dict[tuple[int, ...], str] = {}
    for rendition in plan.audio:
        if rendition.take == "joined":
            found[rendition.indexes] = "mono"
        elif rendition.layout == "5.1":
            found[rendition.indexes] = "5.1"
        else:
            found.setdefault(rendition.indexes, "stereo")
    return found
