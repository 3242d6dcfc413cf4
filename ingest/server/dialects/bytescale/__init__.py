"""Bytescale's API (`/v2/accounts/...`) and its media URLs (`/<account>/...`), as @bytescale/sdk speaks them.

What is published is followed; what is not is ours, and `docs/dialects.md` says so.
"""

from __future__ import annotations

from ingest.server.dialect import Dialect
from ingest.server.dialects.bytescale.access import ACCOUNT, refuse
from ingest.server.dialects.bytescale.documents import Summary
from ingest.server.dialects.bytescale.files import add_file_routes
from ingest.server.dialects.bytescale.folders import add_folder_routes
from ingest.server.dialects.bytescale.jobs import add_job_routes
from ingest.server.dialects.bytescale.media import add_media_routes
from ingest.server.dialects.bytescale.processing import NAME
from ingest.server.dialects.bytescale.uploads import add_upload_routes
from ingest.server.routing import dialect_router

router = dialect_router(refuse, f"/v2(?:/|$)|/{ACCOUNT}/")
add_job_routes(router, Summary.document)
add_upload_routes(router)
add_file_routes(router, Summary.reference)
add_folder_routes(router, Summary.reference)
add_media_routes(router)  # the last: it takes every path of an account

DIALECT = Dialect(NAME, router, refuse)
