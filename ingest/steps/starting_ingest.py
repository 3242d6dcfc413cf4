"""117 Starting Ingest: open the source, find the tools, look at the free space."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import ResourceError
from ingest.media import process, toolchain
from ingest.media.rejoining import rejoined
from ingest.media.source import Source, open_source
from ingest.steps.context import Note, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ingest.images.logos import LogoPicture
    from ingest.media.cancel import CancelToken
    from ingest.media.logo_choice import Logo
    from ingest.media.toolchain import Toolchain


@dataclass(frozen=True, slots=True)
class Started:
    """`side` is the file of telemetry beside the film, where one was named; `logos` are the pictures of those."""

    source: Source
    tools: Toolchain
    side: Source | None = None
    logos: tuple[LogoPicture, ...] = ()

    def close(self) -> None:
        self.source.close()
        if self.side is not None:
            self.side.close()


def run(
    path: Path,
    folder: Path,
    min_free: int,
    side_path: Path | None = None,
    logos: Sequence[Logo] = (),
    cancel: CancelToken | None = None,
) -> Outcome[Started]:
    """Raises SourceError, ToolError, ResourceError or Cancelled."""
    source = open_source(path)
    side: Source | None = None
    try:
        side = open_source(side_path) if side_path is not None else None
        pictures = read_logos(logos)
        tools = toolchain.find()
        source = rejoined(source, folder, min_free, cancel)
        free = shutil.disk_usage(folder).free
        if free < min_free:
            raise ResourceError(
                codes.DISK_FULL,
                f"only {free // 2**20} MiB are free where {folder} lies, {min_free // 2**20} MiB are needed",
                remedy="free some space, or name another folder with -o",
            )
    except BaseException:
        source.close()
        if side is not None:
            side.close()
        raise
    reasons = process.protections().reasons
    warnings = (Note(codes.NOT_FULLY_CONFINED, "; ".join(reasons)),) if reasons else ()
    return Outcome(Started(source, tools, side, pictures), warnings=warnings)


def read_logos(logos: Sequence[Logo]) -> tuple[LogoPicture, ...]:
    """The logos' pictures, each file opened once. Raises SourceError."""
    if not logos:
        return ()
    from ingest.images.logos import read_logo  # Pillow costs every job some hundredths of a second

    return tuple(read_logo(logo.path) for logo in logos)
