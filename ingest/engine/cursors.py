"""Where a page of a list ended, as clients bring it back: the sorted value and the id of its last job.

The job itself may be gone by then, or sorted elsewhere: the next page goes on behind the place. Opaque to clients.
"""

from __future__ import annotations

import base64
import json
from typing import Final

from ingest.job import codes
from ingest.job.errors import UsageError
from ingest.store.model import storable

LIMIT: Final = 4096  # characters; a file's name in base64 has a third of it
_LARGEST: Final = 10**15
Place = tuple[str | float | None, str]


def written(sort: str, place: Place) -> str:
    """URL-safe text of a place in the order of `sort`.

    >>> read(written("percent", (41.5, "j1")), "percent")
    (41.5, 'j1')
    """
    text = json.dumps([sort, *place], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(cursor: str, sort: str) -> Place:
    """The place that `written` has written.

    Raises:
        UsageError: USAGE: it has not, or for another order.
    """
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        match json.loads(text):
            case [str(made_for), str() | int() | float() | None as value, str(job_id)] if made_for == sort:
                if isinstance(value, str):
                    return storable(value), storable(job_id)
                # Neither true nor NaN, nor more than the store's numbers hold.
                if value is None or (not isinstance(value, bool) and -_LARGEST <= value <= _LARGEST):
                    return value, storable(job_id)
    except (ValueError, RecursionError):
        pass
    raise UsageError(codes.USAGE, "the cursor is none of this list", remedy="take it from the page before")
