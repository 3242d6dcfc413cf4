"""What a route gets: the queue, the files, the keys and the settings of this server."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from fastapi import Request

if TYPE_CHECKING:
    from ingest.engine.queue import JobQueue
    from ingest.server.filestore import FileStore
    from ingest.server.keys import KeyRing
    from ingest.server.settings import ServerSettings


@dataclass(frozen=True, slots=True)
class Core:
    """The server's insides; synchronous and safe to share among threads."""

    queue: "JobQueue"
    files: "FileStore"
    keys: "KeyRing"
    settings: "ServerSettings"

    def base_url(self, request: Request) -> str:
        """What URLs of this server begin with, without a slash at the end."""
        return self.settings.public_url or str(request.base_url).rstrip("/")


def get_core(request: Request) -> Core:
    """For routes: `core: Core = Depends(get_core)`."""
    return cast("Core", request.app.state.core)
