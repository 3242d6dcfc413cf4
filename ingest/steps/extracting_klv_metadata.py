"""160 Extracting KLV Metadata: the sets become documents, tracks, a map and the texts of cues.

KLV's own modules are loaded only here, where there is some: they cost every other job a tenth of a CPU second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.steps.context import Env, Note, Outcome

if TYPE_CHECKING:
    from ingest.media.plan import Plan
    from ingest.media.source import Source
    from ingest.steps.probing_video_klv import FoundKlv
    from ingest.telemetry import Exported
    from ingest.telemetry.cue_store import CueStore

CUES = "klv-cues.jsonl"


@dataclass(frozen=True, slots=True)
class ExtractedKlv:
    """What was written; `cues` is None where no stream of ST 0601 has a time."""

    exported: Exported
    cues: CueStore | None


def run(env: Env, source: Source, plan: Plan, found: FoundKlv) -> Outcome[ExtractedKlv]:
    """Raises Cancelled, or OSError where the disk is full."""
    from ingest.klv import packets
    from ingest.steps.klv_source import on_timeline, pieces
    from ingest.telemetry import export
    from ingest.telemetry.cue_store import CueStore
    from ingest.telemetry.export import LONG

    mine = {s.pid or 0 for s in found.streams}
    read = packets(pieces(source, env.cancel))
    cues = CueStore(env.temporary / CUES) if found.chosen is not None else None
    exported = export(
        on_timeline(read, plan.video.start, mine),
        lambda: tuple(s for s in read.streams if (s.pid or 0) in mine),
        env.package,
        name=source.name,
        chosen=found.chosen,
        long=found.sets > LONG,
        cues=cues,
    )
    source.check_unchanged()
    return Outcome(ExtractedKlv(exported, cues or None))


def left_out(found: FoundKlv) -> tuple[Note, ...]:
    """Why step 160 is not taken; nothing where it is."""
    if found.present:
        return ()
    if not found.declared or found.streams:
        return (Note(codes.NO_KLV_FOUND),)
    indexes = ", ".join(str(k.index) for k in found.declared)
    container = found.declared[0].carriage
    return (Note(codes.KLV_NOT_EXTRACTED, f"stream {indexes}: data tracks of {container} are not read"),)
