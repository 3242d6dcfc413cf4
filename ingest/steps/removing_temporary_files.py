"""163 Removing Temporary Files: what the work folder holds beside the package, and nobody needs any more.

The encoded files themselves stay until the package is in its place, and go with the work folder in the same moment: a
run that is killed in between goes on from them.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from ingest.media.command import names
from ingest.steps.context import Outcome

if TYPE_CHECKING:
    from pathlib import Path


def run(temporary: Path) -> Outcome[int]:
    """The number of bytes that were freed."""
    scores = temporary / names.QUALITY
    freed = sum(p.stat().st_size for p in scores.rglob("*") if p.is_file())
    shutil.rmtree(scores, ignore_errors=True)
    return Outcome(freed)
