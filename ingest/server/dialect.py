"""What a dialect is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.server.routing import DialectRouter, Refuse


@dataclass(frozen=True, slots=True)
class Dialect:
    """One dialect.

    Attributes:
        name: as it stands in `Submission.dialect` and in the store.
        router: its routes, with their whole paths; it knows which paths are the dialect's.
        refuse: a refusal in its own shape; also for paths of its that are no route, and for limits.
    """

    name: str
    router: DialectRouter
    refuse: Refuse


def owner(path: str, dialects: Sequence[Dialect]) -> Dialect | None:
    """The first dialect whose path this is."""
    return next((d for d in dialects if d.router.paths.match(path)), None)
