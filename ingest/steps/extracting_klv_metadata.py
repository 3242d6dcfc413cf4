"""160 Extracting KLV Metadata: the sets become documents, tracks, a map and the texts of cues.

KLV's own modules are loaded only here, where there is some: they cost every other job a tenth of a CPU second.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.steps.context import Env, Note, Outcome

if TYPE_CHECKING:
    from ingest.media.plan.trim import TrimPlan
    from ingest.media.source import Source
    from ingest.steps.probing_video_klv import FoundKlv
    from ingest.telemetry import Exported
    from ingest.telemetry.cue_store import CueStore
    from ingest.telemetry.set_store import SetStore

CUES = "klv-cues.jsonl"
RAW = "klv-sets.bin"


@dataclass(frozen=True, slots=True)
class ExtractedKlv:
    """What was written; `cues` is None where no stream of ST 0601 has a time, `raw` where no segments carry sets."""

    exported: Exported
    cues: CueStore | None
    raw: SetStore | None = None


def run(
    env: Env, source: Source, found: FoundKlv, *, ground: float = 0.0, part: TrimPlan | None = None
) -> Outcome[ExtractedKlv]:
    """Read all of it again. Raises Cancelled, or OSError where the disk is full.

    Args:
        ground: metres above the sea of the ground where a set does not say it.
        part: what is kept of the film, where that is not all.
    """
    from ingest.telemetry import export
    from ingest.telemetry.cue_store import CueStore
    from ingest.telemetry.set_store import SetStore

    readings = [again() for again in found.readings]
    times = found.times
    if part is not None:
        from ingest.steps.klv_part import part_of, ticks_of

        readings = [part_of(reading, part.start, part.end) for reading in readings]
        times = (times[0], times[1] + ticks_of(part.start)) if times else None
    cues = CueStore(env.temporary / CUES) if found.chosen is not None else None
    raw = SetStore(env.temporary / RAW) if env.options.format == "ts" else None
    exported = export(
        chain.from_iterable(reading.packets for reading in readings),
        lambda: tuple(s for reading in readings for s in reading.streams()),
        env.package,
        name=source.name,
        chosen=found.chosen,
        long=found.long,
        ground=ground,
        cues=cues,
        raw=raw,
        times=times,
    )
    source.check_unchanged()
    return Outcome(ExtractedKlv(exported, cues or None, raw or None))


def left_out(found: FoundKlv) -> tuple[Note, ...]:
    """Why step 160 is not taken; nothing where it is."""
    if found.present:
        return ()
    if not found.declared:
        return (Note(codes.NO_KLV_FOUND),)
    indexes = ", ".join(str(k.index) for k in found.declared)
    return (Note(codes.NO_KLV_FOUND, f"stream {indexes} is declared to be KLV and holds no set"),)
