"""156 Probing Video Klv: are there KLV metadata streams?"""

from __future__ import annotations

from ingest.media.facts import KlvFacts
from ingest.media.probe import Document, klv_streams
from ingest.steps.context import Outcome


def run(document: Document) -> Outcome[tuple[KlvFacts, ...]]:
    return Outcome(klv_streams(document))
