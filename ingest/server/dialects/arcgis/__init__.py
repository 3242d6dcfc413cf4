"""ArcGIS Video Server: its job resource, as Esri's clients and scripts ask for it, and its layers."""

from ingest.server.dialects.arcgis.routes import DIALECT

__all__ = ["DIALECT"]
