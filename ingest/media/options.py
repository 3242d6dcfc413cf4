"""What a person may choose of how a package is made; the presets say the rest."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """The choices of one job, checked; the defaults are what a job does when nothing is said.

    Attributes:
        allow_damage: take a source of which more than 1 % or 2 s is lost.
    """

    allow_damage: bool = False


DEFAULTS = Options()
