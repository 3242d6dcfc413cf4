"""What pages show of jobs, as plain data. Pure but for `read_abr`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ingest.engine.model import State

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ingest.engine.model import Job
    from ingest.job.record import Record, StepRecord

ACTIVE: Final = frozenset({State.SUBMITTED, State.EXECUTING, State.CANCELLING})
# The choices above the list, in their order; None: whatever the state.
GROUPS: Final[dict[str, frozenset[State] | None]] = {
    "all": None,
    "active": ACTIVE,
    "completed": frozenset({State.COMPLETED}),
    "failed": frozenset({State.FAILED}),
    "cancelled": frozenset({State.CANCELLED}),
    "draft": frozenset({State.DRAFT}),
}
STATE_WORDS: Final = {
    State.DRAFT: "Draft",
    State.SUBMITTED: "Waiting",
    State.EXECUTING: "Running",
    State.CANCELLING: "Stopping",
    State.CANCELLED: "Cancelled",
    State.FAILED: "Failed",
    State.COMPLETED: "Completed",
}
_MOST_ABR: Final = 16 * 1024 * 1024
# Media in pieces, and what belongs to them: of no use to a person who downloads them one by one.
_PIECES: Final = re.compile(r"(?:video|audio|trick|text|previews)/|.+/index\.m3u8|.+/seg-\d+\.\w+")


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a job; `step` is the step that it began, None for a note between steps."""

    code: int
    message: str
    step: StepRecord | None


@dataclass(frozen=True, slots=True)
class Rendition:
    """A row of the table of renditions; rates are bits per second, None where not known."""

    kind: str
    name: str
    what: str
    codecs: str
    average: int | None
    peak: int | None
    size: int | None


def said(record: Record) -> tuple[Said, ...]:
    """All messages of a job in their order, each step's with the step.

    A step's message and its entry are written together (design: messages only grow), so both are in one order.
    """
    steps = list(record.steps)
    found = []
    for code, message in zip(record.custom_attributes.message_codes, record.messages, strict=True):
        step = steps.pop(0) if steps and steps[0].code == code else None
        found.append(Said(code, message, step))
    return tuple(found)


def renditions(abr: Mapping[str, Any]) -> tuple[Rendition, ...]:
    """Pictures, then sound, then text, as info/abr.json measured them."""
    return (
        *(_video(entry) for entry in abr.get("rungs") or ()),
        *(_audio(entry) for entry in abr.get("audio") or ()),
        *(
            _row("Text", entry, entry.get("label") or entry.get("language") or "")
            for entry in abr.get("text") or ()
        ),
        *(_row("KLV", entry, f"{entry.get('cues')} cues") for entry in [abr.get("klv")] if entry),
    )


def read_abr(folder: Path) -> Mapping[str, Any]:
    """A package's info/abr.json; empty where there is none that can be read."""
    try:
        with (folder / "info/abr.json").open("rb") as file:
            found = json.loads(file.read(_MOST_ABR))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def downloads(record: Record) -> tuple[str, ...]:
    """The package's files that are something by themselves, by name."""
    return tuple(sorted(f for f in record.files if not _PIECES.match(f)))


def has_player(job: Job) -> bool:
    return job.state is State.COMPLETED and "ABR.m3u8" in job.record.files


def allowed(job: Job, *, may_change: bool) -> frozenset[str]:
    """What can be done with a job now: `cancel`, `retry`, `run`, `delete`."""
    if not may_change:
        return frozenset()
    match job.state:
        case State.SUBMITTED | State.EXECUTING:
            return frozenset({"cancel", "delete"})
        case State.FAILED | State.CANCELLED:
            return frozenset({"retry", "delete"})
        case State.DRAFT:
            return frozenset({"run", "delete"})
        case _:
            return frozenset({"delete"})


def _video(entry: Mapping[str, Any]) -> Rendition:
    rate = entry.get("meanFrameRate")
    pictures = f", {rate:.6g} pictures/s" if isinstance(rate, int | float) else ""
    return _row("Picture", entry, f"{entry.get('width')} × {entry.get('height')}{pictures}")


def _audio(entry: Mapping[str, Any]) -> Rendition:
    words = (entry.get("label"), entry.get("layout"))
    return _row("Sound", entry, ", ".join(str(word) for word in words if word))


def _row(kind: str, entry: Mapping[str, Any], what: str) -> Rendition:
    return Rendition(
        kind=kind,
        name=str(entry.get("name") or entry.get("language") or ""),
        what=what,
        codecs=str(entry.get("codecs") or ""),
        average=entry.get("averageBandwidth"),
        peak=entry.get("peakBandwidth"),
        size=entry.get("bytes"),
    )
