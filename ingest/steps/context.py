"""What every step may use, and what every step gives back. A step never sees the record."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ingest.media.process import Limits

if TYPE_CHECKING:
    from pathlib import Path

    from ingest.images.logos import LogoPicture
    from ingest.job.codes import Code
    from ingest.media.cancel import CancelToken
    from ingest.media.options import Options
    from ingest.media.plan import Plan
    from ingest.media.probe import ProbeLimits
    from ingest.media.toolchain import Toolchain

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Note:
    """A message of our own: its code, what it is about, and the resolution it belongs to."""

    code: Code
    detail: str = ""
    resolution: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What a step made. `cpu_seconds` is what its programs used; `failed`: another step does its work instead.
    `plan` is the one that holds from here on, where it is another.
    """

    value: T
    notes: tuple[Note, ...] = ()
    warnings: tuple[Note, ...] = ()
    cpu_seconds: float = 0.0
    failed: bool = False
    plan: Plan | None = None


@dataclass(frozen=True, slots=True)
class StepProgress:
    """How far a long step is: its own fraction from 0 to 1, and that of each resolution."""

    fraction: float
    speed: float | None = None
    remaining_seconds: float | None = None
    resolutions: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Env:
    """The surroundings of one job: programs, folders, limits, the way to stop and the way to tell progress.

    `chunk_seconds`: how long the pieces are, about, that a long film is encoded in. `published`: a package of the same
    source, of which renditions may be taken over; None: there is none, or all is to be made anew. `left`: what other
    jobs have left of their own `temporary` folders, the newest first. `logos`: the pictures of `options.logos`.
    """

    tools: Toolchain
    package: Path
    temporary: Path
    probe_limits: ProbeLimits
    min_free: int
    options: Options
    cancel: CancelToken
    on_progress: Callable[[StepProgress], object]
    chunk_seconds: float = 60.0
    published: Path | None = None
    left: tuple[Path, ...] = ()
    logos: tuple[LogoPicture, ...] = ()

    @property
    def limits(self) -> Limits:
        """For programs that may run as long as they get on."""
        return Limits(
            memory_bytes=self.probe_limits.memory_bytes, stall_seconds=self.probe_limits.stall_seconds
        )


def write_json(path: Path, document: Any) -> None:
    """A JSON file of the package: two-space indentation, exact numbers as floats."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(as_plain(document), indent=2, ensure_ascii=True) + "\n", encoding="ascii")


def as_plain(value: Any) -> Any:
    """`value` with every fraction as a float, to a microsecond, and every tuple as a list."""
    if isinstance(value, Fraction):
        return round(float(value), 6)
    if isinstance(value, Mapping):
        return {k: as_plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [as_plain(v) for v in value]
    return value


def rate_text(rate: Fraction) -> str:
    """`30/1`, `30000/1001`: how Esri and ffmpeg write frame rates."""
    return f"{rate.numerator}/{rate.denominator}"
