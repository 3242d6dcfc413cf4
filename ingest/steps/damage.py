"""How much of a source may be lost before the result is no longer the source."""

from __future__ import annotations

from fractions import Fraction

from ingest.job import codes
from ingest.job.errors import SourceError

LARGEST_SHARE = Fraction(1, 100)
LONGEST = Fraction(2)  # seconds


def refuse_loss(name: str, lost: Fraction, duration: Fraction) -> None:
    """Raise SourceError when more than 1 % or 2 s of `duration` (seconds, both) is lost."""
    if lost > LONGEST or lost > duration * LARGEST_SHARE:
        raise SourceError(
            codes.SOURCE_TOO_DAMAGED,
            f"{name} is damaged: {float(lost):.2f} s of {float(duration):.2f} s are lost",
            remedy="copy or upload it again, or add --allow-damage to take what is there",
        )
