"""What the shell offers for an argument. A completion never fails: at worst it offers nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.job.errors import IngestError

if TYPE_CHECKING:
    import click


def complete_resolution(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """Preset names for `--res`, those of --preset-dir or INGEST_PRESET_DIR included; no file is read.

    In a list such as `sd,h` the last name is completed, with names that are not in it yet.
    """
    from ingest.media import presets

    own = ctx.params.get("preset_dir") or os.environ.get("INGEST_PRESET_DIR")
    try:
        names = presets.find(Path(own) if own else None)
    except IngestError:
        names = presets.find()
    before, comma, last = incomplete.rpartition(",")
    chosen = before.split(",")
    return [before + comma + name for name in names if name.startswith(last) and name not in chosen]
