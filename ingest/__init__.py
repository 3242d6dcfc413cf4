"""Video ingest: any video file in, a verified HLS and DASH package and a job record out.

>>> import ingest
>>> record = ingest.run("movie.mp4", ["fhd"], "movie_ingest")  # doctest: +SKIP
>>> record.status  # doctest: +SKIP
<Status.COMPLETED: 'COMPLETED'>
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ingest.api import cancel, resume, run
    from ingest.job.errors import IngestError
    from ingest.job.record import Record
    from ingest.media.cancel import CancelToken

__version__ = "0.1.0"
__all__ = ["CancelToken", "IngestError", "Record", "__version__", "cancel", "resume", "run"]

_HOMES = {
    "cancel": "ingest.api",
    "resume": "ingest.api",
    "run": "ingest.api",
    "IngestError": "ingest.job.errors",
    "Record": "ingest.job.record",
    "CancelToken": "ingest.media.cancel",
}


def __getattr__(name: str) -> Any:
    # Loaded on first use: the command line's --help must not wait for what only a job needs.
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
