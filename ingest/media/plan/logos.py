"""Logos over the finished picture: what they are, and where each is in a picture of some size. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from ingest.media.ladder import even

if TYPE_CHECKING:
    from ingest.media.plan import Plan

MARGIN = Fraction(3, 100)  # of the picture's shorter side that stays free between its edge and a logo
TRICK, REFERENCE = "trick", "reference"


@dataclass(frozen=True, slots=True)
class Place:
    """Pixels of the finished picture; all even, so that chroma samples are covered whole."""

    width: int
    height: int
    left: int
    top: int


@dataclass(frozen=True, slots=True)
class LogoPlan:
    """`digest` of its pixels (SHA-256), `width` and `height` of the file's picture; `share` of the finished picture's
    width that it takes; `position` one of `logo_choice.POSITIONS`."""

    digest: str
    width: int
    height: int
    position: str
    share: Fraction
    opacity: Fraction

    def place(self, width: int, height: int) -> Place:
        """Where it is in a finished picture of this size; one that would be too high for it is made smaller."""
        margin = 2 * int(MARGIN * min(width, height) / 2)
        most_wide, most_high = max(2, width - 2 * margin), max(2, height - 2 * margin)
        across = min(self.share * width, Fraction(most_wide))
        across = min(across, Fraction(most_high * self.width, self.height))
        own = (
            min(even(across), even(most_wide)),
            min(even(across * self.height / self.width), even(most_high)),
        )
        return Place(
            *own,
            left=_along(self.position, "left", "right", margin, width - own[0]),
            top=_along(self.position, "top", "bottom", margin, height - own[1]),
        )


def _along(position: str, first: str, last: str, margin: int, room: int) -> int:
    words = position.split("-")
    wanted = margin if first in words else room - margin if last in words else room // 2
    return max(0, min(wanted, room)) // 2 * 2


def marked_sizes(plan: Plan) -> dict[str, tuple[int, int]]:
    """The finished pictures of the encode that logos are laid over: a name that is each one's own, width and height."""
    trick = (plan.trick.width, plan.trick.height)
    return {
        **{of_rung(r.name): (r.width, r.height) for r in plan.encoded},
        TRICK: trick,
        REFERENCE: trick,
    }


def of_rung(name: str) -> str:
    return f"rung-{name}"
