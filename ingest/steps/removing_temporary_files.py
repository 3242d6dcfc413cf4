"""163 Removing Temporary Files: everything in the work folder that is not the package."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from ingest.steps.context import Outcome

if TYPE_CHECKING:
    from pathlib import Path


def run(temporary: Path) -> Outcome[int]:
    """The number of bytes that were freed."""
    freed = sum(p.stat().st_size for p in temporary.rglob("*") if p.is_file())
    shutil.rmtree(temporary)
    return Outcome(freed)
