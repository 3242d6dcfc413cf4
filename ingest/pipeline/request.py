"""What a person asked for, before anything was looked at."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.files import shortened
from ingest.job.errors import one_line
from ingest.media.options import DEFAULTS, Options

if TYPE_CHECKING:
    from ingest.settings import Settings


@dataclass(frozen=True, slots=True)
class Request:
    """One ingest.

    `output` None means `./<stem>_ingest/`; `preset_dir` and `chunk_seconds` (of a long film's pieces, about) None mean
    the settings' own.
    """

    source: Path
    resolutions: tuple[str, ...]
    output: Path | None = None
    force: bool = False
    preset_dir: Path | None = None
    options: Options = DEFAULTS
    chunk_seconds: float | None = None

    def settled(self, settings: Settings) -> Request:
        """With what the settings say of the plan, so that it is the same one under others."""
        return replace(
            self,
            preset_dir=self.preset_dir or settings.preset_dir,
            chunk_seconds=self.chunk_seconds or settings.chunk_seconds,
        )

    @property
    def folder(self) -> Path:
        """The absolute output folder; made from the source's name by default."""
        if self.output is not None:
            return Path(os.path.abspath(self.output))
        # abspath, not resolve: a linked source keeps the name that the user gave.
        stem = Path(os.path.abspath(self.source)).stem or "source"
        return Path.cwd() / f"{shortened(stem, 200)}_ingest"


def split_resolutions(values: tuple[str, ...]) -> tuple[str, ...]:
    """`("sd,hd", "fhd")` -> `("sd", "hd", "fhd")`: each once, in the order given; empty parts are dropped."""
    # One line each: they stand in the record even where no preset has the name.
    names = (one_line(part.strip()) for value in values for part in value.split(","))
    return tuple(dict.fromkeys(n for n in names if n))
