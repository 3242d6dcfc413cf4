"""117 Starting Ingest: open the source, find the tools, look at the free space."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import ResourceError
from ingest.media import process, toolchain
from ingest.media.source import Source, open_source
from ingest.steps.context import Note, Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.media.toolchain import Toolchain


@dataclass(frozen=True, slots=True)
class Started:
    source: Source
    tools: Toolchain


def run(path: Path, folder: Path, min_free: int) -> Outcome[Started]:
    """Raises SourceError, ToolError or ResourceError."""
    source = open_source(path)
    try:
        tools = toolchain.find()
        free = shutil.disk_usage(folder).free
        if free < min_free:
            raise ResourceError(
                codes.DISK_FULL,
                f"only {free // 2**20} MiB are free where {folder} lies, {min_free // 2**20} MiB are needed",
                remedy="free some space, or name another folder with -o",
            )
    except BaseException:
        source.close()
        raise
    reasons = process.protections().reasons
    warnings = (Note(codes.NOT_FULLY_CONFINED, "; ".join(reasons)),) if reasons else ()
    return Outcome(Started(source, tools), warnings=warnings)
