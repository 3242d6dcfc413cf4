"""How the quality of the renditions is sampled, and what the scores of a rendition come to. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ingest.media.plan import Plan

MODEL, MODEL_4K = "vmaf_v0.6.1", "vmaf_4k_v0.6.1"
LARGEST_HD = 1440  # lines up to which the first model is for
RUN = (
    2  # pictures in a row: the model's motion feature compares neighbours, and takes the lesser of both sides
)
PER_SECOND = 2  # pictures
FEWEST = 48  # pictures, where there are so many
MOST = 6000


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which pictures are compared, at which size, with which model.

    Of each `every` pictures the first `run` are; all where `every` is not more. `rungs` are numbers in the plan, and
    names. `threads` are libvmaf's, for each rung.
    """

    rungs: tuple[tuple[int, str], ...]
    width: int
    height: int
    model: str
    every: int
    run: int = RUN
    threads: int = 2

    def expected(self, frames: int) -> int:
        """How many pictures of a film of `frames` are compared."""
        if self.every <= self.run:
            return frames
        whole, rest = divmod(frames, self.every)
        return whole * self.run + min(rest, self.run)


def plan_sampling(plan: Plan) -> Sampling:
    """Two pictures of each second, at the size of the largest rung, to which a player would scale the others.

    Fewer of a film of hours, and more of one of seconds, so that the lowest percentile says something. Renditions that
    keep the source's dynamic range are left out: the model is for SDR. So are copies, which are the source itself.
    """
    grid = plan.video.grid
    frames = grid.frames or round(grid.duration / grid.time_base)
    a_second = max(1, round(frames / grid.duration)) if grid.duration else 1
    every = max(a_second * RUN // PER_SECOND, -(-frames * RUN // MOST))
    if frames * RUN < every * FEWEST:
        every = max(1, frames * RUN // FEWEST)
    measured = [(i, r) for i, r in enumerate(plan.rungs) if r.video_range == "SDR" and not r.copied]
    shown = [r for r in plan.rungs if r.video_range == "SDR"]
    largest = max(shown, key=lambda r: r.width * r.height, default=plan.rungs[-1])
    return Sampling(
        rungs=tuple((i, r.name) for i, r in measured),
        width=largest.width,
        height=largest.height,
        model=MODEL if min(largest.width, largest.height) <= LARGEST_HD else MODEL_4K,
        every=every,
    )


@dataclass(frozen=True, slots=True)
class Scores:
    """VMAF, 0 to 100, over the pictures of one rendition that were compared."""

    frames: int
    mean: float
    harmonic_mean: float
    lowest: float
    percentile_1: float


def read_scores(text: str) -> Scores:
    """From libvmaf's JSON log. Raises ValueError where it has no scores."""
    try:
        found = [float(frame["metrics"]["vmaf"]) for frame in json.loads(text)["frames"]]
    except (KeyError, TypeError) as error:
        raise ValueError(f"no scores: {error}") from error
    if not found:
        raise ValueError("no picture was compared")
    return scores_of(found)


def scores_of(found: list[float]) -> Scores:
    """The harmonic mean is libvmaf's, of scores plus one; the percentile is the nearest rank.

    >>> scores_of([90.0, 80.0])
    Scores(frames=2, mean=85.0, harmonic_mean=84.709, lowest=80.0, percentile_1=80.0)
    """
    ordered, count = sorted(found), len(found)
    return Scores(
        frames=count,
        mean=round(sum(found) / count, 3),
        harmonic_mean=round(count / sum(1 / (score + 1) for score in found) - 1, 3),
        lowest=round(ordered[0], 3),
        percentile_1=round(ordered[max(0, -(-count // 100) - 1)], 3),
    )


def document(scores: Scores, sampling: Sampling) -> dict[str, Any]:
    """What stands in `info/abr.json`."""
    return {
        "metric": "vmaf",
        "model": sampling.model,
        "width": sampling.width,
        "height": sampling.height,
        "frames": scores.frames,
        "mean": scores.mean,
        "harmonicMean": scores.harmonic_mean,
        "min": scores.lowest,
        "percentile1": scores.percentile_1,
    }
