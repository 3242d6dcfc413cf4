"""The chapters on the package's clock. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.media.text_facts import Chapter


@dataclass(frozen=True, slots=True)
class ChapterPlan:
    """One chapter, in seconds of the package's clock; no `title` where the source has none."""

    start: Fraction
    end: Fraction
    title: str | None


def plan_chapters(
    declared: Sequence[Chapter], start: Fraction, duration: Fraction
) -> tuple[ChapterPlan, ...]:
    """The chapters one after the other, inside a film of `duration` that begins at `start` of the source's clock.

    Chapters of several editions lie over each other: of those that begin together the first one stands, and each
    ends where the next one begins at the latest. One that ends before the film begins is dropped.
    """
    by_start: dict[Fraction, Chapter] = {}
    for chapter in declared:
        end = _end(chapter)
        begin = max(Fraction(0), chapter.start - start)
        if begin < duration and (end is None or end > start):
            by_start.setdefault(begin, chapter)
    edges = [*sorted(by_start), duration]
    return tuple(
        ChapterPlan(
            begin, min(following, (_end(by_start[begin]) or start + following) - start), by_start[begin].title
        )
        for begin, following in pairwise(edges)
    )


def _end(chapter: Chapter) -> Fraction | None:
    """Where the chapter says that it ends, if that is after its start."""
    return chapter.end if chapter.end is not None and chapter.end > chapter.start else None
