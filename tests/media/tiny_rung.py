"""A resolution of 128x72, so that tests about time and damage cost little."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from main_job import ROOT

if TYPE_CHECKING:
    from main_job import Ingest

TINY = "tiny"


def with_tiny(ingested: Ingest) -> Ingest:
    """The same, with the resolution `tiny` to be asked for."""
    text = (ROOT / "presets" / "sd.toml").read_text("utf-8")
    for old, new in (
        (r"sd", TINY),
        (r"\[\d+, \d+\]", "[128, 72]"),
        (r"speed = \"\w+\"", 'speed = "ultrafast"'),
    ):
        text = re.sub(old, new, text, flags=re.IGNORECASE)
    (ingested.presets / f"{TINY}.toml").write_text(text, "utf-8")
    return ingested
