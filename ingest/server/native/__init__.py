"""Our own dialect: `/api`, what monitors ask for, and packages for players. It refuses all that is nobody else's."""

from ingest.server.dialect import Dialect
from ingest.server.media import add_media_routes
from ingest.server.native import events, files, health, jobs, tus
from ingest.server.native.manner import refuse
from ingest.server.routing import dialect_router

router = dialect_router(refuse, "/")
for module in (jobs, events, files, tus, health):
    module.add_routes(router)
add_media_routes(router)

NATIVE = Dialect("native", router, refuse)
