"""The dialects: other systems' ways to show and drive our jobs. One row for each, and nothing else knows them.

A dialect is a module (or package) of this folder: pure functions from job to answer and from request to submission,
a router made with `dialect_router`, and one row here. `docs/dialects.md` says how to add one.
"""

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


DIALECTS: tuple[Dialect, ...] = ()


def owner(path: str, dialects: Sequence[Dialect]) -> Dialect | None:
    """The first dialect whose path this is."""
    return next((d for d in dialects if d.paths.match(path)), None)
