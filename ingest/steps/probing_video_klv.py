"""156 Probing Video Klv: are there KLV metadata streams?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.media.document import Document, klv_streams
from ingest.steps.context import Outcome

if TYPE_CHECKING:
    from ingest.media.facts import KlvFacts


def run(document: Document) -> Outcome[tuple[KlvFacts, ...]]:
    return Outcome(klv_streams(document))
