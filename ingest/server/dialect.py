"""What a dialect is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

    from fastapi import APIRouter

    from ingest.server.routing import Refuse


@dataclass(frozen=True, slots=True)
class Dialect:
    """One dialect.

    Attributes:
        name: as it stands in `Submission.dialect` and in the store.
        router: its routes, with their whole paths.
        refuse: a refusal in its own shape; also for paths of its that are no route, and for limits.
        paths: matches the beginning of every path that is its own.
    """

    name: str
    router: APIRouter
    refuse: Refuse
    paths: re.Pattern[str]


def owner(path: str, dialects: Sequence[Dialect]) -> Dialect | None:
    """The first dialect whose path this is."""
    return next((d for d in dialects if d.paths.match(path)), None)
