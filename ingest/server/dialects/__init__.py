"""The dialects: other systems' ways to show and drive our jobs. One row for each, and nothing else knows them.

A dialect is a module (or package) of this folder: pure functions from job to answer and from request to submission,
a router made with `dialect_router`, and one row here. `docs/dialects.md` says how to add one.
"""

from ingest.server.dialect import Dialect
from ingest.server.dialects.arcgis import DIALECT as ARCGIS
from ingest.server.dialects.bytenite import DIALECT as BYTENITE
from ingest.server.dialects.bytescale import DIALECT as BYTESCALE
from ingest.server.dialects.uploadio import DIALECT as UPLOADIO
from ingest.server.dialects.xvid import DIALECT as XVID

DIALECTS: tuple[Dialect, ...] = (ARCGIS, BYTENITE, XVID, UPLOADIO, BYTESCALE)
