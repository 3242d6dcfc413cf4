"""174 Generating Poster Image: the candidate most worth showing becomes poster.jpg."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.images.frames import list_frames
from ingest.images.poster import choose, publish
from ingest.steps.context import Env, Outcome

if TYPE_CHECKING:
    from fractions import Fraction

    from ingest.steps.encoding import Encoded

FILE = Path("poster.jpg")


@dataclass(frozen=True, slots=True)
class Poster:
    file: Path
    time: Fraction
    width: int
    height: int


def run(env: Env, encoded: Encoded) -> Outcome[Poster]:
    choice = choose(list_frames(encoded.candidates))
    width, height = publish(choice, env.package / FILE)
    return Outcome(Poster(FILE, choice.frame.time, width, height))
