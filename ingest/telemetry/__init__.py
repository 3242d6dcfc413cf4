"""From decoded sets to what maps, players and people read: pure functions, and one that writes them all."""

from ingest.telemetry.export import Exported, export
from ingest.telemetry.tally import choose
from ingest.telemetry.track import Point, Track

__all__ = ["Exported", "Point", "Track", "choose", "export"]
