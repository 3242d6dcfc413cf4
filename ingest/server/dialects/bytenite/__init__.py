"""ByteNite's customer API: drafts that are filled in step by step and then run; our chunks are its partitions."""

from ingest.server.dialects.bytenite.routes import DIALECT

__all__ = ["DIALECT"]
