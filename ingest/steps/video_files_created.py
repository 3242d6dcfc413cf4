"""205 Video Files Created: the verified package takes its place in the output folder, all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.steps.context import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def run(
    package: Path, announce: Callable[[tuple[str, ...]], object], publish: Callable[[], object]
) -> Outcome[tuple[str, ...]]:
    """The package's files, relative to the output folder; announced before they are there.

    Should this process die in between, what is announced tells whether all of it is published.
    """
    files = tuple(sorted(p.relative_to(package).as_posix() for p in package.rglob("*") if p.is_file()))
    announce(files)
    publish()
    return Outcome(files)
