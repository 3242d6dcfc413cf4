"""What the engine and a job's process say to each other; loads nothing heavy."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from dataclasses import dataclass
from typing import Any, Self

from ingest.engine.model import UrlSource
from ingest.job.record import Record

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Orders:
    """What the engine says to its child: the record as the store has it, and what no record says.

    `source`: to be fetched first; `seconds`: how long the job may run on, None: for ever.
    """

    record: Record
    source: UrlSource | None
    seconds: float | None

    @classmethod
    def of(cls, document: dict[str, Any]) -> Self:
        source = document["source"]
        return cls(
            Record.from_json(document["record"]), UrlSource(**source) if source else None, document["seconds"]
        )


def die_with(parent: int) -> None:
    """Have the kernel kill this process with the thread that made it, which may be gone before we ask."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
