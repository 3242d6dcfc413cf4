"""How much of a source may be lost before the result is no longer the source."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.job import codes
from ingest.job.errors import SourceError
from ingest.media.damage import told

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    Places: TypeAlias = Sequence[tuple[Fraction, Fraction]]

LARGEST_SHARE = Fraction(1, 100)
LONGEST = Fraction(2)  # seconds


def refuse_loss(name: str, lost: Fraction, duration: Fraction, places: Places = ()) -> None:
    """Raise SourceError when more than 1 % or 2 s of `duration` (seconds, both) is lost; `places`: where."""
    if lost > LONGEST or lost > duration * LARGEST_SHARE:
        raise SourceError(
            codes.SOURCE_TOO_DAMAGED,
            f"{name} is damaged: {float(lost):.2f} s of {float(duration):.2f} s are lost"
            + (f", {told(places)}" if places else ""),
            remedy="copy or upload it again, or add --allow-damage to take what is there",
        )


def refuse_remnant(name: str, planned: int | None, lost: int, words: str) -> None:
    """Raise SourceError when at most one of several `planned` pictures can be decoded, whatever is allowed.

    One picture has no rate and is not as long as its sound: what is left is no film. `words`: the decoder's.
    """
    if planned is not None and planned - lost <= 1 < planned:
        left = "one" if planned > lost else "none"
        raise SourceError(
            codes.SOURCE_TOO_DAMAGED,
            f"{name} is too damaged: of its {planned} pictures {left} can be decoded",
            remedy="copy or upload it again",
            detail=words,
        )
