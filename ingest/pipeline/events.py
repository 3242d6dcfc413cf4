"""What a job tells while it runs: typed events, and the JSON object of each (the README's contract)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class JobStarted:
    """The first event of a job."""

    job_id: str
    source: str
    output: str
    resolutions: tuple[str, ...]
    at: str

    def as_json(self) -> dict[str, Any]:
        return {
            "event": "job",
            "jobId": self.job_id,
            "source": self.source,
            "output": self.output,
            "resolutions": list(self.resolutions),
            "at": self.at,
        }


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it was appended to the record. `kind` is the code's: step, note or warning."""

    code: int
    message: str
    kind: Literal["step", "note", "warning", "error"]
    resolution: str | None
    at: str

    def as_json(self) -> dict[str, Any]:
        return {
            "event": "message",
            "code": self.code,
            "message": self.message,
            "kind": self.kind,
            "resolution": self.resolution,
            "at": self.at,
        }


@dataclass(frozen=True, slots=True)
class Progressed:
    """Percent of the whole job and of each resolution; `speed` is media seconds made per second."""

    percent: float
    code: int | None
    step: str | None
    speed: float | None
    remaining_seconds: float | None
    resolutions: Mapping[str, float]

    def as_json(self) -> dict[str, Any]:
        return {
            "event": "progress",
            "percent": self.percent,
            "code": self.code,
            "step": self.step,
            "speed": self.speed,
            "remainingSeconds": self.remaining_seconds,
            "resolutions": dict(self.resolutions),
        }


@dataclass(frozen=True, slots=True)
class Ended:
    """The last event of a job; `error` is the record's error object or None."""

    job_id: str
    status: str
    exit_code: int
    seconds: float
    error: Mapping[str, Any] | None
    at: str

    def as_json(self) -> dict[str, Any]:
        return {
            "event": "end",
            "jobId": self.job_id,
            "status": self.status,
            "exitCode": self.exit_code,
            "seconds": self.seconds,
            "error": dict(self.error) if self.error else None,
            "at": self.at,
        }


Event = JobStarted | Message | Progressed | Ended
OnEvent = Callable[[Event], object]
