"""Part of 9002 Planning Resolutions: which renditions of picture and sound the source already is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import ProcessingError
from ingest.media.document import of_kind, time_base_of
from ingest.media.packet_order import packet_order
from ingest.media.plan.copying import Verdict, refuse_all, refused_by, verdict, with_copies
from ingest.media.plan.sound_copying import SoundPackets, refused, unlike, with_copied_sound
from ingest.steps.context import Note

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ingest.media.document import Document
    from ingest.media.facts import AudioFacts, Container, VideoFacts
    from ingest.media.key_pictures import KeyPictures
    from ingest.media.options import Options
    from ingest.media.packets import PacketTable
    from ingest.media.plan import Plan
    from ingest.media.plan.trim import Trimmed
    from ingest.media.presets import Preset
    from ingest.media.probe import Prober


def choose(
    plan: Plan,
    video: VideoFacts,
    packets: PacketTable,
    presets: Sequence[Preset],
    options: Options,
    look: Callable[[], KeyPictures],
    *,
    damaged: bool,
    trimmed: Trimmed | None = None,
) -> tuple[Plan, tuple[Note, ...]]:
    """`plan` with what can be copied copied, and why something cannot that nearly could.

    Args:
        look: looks into the source's key pictures; called only where all else is right.
        damaged: something is missing of the source.
        trimmed: the part that is kept, where that is not all; `video` and `packets` are of the whole.

    Raises:
        ProcessingError: COPY_IMPOSSIBLE, copying was insisted on.
    """
    if options.copy == "never":
        return plan, ()
    kept = trimmed.video if trimmed else video
    order = packet_order(trimmed.packets if trimmed else packets, kept.timing)
    if trimmed and not trimmed.apart:
        order = None
    found = verdict(plan, kept, order, presets, options, damaged=damaged)
    if found.names and order is not None:
        every = video.timing.key_frames if trimmed else len(order.keys)
        why = refused_by(look(), every)
    else:
        why = ""
    if why:
        found = refuse_all(found, why)
    if options.copy == "require" and not found.names:
        raise impossible(plan, found)
    notes = tuple(
        Note(codes.NOT_COPIED, refusal.why, rung.resolution)
        for rung in plan.rungs
        if (refusal := found.refusals[rung.name]) is not None and refusal.near
    )
    return with_copies(plan, found, order), notes


def choose_sound(
    plan: Plan,
    audio: Sequence[AudioFacts],
    options: Options,
    listen: Callable[[int], SoundPackets],
) -> tuple[Plan, tuple[Note, ...]]:
    """`plan` with the sound copied that can be, where any picture is; of each rendition a note what is done, and why.

    Args:
        listen: reads the packets of a stream; called only where all else is right.
    """
    if plan.copies is None:
        return plan, ()
    tracks = {track.index: track for track in audio}
    read: dict[int, SoundPackets] = {}
    copied: list[str] = []
    notes: list[Note] = []
    for rendition in plan.audio:
        index = rendition.indexes[0]
        why = unlike(rendition, tracks[index], options)
        if not why:
            if index not in read:
                read[index] = listen(index)
            why = refused(rendition, plan.video.start, read[index])
        if why:
            notes.append(Note(codes.SOUND_NOT_COPIED, f"{rendition.name}: {why}"))
        else:
            copied.append(rendition.name)
            notes.append(Note(codes.SOUND_COPIED, rendition.name))
    return with_copied_sound(plan, copied), tuple(notes)


def sound_packets(prober: Prober, document: Document, container: Container, index: int) -> SoundPackets:
    """Every packet of an audio stream that ffprobe's answer `document` lists. Raises SourceError."""
    stream = next(s for s in of_kind(document, "audio") if int(s["index"]) == index)
    base = time_base_of(stream)
    return SoundPackets(prober.packets(index, base), base, container.format)


def impossible(plan: Plan, found: Verdict) -> ProcessingError:
    """Says it of the rendition that is nearest: the largest, which alone may have the source's size."""
    rung = max(plan.rungs, key=lambda r: (_near(found, r.name), r.width * r.height))
    refusal = found.refusals[rung.name]
    why = refusal.why if refusal else ""
    return ProcessingError(
        codes.COPY_IMPOSSIBLE,
        f"{rung.resolution} cannot be copied: {why}",
        remedy="leave --copy require out to have it encoded",
    )


def _near(found: Verdict, name: str) -> bool:
    refusal = found.refusals[name]
    return refusal is not None and refusal.near
