"""Damage that shows only when the source is decoded: how much, where, and whether the result is still the source."""

from __future__ import annotations

import secrets
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import one_line
from ingest.media import process
from ingest.media.command.global_options import ANY_DAMAGE
from ingest.media.command.picture import own_times
from ingest.media.damage import holes, places_of, told
from ingest.media.decode_errors import DecodeErrors, Locator
from ingest.media.process import Command, Confinement
from ingest.media.whitelists import CODEC_WHITELIST, FORMAT_WHITELIST, PROTOCOL_WHITELIST
from ingest.steps.context import Env, Note
from ingest.steps.damage import refuse_loss, refuse_remnant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.media.plan import Plan
    from ingest.media.source import Source


def examine(
    env: Env, source: Source, plan: Plan, errors: DecodeErrors, lost: int, words: str
) -> tuple[Note, ...]:
    """The warnings about a source that was decoded.

    Only a damaged picture is decoded once more, to see where it is damaged.

    Args:
        errors: what the decoders reported.
        lost: pictures of the plan that never came out.
        words: ffmpeg's stderr.

    Raises:
        SourceError: more than 1 % or 2 s is lost or damaged, and that was not allowed; or there is no film left.
    """
    refuse_remnant(one_line(source.name), plan.video.grid.frames, lost, words)
    index = plan.video.index
    notes: list[Note] = []
    if lost or errors.concealed[index]:
        found = locate(env, source, plan)
        seconds, where, notes = pictures(plan, lost, found, process.last_words(words))
        if not env.options.allow_damage:
            refuse_loss(one_line(source.name), seconds, plan.duration, where)
    return (*notes, *sounds(plan, errors))


def pictures(
    plan: Plan, lost: int, found: Locator, words: str
) -> tuple[Fraction, Sequence[tuple[Fraction, Fraction]], list[Note]]:
    """Seconds of the film that are lost or damaged, where that is, and what to say of it.

    Damaged pictures before the first whole one do not count: a stream that was cut out of another begins so. Where
    there is no whole one, all count. What came out lasts as long as the film without what is lost.
    """
    if plan.video.trim is not None:
        found = found.between(plan.video.trim.first, plan.video.trim.until)
    base, start, whole = plan.video.time_base, plan.video.start, max(1, len(found.ticks))
    bad = places_of((t, t) for t in sorted(tick * base - start for tick in found.concealed))
    gone = holes(sorted(found.ticks), base).places if lost else ()
    notes = []
    if lost:
        detail = f"{lost} of {plan.video.grid.frames} pictures could not be decoded {told(gone)}".rstrip()
        notes.append(Note(codes.SOURCE_DAMAGED, f"{detail}: {words}" if words else detail))
    if found.concealed:
        detail = f"{len(found.concealed)} of {whole} pictures are damaged, {told(bad)}"
        notes.append(Note(codes.PICTURES_DAMAGED, detail))
    leading = found.leading if found.leading < whole else 0
    gone_seconds = _lost_seconds(plan, lost)
    damaged = Fraction(len(found.concealed) - leading, whole) * (plan.duration - gone_seconds)
    return gone_seconds + damaged, gone or bad, notes


def sounds(plan: Plan, errors: DecodeErrors) -> tuple[Note, ...]:
    """What to say of tracks that did not decode whole; the encoder has put silence in the holes."""
    tracks = sorted({index for rendition in plan.audio for index in rendition.indexes})
    counts = {index: errors.concealed[index] + errors.refused[index] for index in tracks}
    return tuple(
        Note(codes.SOUND_DAMAGED, f"stream {index}: {count} packets of sound could not be decoded")
        for index, count in counts.items()
        if count
    )


def _lost_seconds(plan: Plan, lost: int) -> Fraction:
    grid = plan.video.grid
    return lost / grid.rate if grid.rate is not None else lost * plan.duration / (grid.frames or lost or 1)


def locate(env: Env, source: Source, plan: Plan) -> Locator:
    """Decodes the picture alone and looks where the damage lies."""
    mark = secrets.token_hex(8)
    locator = Locator(plan.video.index, mark)
    filters = own_times(plan)
    done = process.run(
        Command(
            argv=(
                str(env.tools.ffmpeg.path),
                *(
                    "-nostdin",
                    "-hide_banner",
                    "-v",
                    "repeat+level+info",
                    "-nostats",
                    "-noautorotate",
                    "-copyts",
                    *ANY_DAMAGE,
                ),
                *("-protocol_whitelist", PROTOCOL_WHITELIST, "-format_whitelist", FORMAT_WHITELIST),
                *("-codec_whitelist", CODEC_WHITELIST, "-max_streams", str(env.probe_limits.streams)),
                *("-max_pixels", str(env.probe_limits.pixels)),
                *(part for name, value in filters.items() for part in (f"-{name}", value)),
                *(
                    "-i",
                    source.url,
                    "-map",
                    f"0:{plan.video.index}",
                    "-map_metadata",
                    "-1",
                    "-map_chapters",
                    "-1",
                ),
                *("-vf", f"sidedata=mode=delete,showinfo@{mark}=checksum=0", "-fps_mode", "passthrough"),
                *("-f", "null", "-"),
            ),
            cwd=env.temporary,
            confinement=Confinement(descriptors=(source.descriptor,)),
            limits=env.limits,
        ),
        cancel=env.cancel,
        on_stderr_line=locator.line,
    )
    process.check(done, codes.TRANSCODING_FAILED)
    return locator
