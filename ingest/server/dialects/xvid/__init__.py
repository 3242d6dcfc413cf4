"""Xvid's MediaHub API below `/v1`: jobs, files, presets, pipelines, playlists and tokens, in JSON and XML."""

# Each module puts its routes on the one router; of paths that two match the first wins: templates before jobs.
from ingest.server.dialect import Dialect

from ingest.server.dialects.xvid import templates  # isort: skip
from ingest.server.dialects.xvid import jobs, media, oauth2, resources
from ingest.server.dialects.xvid.access import refuse, router

_MODULES = (templates, jobs, media, oauth2, resources)

DIALECT = Dialect("xvid", router, refuse)
